import { compareBytes, toHex } from '@anarq/bytes'
import type { Cid } from '@anarq/ipld'

/** Where an index ends: the CID of a commit and its place in the history. */
export type HeadRef = { readonly cid: Cid; readonly sequence: number }

/**
 * Where each index (a `feed` of 16 bytes) ends. Implementations pass `testHeads` of `@anarq/qindex/testing`.
 *
 * A store keeps the last `headsKept` heads of a feed, so that an index whose newest commit is damaged falls back
 * to the one before, and two heads written apart (a restored backup) are both found.
 */
export type Heads = {
  /** The kept heads, greatest sequence first; none for an unknown feed. */
  get(feed: Uint8Array): Promise<readonly HeadRef[]>
  /**
   * Durable when it resolves; when it throws, nothing has changed. A head that is there already stays once.
   * Past `headsKept` the smallest sequences go.
   */
  put(feed: Uint8Array, head: HeadRef): Promise<void>
  feeds(): Promise<readonly Uint8Array[]>
}

export const feedBytes = 16
export const headsKept = 16

/** Greatest sequence first, then by CID, so that every reader picks the same. */
export function compareHeads(a: HeadRef, b: HeadRef): number {
  return b.sequence - a.sequence || compareBytes(a.cid.bytes, b.cid.bytes)
}

/** Heads that live as long as the process: for tests and for browsers without storage. */
export function createMemoryHeads(): Heads {
  const kept = new Map<string, { feed: Uint8Array; heads: readonly HeadRef[] }>()
  return {
    get: async (feed) => kept.get(toHex(feed))?.heads ?? [],
    async put(feed, { cid, sequence }) {
      const before = kept.get(toHex(feed))?.heads ?? []
      if (before.some((head) => head.cid.equals(cid))) return
      const heads = [...before, { cid, sequence }].sort(compareHeads).slice(0, headsKept)
      kept.set(toHex(feed), { feed: feed.slice(), heads })
    },
    feeds: async () => [...kept.values()].map(({ feed }) => feed.slice()),
  }
}
