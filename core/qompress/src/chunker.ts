import { Fault } from '@anarq/fault'
import { deriveSecret, wipe } from '@anarq/qlock'

export const chunkBytesMin: number = 768 * 1024
export const chunkBytesAverage: number = 1024 * 1024
export const chunkBytesMax: number = 4 * 1024 * 1024

/** `bytesAverage` is what noise comes to; it lies a power of two above `bytesMin`, the first place where a cut may be. */
export type ChunkLimits = {
  readonly bytesMin: number
  readonly bytesAverage: number
  readonly bytesMax: number
}

export type Chunker = {
  readonly limits: ChunkLimits
  /**
   * Where the chunk that starts at `from` ends: a position in (from, to], or -1 when that is not known before more
   * bytes are there, and for no bytes at all. With `isEnd` the rest is the last chunk. Looks at nothing before
   * `from`, so the buffer may be another one at each call.
   *
   * After a -1, give the same chunk again with more bytes behind it. `seen` says how many bytes of it the earlier
   * call had (its `to - from`): they are not scanned again. Leaving it out costs time and changes nothing.
   */
  cut(buffer: Uint8Array, from: number, to: number, isEnd: boolean, seen?: number): number
}

const secretBytes = 32
/** A byte leaves a 32-bit hash after as many shifts, so the hash is that of the last 32 bytes. */
const windowBytes = 32
const defaultLimits: ChunkLimits = {
  bytesMin: chunkBytesMin,
  bytesAverage: chunkBytesAverage,
  bytesMax: chunkBytesMax,
}

/**
 * Content-defined chunks: a gear hash that skips what lies before the least length (Xia et al., "FastCDC", USENIX ATC
 * 2016), over a table derived from an owner's secret. Only the quarter behind that length is scanned, which is what
 * makes it fast; the price is that after a change it takes two or three chunks until the cuts are the old ones again. A
 * cut depends on that secret and on the bytes since the cut before, never on how they arrived. Holds no state between
 * calls: one chunker serves any number of streams.
 */
export function createChunker(secret32: Uint8Array, limits: ChunkLimits = defaultLimits): Chunker {
  checkLimits(limits)
  const { bytesMin, bytesAverage, bytesMax } = limits
  const table = gearTableOf(secret32)
  const mask = highBits(Math.log2(bytesAverage - bytesMin))
  return {
    limits,
    cut(buffer, from, to, isEnd, seen = 0) {
      checkRange(buffer, from, to)
      const bytes = withoutBuffer(buffer)
      const last = Math.min(to, from + bytesMax)
      const first = from + Math.max(bytesMin, seen + 1)
      const cut = findCut(bytes, first, last, mask, table)
      if (cut >= 0) return cut
      if (last === from + bytesMax) return last
      return isEnd && to > from ? to : -1
    },
  }
}

/**
 * The chunks of a stream: all but the last within the limits, none for an empty stream. The pieces must not be
 * written to afterwards, because a chunk may be a view of one.
 */
export async function* chunksOf(
  source: AsyncIterable<Uint8Array>,
  chunker: Chunker,
): AsyncGenerator<Uint8Array, void, undefined> {
  let buffer: Uint8Array = new Uint8Array(0)
  let start = 0
  let end = 0
  let isOwn = false
  for await (const piece of source) {
    let seen = end - start
    if (seen === 0) {
      buffer = piece
      start = 0
      end = piece.length
      isOwn = false
    } else {
      if (!isOwn || end + piece.length > buffer.length) {
        const grown = new Uint8Array(Math.max(seen + piece.length, chunker.limits.bytesMax))
        grown.set(buffer.subarray(start, end))
        buffer = grown
        start = 0
        end = seen
        isOwn = true
      }
      buffer.set(piece, end)
      end += piece.length
    }
    for (;;) {
      const cut = chunker.cut(buffer, start, end, false, seen)
      if (cut < 0) break
      yield buffer.subarray(start, cut)
      start = cut
      seen = 0
    }
  }
  if (end > start) yield buffer.subarray(start, end)
}

/** The first position in [first, last] where the hash of the bytes before it is zero under the mask, or -1. */
function findCut(bytes: Uint8Array, first: number, last: number, mask: number, table: Int32Array): number {
  if (first > last) return -1
  let hash = 0
  let at = first - windowBytes
  for (; at < first - 1; at += 1) hash = ((hash << 1) + (table[bytes[at] as number] as number)) | 0
  while (at < last) {
    hash = ((hash << 1) + (table[bytes[at] as number] as number)) | 0
    at += 1
    if ((hash & mask) === 0) return at
  }
  return -1
}

/** The high bits of a gear hash have seen the most bytes. */
function highBits(count: number): number {
  return -1 << (32 - count)
}

function gearTableOf(secret: Uint8Array): Int32Array {
  if (secret.length !== secretBytes)
    throw new Fault('invalid.secret', `The chunker's secret has ${secretBytes} bytes, not ${secret.length}.`)
  const bytes = deriveSecret(secret, 'q/v1/chunker/gear', 256 * 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const table = Int32Array.from({ length: 256 }, (_, i) => view.getInt32(i * 4, true))
  wipe(bytes)
  return table
}

/** The loop above runs at half speed once it has met two kinds of array, and a `Buffer` is another kind. */
function withoutBuffer(buffer: Uint8Array): Uint8Array {
  return buffer.constructor === Uint8Array
    ? buffer
    : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

function checkLimits({ bytesMin, bytesAverage, bytesMax }: ChunkLimits): void {
  const areWhole = [bytesMin, bytesAverage, bytesMax].every(Number.isSafeInteger)
  const areOrdered = windowBytes <= bytesMin && bytesMin < bytesAverage && bytesAverage < bytesMax
  const isPowerOfTwo = Number.isInteger(Math.log2(bytesAverage - bytesMin)) && bytesAverage <= 2 ** 30
  if (areWhole && areOrdered && isPowerOfTwo) return
  throw new Fault(
    'invalid.limits',
    `Chunk limits are ${windowBytes} <= least < average < most, the average a power of two above the least, not ${bytesMin}, ${bytesAverage}, ${bytesMax}.`,
  )
}

function checkRange(buffer: Uint8Array, from: number, to: number): void {
  if (from >= 0 && from <= to && to <= buffer.length) return
  throw new Fault('invalid.range', `There are no bytes ${from} to ${to} in a buffer of ${buffer.length}.`)
}
