import { fromUtf8, toBase64Url } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { Signer } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type ContentDigest, writeContentDigest } from './content-digest.ts'
import type { Session } from './session.ts'
import { type RequestTarget, signatureBase, splitTarget } from './signature-base.ts'
import { type BareItem, type Item, writeInnerList, writeItem } from './structured-fields.ts'

/** How a request was signed: with an identity's hybrid key, or with a session key that it certified. */
export type RequestAlgorithm = 'anarq-composite-1' | 'ed25519'

/** What signs a request. */
export type RequestKey = {
  readonly keyid: string
  readonly alg: RequestAlgorithm
  sign(message: Uint8Array): Uint8Array
  /** The session's certificate. */
  readonly certificate?: string
}

export type SignedParameters = {
  readonly keyid: string
  readonly alg: RequestAlgorithm
  /** Printable ASCII, never used before with this key: 16 to 128 characters. */
  readonly nonce: string
  /** Whole seconds since 1970. */
  readonly created: number
  readonly expires: number
}

/** Headers to send along; names in lower case. */
export type SignatureHeaders = Readonly<Record<string, string>>

export const signatureTag = 'anarq'
export const sessionHeader = 'anarq-session'
/** What the hybrid signature over a request's base is for. */
export const requestContext = 'q/v1/squid/request'
const label = 'anarq'
const secondMs = 1000

/** The identity's own key, for a request without a session: about a millisecond, and 4.6 kilobytes of headers. */
export function identityKey({ did, signer }: { readonly did: string; readonly signer: Signer }): RequestKey {
  return { keyid: did, alg: 'anarq-composite-1', sign: (message) => signer.sign(message, requestContext) }
}

export function sessionKey({ keyid, certificate, sign }: Session): RequestKey {
  return { keyid, alg: 'ed25519', certificate, sign }
}

/**
 * Signs a request (RFC 9421) for `ttlMs` from now with a fresh nonce: method, authority, path, query, and the digest
 * of the body where there is one.
 */
export function signRequest(
  request: RequestTarget & { readonly bodyDigest?: ContentDigest },
  key: RequestKey,
  { clock, random, ttlMs = 60_000 }: { clock: Clock; random: Random; ttlMs?: number },
): SignatureHeaders {
  const created = Math.floor(clock.nowMs() / secondMs)
  const expires = created + Math.max(1, Math.ceil(ttlMs / secondMs))
  const nonce = toBase64Url(random.bytes(18))
  const parameters = { keyid: key.keyid, alg: key.alg, nonce, created, expires }
  const headers = signRequestWith(request, parameters, (message) => key.sign(message))
  return key.certificate === undefined ? headers : { ...headers, [sessionHeader]: key.certificate }
}

/** The same with all parameters given. */
export function signRequestWith(
  request: RequestTarget & { readonly bodyDigest?: ContentDigest },
  { keyid, alg, nonce, created, expires }: SignedParameters,
  sign: (message: Uint8Array) => Uint8Array,
): SignatureHeaders {
  if (nonce.length < nonceCharacters.min || nonce.length > nonceCharacters.max) {
    throw new Fault('invalid.request', 'The nonce of a signed request has 16 to 128 characters.')
  }
  const digest = request.bodyDigest && { 'content-digest': writeContentDigest(request.bodyDigest) }
  const { query } = splitTarget(request.targetUri)
  const components = [
    '@method',
    '@authority',
    '@path',
    ...(query === undefined ? [] : ['@query']),
    ...(digest === undefined ? [] : ['content-digest']),
  ]
  const parameters = new Map<string, BareItem>([
    ['created', { type: 'integer', value: created }],
    ['expires', { type: 'integer', value: expires }],
    ['nonce', { type: 'string', value: nonce }],
    ['alg', { type: 'string', value: alg }],
    ['keyid', { type: 'string', value: keyid }],
    ['tag', { type: 'string', value: signatureTag }],
  ])
  const input = writeInnerList({ items: components.map(bare), parameters })
  const headers = digest === undefined ? request.headers : { ...without(request.headers), ...digest }
  const base = signatureBase({ ...request, headers }, components, input)
  const signature = writeItem({ type: 'bytes', value: sign(fromUtf8(base)) })
  return { ...digest, 'signature-input': `${label}=${input}`, signature: `${label}=${signature}` }
}

export const nonceCharacters = { min: 16, max: 128 } as const

function bare(name: string): Item {
  return { item: { type: 'string', value: name }, parameters: new Map() }
}

/** Our digest takes the place of any Content-Digest that was there, in whatever spelling. */
function without(headers: RequestTarget['headers']): RequestTarget['headers'] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-digest'),
  )
}
