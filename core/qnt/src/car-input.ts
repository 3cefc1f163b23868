import { concatBytes } from '@anarq/bytes'

/** Bytes of a source that come in pieces of any length. */
export type Input = {
  byte(): Promise<number | undefined>
  /** A fresh array of so many bytes, of fewer where the source ends before them. */
  bytes(length: number): Promise<Uint8Array>
  /** What was read last comes once more. */
  unread(bytes: Uint8Array): void
  close(): Promise<void>
}

export function createInput(source: AsyncIterable<Uint8Array>): Input {
  const iterator = source[Symbol.asyncIterator]()
  let piece: Uint8Array = new Uint8Array(0)
  let at = 0

  async function refill(): Promise<boolean> {
    while (at >= piece.length) {
      const next = await iterator.next()
      if (next.done === true) return false
      piece = next.value
      at = 0
    }
    return true
  }

  return {
    async byte() {
      if (at >= piece.length && !(await refill())) return undefined
      const byte = piece[at]
      at += 1
      return byte
    },
    async bytes(length) {
      const out = new Uint8Array(length)
      for (let filled = 0; filled < length; ) {
        if (at >= piece.length && !(await refill())) return out.subarray(0, filled)
        const part = piece.subarray(at, at + length - filled)
        out.set(part, filled)
        filled += part.length
        at += part.length
      }
      return out
    },
    unread(bytes) {
      if (bytes.length <= at) at -= bytes.length
      else {
        piece = concatBytes(bytes, piece.subarray(at))
        at = 0
      }
    },
    async close() {
      await iterator.return?.()
    },
  }
}
