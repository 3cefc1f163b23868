import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, fromUtf8 } from '@anarq/bytes'
import {
  consistencyPath,
  createMerkleFrontier,
  createMerkleTree,
  hashBlake3,
  inclusionPath,
  merkleLeaf,
  merkleRoot,
  rootOfPath,
  verifyConsistency,
  verifyInclusion,
} from '@anarq/qlock'
import fc from 'fast-check'
import { flip } from './vectors.ts'

const leaves = Array.from({ length: 130 }, (_, i) => merkleLeaf(fromUtf8(`entry ${i}`)))
const sizes = fc.integer({ min: 1, max: leaves.length })

/** MTH of RFC 6962 section 2.1, word for word. */
function naiveRoot(part: readonly Uint8Array[]): Uint8Array {
  if (part.length === 0) return hashBlake3()
  if (part.length === 1) return part[0] as Uint8Array
  let k = 1
  while (k * 2 < part.length) k *= 2
  return hashBlake3(Uint8Array.of(1), naiveRoot(part.slice(0, k)), naiveRoot(part.slice(k)))
}

/** PATH of RFC 6962 section 2.1.1. */
function naivePath(part: readonly Uint8Array[], m: number): Uint8Array[] {
  if (part.length === 1) return []
  let k = 1
  while (k * 2 < part.length) k *= 2
  const [left, right] = [part.slice(0, k), part.slice(k)]
  return m < k ? [...naivePath(left, m), naiveRoot(right)] : [...naivePath(right, m - k), naiveRoot(left)]
}

/** SUBPROOF of RFC 6962 section 2.1.2. */
function naiveSubproof(part: readonly Uint8Array[], m: number, isWhole: boolean): Uint8Array[] {
  if (m === part.length) return isWhole ? [] : [naiveRoot(part)]
  let k = 1
  while (k * 2 < part.length) k *= 2
  const [left, right] = [part.slice(0, k), part.slice(k)]
  return m <= k
    ? [...naiveSubproof(left, m, isWhole), naiveRoot(right)]
    : [...naiveSubproof(right, m - k, false), naiveRoot(left)]
}

test('leaf and node hashes are those of the standard, with BLAKE3: 0x00 and 0x01 in front', () => {
  const [a, b] = [fromUtf8('a'), fromUtf8('b')]
  assert.deepEqual(merkleLeaf(a), hashBlake3(Uint8Array.of(0), a))
  assert.deepEqual(
    merkleRoot([merkleLeaf(a), merkleLeaf(b)]),
    hashBlake3(Uint8Array.of(1), merkleLeaf(a), merkleLeaf(b)),
  )
  assert.deepEqual(merkleRoot([]), hashBlake3())
  assert.deepEqual(merkleRoot([merkleLeaf(a)]), merkleLeaf(a))
})

test('roots, inclusion paths and consistency paths are those of the recursive definition, for every size to 33', () => {
  for (let size = 1; size <= 33; size += 1) {
    const part = leaves.slice(0, size)
    const tree = createMerkleTree(part)
    assert.deepEqual(tree.root, naiveRoot(part))
    for (let i = 0; i < size; i += 1) assert.deepEqual(tree.inclusionPath(i), naivePath(part, i))
    for (let old = 1; old <= size; old += 1) {
      assert.deepEqual(tree.consistencyPath(old), naiveSubproof(part, old, true), `${old} of ${size}`)
    }
  }
})

test('every leaf proves its place, and no other leaf, place, size, path or root passes', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (size, a, b) => {
      const part = leaves.slice(0, size)
      const index = a % size
      const proof = {
        leaf: leaves[index] as Uint8Array,
        index,
        size,
        path: inclusionPath(part, index),
        root: merkleRoot(part),
      }
      assert.ok(verifyInclusion(proof))
      assert.deepEqual(rootOfPath(proof), proof.root)
      const other = b % size
      if (other !== index) {
        assert.ok(!verifyInclusion({ ...proof, leaf: leaves[other] as Uint8Array }))
        assert.ok(!verifyInclusion({ ...proof, index: other }))
      }
      assert.ok(!verifyInclusion({ ...proof, index: size }))
      assert.ok(!verifyInclusion({ ...proof, index: -1 }))
      assert.ok(!verifyInclusion({ ...proof, size: size * 2 }), 'a size of another depth')
      assert.ok(!verifyInclusion({ ...proof, root: flip(proof.root, b % 32) }))
      assert.ok(!verifyInclusion({ ...proof, path: [...proof.path, proof.root] }))
      if (proof.path.length > 0) {
        assert.ok(!verifyInclusion({ ...proof, path: proof.path.slice(1) }))
        const at = b % proof.path.length
        const touched = proof.path.map((hash, i) => (i === at ? flip(hash, 0) : hash))
        assert.ok(!verifyInclusion({ ...proof, path: touched }))
      }
    }),
  )
})

