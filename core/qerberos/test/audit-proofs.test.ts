import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import {
  type AuditLog,
  createMemoryLog,
  type SignedHead,
  verifyAuditChain,
  verifyAuditConsistency,
  verifyAuditProof,
} from '@anarq/qerberos'
import { consistencyPath, inclusionPath, merkleLeaf, merkleRoot } from '@anarq/qlock'
import fc from 'fast-check'
import { createAuditTree } from '../src/audit-tree.ts'
import { entry, filled, flip, listed, memory, open, signer, stranger } from './audit-world.ts'

test('AQ-QERBEROS-21: events are found by object, identity, action and time, newest first and bounded', async () => {
  const { log } = await filled(100)
  const find = async (query: Parameters<AuditLog['find']>[0], options?: Parameters<AuditLog['find']>[1]) =>
    (await listed(log.find(query, options))).map(({ index }) => index)
  const all = Array.from({ length: 100 }, (_, i) => 99 - i)
  assert.deepEqual(await find({}), all)
  assert.deepEqual(
    await find({ object: 'object-2' }),
    all.filter((i) => i % 5 === 2),
  )
  assert.deepEqual(
    await find({ identity: 'did:squid:1', action: '/qnt/write' }),
    all.filter((i) => i % 2 === 1 && i % 3 === 0),
  )
  assert.deepEqual(await find({ fromMs: 1010, toMs: 1013 }), [12, 11, 10])
  assert.deepEqual(await find({ object: 'object-2', limit: 2 }), [97, 92])
  assert.deepEqual(await find({ object: 'object-2' }, { scanMax: 10 }), [97, 92])
  assert.deepEqual(await find({ object: 'nothing' }), [])
  await assert.rejects(find({}, { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('AQ-QERBEROS-21: the chain of events of an object is exported, and checked elsewhere with the public key alone', async () => {
  const { state, log } = await filled(60)
  flip(state.entries[59], 50)
  const chain = JSON.parse(JSON.stringify(await log.exportChain({ object: 'object-3' })))
  assert.deepEqual([chain.isComplete, chain.unreadable], [true, [59]])
  const outcome = verifyAuditChain(chain, signer.publicKey)
  assert.ok(outcome.ok)
  const wanted = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 5 === 3)
  assert.deepEqual(
    outcome.value.map(({ entry: opened }) => opened),
    wanted.map(entry),
  )
  assert.equal((await log.exportChain({ object: 'object-3', limit: 3 })).isComplete, false)
  assert.equal((await log.exportChain({ object: 'object-3' }, { scanMax: 30 })).isComplete, false)
  const swapped = { ...chain, events: [chain.events[1], chain.events[0]] }
  const changed = structuredClone(chain)
  changed.events[0].entry.action = '/qnt/nothing'
  const foreign = { ...chain, events: [{ ...chain.events[0], index: 4 }] }
  for (const bad of [swapped, changed, foreign]) {
    const refused = verifyAuditChain(bad, signer.publicKey)
    assert.ok(!refused.ok && refused.fault.code === 'refused.proof')
  }
})

test('a proof shows that something sealed was there, and no more', async () => {
  const { log } = await filled(9)
  const proof = JSON.parse(JSON.stringify(await log.proveInclusion(6)))
  const outcome = verifyAuditProof(proof, signer.publicKey)
  assert.ok(outcome.ok)
  assert.deepEqual([outcome.value.index, outcome.value.head.size, outcome.value.entry], [6, 9, undefined])
  const text = JSON.stringify(proof)
  for (const told of ['/qnt/', 'did:squid:0', 'object-1', 'entry number 6'])
    assert.ok(!text.includes(told), told)
})

test('a disclosed proof opens its own entry, and its key opens no other', async () => {
  const { log } = await filled(9)
  const disclosed = JSON.parse(JSON.stringify(await log.proveInclusion(6, { disclose: true })))
  const outcome = verifyAuditProof(disclosed, signer.publicKey)
  assert.ok(outcome.ok)
  assert.deepEqual(outcome.value.entry, entry(6))
  assert.equal(disclosed.entry.object, 'object-1')
  const other = await log.proveInclusion(7)
  const crossed = verifyAuditProof({ ...other, key: disclosed.key }, signer.publicKey)
  assert.ok(!crossed.ok && crossed.fault.code === 'refused.proof')
  const { entry: _entry, ...withoutEntry } = disclosed
  assert.ok(verifyAuditProof(withoutEntry, signer.publicKey).ok)
})

test('a proof that was changed anywhere is refused', async () => {
  const { log } = await filled(9)
  const proof = await log.proveInclusion(6, { disclose: true })
  const flipped = (text: string): string => {
    const bytes = fromBase64Url(text)
    flip(bytes, bytes.length >> 1)
    return toBase64Url(bytes)
  }
  const { key: _key, ...withoutKey } = proof
  const bad: unknown[] = [
    { ...proof, index: 5 },
    { ...proof, sealed: flipped(proof.sealed) },
    { ...proof, key: flipped(proof.key as string) },
    { ...proof, path: proof.path.slice(1) },
    { ...proof, path: proof.path.map((node, i) => (i === 1 ? flipped(node) : node)) },
    { ...proof, entry: { ...proof.entry, verdict: 'refused' } },
    { ...proof, head: { ...proof.head, size: 10 } },
    { ...proof, head: { ...proof.head, root: flipped(proof.head.root) } },
    { ...proof, head: { ...proof.head, signature: flipped(proof.head.signature) } },
    withoutKey,
  ]
  for (const changed of bad) {
    const outcome = verifyAuditProof(changed, signer.publicKey)
    assert.ok(!outcome.ok && outcome.fault.code === 'refused.proof', JSON.stringify(changed).slice(0, 80))
  }
  const stolen = verifyAuditProof(proof, stranger.publicKey)
  assert.ok(!stolen.ok && stolen.fault.code === 'refused.proof')
})

test('what is no proof is refused as such, whatever it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const outcome of [
        verifyAuditProof(value, signer.publicKey),
        verifyAuditChain(value, signer.publicKey),
        verifyAuditConsistency(value, signer.publicKey),
      ]) {
        assert.ok(!outcome.ok && outcome.fault.code === 'invalid.proof')
      }
    }),
    { numRuns: 200 },
  )
})

