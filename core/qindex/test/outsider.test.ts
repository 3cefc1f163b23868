import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, fromUtf8 } from '@anarq/bytes'
import { batchContext, type QIndex } from '@anarq/qindex'
import { fileChange, folderChange, testDigest, testId, testKeys } from '@anarq/qindex/testing'
import { createSigner, hashBlake3, verifyBatchProof, verifySignature } from '@anarq/qlock'
import { files, openReplica } from './replica.ts'

test('one real signature covers a commit and every envelope of its batch, and anyone can check one of them', async () => {
  const composite = createSigner(hashBlake3(fromUtf8('composite')))
  const signer = {
    did: 'did:squid:real',
    sign: composite.sign,
    verify: (did: string, _epoch: number, message: Uint8Array, signature: Uint8Array, context: string) =>
      did === 'did:squid:real' && verifySignature(composite.publicKey, message, signature, context),
  }
  const replica = await openReplica({ signer })
  const digests = Array.from({ length: 1000 }, (_, i) => testDigest(i))
  await replica.index.commit(files(3), { batch: digests.slice(0, 400) })
  const info = await replica.index.commit([], { batch: digests.slice(400) })
  await replica.index.commit(files(1, 9))
  assert.equal(info.batchSize, 600)
  for (const index of [0, 399, 400, 999]) {
    const digest = digests[index] as Uint8Array
    const proof = await replica.index.proof(digest)
    assert.ok(proof !== undefined)
    assert.equal(verifyBatchProof(composite.publicKey, digest, proof, batchContext), true)
    assert.equal(verifyBatchProof(composite.publicKey, testDigest('other'), proof, batchContext), false)
    assert.equal(verifyBatchProof(composite.publicKey, digest, proof, 'another context'), false)
    if (index >= 400) assert.ok(proof.commit.equals(info.cid))
  }
  assert.equal(await replica.index.proof(testDigest('never signed')), undefined)
  const reopened = await openReplica({ signer, blocks: replica.blocks, heads: replica.heads })
  assert.ok((await reopened.index.proof(digests[5] as Uint8Array)) !== undefined, 'after a restart too')
  assert.deepEqual(await reopened.index.verify((fault) => assert.fail(fault)), {
    commits: 3,
    records: 4,
    faults: 0,
  })
})

test('AQ-QINDEX-2, AQ-QINDEX-3, AQ-FIN-5: a dump of blocks and heads holds no name, type, tag, owner or word, and no two identities share a byte of it', async () => {
  const secrets = [
    'beach-holiday.jpg',
    'image/jpeg',
    'private-tag',
    'did:test:me',
    'did:test:other',
    'sunburnt',
    'fileChange',
    'modifiedMs',
    'folder',
  ]
  const set = {
    type: 'image/jpeg',
    'tag/private-tag': true,
    owner: 'did:test:me',
    words: 'we got sunburnt'.repeat(20),
  }
  const fill = async (index: QIndex) => {
    await index.commit([folderChange('folder'), fileChange('beach-holiday.jpg', { set }), ...files(200)], {
      batch: [testDigest('envelope')],
    })
  }
  const replicas = [await openReplica(), await openReplica({ identity: 'other' })] as const
  const dumps: Uint8Array[][] = []
  for (const replica of replicas) {
    await fill(replica.index)
    const dump: Uint8Array[] = []
    for await (const { cid } of replica.blocks.list())
      dump.push((await replica.blocks.get(cid)) as Uint8Array, cid.bytes)
    for (const feed of await replica.heads.feeds())
      dump.push(feed, ...(await replica.heads.get(feed)).map(({ cid }) => cid.bytes))
    dumps.push(dump)
    for (const bytes of dump) {
      const text = Buffer.from(bytes).toString('latin1')
      for (const secret of secrets) assert.equal(text.includes(secret), false, secret)
      for (const id of [
        testId('folder'),
        testId(3),
        testDigest('envelope'),
        testDigest('beach-holiday.jpg').subarray(0, 8),
      ]) {
        assert.equal(text.includes(Buffer.from(id).toString('latin1')), false, 'an id or a digest')
      }
    }
  }
  // Sixteen bytes in common would not be chance; the beginning of every CID is the same for the whole world.
  const windows = new Set(
    dumps[0]?.flatMap((bytes) => windowsOf(bytes.length === 36 ? bytes.subarray(4) : bytes)),
  )
  for (const bytes of dumps[1] ?? []) {
    for (const window of windowsOf(bytes.length === 36 ? bytes.subarray(4) : bytes))
      assert.equal(windows.has(window), false)
  }
  assert.equal(equalBytes(testKeys('me').feed, testKeys('other').feed), false)
})

function windowsOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('latin1')
  const windows: string[] = []
  for (let i = 0; i + 16 <= text.length; i += 16) windows.push(text.slice(i, i + 16))
  return windows
}
