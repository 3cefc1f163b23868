import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { createMerkleTree, type MerkleTree, merkleLeaf, rootOfPath } from './merkle.ts'
import { type Signer, verifySignature } from './signature.ts'

/** One composite signature over the Merkle root of many 32-byte digests. */
export type SignedBatch = { readonly root: Uint8Array; readonly size: number; readonly signature: Uint8Array }

/** What shows that a digest was in a signed batch, to whoever has the signer's public key. */
export type BatchProof = {
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  readonly signature: Uint8Array
}

/** A batch whose tree is kept, for many proofs. */
export type Batch = SignedBatch & { proof(index: number): BatchProof }

const label = fromUtf8('q/v1/batch\0')

/** Ten thousand digests cost one signature. `context` is bound as in `Signer.sign`. */
export function signBatch(signer: Signer, digests: readonly Uint8Array[], context: string): Batch {
  const tree = treeOf(digests)
  const { root, size } = tree
  const signature = signer.sign(batchMessage(root, size), context)
  return { root, size, signature, proof: (index) => proofOf(tree, index, signature) }
}

/** The proof for one digest of a batch. It builds the tree: for many proofs use `signBatch(…).proof` or `batchProofs`. */
export function batchProof(digests: readonly Uint8Array[], index: number, signature: Uint8Array): BatchProof {
  return proofOf(treeOf(digests), index, signature)
}

/** The proofs for a batch that was signed before, from one tree. */
export function batchProofs(
  digests: readonly Uint8Array[],
  signature: Uint8Array,
): (index: number) => BatchProof {
  const tree = treeOf(digests)
  return (index) => proofOf(tree, index, signature)
}

/** True when this digest, at this index, is in a batch that the holder of `publicKey` signed in this context. */
export function verifyBatchProof(
  publicKey: Uint8Array,
  digest: Uint8Array,
  { index, size, path, signature }: BatchProof,
  context: string,
): boolean {
  const root = rootOfPath({ leaf: merkleLeaf(digest), index, size, path })
  return root !== undefined && verifySignature(publicKey, batchMessage(root, size), signature, context)
}

/** What is signed. The label keeps it apart from every other message under the same context. */
export function batchMessage(root: Uint8Array, size: number): Uint8Array {
  const count = new Uint8Array(8)
  new DataView(count.buffer).setBigUint64(0, BigInt(size))
  return concatBytes(label, count, root)
}

function treeOf(digests: readonly Uint8Array[]): MerkleTree {
  return createMerkleTree(digests.map(merkleLeaf))
}

function proofOf(tree: MerkleTree, index: number, signature: Uint8Array): BatchProof {
  return { index, size: tree.size, path: tree.inclusionPath(index), signature }
}