test('that the log only grew is shown to whoever kept an old head', async () => {
  const state = memory()
  const log = await open(state)
  const olds: SignedHead[] = []
  for (let size = 0; size < 12; size += 1) {
    await log.append([entry(size)])
    olds.push(log.head() as SignedHead)
  }
  for (const old of olds) {
    const proof = JSON.parse(JSON.stringify(await log.proveConsistency(old.size)))
    const outcome = verifyAuditConsistency(proof, signer.publicKey, old)
    assert.ok(outcome.ok, `from ${old.size}`)
    assert.equal(outcome.value.size, 12)
  }
  const proof = await log.proveConsistency(5)
  const bad = [
    verifyAuditConsistency(proof, signer.publicKey, olds[5]),
    verifyAuditConsistency({ ...proof, oldRoot: toBase64Url(new Uint8Array(32)) }, signer.publicKey),
    verifyAuditConsistency({ ...proof, path: proof.path.slice(1) }, signer.publicKey),
    verifyAuditConsistency(proof, stranger.publicKey),
  ]
  for (const outcome of bad) assert.ok(!outcome.ok && outcome.fault.code === 'refused.proof')
  await assert.rejects(log.proveConsistency(13), { code: 'missing.head' })
  await assert.rejects(log.proveInclusion(12), { code: 'missing.entry' })
})

test('paths over pages are those over all leaves at once (RFC 6962)', async () => {
  const leaves = Array.from({ length: 21 }, (_, i) => merkleLeaf(Uint8Array.of(i)))
  for (const pageLeaves of [1, 2, 4]) {
    const store = createMemoryLog({ entries: [], leaves, head: undefined })
    const tree = createAuditTree(store, pageLeaves)
    for (let size = 1; size <= leaves.length; size += 1) {
      const part = leaves.slice(0, size)
      assert.deepEqual((await tree.frontier(size)).root(), merkleRoot(part))
      for (let i = 0; i < size; i += 1) {
        assert.deepEqual(await tree.inclusionPath(i, size), inclusionPath(part, i), `${i} of ${size}`)
        assert.deepEqual(
          await tree.consistencyPath(i, size),
          consistencyPath(part, i),
          `${i} to ${size} in pages of ${pageLeaves}`,
        )
      }
    }
  }
})
