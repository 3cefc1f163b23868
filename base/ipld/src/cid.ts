import { compareBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { CID } from 'multiformats/cid'
import { Digest } from 'multiformats/hashes/digest'

/** A CIDv1 with a 32-byte BLAKE3 digest. */
export type Cid = CID

/** Multicodec table: https://github.com/multiformats/multicodec */
export const rawCodec = 0x55
export const cborCodec = 0x71
const blake3Code = 0x1e
const digestBytes = 32
/** Version, codec, hash function, digest length: a byte each in every CID of ours. */
const prefixBytes = 4
const varintByteMax = 0x7f

/** The CID of a block whose BLAKE3 digest (32 bytes) is known. */
export function cidOfDigest(codec: typeof rawCodec | typeof cborCodec, digest: Uint8Array): Cid {
  if (digest.length !== digestBytes)
    throw new RangeError(`a digest has ${digestBytes} bytes, not ${digest.length}`)
  const bytes = new Uint8Array(prefixBytes + digestBytes)
  bytes[0] = 1
  bytes[1] = codec
  bytes[2] = blake3Code
  bytes[3] = digestBytes
  bytes.set(digest, prefixBytes)
  return fromShortPrefix(bytes)
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
  let cid: Cid | undefined
  let cause: unknown
  try {
    cid = typeof input === 'string' ? CID.parse(input) : linkFromBytes(new Uint8Array(input))
  } catch (error) {
    cause = error
  }
  if (cid !== undefined) return checkKind(cid)
  throw new Fault('invalid.cid', 'This is not a content identifier (CID). Copy it again, whole.', { cause })
}

/** The CID as it is; `invalid.cid` where it is another kind than AnarQ's. */
export function checkKind(cid: Cid): Cid {
  const { code, size } = cid.multihash
  const isOurs =
    cid.version === 1 &&
    code === blake3Code &&
    size === digestBytes &&
    (cid.code === rawCodec || cid.code === cborCodec)
  if (isOurs) return cid
  throw new Fault(
    'invalid.cid',
    'This content identifier is of another kind: AnarQ keeps CIDv1 with BLAKE3-256.',
  )
}

/** A CID of any kind, which keeps the bytes; `undefined` where they are no CID in its one spelling. */
export function linkFromBytes(bytes: Uint8Array): Cid | undefined {
  if (hasShortPrefix(bytes)) return fromShortPrefix(bytes)
  try {
    const cid: Cid = CID.decode(bytes)
    return compareBytes(cid.bytes, bytes) === 0 ? cid : undefined
  } catch {
    return undefined
  }
}

/** Four varints of a byte each and a digest of the length they say: nearly every CID there is. */
export function hasShortPrefix(bytes: Uint8Array): boolean {
  return (
    bytes.length > prefixBytes &&
    bytes[0] === 1 &&
    (bytes[1] as number) <= varintByteMax &&
    (bytes[2] as number) <= varintByteMax &&
    bytes[3] === bytes.length - prefixBytes &&
    bytes[3] <= varintByteMax
  )
}

function fromShortPrefix(bytes: Uint8Array): Cid {
  const multihash = new Digest(
    bytes[2] as number,
    bytes[3] as number,
    bytes.subarray(prefixBytes),
    bytes.subarray(2),
  )
  return new CID(1, bytes[1] as number, multihash, bytes)
}
