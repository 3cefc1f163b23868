import { concatBytes, equalBytes, fromBase64Url, fromUtf8, toBase58, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { kemPublicKeyBytes, primitives, verifyKeyBytes } from '@anarq/qlock'

/**
 * Multikey text of a composite verify key: multibase base64url ('u') over a multicodec prefix and the key. Neither
 * kind of key is in the multicodec table yet, so both prefixes are ours, from its private use area (0x300000 to
 * 0x3fffff): 0x305101 for ML-DSA-65 + Ed25519, 0x305102 for X-Wing.
 */
export function encodeVerifyKey(key: Uint8Array): string {
  return encode(verifyKeyPrefix, key)
}

export function encodeKemKey(key: Uint8Array): string {
  return encode(kemKeyPrefix, key)
}

/** The 1,984 bytes of a composite verify key; anything else is `invalid.multikey`. */
export function decodeVerifyKey(text: unknown): Uint8Array {
  return decode(text, verifyKeyPrefix, verifyKeyBytes, 'A verify key')
}

/** The 1,216 bytes of an X-Wing public key; anything else is `invalid.multikey`. */
export function decodeKemKey(text: unknown): Uint8Array {
  return decode(text, kemKeyPrefix, kemPublicKeyBytes, 'A key-wrap key')
}

/** Base58 of the SHA-256 multihash of a text: 46 characters that start with "Qm" (https://multiformats.io/multihash/). */
export function hashText(text: string): string {
  return toBase58(concatBytes(sha256Prefix, primitives.sha256(fromUtf8(text))))
}

export const hashTextPattern: RegExp = /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/

/** Base64url without padding, refused as `invalid.text` where it is not exactly that. */
export function readBase64Url(text: string, what: string): Uint8Array {
  try {
    return fromBase64Url(text)
  } catch (cause) {
    throw new Fault('invalid.text', `${what} is malformed: it is not base64url text.`, { cause })
  }
}

const verifyKeyPrefix = varint(0x305101)
const kemKeyPrefix = varint(0x305102)
/** Multihash: 0x12 is SHA-256, 0x20 is 32 bytes. */
const sha256Prefix = Uint8Array.of(0x12, 0x20)

function encode(prefix: Uint8Array, key: Uint8Array): string {
  return `u${toBase64Url(concatBytes(prefix, key))}`
}

function decode(text: unknown, prefix: Uint8Array, length: number, what: string): Uint8Array {
  const characters = 1 + Math.ceil(((prefix.length + length) * 4) / 3)
  if (typeof text !== 'string' || text.length !== characters || text[0] !== 'u') throw malformed(what)
  const bytes = readBase64Url(text.slice(1), what)
  if (!equalBytes(bytes.subarray(0, prefix.length), prefix)) throw malformed(what)
  return bytes.slice(prefix.length)
}

function malformed(what: string): Fault {
  return new Fault('invalid.multikey', `${what} is malformed: it is not the Multikey text of such a key.`)
}

/** https://github.com/multiformats/unsigned-varint */
function varint(code: number): Uint8Array {
  const bytes: number[] = []
  let rest = code
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
