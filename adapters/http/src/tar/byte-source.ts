import { ownsBuffer } from '@anarq/bytes'

/** Bytes pulled from a stream of pieces, at the reader's own pace. */
export type ByteSource = {
  /** So many bytes in one piece, as a view that stays valid; `undefined` where the stream ends before them. */
  take(bytes: number): Promise<Uint8Array | undefined>
  /** Fills from the start of `into` what is at hand; resolves to the number of bytes, 0 at the end. */
  read(into: Uint8Array): Promise<number>
  /** At most so many bytes of what is at hand, as a view that stays valid and may be discarded; `undefined` at the end. */
  piece(bytesMax: number): Promise<Uint8Array | undefined>
  /** Passes over so many bytes; false where the stream ends before. */
  skip(bytes: number): Promise<boolean>
}

export function createByteSource(pieces: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = pieces[Symbol.asyncIterator]()
  let piece: Uint8Array = new Uint8Array(0)
  let at = 0

  const more = async (): Promise<boolean> => {
    while (at >= piece.length) {
      const next = await iterator.next()
      if (next.done === true) return false
      piece = next.value
      at = 0
    }
    return true
  }
  /** Joins pieces until so many bytes lie together. */
  const gather = async (bytes: number): Promise<boolean> => {
    const parts = [piece.subarray(at)]
    let held = piece.length - at
    while (held < bytes) {
      const next = await iterator.next()
      if (next.done === true) break
      parts.push(next.value)
      held += next.value.length
    }
    const whole = new Uint8Array(held)
    let filled = 0
    for (const part of parts) {
      whole.set(part, filled)
      filled += part.length
    }
    piece = whole
    at = 0
    return held >= bytes
  }

  return {
    async take(bytes) {
      if (piece.length - at < bytes && !(await gather(bytes))) return undefined
      at += bytes
      return piece.subarray(at - bytes, at)
    },
    async read(into) {
      if (into.length === 0 || !(await more())) return 0
      const part = piece.subarray(at, at + into.length)
      into.set(part)
      at += part.length
      return part.length
    },
    async piece(bytesMax) {
      if (!(await more())) return undefined
      const part = piece.subarray(at, at + bytesMax)
      at += part.length
      // Whoever has it may discard it, and all that lies in the same memory with it.
      if (ownsBuffer(part)) {
        piece = new Uint8Array(piece.subarray(at))
        at = 0
      }
      return part
    },
    async skip(bytes) {
      for (let left = bytes; left > 0; ) {
        if (!(await more())) return false
        const step = Math.min(left, piece.length - at)
        at += step
        left -= step
      }
      return true
    },
  }
}
