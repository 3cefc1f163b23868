/**
 * Canonical DAG-CBOR and CIDs.
 *
 * Decoding is strict: bytes that are not the one canonical encoding of their value are refused, so equal values
 * have equal bytes and therefore equal CIDs. This package names things; hashing is qlock's.
 */
export { decodeCbor } from './cbor-decode.ts'
export { encodeCbor, withCbor } from './cbor-encode.ts'
export { type Cid, cborCodec, cidKey, cidOfDigest, digestOf, parseCid, rawCodec } from './cid.ts'
export {
  type Fields,
  readArray,
  readBytes,
  readCid,
  readFields,
  readInt,
  readOptional,
  readText,
} from './read.ts'
