import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Clock, systemClock } from '@anarq/clock'
import { asFault, type Fault, kindOf } from '@anarq/fault'
import { type Dispatcher, describeMethods } from '@anarq/sdk'
import type { McpHttpHandler } from '@modelcontextprotocol/server'
import type { ToolAccess } from './access.ts'
import { readBody } from './body.ts'
import { checkPlace, keyIn, noKey, type Turned, wrongKey } from './gate.ts'
import { createCallLimits } from './limits.ts'
import { type Asking, extraOf, serve } from './server.ts'
import { createTools, type Methods } from './tools.ts'

export type McpDoorOptions = {
  /** Makes the calls, refuses what a key does not allow, and tells whoever keeps the record. */
  dispatcher: Dispatcher
  /** What there is to call; by default all of the SDK, of which the table here picks. */
  methods?: Methods
  /**
   * What a key opens now; undefined where it was never given out, or was taken back. `source` is a pseudonym of where it
   * came from, for whoever counts wrong ones.
   */
  access(secret: string, source: string): Promise<ToolAccess | undefined>
  /** Further names under which this node is called, such as one in a reverse proxy. */
  hosts?: readonly string[]
  /** Of the node, as clients show it. */
  version?: string
  clock?: Clock
  /** Defects of ours, which the answer to a client does not describe. */
  onFault?: (fault: Fault) => void
}

export type McpDoor = {
  /** Takes a request for the door's one address, whatever that is. */
  handle(request: IncomingMessage, answer: ServerResponse, about?: { readonly source: string }): void
  /** Breaks off what is under way. */
  close(): Promise<void>
}

/** A call may carry `inlineBytesMax` of content, as base64 or as text with escapes. */
const bodyBytesMax = 6 * 1024 * 1024
const requestsAtOnceMax = 32

/** The door for assistants: Streamable HTTP, as a listener for a server that somebody else opens. */
export function createMcpDoor({
  dispatcher,
  methods = describeMethods(),
  access,
  hosts = [],
  version = '0.1.0',
  clock = systemClock,
  onFault = () => {},
}: McpDoorOptions): McpDoor {
  const names = new Set(['localhost', ...hosts.map((name) => name.toLowerCase())])
  const serving = {
    dispatcher,
    tools: createTools(methods),
    limits: createCallLimits(clock),
    version,
    bodyBytesMax,
    onFault,
  }
  const underWay = new Set<ServerResponse>()
  // Loaded with the first request that brings a key, so that a node without assistants does without it.
  let handler: Promise<McpHttpHandler> | undefined
  const handlerOf = (): Promise<McpHttpHandler> => {
    handler ??= import('@modelcontextprotocol/server').then((library) => serve(library, serving))
    return handler
  }

  async function admit({ headers, method }: IncomingMessage, source: string): Promise<ToolAccess | Turned> {
    const misplaced = checkPlace(headers, names)
    if (misplaced !== undefined) return misplaced
    const secret = keyIn(headers)
    if (secret === undefined) return headers.authorization === undefined ? noKey : wrongKey
    const opened = await access(secret, source)
    if (opened === undefined) return wrongKey
    if (method !== 'POST') return notPost
    return underWay.size > requestsAtOnceMax ? tooMany : opened
  }

  async function handle(request: IncomingMessage, answer: ServerResponse, source: string): Promise<void> {
    const admitted = await admit(request, source)
    if ('status' in admitted) return turnAway(answer, admitted)
    const body = await readBody(request, bodyBytesMax)
    if ('status' in body) return turnAway(answer, body)
    const asking: Asking = { access: admitted, signal: signalOf(answer) }
    const { fetch } = await handlerOf()
    const asked = new Request('http://localhost/', {
      method: 'POST',
      headers: protocolHeaders(request),
      signal: asking.signal,
    })
    const authInfo = { token: '', clientId: admitted.name, scopes: [], extra: extraOf(asking) }
    await send(answer, await fetch(asked, { authInfo, parsedBody: body.json }))
  }

  return {
    handle(request, answer, { source } = { source: 'mcp' }) {
      underWay.add(answer)
      handle(request, answer, source)
        .catch((error: unknown) => fail(answer, error, onFault))
        .finally(() => underWay.delete(answer))
    },
    async close() {
      for (const answer of underWay) answer.destroy()
      await (await handler?.catch(() => undefined))?.close()
    },
  }
}

const notPost: Turned = {
  status: 405,
  sentence: 'Here every request is a POST, and none keeps a session.',
  headers: { allow: 'POST' },
}
const tooMany: Turned = {
  status: 503,
  sentence: 'Too many requests are under way. Try again in a moment.',
  headers: { 'retry-after': '1' },
}

/** What the protocol reads; the key goes no further than this door. */
function protocolHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => name === 'accept' || name === 'content-type' || name.startsWith('mcp-'),
  )
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]))
}

/** Fires when the client goes before it has its answer, or the door closes. */
function signalOf(answer: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (answer.destroyed) gone.abort()
  answer.on('close', () => {
    if (!answer.writableFinished) gone.abort()
  })
  return gone.signal
}

async function send(answer: ServerResponse, { status, headers, body }: Response): Promise<void> {
  answer.writeHead(status, { ...Object.fromEntries(headers), 'cache-control': 'no-store' })
  if (body === null) {
    answer.end()
    return
  }
  // A client that goes away is no defect: the call has heard of it by its signal.
  await pipeline(Readable.fromWeb(body), answer).catch(() => answer.destroy())
}

/** In the protocol's own form, so that clients show the sentence. */
function turnAway(answer: ServerResponse, { status, sentence, code = -32000, headers }: Turned): void {
  const error = { jsonrpc: '2.0', id: null, error: { code, message: sentence } }
  // What comes after this is not read any more.
  if (status === 413) answer.shouldKeepAlive = false
  answer.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  answer.end(JSON.stringify(error))
}

function fail(answer: ServerResponse, error: unknown, onFault: (fault: Fault) => void): void {
  // Whoever is gone gets no answer, and what broke off by that is no defect.
  if (answer.destroyed) return
  const fault = asFault(error)
  const isDefect = kindOf(fault) === 'internal'
  if (isDefect) onFault(fault)
  if (answer.headersSent) answer.destroy()
  else if (fault.code === 'refused.locked') turnAway(answer, { status: 423, sentence: fault.message })
  else if (isDefect)
    turnAway(answer, { status: 500, sentence: 'Something went wrong inside AnarQ. Try again.' })
  else turnAway(answer, { status: statusOf(fault), sentence: fault.message })
}

function statusOf(fault: Fault): number {
  switch (kindOf(fault)) {
    case 'limit':
      return 429
    case 'refused':
      return 403
    default:
      return 503
  }
}
