import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { discard } from '@anarq/bytes'
import type { Codec } from './codec.ts'

/** Node's smallest output step. */
const stepBytesMin = 64

export const codec: Codec = {
  name: 'node:zlib',

  compress(plain, level, { hasChecksum = true } = {}) {
    const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = constants
    const room = compressedBytesMax(plain.length)
    const packed = zstdCompressSync(plain, {
      params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0 },
      // One output buffer for all of it, even of noise, is a third faster than many of 16 KiB joined afterwards.
      chunkSize: room,
    })
    return room < ownBytesMin ? withoutBuffer(packed) : ownOf(packed)
  },

  decompress(zstdFrame, plainBytesMax) {
    const plain = zstdDecompressSync(zstdFrame, {
      maxOutputLength: Math.max(1, plainBytesMax),
      // Node makes another buffer of this size once one is full, and the collector counts it.
      chunkSize: Math.max(stepBytesMin, plainBytesMax + 1),
    })
    return withoutBuffer(plain)
  },
}

/** A buffer of this size is never part of one that Node shares. */
const ownBytesMin = 64 * 1024

/** A copy as long as it must be; the room that the compressor had is given back at once. */
function ownOf(packed: Uint8Array): Uint8Array {
  const own = new Uint8Array(packed)
  discard(new Uint8Array(packed.buffer))
  return own
}

/** ZSTD_COMPRESSBOUND of zstd.h, and room for a checksum. */
function compressedBytesMax(plainBytes: number): number {
  return plainBytes + (plainBytes >> 8) + 128
}

/** The same bytes as a plain `Uint8Array`: a `Buffer` behaves differently in `slice` and in comparisons. */
function withoutBuffer(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
