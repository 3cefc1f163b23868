import { toBase64Url } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import type { Signer } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import {
  type ContentDigest,
  type RequestAlgorithm,
  requestToSign,
  type SignatureHeaders,
  type SignedParameters,
  sessionHeader,
} from './request-to-sign.ts'
import type { Session } from './session.ts'
import type { RequestTarget } from './signature-base.ts'

/** What signs a request. */
export type RequestKey = {
  readonly keyid: string
  readonly alg: RequestAlgorithm
  sign(message: Uint8Array): Uint8Array
  /** The session's certificate. */
  readonly certificate?: string
}

/** What the hybrid signature over a request's base is for. */
export const requestContext = 'q/v1/squid/request'
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
  parameters: SignedParameters,
  sign: (message: Uint8Array) => Uint8Array,
): SignatureHeaders {
  const { base, headersWith } = requestToSign(request, parameters)
  return headersWith(sign(base))
}
