import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toHex } from '@anarq/bytes'
import { cborCodec, digestOf, rawCodec } from '@anarq/ipld'
import * as qlock from '@anarq/qlock'
import { cidOf, deriveSecret, describeSuite, hashBlake3, suite, verifyCid, wipe } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import { expandSha512 } from '../src/secrets.ts'

test('the face is this and no more', () => {
  assert.deepEqual(Object.keys(qlock).sort(), [
    'batchProof',
    'batchProofs',
    'boxBytesOf',
    'chunkFrameBytesMax',
    'chunkOverheadBytes',
    'cidOf',
    'consistencyPath',
    'createEntropy',
    'createKemKey',
    'createKemKeyOfSeed',
    'createMerkleFrontier',
    'createMerkleTree',
    'createSigner',
    'deriveLeaf',
    'deriveSecret',
    'describeSuite',
    'ed25519PartOf',
    'entropyOf',
    'hashBlake3',
    'inclusionPath',
    'joinShares',
    'kemPublicKeyBytes',
    'lightSignatureBytes',
    'merkleLeaf',
    'merkleRoot',
    'openBox',
    'openChunk',
    'openChunkInto',
    'openStream',
    'openStreamAt',
    'openVault',
    'primitives',
    'rootOfPath',
    'sealBox',
    'sealChunk',
    'sealStream',
    'sealVault',
    'seedOf',
    'signBatch',
    'signatureBytes',
    'splitSecret',
    'stretchPassphrase',
    'suite',
    'unwrapKey',
    'vaultCost',
    'vaultParamsDefault',
    'verifyBatchProof',
    'verifyCid',
    'verifyConsistency',
    'verifyEd25519',
    'verifyInclusion',
    'verifyKeyBytes',
    'verifySignature',
    'wipe',
    'wordsOf',
    'wrapEncBytes',
    'wrapKey',
    'wrapOverheadBytes',
  ])
})

test('a CID names its bytes and no others', () => {
  const bytes = random.bytes(100)
  for (const codec of [rawCodec, cborCodec] as const) {
    const cid = cidOf(codec, bytes)
    assert.equal(cid.code, codec)
    assert.deepEqual(digestOf(cid), hashBlake3(bytes))
    assert.ok(verifyCid(cid, bytes))
    assert.ok(!verifyCid(cid, bytes.subarray(1)))
  }
})

test('a secret is split by label, and neither label nor secret can be changed unseen', () => {
  const secret = random.bytes(32)
  const one = deriveSecret(secret, 'q/v1/store/kek')
  assert.equal(one.length, 32)
  assert.deepEqual(deriveSecret(secret, 'q/v1/store/kek'), one)
  assert.notDeepEqual(deriveSecret(secret, 'q/v1/store/index'), one)
  assert.notDeepEqual(deriveSecret(random.bytes(32), 'q/v1/store/kek'), one)
  assert.deepEqual(deriveSecret(secret, 'q/v1/store/kek', 16), one.slice(0, 16))
  assert.equal(deriveSecret(secret, 'x', 200).length, 200)
})

test('derivation and expansion give fixed values, so that no version can move them', () => {
  const secret = new Uint8Array(32).fill(1)
  const { primitives } = qlock
  const prk = primitives.hmacSha512(new Uint8Array(64), secret)
  assert.deepEqual(deriveSecret(secret, 'label', 100), expandSha512(prk, [fromUtf8('label')], 100))
  assert.equal(
    toHex(deriveSecret(secret, 'q/v1/store/kek')),
    'b1b31931aa514232af13b2fc86d3707bf4c569e3d898699921fed4e1851047dc',
  )
})

test('wiping leaves zeros', () => {
  const [one, two] = [random.bytes(32), random.bytes(64)]
  wipe(one, two.subarray(0, 32))
  assert.ok(one.every((byte) => byte === 0))
  assert.ok(two.subarray(0, 32).every((byte) => byte === 0))
  assert.ok(two.subarray(32).some((byte) => byte !== 0))
})

test('AQ-QLOCK-14, AQ-QLOCK-15: the suite names its post-quantum and classical halves, and an unknown one is refused', () => {
  const ours = describeSuite(suite)
  assert.match(ours.keyWrap, /ML-KEM-768.*X25519/)
  assert.match(ours.signature, /ML-DSA-65.*Ed25519/)
  assert.throws(() => describeSuite(2), { code: 'invalid.suite' })
})
