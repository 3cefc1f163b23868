/** Says of most digests that were never put into the table that they are not in it, without asking it. */
export type DigestFilter = {
  add(digest: Uint8Array): void
  /** False: it was never added. */
  mayHave(digest: Uint8Array): boolean
}

/** 128 KiB; one in eight is asked for in vain at 130,000 rows. */
const bitsMin = 2 ** 20
const bitsMax = 2 ** 29
/** One in sixteen is asked for in vain. */
const bitsPerRow = 16

/**
 * One bit for each digest: these are as good as random by themselves, and need no further hashing. A digest that leaves the
 * table stays, and so does the size until the next start: both cost a look-up in vain, no more.
 */
export function createDigestFilter(rows: number): DigestFilter {
  const known = Number.isSafeInteger(rows) ? rows : 0
  const wanted = Math.min(bitsMax, Math.max(bitsMin, known * bitsPerRow))
  const shift = Math.clz32(wanted - 1)
  const words = new Uint32Array(2 ** (32 - shift) / 32)
  const placeOf = (digest: Uint8Array): number => {
    // By index: until it is compiled, taking an array apart costs more than the look-up that it spares.
    const high = ((digest[0] as number) << 24) | ((digest[1] as number) << 16)
    return ((high | ((digest[2] as number) << 8) | (digest[3] as number)) >>> shift) >>> 0
  }
  return {
    add(digest) {
      const place = placeOf(digest)
      words[place >>> 5] = (words[place >>> 5] as number) | (1 << (place & 31))
    },
    mayHave(digest) {
      const place = placeOf(digest)
      return ((words[place >>> 5] as number) & (1 << (place & 31))) !== 0
    },
  }
}
