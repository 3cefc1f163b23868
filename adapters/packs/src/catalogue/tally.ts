import { crc32 } from 'node:zlib'
import { toHex } from '@anarq/bytes'
import type { HeadRow, PackRow, Row } from './rows.ts'

/**
 * A sum over all rows of the database, kept inside it: SQLite has no checksums of its own, so a flipped byte
 * could hide a row. It finds accidents; whoever writes to the disk on purpose gains nothing by fooling it, because
 * blocks are checked against their digests.
 */
export type Tally = {
  rows(): number
  sum(): number
  more(weight: number): void
  less(weight: number): void
  /** Rows of the small tables replace what the row of that name weighed before. */
  name(storeId: Uint8Array): void
  pack(row: PackRow, isThere: boolean): void
  head(row: HeadRow): void
  /** Remembers the single weights of another tally with the same sum. */
  adopt(other: Tally): void
  weights(): ReadonlyMap<string, number>
  /** Returns what takes back everything since. */
  mark(): () => void
}

const modulus = 2 ** 48

export function createTally(startRows: number, startSum: number): Tally {
  let rows = startRows
  let sum = startSum
  let weights = new Map<string, number>()
  let replaced: [string, number | undefined][] = []

  function more(weight: number): void {
    rows += 1
    sum = (sum + weight) % modulus
  }
  function less(weight: number): void {
    rows -= 1
    sum = (sum - weight + modulus) % modulus
  }
  function replace(key: string, weight: number | undefined): void {
    const before = weights.get(key)
    replaced.push([key, before])
    if (before !== undefined) less(before)
    if (weight !== undefined) more(weight)
    setWeight(weights, key, weight)
  }

  return {
    rows: () => rows,
    sum: () => sum,
    more,
    less,
    name: (storeId) => replace('store', crc32(storeId)),
    pack: (row, isThere) => replace(`${row.series}:${row.pack}`, isThere ? weighPack(row) : undefined),
    head: ({ feed, refs }) => replace(toHex(feed), crc32(refs, crc32(feed))),
    adopt(other) {
      weights = new Map(other.weights())
    },
    weights: () => weights,
    mark() {
      const before = { rows, sum }
      replaced = []
      return () => {
        rows = before.rows
        sum = before.sum
        for (const [key, weight] of replaced.reverse()) setWeight(weights, key, weight)
      }
    },
  }
}

export function weighBlock(digest: Uint8Array, { kind, bytes, data, a, b }: Row): number {
  const seed = fold(fold(fold(fold(fold(0, kind), bytes), data), a), b)
  return crc32(digest, seed)
}

function weighPack({ series, pack, indexed, isLeaving }: PackRow): number {
  return crc32(`${series}:${pack}:${indexed}:${isLeaving}`)
}

function setWeight(weights: Map<string, number>, key: string, weight: number | undefined): void {
  if (weight === undefined) weights.delete(key)
  else weights.set(key, weight)
}

/** Mixes in both halves of a number below 2^53, so that a change of either shows. */
function fold(seed: number, value: number): number {
  const low = (Math.imul(seed, 31) + (value >>> 0)) >>> 0
  return (Math.imul(low, 31) + Math.floor(value / 2 ** 32)) >>> 0
}
