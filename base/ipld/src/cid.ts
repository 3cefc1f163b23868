import { Fault } from '@anarq/fault'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'

/** A CIDv1 with a 32-byte BLAKE3 digest. */
export type Cid = CID

/** Multicodec table: https://github.com/multiformats/multicodec */
export const rawCodec = 0x55
export const cborCodec = 0x71
const blake3Code = 0x1e
const digestBytes = 32

/** The CID of a block whose BLAKE3 digest (32 bytes) is known. */
export function cidOfDigest(codec: typeof rawCodec | typeof cborCodec, digest: Uint8Array): Cid {
  if (digest.length !== digestBytes)
    throw new RangeError(`a digest has ${digestBytes} bytes, not ${digest.length}`)
  return CID.createV1(codec, createDigest(blake3Code, digest))
}

export function digestOf(cid: Cid): Uint8Array {
  return cid.multihash.digest
}

/** A short string for maps: the digest, one character a byte. Equal for equal digests, whatever the codec. */
export function cidKey(digest: Uint8Array): string {
  return String.fromCharCode.apply(undefined, digest as unknown as number[])
}

/** From text (base32 `b…`) or bytes; anything but CIDv1 + BLAKE3-256 + raw or DAG-CBOR is `invalid.cid`. */
export function parseCid(input: string | Uint8Array): Cid {
  let cid: Cid
  try {
    cid = typeof input === 'string' ? CID.parse(input) : CID.decode(input)
  } catch (cause) {
    throw new Fault('invalid.cid', 'This is not a content identifier (CID). Copy it again, whole.', { cause })
  }
  const { code, size } = cid.multihash
  const isOurs =
    cid.version === 1 &&
    code === blake3Code &&
    size === digestBytes &&
    (cid.code === rawCodec || cid.code === cborCodec)
  if (!isOurs) {
    throw new Fault(
      'invalid.cid',
      'This content identifier is of another kind: AnarQ keeps CIDv1 with BLAKE3-256.',
    )
  }
  return cid
}
