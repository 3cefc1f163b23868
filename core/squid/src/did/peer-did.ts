import { concatBytes, fromBase58, fromUtf8, toBase58, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type DidDocument, documentOf, keysOfDocument, type PublicKeys } from './document.ts'
import { canonicalJson } from './jcs.ts'
import { hashText } from './multikey.ts'

/** did:peer:4 in both forms (https://identity.foundation/peer-did-method-spec/, method 4). */
export type PeerDid = {
  /** 59 characters: what one uses once the long form is known. */
  readonly short: string
  /** About 6,500 characters: carries the document. */
  readonly long: string
}

const prefix = 'did:peer:4z'
const pattern = /^did:peer:4zQm[1-9A-HJ-NP-Za-km-z]{44}$/
/** A long form is hashed and decoded only up to this size; ours have about 6,500 characters. */
const longCharactersMax = 16_384
/** The multicodec of JSON, 0x0200, as a varint. */
const jsonPrefix = Uint8Array.of(0x80, 0x04)

export function isPeerDid(did: string): boolean {
  return pattern.test(did)
}

/** The DID of an input document, whose references must be relative. */
export function encodePeerDid(document: DidDocument): PeerDid {
  const bytes = concatBytes(jsonPrefix, fromUtf8(canonicalJson(document)))
  const encoded = `z${toBase58(bytes)}`
  const short = `${prefix}${hashText(encoded)}`
  return { short, long: `${short}:${encoded}` }
}

/** The input document (as text and parsed) of any long form whose hash is right; anything else is `invalid.did`. */
export function decodePeerDid(long: string): {
  readonly short: string
  readonly text: string
  readonly document: unknown
} {
  if (long.length > longCharactersMax) throw malformed('it is longer than such a DID can be')
  const at = long.indexOf(':', prefix.length)
  const short = long.slice(0, at)
  const encoded = long.slice(at + 1)
  if (at < 0 || !isPeerDid(short) || encoded[0] !== 'z')
    throw malformed('it is not a did:peer:4 in its long form')
  if (short !== `${prefix}${hashText(encoded)}`) throw malformed('its document is not the one its hash names')
  return { short, ...parseDocument(encoded.slice(1)) }
}

export function peerDidOf(keys: PublicKeys): PeerDid {
  return encodePeerDid(documentOf(keys))
}

/** The keys and the document (as the short form resolves to it) of an AnarQ long form, or `invalid.did`, `invalid.document`. */
export function resolvePeerDid(long: string): {
  readonly did: string
  readonly keys: PublicKeys
  readonly document: DidDocument
} {
  const { short, text, document } = decodePeerDid(long)
  const keys = keysOfDocument(document)
  // Without this, white space alone would give the same keys a second DID.
  if (text !== canonicalJson(document)) throw malformed('its document is not in canonical form')
  return { did: short, keys, document: peerDocument(keys, { short, long }) }
}

/** What the short form resolves to: the document with its DID filled in. */
export function peerDocument(keys: PublicKeys, { short, long }: PeerDid): DidDocument {
  const input = documentOf(keys)
  const methods = input.verificationMethod as readonly object[]
  return {
    ...input,
    id: short,
    alsoKnownAs: [long],
    verificationMethod: methods.map((method) => ({ ...method, controller: short })),
  }
}

function parseDocument(base58: string): { text: string; document: unknown } {
  try {
    const bytes = fromBase58(base58)
    if (bytes[0] !== jsonPrefix[0] || bytes[1] !== jsonPrefix[1]) throw new SyntaxError('not multicodec JSON')
    const text = toUtf8(bytes.subarray(2))
    return { text, document: JSON.parse(text) }
  } catch (cause) {
    throw new Fault('invalid.did', 'This DID is malformed: it carries no JSON document.', { cause })
  }
}

function malformed(why: string): Fault {
  return new Fault('invalid.did', `This DID is malformed: ${why}. Copy it again, whole.`)
}
