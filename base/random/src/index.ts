/** Chance, as an argument: unpredictable bytes in the product, a replayable stream in tests and simulations. */
export type Random = {
  bytes(length: number): Uint8Array
}

/** `getRandomValues` fills at most this many bytes a call (Web Cryptography API). */
const fillBytesMax = 65_536

/**
 * The operating system's generator. Small requests are served from a pool, because each system call costs
 * microseconds. A length that is no whole number from 0 on is a `RangeError`.
 */
export function createSystemRandom(poolBytes = 4096): Random {
  let pool: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  let used = 0
  return {
    bytes(length) {
      // NaN or a negative length would move the pool's mark, and bytes be given out twice or not at all.
      if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`no ${length} bytes of chance`)
      if (length > poolBytes / 8) return fill(new Uint8Array(length))
      if (used + length > pool.length) {
        pool = fill(new Uint8Array(poolBytes))
        used = 0
      }
      const out = pool.slice(used, used + length)
      pool.fill(0, used, used + length)
      used += length
      return out
    },
  }
}

export const systemRandom: Random = createSystemRandom()

function fill(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < bytes.length; at += fillBytesMax) {
    crypto.getRandomValues(bytes.subarray(at, at + fillBytesMax))
  }
  return bytes
}
