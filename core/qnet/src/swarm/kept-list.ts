import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readBytes, readFields, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { Random } from '@anarq/random'

const saltBytes = 16
const bitsEach = 12
const probes = 8
const bytesMax = 8 * 1024 * 1024

/**
 * What an index stands on, told to whoever holds copies of it without naming anything: a Bloom filter (Bloom, 1970) of
 * digests. Of what is not in it about 1 in 300 seems to be; another salt each time, so that it does not seem so twice.
 */
export function writeKeptList(
  digests: Iterable<Uint8Array>,
  count: number,
  random: Pick<Random, 'bytes'>,
): Uint8Array {
  const salt = random.bytes(saltBytes)
  const bits = new Uint8Array(Math.min(bytesMax, Math.ceil((Math.max(1, count) * bitsEach) / 8)))
  for (const digest of digests)
    for (const at of placesOf(salt, digest, bits.length * 8))
      bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7))
  return encodeCbor({ v: 1, salt, bits })
}

/** Whether it is in the list; `invalid.list` where there is none. */
export function readKeptList(bytes: Uint8Array): (digest: Uint8Array) => boolean {
  const what = 'A list of what is kept'
  const fields = readFields(decodeCbor(bytes), ['v', 'salt', 'bits'], what)
  readInt(fields.v, what, { min: 1, max: 1 })
  const salt = readBytes(fields.salt, what, { length: saltBytes })
  const bits = readBytes(fields.bits, what, { max: bytesMax })
  if (bits.length === 0)
    throw new Fault('invalid.list', 'A list of what is kept is empty: nobody lets go of all.')
  return (digest) =>
    placesOf(salt, digest, bits.length * 8).every((at) => ((bits[at >> 3] as number) >> (at & 7)) & 1)
}

/** One hash gives eight numbers. */
function placesOf(salt: Uint8Array, digest: Uint8Array, bits: number): number[] {
  const hash = hashBlake3(salt, digest)
  const view = new DataView(hash.buffer, hash.byteOffset)
  return Array.from({ length: probes }, (_, i) => view.getUint32(i * 4) % bits)
}
