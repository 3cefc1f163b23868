import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Fault, kindOf } from '@anarq/fault'
import { type AuthenticateOptions, authenticate } from './authenticate.ts'
import { type Call, type Door, hasBody, type Method } from './call.ts'
import { get, put } from './methods/content.ts'
import { lock, unlock } from './methods/locking.ts'
import { copy, mkcol, move, remove } from './methods/places.ts'
import { propfind } from './methods/propfind.ts'
import { proppatch } from './methods/proppatch.ts'
import { placeOf } from './paths.ts'
import { answerOf, refusal } from './refusal.ts'

export type ServeOptions = AuthenticateOptions & {
  source: string
  door: Door
  onFault(fault: Fault): void
}

/** Answers one request, whatever happens. */
export async function serve(
  request: IncomingMessage,
  answer: ServerResponse,
  options: ServeOptions,
): Promise<void> {
  for (const [name, value] of Object.entries(always)) answer.setHeader(name, value)
  try {
    await act(request, answer, options)
  } catch (error) {
    const { fault } = sendFault(request, answer, error)
    if (kindOf(fault) === 'internal') options.onFault(fault)
  }
}

async function act(
  request: IncomingMessage,
  answer: ServerResponse,
  { source, door, access, isBehindTls }: ServeOptions,
): Promise<void> {
  const name = request.method ?? ''
  // Clients look what this is before they have a key.
  if (name === 'OPTIONS') return sendOptions(request, answer)
  const method = methods[name]
  if (method === undefined)
    throw refusal(405, 'invalid.method', `${name.slice(0, 20)} is not possible here.`, {
      headers: { allow: allowed },
    })
  const allows = await authenticate(request, source, { access, isBehindTls })
  await method({
    door,
    request,
    answer,
    access: allows,
    drive: allows.drive,
    ...placeOf(request.url ?? '', door.prefix),
    signal: signalOf(answer),
  } satisfies Call)
}

const methods: Readonly<Record<string, Method>> = {
  GET: get,
  HEAD: get,
  PUT: put,
  PROPFIND: propfind,
  PROPPATCH: proppatch,
  MKCOL: mkcol,
  DELETE: remove,
  COPY: copy,
  MOVE: move,
  LOCK: lock,
  UNLOCK: unlock,
}

const allowed = ['OPTIONS', ...Object.keys(methods)].join(', ')

/** Pages of other origins get nothing of this, and nothing of a drive runs as a page of this node's. */
const always = {
  dav: '1, 2, 3',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "sandbox; default-src 'none'",
  'referrer-policy': 'no-referrer',
}

/** So much of an unwanted body is taken from the line, so that the connection can stay. */
const unreadBytesMax = 1024 * 1024

function sendOptions(request: IncomingMessage, answer: ServerResponse): void {
  // Windows looks for the second header.
  answer.writeHead(200, {
    allow: allowed,
    'ms-author-via': 'DAV',
    'accept-ranges': 'bytes',
    'content-length': 0,
    ...closingFor(request),
  })
  answer.end()
}

function sendFault(
  request: IncomingMessage,
  answer: ServerResponse,
  error: unknown,
): ReturnType<typeof answerOf> {
  const made = answerOf(error)
  if (answer.headersSent || answer.destroyed) {
    answer.destroy()
    return made
  }
  for (const name of ['content-length', 'content-range', 'etag', 'last-modified', 'content-disposition'])
    if (made.headers[name] === undefined) answer.removeHeader(name)
  answer.writeHead(made.status, {
    ...made.headers,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(made.body),
    ...closingFor(request),
  })
  answer.end(request.method === 'HEAD' ? undefined : made.body)
  return made
}

function closingFor(request: IncomingMessage): Record<string, string> {
  const length = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  const isUnread = hasBody(request) && !request.complete
  return isUnread && length > unreadBytesMax ? { connection: 'close' } : {}
}

function signalOf(answer: ServerResponse): AbortSignal {
  const stop = new AbortController()
  answer.once('close', () => {
    if (!answer.writableFinished) stop.abort()
  })
  return stop.signal
}
