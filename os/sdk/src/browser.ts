/** The session of a page and its signed requests (RFC 9421), with a key that never leaves the browser. */
import { toBase64Url } from '@anarq/bytes'
import { Fault, type FaultCode } from '@anarq/fault'
import { appHeader, requestToSign, sessionHeader } from '@anarq/squid/to-sign'
import type { Call } from './client.ts'
import { fromWire, toWire } from './wire.ts'

export { type Call, createSdk, type Sdk } from './client.ts'
export { restoreBackup } from './restore.ts'

/** As the node gives it: see `POST /api/v1/sessions`. */
export type PageSession = {
  readonly did: string
  readonly name: string
  readonly kind: string
  readonly keyid: string
  readonly certificate: string
  readonly expiresMs: number
}

export type PageKey = {
  /** Base64url, for the node. */
  readonly publicKey: string
  sign(message: Uint8Array): Promise<Uint8Array>
}

export type Asked = {
  readonly method?: string
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as they are, with their digest. */
  readonly bytes?: Uint8Array
  /** The same of what the browser holds, a part of a file above all: it goes out without a copy in this page. */
  readonly blob?: Blob
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** What is no success is an answer too, unless it is a problem that the node itself tells of. */
  readonly takesAll?: boolean
}

/** Requests to the node that this page came from. Failures are `Fault`s: the node's own, or `unavailable.node`. */
export type PageClient = {
  /** Unsigned: before there is a session. */
  open<T>(path: string, asked?: Asked): Promise<T>
  /** Signed by the session. */
  send(path: string, asked?: Asked): Promise<Response>
  json<T>(path: string, asked?: Asked): Promise<T>
  /** For `createSdk`; with an app's id, what that app may do and no more. */
  callAs(app?: string): Call
}

export type PageClientOptions = {
  key: PageKey
  session(): PageSession | undefined
  /** Where the page came from. */
  origin: string
  nowMs?: () => number
}

const ttlSeconds = 60
const blobBytesMin = 64 * 1024

/** Made anew for each page: it cannot be read out, not even by this page's own scripts. */
export async function createPageKey(): Promise<PageKey> {
  const { publicKey, privateKey } = (await crypto.subtle.generateKey('Ed25519', false, [
    'sign',
    'verify',
  ])) as { publicKey: CryptoKey; privateKey: CryptoKey }
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))
  return {
    publicKey: toBase64Url(raw),
    sign: async (message) =>
      new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, message as Uint8Array<ArrayBuffer>)),
  }
}

export function createPageClient({ key, session, origin, nowMs = Date.now }: PageClientOptions): PageClient {
  const open: PageClient['open'] = async (path, asked) =>
    parsed(await ask(origin + path, await bodyOf(asked)))
  const send: PageClient['send'] = async (path, asked) => {
    const current = session()
    if (current === undefined) throw new Fault('refused.locked', 'AnarQ is locked. Unlock it first.')
    const body = await bodyOf(asked)
    const headers = { ...body.headers, ...(await signed(path, body, current)) }
    return ask(origin + path, { ...body, headers }, asked?.takesAll)
  }
  const signed = async (path: string, body: Body, current: PageSession): Promise<Record<string, string>> => {
    const created = Math.floor(nowMs() / 1000)
    const { base, headersWith } = requestToSign(
      {
        method: body.method,
        targetUri: origin + path,
        headers: body.headers,
        ...(body.digest === undefined ? {} : { bodyDigest: { algorithm: 'sha-256', digest: body.digest } }),
      },
      {
        keyid: current.keyid,
        alg: 'ed25519',
        nonce: toBase64Url(crypto.getRandomValues(new Uint8Array(18))),
        created,
        expires: created + ttlSeconds,
      },
    )
    return { ...headersWith(await key.sign(base)), [sessionHeader]: current.certificate }
  }
  const json: PageClient['json'] = async (path, asked) => parsed(await send(path, asked))
  return {
    open,
    send,
    json,
    callAs: (app) => async (method, params, signal) => {
      const headers = app === undefined ? {} : { [appHeader]: app }
      const path = `/api/v1/sdk/${method}`
      const answer = await json<{ result?: unknown }>(path, {
        method: 'POST',
        json: toWire(params),
        headers,
        signal,
      })
      return fromWire(answer.result)
    },
  }
}

type Body = {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly content: Uint8Array | Blob | undefined
  readonly digest: Uint8Array | undefined
  readonly signal: AbortSignal | undefined
}

async function bodyOf({ method, json, bytes, blob, headers = {}, signal }: Asked = {}): Promise<Body> {
  const held = blob === undefined ? bytes : new Uint8Array(await blob.arrayBuffer())
  const content = json === undefined ? held : new TextEncoder().encode(JSON.stringify(json))
  const digest =
    content === undefined
      ? undefined
      : new Uint8Array(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>))
  return {
    method: method ?? (content === undefined ? 'GET' : 'POST'),
    headers: json === undefined ? headers : { 'content-type': 'application/json', ...headers },
    content: blob ?? content,
    digest,
    signal,
  }
}

async function ask(
  url: string,
  { method, headers, content, signal }: Body,
  takesAll = false,
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, {
      method,
      headers,
      body: sent(content),
      signal: signal ?? null,
      credentials: 'omit',
      cache: 'no-store',
    })
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason
    throw new Fault('unavailable.node', 'The node does not answer. See whether it still runs.', { cause })
  }
  if (response.ok || (takesAll && !isProblem(response))) return response
  throw await faultOf(response)
}

/** Chromium hands memory over in small pieces, twenty times as slowly as a blob. */
function sent(content: Uint8Array | Blob | undefined): Uint8Array<ArrayBuffer> | Blob | null {
  if (content === undefined) return null
  const isSmall = content instanceof Blob || content.length < blobBytesMin
  return isSmall
    ? (content as Uint8Array<ArrayBuffer> | Blob)
    : new Blob([content as Uint8Array<ArrayBuffer>])
}

function isProblem({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/problem+json') === true
}

async function faultOf(response: Response): Promise<Fault> {
  const problem = (await response.json().catch(() => ({}))) as {
    code?: unknown
    detail?: unknown
    data?: unknown
  }
  const isOurs = typeof problem.code === 'string' && typeof problem.detail === 'string'
  if (isOurs)
    return new Fault(problem.code as FaultCode, problem.detail as string, {
      data: { ...figuresOf(problem.data), status: response.status },
    })
  return new Fault('unavailable.node', `The node answered with ${response.status}. Try again.`)
}

function figuresOf(data: unknown): Record<string, number> {
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : []
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}

async function parsed<T>(response: Response): Promise<T> {
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}
