import { equalBytes } from '@anarq/bytes'
import { type Cid, type cborCodec, cidOfDigest, digestOf, type rawCodec } from '@anarq/ipld'
import { primitives } from '#primitives'

/** BLAKE3, 32 bytes, of the parts one after another. */
export function hashBlake3(...parts: readonly Uint8Array[]): Uint8Array {
  return primitives.blake3(...parts)
}

export function cidOf(codec: typeof rawCodec | typeof cborCodec, bytes: Uint8Array): Cid {
  return cidOfDigest(codec, primitives.blake3(bytes))
}

/** True when the bytes are those that the CID names. */
export function verifyCid(cid: Cid, bytes: Uint8Array): boolean {
  return equalBytes(digestOf(cid), primitives.blake3(bytes))
}
