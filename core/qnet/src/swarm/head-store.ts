import { compareBytes } from '@anarq/bytes'

/** Where an index ends, signed by its owner. */
export type SignedHead = {
  readonly sequence: number
  /** The digest of the commit. */
  readonly head: Uint8Array
  readonly signature: Uint8Array
}

/** The name of an index among nodes: an Ed25519 public key that nobody but its owner can tie to anybody. */
export const feedBytes = 32
export const headsKept = 16

/**
 * Where a node keeps the heads of indexes; all of them are in memory too, since there are few and small. Implementations pass
 * `testHeadStore` of `@anarq/qnet/testing`.
 */
export type HeadStore = {
  get(feed: Uint8Array): readonly SignedHead[]
  feeds(): Iterable<Uint8Array>
  size(): number
  /** What is kept of an index from now on; nothing for none. `done` is called when it is durable, or could not be. */
  set(feed: Uint8Array, heads: readonly SignedHead[], done: (isDurable: boolean) => void): void
}

/** A store that lives as long as the process. */
export function createMemoryHeadStore(): HeadStore {
  const kept = new Map<string, { readonly feed: Uint8Array; readonly heads: readonly SignedHead[] }>()
  return {
    get: (feed) => kept.get(feed.toHex())?.heads ?? [],
    *feeds() {
      for (const { feed } of kept.values()) yield feed
    },
    size: () => kept.size,
    set(feed, heads, done) {
      if (heads.length === 0) kept.delete(feed.toHex())
      else kept.set(feed.toHex(), { feed: feed.slice(), heads })
      done(true)
    },
  }
}

/** Greatest sequence first; two of one sequence in the same order everywhere. */
export function compareHeads(a: SignedHead, b: SignedHead): number {
  return b.sequence - a.sequence || compareBytes(a.head, b.head)
}
