/** What is signed of a request, without the key: for one that is here, and for one that a browser holds. */
import { fromUtf8, toBase64 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { fieldValue, type RequestTarget, signatureBase, splitTarget } from './signature-base.ts'
import { type BareItem, type Item, writeInnerList, writeItem } from './structured-fields.ts'

export type DigestAlgorithm = 'sha-256' | 'sha-512'
export type ContentDigest = { readonly algorithm: DigestAlgorithm; readonly digest: Uint8Array }

/** How a request was signed: with an identity's hybrid key, or with a session key that it certified. */
export type RequestAlgorithm = 'anarq-composite-1' | 'ed25519'

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

export type RequestToSign = {
  /** What the key signs. */
  readonly base: Uint8Array
  headersWith(signature: Uint8Array): SignatureHeaders
}

export const signatureTag = 'anarq'
export const sessionHeader = 'anarq-session'
/** Names the app that a request is made for: who takes it away makes a request of the person's, so it is signed. */
export const appHeader = 'anarq-app'
export const nonceCharacters = { min: 16, max: 128 } as const
const label = 'anarq'

/** A request before its signature (RFC 9421): method, authority, path, query, the digest of the body and the app, where there are. */
export function requestToSign(
  request: RequestTarget & { readonly bodyDigest?: ContentDigest },
  { keyid, alg, nonce, created, expires }: SignedParameters,
): RequestToSign {
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
    ...(fieldValue(request.headers, appHeader) === undefined ? [] : [appHeader]),
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
  return {
    base: fromUtf8(signatureBase({ ...request, headers }, components, input)),
    headersWith(signature) {
      const value = writeItem({ type: 'bytes', value: signature })
      return { ...digest, 'signature-input': `${label}=${input}`, signature: `${label}=${value}` }
    },
  }
}

/** The value of a Content-Digest header (RFC 9530). */
export function writeContentDigest({ algorithm, digest }: ContentDigest): string {
  return `${algorithm}=:${toBase64(digest)}:`
}

function bare(name: string): Item {
  return { item: { type: 'string', value: name }, parameters: new Map() }
}

/** Our digest takes the place of any Content-Digest that was there, in whatever spelling. */
function without(headers: RequestTarget['headers']): RequestTarget['headers'] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-digest'),
  )
}
