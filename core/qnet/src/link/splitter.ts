import { lengthBytes } from './frame.ts'

const empty = new Uint8Array(0)
const heldBytesMin = 512

/**
 * Cuts what comes over a transport into pieces that begin with their length in three bytes. What lies whole in one chunk is
 * given out where it lies; what is cut is gathered, in memory that grows with what has come and not with what is promised.
 */
export class Splitter {
  #held: Uint8Array = empty
  #heldBytes = 0

  get isEmpty(): boolean {
    return this.#heldBytes === 0
  }

  /**
   * `isAllowed` judges a length when it is read, `take` has each piece, with its length before it; the bytes are its own
   * until it returns. Both say false where there is nothing more to read, and so does this.
   */
  push(
    chunk: Uint8Array,
    isAllowed: (length: number) => boolean,
    take: (piece: Uint8Array) => boolean,
  ): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#heldBytes === 0) {
        const whole = wholeAt(chunk, at)
        if (whole !== undefined && !isAllowed(whole - lengthBytes)) return false
        if (whole !== undefined && at + whole <= chunk.length) {
          at += whole
          if (!take(chunk.subarray(at - whole, at))) return false
          continue
        }
      }
      at += this.#gather(chunk, at)
      const whole = wholeAt(this.#held.subarray(0, this.#heldBytes), 0)
      if (whole === undefined) continue
      if (!isAllowed(whole - lengthBytes)) return false
      if (this.#heldBytes < whole) continue
      this.#heldBytes = 0
      // The memory is used again for the next one, which is cut as well while much is coming.
      if (!take(this.#held.subarray(0, whole))) return false
    }
    this.#giveBack()
    return true
  }

  clear(): void {
    this.#held = empty
    this.#heldBytes = 0
  }

  /** Between chunks nothing is kept beyond what is held, or little: there may be a hundred thousand of these. */
  #giveBack(): void {
    if (this.#heldBytes === 0) this.#held = empty
    else if (this.#held.length > 4 * this.#heldBytes + heldBytesMin)
      this.#held = this.#held.slice(0, this.#heldBytes)
  }

  /** Takes from the chunk what is missing of the length, or of the piece, and says how much that was. */
  #gather(chunk: Uint8Array, at: number): number {
    const target = wholeAt(this.#held.subarray(0, this.#heldBytes), 0) ?? lengthBytes
    const bytes = Math.min(target - this.#heldBytes, chunk.length - at)
    const needed = this.#heldBytes + bytes
    if (needed > this.#held.length) {
      const grown = new Uint8Array(
        Math.min(Math.max(2 * needed, heldBytesMin), Math.max(target, heldBytesMin)),
      )
      grown.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = grown
    }
    this.#held.set(chunk.subarray(at, at + bytes), this.#heldBytes)
    this.#heldBytes = needed
    return bytes
  }
}

function wholeAt(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length - at < lengthBytes) return undefined
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
  return length + lengthBytes
}