test('a tree that only grew proves it; one whose past was changed cannot', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (size, a, b) => {
      const part = leaves.slice(0, size)
      const oldSize = a % (size + 1)
      const proof = {
        oldSize,
        oldRoot: merkleRoot(part.slice(0, oldSize)),
        size,
        root: merkleRoot(part),
        path: consistencyPath(part, oldSize),
      }
      assert.ok(verifyConsistency(proof))
      assert.ok(!verifyConsistency({ ...proof, oldRoot: flip(proof.oldRoot, b % 32) }))
      assert.ok(!verifyConsistency({ ...proof, path: [...proof.path, proof.root] }))
      assert.ok(!verifyConsistency({ ...proof, oldSize: size + 1 }))
      if (oldSize > 0) {
        assert.ok(!verifyConsistency({ ...proof, root: flip(proof.root, b % 32) }))
        assert.ok(!verifyConsistency({ ...proof, size: size * 2 }), 'a size of another depth')
        const rewritten = part.with(b % oldSize, merkleLeaf(fromUtf8('another')))
        const theirs = { ...proof, root: merkleRoot(rewritten), path: consistencyPath(rewritten, oldSize) }
        assert.ok(!verifyConsistency(theirs))
      }
      if (proof.path.length > 0) {
        const at = b % proof.path.length
        assert.ok(!verifyConsistency({ ...proof, path: proof.path.filter((_, i) => i !== at) }))
        const touched = proof.path.map((hash, i) => (i === at ? flip(hash, 0) : hash))
        assert.ok(!verifyConsistency({ ...proof, path: touched }))
      }
    }),
  )
})

test('a frontier has the root of the whole tree at every size, and goes on from its state', () => {
  let frontier = createMerkleFrontier()
  assert.deepEqual(frontier.root(), merkleRoot([]))
  for (const [i, leaf] of leaves.entries()) {
    frontier.append(leaf)
    assert.equal(frontier.size, i + 1)
    assert.deepEqual(frontier.root(), naiveRoot(leaves.slice(0, i + 1)))
    if (i % 7 === 0) frontier = createMerkleFrontier(frontier.state())
  }
  assert.equal(frontier.state().nodes.length, 2, '130 is 128 and 2')
})

test('a state is a copy, and one that does not fit its size is refused', () => {
  const frontier = createMerkleFrontier()
  frontier.append(leaves[0] as Uint8Array)
  const before = frontier.state()
  frontier.append(leaves[1] as Uint8Array)
  assert.deepEqual(before, { size: 1, nodes: [leaves[0]] })
  const node = leaves[0] as Uint8Array
  for (const wrong of [
    { size: 3, nodes: [node] },
    { size: 0, nodes: [node] },
    { size: -1, nodes: [] },
    { size: 1.5, nodes: [node] },
    { size: 1, nodes: [node.slice(1)] },
  ]) {
    assert.throws(() => createMerkleFrontier(wrong), { code: 'invalid.merkle-state' })
  }
})

test('places outside the tree and leaves of another length are refused', () => {
  const tree = createMerkleTree(leaves.slice(0, 3))
  for (const index of [-1, 3, 0.5]) assert.throws(() => tree.inclusionPath(index), { code: 'invalid.index' })
  for (const size of [-1, 4, 0.5]) assert.throws(() => tree.consistencyPath(size), { code: 'invalid.index' })
  assert.throws(() => createMerkleTree([]).inclusionPath(0), { code: 'invalid.index' })
  assert.throws(() => merkleRoot([new Uint8Array(31)]), { code: 'invalid.digest' })
  assert.throws(() => createMerkleFrontier().append(new Uint8Array(33)), { code: 'invalid.digest' })
  const short = { leaf: new Uint8Array(31), index: 0, size: 1, path: [], root: new Uint8Array(31) }
  assert.ok(!verifyInclusion(short))
})

test('proofs hold at sizes that 32 bits cannot count', () => {
  const size = 2 ** 40 + 1
  const path = [merkleRoot(leaves)]
  const leaf = leaves[5] as Uint8Array
  const root = rootOfPath({ leaf, index: 2 ** 40, size, path })
  assert.ok(root !== undefined && equalBytes(root, hashBlake3(Uint8Array.of(1), path[0] as Uint8Array, leaf)))
  assert.equal(rootOfPath({ leaf, index: 0, size, path }), undefined)
})
