import { Fault } from '@anarq/fault'
import { canonicalJson } from './jcs.ts'
import { decodeKemKey, decodeVerifyKey, encodeKemKey, encodeVerifyKey } from './multikey.ts'

/** The two public keys of an identity at one epoch. */
export type PublicKeys = {
  /** Composite ML-DSA-65 + Ed25519, 1,984 bytes. */
  readonly verifyKey: Uint8Array
  /** X-Wing, 1,216 bytes. */
  readonly kemKey: Uint8Array
}

/** A DID document as plain JSON (https://www.w3.org/TR/did-1.1/). */
export type DidDocument = Readonly<Record<string, unknown>>

/** DID syntax without parameters (https://www.w3.org/TR/did-1.1/#did-syntax). */
export const didPattern: RegExp = /^did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,200}$/
/** A device is named by the BLAKE3 of its verify key: 32 bytes in base64url. */
export const deviceIdPattern: RegExp = /^[A-Za-z0-9_-]{43}$/

/**
 * The document of the keys, with nothing else in it: no service, no name, no time, so that it says nothing but the
 * keys. `did` is left out in did:peer:4's input document, where every reference is relative.
 */
export function documentOf(keys: PublicKeys, did?: string): DidDocument {
  const sign = `${did ?? ''}#sig`
  const agree = `${did ?? ''}#kem`
  const owner = did === undefined ? {} : { controller: did }
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    ...(did === undefined ? {} : { id: did }),
    verificationMethod: [
      { id: sign, type: 'Multikey', ...owner, publicKeyMultibase: encodeVerifyKey(keys.verifyKey) },
      { id: agree, type: 'Multikey', ...owner, publicKeyMultibase: encodeKemKey(keys.kemKey) },
    ],
    authentication: [sign],
    assertionMethod: [sign],
    capabilityInvocation: [sign],
    capabilityDelegation: [sign],
    keyAgreement: [agree],
  }
}

/**
 * The keys of a document that has exactly the shape `documentOf` gives (besides the fields in `extra`); anything
 * else is `invalid.document`, so that no document carries what its reader does not look at.
 */
export function keysOfDocument(
  document: unknown,
  { did, extra = {} }: { did?: string; extra?: DidDocument } = {},
): PublicKeys {
  const keys = {
    verifyKey: decodeVerifyKey(keyText(document, 0)),
    kemKey: decodeKemKey(keyText(document, 1)),
  }
  if (canonicalJson({ ...documentOf(keys, did), ...extra }) === canonicalJson(document)) return keys
  throw new Fault('invalid.document', 'This DID document is not of an AnarQ identity: its shape is another.')
}

/** A value at a path in foreign JSON, or undefined; own properties only. */
export function jsonAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let at = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Readonly<Record<string | number, unknown>>)[step]
  }
  return at
}

function keyText(document: unknown, index: number): unknown {
  return jsonAt(document, 'verificationMethod', index, 'publicKeyMultibase')
}
