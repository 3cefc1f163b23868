import {
  consistencyPath,
  createMerkleFrontier,
  createMerkleTree,
  type MerkleFrontier,
  merkleRoot,
} from '@anarq/qlock'
import { type LogStore, leafBytes, type StoredEntry } from './log-store.ts'

/** What the parts of the log work with. */
export type AuditContext = {
  readonly store: LogStore
  /** Sealing keys, the present one first. */
  readonly keys: readonly Uint8Array[]
  /** Verifying keys, the present one first. */
  readonly publicKeys: readonly Uint8Array[]
  readonly tree: AuditTree
  /** Which log of its owner: the head of another one is none of this. */
  readonly origin: string
}

/** Proofs over the leaves that the store keeps, in memory of one hash for each `pageLeaves`. */
export type AuditTree = {
  inclusionPath(index: number, size: number): Promise<Uint8Array[]>
  consistencyPath(oldSize: number, size: number): Promise<Uint8Array[]>
  /** The frontier over the first `size` leaves, read from the store. */
  frontier(size: number): Promise<MerkleFrontier>
  /** To be called when leaves were written anew. */
  forget(): void
}

/**
 * RFC 6962's tree splits at the largest power of two, so pages of 2^k leaves are whole subtrees of it: the roots of the
 * pages are the leaves of the same tree further up, and a path is one inside its page followed by one over the pages.
 */
export function createAuditTree(store: LogStore, pageLeaves = 1024): AuditTree {
  const roots: Uint8Array[] = []

  const page = (number: number, size: number): Promise<Uint8Array[]> =>
    readLeaves(store, number * pageLeaves, Math.min(size, (number + 1) * pageLeaves))

  async function pageRoots(size: number): Promise<Uint8Array[]> {
    const whole = Math.floor(size / pageLeaves)
    while (roots.length < whole) roots.push(merkleRoot(await page(roots.length, size)))
    const all = roots.slice(0, whole)
    if (size % pageLeaves > 0) all.push(merkleRoot(await page(whole, size)))
    return all
  }

  return {
    async inclusionPath(index, size) {
      const number = Math.floor(index / pageLeaves)
      const inside = createMerkleTree(await page(number, size)).inclusionPath(index % pageLeaves)
      const above = createMerkleTree(await pageRoots(size)).inclusionPath(number)
      return [...inside, ...above]
    },
    async consistencyPath(oldSize, size) {
      if (oldSize === 0 || oldSize === size) return []
      const above = createMerkleTree(await pageRoots(size))
      const rest = oldSize % pageLeaves
      const number = Math.floor(oldSize / pageLeaves)
      if (rest === 0) return above.consistencyPath(number)
      const leaves = await page(number, size)
      const inside = consistencyPath(leaves, rest)
      // The verifier knows the old root only when the old tree is a left edge of the new one; here it is not.
      if (number > 0 && isPowerOfTwo(rest)) inside.unshift(merkleRoot(leaves.slice(0, rest)))
      return [...inside, ...above.inclusionPath(number)]
    },
    async frontier(size) {
      const frontier = createMerkleFrontier()
      await extendFrontier(frontier, store, size)
      return frontier
    },
    forget() {
      roots.length = 0
    },
  }
}

/** Appends the store's leaves from the frontier's own size up to `size`. */
export async function extendFrontier(frontier: MerkleFrontier, store: LogStore, size: number): Promise<void> {
  while (frontier.size < size) {
    const leaves = await readLeaves(store, frontier.size, Math.min(size, frontier.size + leavesAtOnce))
    if (leaves.length === 0) return
    for (const leaf of leaves) frontier.append(leaf)
  }
}

export async function readLeaves(store: LogStore, from: number, to: number): Promise<Uint8Array[]> {
  const bytes = await store.readLeaves(from, to)
  const leaves: Uint8Array[] = []
  for (let at = 0; at + leafBytes <= bytes.length; at += leafBytes) {
    leaves.push(bytes.subarray(at, at + leafBytes))
  }
  return leaves
}

/** Each entry of `[from, to)` with the leaf hash that is kept of it. */
export async function* withLeaves(
  store: LogStore,
  from: number,
  to: number,
  signal?: AbortSignal,
): AsyncIterable<{ stored: StoredEntry; leaf: Uint8Array | undefined }> {
  for (let first = from; first < to; first += entriesAtOnce) {
    signal?.throwIfAborted()
    const last = Math.min(to, first + entriesAtOnce)
    const leaves = await readLeaves(store, first, last)
    for await (const stored of store.read(first, last)) yield { stored, leaf: leaves[stored.index - first] }
  }
}

const entriesAtOnce = 4096
const leavesAtOnce = 16_384

function isPowerOfTwo(n: number): boolean {
  return n > 0 && Number.isInteger(Math.log2(n))
}
