import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchProof, batchProofs, createSigner, hashBlake3, signBatch, verifyBatchProof } from '@anarq/qlock'
import fc from 'fast-check'
import { batchMessage } from '../src/batch.ts'
import { flip } from './vectors.ts'

const signer = createSigner(new Uint8Array(32).fill(1))
const digests = Array.from({ length: 1000 }, (_, i) => hashBlake3(Uint8Array.of(i & 255, i >> 8)))
const batch = signBatch(signer, digests, 'commits')

test('AQ-QLOCK-10, AQ-QLOCK-11: one signature proves each of a thousand digests to whoever has the public key', () => {
  for (const index of [0, 1, 511, 512, 998, 999]) {
    const proof = batch.proof(index)
    assert.ok(verifyBatchProof(signer.publicKey, digests[index] as Uint8Array, proof, 'commits'))
    assert.ok(proof.path.length <= 10)
  }
})

test('AQ-QLOCK-13: nothing else is proved: another digest, place, size, key, context, path or signature', () => {
  fc.assert(
    fc.property(fc.nat(999), fc.integer({ min: 1, max: 999 }), (index, step) => {
      const digest = digests[index] as Uint8Array
      const proof = batch.proof(index)
      const verify = (d: Uint8Array, p: typeof proof, key = signer.publicKey, context = 'commits') =>
        verifyBatchProof(key, d, p, context)
      assert.ok(!verify(flip(digest, step % 32), proof))
      assert.ok(!verify(digest, { ...proof, index: (index + step) % 1000 }))
      assert.ok(!verify(digest, { ...proof, size: 1000 + step }))
      assert.ok(!verify(digest, { ...proof, path: proof.path.slice(1) }))
      assert.ok(!verify(digest, { ...proof, signature: flip(proof.signature, step) }))
      assert.ok(!verify(digest, proof, signer.publicKey, 'another'))
    }),
    { numRuns: 10 },
  )
  const other = createSigner(new Uint8Array(32).fill(2))
  assert.ok(!verifyBatchProof(other.publicKey, digests[0] as Uint8Array, batch.proof(0), 'commits'))
})

test('a bare signature over a root, or over a message, is no batch', () => {
  const digest = digests[0] as Uint8Array
  const signature = signer.sign(digest, 'commits')
  assert.ok(
    !verifyBatchProof(signer.publicKey, digest, { index: 0, size: 1, path: [], signature }, 'commits'),
  )
  const own = signer.sign(batchMessage(signBatch(signer, [digest], 'x').root, 1), 'commits')
  assert.ok(
    verifyBatchProof(signer.publicKey, digest, { index: 0, size: 1, path: [], signature: own }, 'commits'),
  )
})

test('proofs made later from the digests are those of the batch', () => {
  const later = batchProofs(digests, batch.signature)
  for (const index of [0, 7, 999]) {
    assert.deepEqual(later(index), batch.proof(index))
    assert.deepEqual(batchProof(digests, index, batch.signature), batch.proof(index))
  }
  assert.throws(() => later(1000), { code: 'invalid.index' })
})
