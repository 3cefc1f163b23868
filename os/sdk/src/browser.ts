/** The session of a page and its signed requests (RFC 9421), with a key that never leaves the browser. */
import { toBase64Url } from '@anarq/bytes'
import { Fault, type FaultCode, hasCode } from '@anarq/fault'
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
  /**
   * What the browser holds, a file above all: it sends that from where it lies, and no byte of it comes into this page. So the
   * signature leaves its digest out, which nodes take only over loopback or HTTPS, and only for uploads.
   */
  readonly blob?: Blob
  /** So many bytes of the blob are on their way. */
  readonly onSent?: (bytes: number) => void
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
  /** The node refused this session itself, and not what was asked with it: it may have been ended, or have lapsed. */
  onSessionRefused?: () => void
  /** How a blob goes out; by default as `fetch` sends it, which does not say how far it is. */
  sendBlob?: SendBlob
}

/** As `fetch`, and rejects as that does; `onSent` hears how much is on its way. */
export type SendBlob = (
  url: string,
  request: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly blob: Blob
    readonly onSent: ((bytes: number) => void) | undefined
    readonly signal: AbortSignal | undefined
  },
) => Promise<Response>

const ttlSeconds = 60
const ofSession: readonly FaultCode[] = ['refused.session', 'refused.expired', 'refused.locked']
const blobBytesMin = 64 * 1024
/** Less is no reason for a refusal. */
const clockOffMs = 5_000

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

export function createPageClient({
  key,
  session,
  origin,
  nowMs = Date.now,
  onSessionRefused = () => {},
  sendBlob = fetchBlob,
}: PageClientOptions): PageClient {
  const open: PageClient['open'] = async (path, asked) =>
    parsed(await ask(origin + path, await bodyOf(asked), { sendBlob }))
  /** How far this device's clock is off the node's, once the node refused a request for its time. */
  let offMs = 0
  const isClockLearned = (error: unknown): boolean => {
    const nodeMs = hasCode(error, 'refused.expired') ? (error as Fault).data.nowMs : undefined
    const before = offMs
    if (typeof nodeMs === 'number') offMs = nodeMs - nowMs()
    return Math.abs(offMs - before) > clockOffMs
  }
  const sendOnce: PageClient['send'] = async (path, asked) => {
    const current = session()
    if (current === undefined) throw new Fault('refused.locked', 'AnarQ is locked. Unlock it first.')
    const body = await bodyOf(asked)
    const headers = { ...body.headers, ...(await signed(path, body, current)) }
    return ask(origin + path, { ...body, headers }, { sendBlob, takesAll: asked?.takesAll })
  }
  const send: PageClient['send'] = async (path, asked) => {
    try {
      return await sendOnce(path, asked).catch((error: unknown) => {
        // The clock of one of the two was set: what it was signed for is asked again by the node's.
        if (isClockLearned(error)) return sendOnce(path, asked)
        throw error
      })
    } catch (error) {
      if (ofSession.some((code) => hasCode(error, code))) onSessionRefused()
      throw error
    }
  }
  const signed = async (path: string, body: Body, current: PageSession): Promise<Record<string, string>> => {
    const created = Math.floor((nowMs() + offMs) / 1000)
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
  readonly content: Uint8Array | undefined
  readonly digest: Uint8Array | undefined
  readonly signal: AbortSignal | undefined
} & Pick<Asked, 'blob' | 'onSent'>

async function bodyOf({ json, bytes, headers = {}, signal, ...asked }: Asked = {}): Promise<Body> {
  const content = json === undefined ? bytes : new TextEncoder().encode(JSON.stringify(json))
  const digest =
    content === undefined
      ? undefined
      : new Uint8Array(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>))
  const { method = content === undefined ? 'GET' : 'POST', blob, onSent } = asked
  return {
    method,
    headers: json === undefined ? headers : { 'content-type': 'application/json', ...headers },
    content,
    digest,
    signal,
    ...(blob === undefined ? {} : { blob }),
    ...(onSent === undefined ? {} : { onSent }),
  }
}

async function ask(
  url: string,
  { method, headers, content, blob, onSent, signal }: Body,
  { sendBlob, takesAll = false }: { sendBlob: SendBlob; takesAll?: boolean | undefined },
): Promise<Response> {
  let response: Response
  try {
    response =
      blob === undefined
        ? await fetch(url, { method, headers, body: sent(content), ...asItIs(signal) })
        : await sendBlob(url, { method, headers, blob, onSent, signal })
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason
    throw new Fault('unavailable.node', 'The node does not answer. See whether it still runs.', { cause })
  }
  if (response.ok || (takesAll && !isProblem(response))) return response
  throw await faultOf(response)
}

const fetchBlob: SendBlob = (url, { method, headers, blob, signal }) =>
  fetch(url, { method, headers, body: blob, ...asItIs(signal) })

function asItIs(signal: AbortSignal | undefined): Pick<RequestInit, 'credentials' | 'cache' | 'signal'> {
  return { signal: signal ?? null, credentials: 'omit', cache: 'no-store' }
}

/** Chromium hands memory over in small pieces, twenty times as slowly as a blob. */
function sent(content: Uint8Array | undefined): Uint8Array<ArrayBuffer> | Blob | null {
  if (content === undefined) return null
  const bytes = content as Uint8Array<ArrayBuffer>
  return bytes.length < blobBytesMin ? bytes : new Blob([bytes])
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
