import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '#primitives'

/** A whole tree in memory: every proof of it costs a logarithm. */
export type MerkleTree = {
  readonly size: number
  readonly root: Uint8Array
  inclusionPath(index: number): Uint8Array[]
  consistencyPath(oldSize: number): Uint8Array[]
}

export type InclusionProof = {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
}

export type ConsistencyProof = {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
  readonly path: readonly Uint8Array[]
}

const digestBytes = 32
const leafPrefix = Uint8Array.of(0)
const node = new Uint8Array(1 + 2 * digestBytes).fill(1, 0, 1)

/** The leaf of some data: BLAKE3(0x00 || data). */
export function merkleLeaf(data: Uint8Array): Uint8Array {
  return primitives.blake3(leafPrefix, data)
}

/** An inner node: BLAKE3(0x01 || left || right). */
export function merkleNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1)
  node.set(right, 1 + digestBytes)
  return primitives.blake3(node)
}

/** The root over leaves made by `merkleLeaf`, in the shape of RFC 6962 section 2.1; of none, the hash of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return createMerkleTree(leaves).root
}

/** The siblings from the leaf to the root, RFC 6962 section 2.1.1. For many proofs, keep a `createMerkleTree`. */
export function inclusionPath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  return createMerkleTree(leaves).inclusionPath(index)
}

/** What shows that the tree only grew since it had `oldSize` leaves, RFC 6962 section 2.1.2. */
export function consistencyPath(leaves: readonly Uint8Array[], oldSize: number): Uint8Array[] {
  return createMerkleTree(leaves).consistencyPath(oldSize)
}

export function createMerkleTree(leaves: readonly Uint8Array[]): MerkleTree {
  for (const leaf of leaves) checkDigest(leaf)
  const levels = levelsOf(leaves)
  const size = leaves.length
  return {
    size,
    root: levels[levels.length - 1]?.[0] ?? primitives.blake3(),
    inclusionPath(index) {
      checkRange(index, 0, size - 1, 'leaf')
      const path: Uint8Array[] = []
      let at = index
      for (const level of levels) {
        const sibling = level[at ^ 1]
        if (sibling !== undefined) path.push(sibling)
        at >>= 1
      }
      return path
    },
    consistencyPath(oldSize) {
      checkRange(oldSize, 0, size, 'size')
      return oldSize === 0 || oldSize === size ? [] : subproof(levels, oldSize, 0, size, true)
    },
  }
}

/** Recomputes the root from a leaf and its path; undefined where the path has not the shape of this size and index. RFC 9162 section 2.1.3.2. */
export function rootOfPath({
  leaf,
  index,
  size,
  path,
}: Omit<InclusionProof, 'root'>): Uint8Array | undefined {
  if (!isCount(index) || !isCount(size) || index >= size || !areDigests([leaf, ...path])) return undefined
  let at = index
  let last = size - 1
  let hash = leaf
  for (const sibling of path) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      hash = merkleNode(sibling, hash)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, half(last)]
    } else {
      hash = merkleNode(hash, sibling)
    }
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 ? hash : undefined
}

/** A root alone does not fix the size of its tree: what is signed must name both. */
export function verifyInclusion({ root, ...proof }: InclusionProof): boolean {
  const computed = rootOfPath(proof)
  return computed !== undefined && equalBytes(computed, root)
}

/** True when the tree of `root` begins with the tree of `oldRoot`. RFC 9162 section 2.1.4.2. */
export function verifyConsistency({ oldSize, oldRoot, size, root, path }: ConsistencyProof): boolean {
  if (!isCount(oldSize) || !isCount(size) || oldSize > size || !areDigests([oldRoot, root, ...path]))
    return false
  if (oldSize === size) return path.length === 0 && equalBytes(oldRoot, root)
  if (oldSize === 0) return path.length === 0 && equalBytes(oldRoot, primitives.blake3())
  const hashes = isPowerOfTwo(oldSize) ? [oldRoot, ...path] : path
  const [first, ...rest] = hashes
  if (first === undefined) return false
  let at = oldSize - 1
  let last = size - 1
  while (at % 2 === 1) [at, last] = [half(at), half(last)]
  let oldHash = first
  let hash = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      oldHash = merkleNode(sibling, oldHash)
      hash = merkleNode(sibling, hash)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, half(last)]
    } else {
      hash = merkleNode(hash, sibling)
    }
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && equalBytes(oldHash, oldRoot) && equalBytes(hash, root)
}

/** Each level pairs the one below; the odd one at its end goes up unchanged, which gives RFC 6962's tree. */
function levelsOf(leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const levels: (readonly Uint8Array[])[] = [leaves]
  for (let level = leaves; level.length > 1; ) {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array
      const right = level[i + 1]
      above.push(right === undefined ? left : merkleNode(left, right))
    }
    levels.push(above)
    level = above
  }
  return levels
}

/** SUBPROOF(m, D[from:to], b) of RFC 6962 section 2.1.2, with `oldSize` counted from the tree's beginning. */
function subproof(
  levels: readonly (readonly Uint8Array[])[],
  oldSize: number,
  from: number,
  to: number,
  isOldTree: boolean,
): Uint8Array[] {
  if (oldSize === to) return isOldTree ? [] : [rangeRoot(levels, from, to)]
  const middle = from + 2 ** (depthOf(to - from) - 1)
  if (oldSize <= middle) {
    return [...subproof(levels, oldSize, from, middle, isOldTree), rangeRoot(levels, middle, to)]
  }
  return [...subproof(levels, oldSize, middle, to, false), rangeRoot(levels, from, middle)]
}

/** The root of a range that RFC 6962's recursion reaches: it begins at a multiple of its own width. */
function rangeRoot(levels: readonly (readonly Uint8Array[])[], from: number, to: number): Uint8Array {
  const depth = depthOf(to - from)
  return levels[depth]?.[from / 2 ** depth] as Uint8Array
}

/** The levels above the leaves of a tree of so many. */
function depthOf(size: number): number {
  let depth = 0
  while (2 ** depth < size) depth += 1
  return depth
}

function half(n: number): number {
  return Math.floor(n / 2)
}

function isPowerOfTwo(n: number): boolean {
  return 2 ** depthOf(n) === n
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}

function areDigests(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === digestBytes)
}

function checkDigest(leaf: Uint8Array): void {
  if (leaf.length !== digestBytes)
    throw new Fault('invalid.digest', `A leaf has ${digestBytes} bytes, not ${leaf.length}: use merkleLeaf.`)
}

function checkRange(value: number, min: number, max: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw new Fault('invalid.index', `The tree has no ${what} ${value}; it goes from ${min} to ${max}.`)
}
