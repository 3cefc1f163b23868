import { Fault } from '@anarq/fault'
import { primitives } from '#primitives'
import { merkleNode } from './merkle.ts'

/** All that is needed to go on appending: the roots of the whole subtrees, the widest first, one for each bit of the size. */
export type MerkleState = { readonly size: number; readonly nodes: readonly Uint8Array[] }

/** A tree that only grows, in logarithmic memory. */
export type MerkleFrontier = {
  readonly size: number
  /** A leaf made by `merkleLeaf`. */
  append(leaf: Uint8Array): void
  root(): Uint8Array
  state(): MerkleState
}

/** An empty tree, or the one that `state()` described; `invalid.merkle-state` where the nodes do not fit the size. */
export function createMerkleFrontier(from: MerkleState = { size: 0, nodes: [] }): MerkleFrontier {
  checkState(from)
  let size = from.size
  const nodes = [...from.nodes]
  return {
    get size() {
      return size
    },
    append(leaf) {
      if (leaf.length !== 32)
        throw new Fault('invalid.digest', `A leaf has 32 bytes, not ${leaf.length}: use merkleLeaf.`)
      let hash = leaf
      for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
        hash = merkleNode(nodes.pop() as Uint8Array, hash)
      }
      nodes.push(hash)
      size += 1
    },
    root() {
      if (nodes.length === 0) return primitives.blake3()
      return nodes.reduceRight((right, left) => merkleNode(left, right))
    },
    state: () => ({ size, nodes: [...nodes] }),
  }
}

function checkState({ size, nodes }: MerkleState): void {
  let whole = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) whole += rest % 2
  const fits = Number.isSafeInteger(size) && size >= 0 && nodes.length === whole
  if (!fits || nodes.some((node) => node.length !== 32))
    throw new Fault(
      'invalid.merkle-state',
      'The kept state of a Merkle tree does not fit its size. Build it again.',
    )
}
