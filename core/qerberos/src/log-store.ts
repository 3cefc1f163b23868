/** Bytes that can be read, or why not: there and unreadable, or not there although later ones are. */
export type StoredEntry =
  | { readonly index: number; readonly bytes: Uint8Array }
  | { readonly index: number; readonly damage: 'unreadable' | 'missing' }

/** What a store knows about its own state: which part, and whether it has mended it by itself. */
export type StoreDamage = {
  readonly part: 'entries' | 'leaves' | 'head'
  readonly sentence: string
  readonly isRepaired: boolean
}

/**
 * What the audit log needs of a disk: numbered entries that are only ever added, 32 bytes of leaf hash for each, and
 * one small head. One writer. Implementations pass `testLogStore` of `@anarq/qerberos/testing`.
 */
export type LogStore = {
  /** Entries, those that are damaged or missing among others included. */
  size(): number
  /** Gives them the next numbers; durable when it resolves. `leaves[i]` is the leaf hash of `entries[i]`. */
  append(entries: readonly Uint8Array[], leaves: readonly Uint8Array[]): Promise<void>
  /** Each number in `[from, to)` up to the size, once, rising. */
  read(from: number, to: number): AsyncIterable<StoredEntry>
  leafCount(): number
  /** The leaf hashes of `[from, to)` one after another, fewer where there are fewer. They may be damaged: nobody checks them here. */
  readLeaves(from: number, to: number): Promise<Uint8Array>
  /** Writes leaf hashes from a number on. They can be computed from the entries, so they need not be durable. */
  putLeaves(from: number, leaves: Uint8Array): Promise<void>
  getHead(): Promise<Uint8Array | undefined>
  /** Replaces the head, wholly or not at all; durable when it resolves. */
  putHead(bytes: Uint8Array): Promise<void>
  damage(): Promise<readonly StoreDamage[]>
}

export const leafBytes = 32

/** What a memory log holds. It is open so that a test or a simulation can do to it what a disk or an intruder does. */
export type MemoryLogState = {
  entries: (Uint8Array | undefined)[]
  leaves: Uint8Array[]
  head: Uint8Array | undefined
}

export function createMemoryLog(
  state: MemoryLogState = { entries: [], leaves: [], head: undefined },
): LogStore {
  const size = (): number => Math.max(state.entries.length, state.leaves.length)
  return {
    size,
    async append(entries, leaves) {
      const first = size()
      for (const [i, entry] of entries.entries()) {
        state.entries[first + i] = entry.slice()
        state.leaves[first + i] = (leaves[i] as Uint8Array).slice()
      }
    },
    async *read(from, to) {
      for (let index = from; index < Math.min(to, size()); index += 1) {
        const bytes = state.entries[index]
        yield bytes === undefined ? { index, damage: 'missing' } : { index, bytes }
      }
    },
    leafCount: () => state.leaves.length,
    async readLeaves(from, to) {
      const leaves = state.leaves.slice(from, to)
      const bytes = new Uint8Array(leaves.length * leafBytes)
      for (const [i, leaf] of leaves.entries()) bytes.set(leaf, i * leafBytes)
      return bytes
    },
    async putLeaves(from, leaves) {
      for (let at = 0; at < leaves.length; at += leafBytes) {
        state.leaves[from + at / leafBytes] = leaves.slice(at, at + leafBytes)
      }
    },
    getHead: async () => state.head,
    async putHead(bytes) {
      state.head = bytes.slice()
    },
    damage: async () => [],
  }
}
