/**
 * Byte arrays without a domain: encodings, comparison, joining. Everything works on `Uint8Array` and allocates
 * its result; nothing here depends on Node's `Buffer`.
 */

export { compareBytes, concatBytes, discard, equalBytes, ownsBuffer, xorBytes } from './arrays.ts'
export { fromBase32, toBase32 } from './base32.ts'
export { fromBase58, toBase58 } from './base58.ts'
export { type ByteRange, readByteRange } from './byte-range.ts'
export {
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  toUtf8,
} from './encodings.ts'
export { formatBytes } from './format.ts'
export { nothing, once } from './once.ts'
export { createTurns } from './turns.ts'
export { bytesIn, gigabytes } from './typed-size.ts'
