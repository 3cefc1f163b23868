import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AuditEntry,
  auditReceiptBytesMax,
  createMemoryLog,
  headFromJson,
  headToJson,
  type SignedHead,
  verifyAuditProof,
  verifyHead,
} from '@anarq/qerberos'
import { merkleLeaf, merkleRoot } from '@anarq/qlock'
import { counting, did, entries, entry, filled, key, memory, open, signer, stranger } from './audit-world.ts'

test('entries come back as they were, newest first, also after the log was opened again', async () => {
  const { state, log } = await filled(10)
  const again = await open(state)
  for (const opened of [log, again]) {
    assert.deepEqual(
      await opened.tail(3),
      [9, 8, 7].map((index) => ({ index, entry: entry(index) })),
    )
    assert.equal((await opened.tail(99)).length, 10)
    assert.deepEqual(await opened.tail(0), [])
  }
})

test('AQ-QONSENT-12: an entry keeps the receipt of its decision byte by byte and proves it elsewhere; entries without one read as before', async () => {
  const receipt = new Uint8Array(auditReceiptBytesMax).fill(7)
  const state = memory()
  const log = await open(state)
  await log.append([entry(0), { ...entry(1), receipt }, entry(2)])
  const again = await open(state)
  assert.deepEqual(
    (await again.tail(3)).map((record) => 'entry' in record && record.entry.receipt),
    [undefined, receipt, undefined],
  )
  const proof = JSON.parse(JSON.stringify(await again.proveInclusion(1, { disclose: true })))
  const proved = verifyAuditProof(proof, signer.publicKey)
  assert.deepEqual(proved.ok && proved.value.entry?.receipt, receipt)
  const changed = structuredClone(proof)
  changed.entry.receipt['/'].bytes = `A${changed.entry.receipt['/'].bytes.slice(1)}`
  const refused = verifyAuditProof(changed, signer.publicKey)
  assert.equal(!refused.ok && refused.fault.code, 'refused.proof')
})

test('many entries in one append are one write and one signature', async () => {
  const count = counting()
  const store = createMemoryLog()
  let writes = 0
  const log = await open(
    {
      ...store,
      append(sealed, leaves) {
        writes += 1
        return store.append(sealed, leaves)
      },
    },
    { signer: count.signer },
  )
  const head = await log.append(entries(0, 500))
  assert.deepEqual([writes, count.times(), head.size], [1, 1, 500])
  await log.append(entries(500, 5), { sign: false })
  await log.append(entries(505, 5), { sign: false })
  assert.deepEqual([writes, count.times(), log.size(), log.head()?.size], [3, 1, 510, 500])
  await log.append([])
  await log.append([])
  assert.deepEqual([writes, count.times(), log.head()?.size], [3, 2, 510])
  assert.ok((await log.verify()).ok)
})

test('appends asked for at once keep their order and do not mix', async () => {
  const log = await open(memory())
  const heads = await Promise.all([0, 3, 6].map((from) => log.append(entries(from, 3))))
  assert.deepEqual(
    heads.map(({ size }) => size),
    [3, 6, 9],
  )
  assert.deepEqual(
    (await log.tail(9)).map((record) => 'entry' in record && record.entry.atMs - 1000),
    [8, 7, 6, 5, 4, 3, 2, 1, 0],
  )
})

test('the head is signed by the owner over origin, size, root, time and DID', async () => {
  const { state, log } = await filled(6)
  const head = log.head() as SignedHead
  assert.deepEqual([head.size, head.did, head.origin], [6, did, 'audit'])
  assert.deepEqual(head.root, merkleRoot(state.entries.map((sealed) => merkleLeaf(sealed as Uint8Array))))
  assert.ok(verifyHead(signer.publicKey, head))
  assert.ok(!verifyHead(stranger.publicKey, head))
  for (const change of [
    { size: 7 },
    { atMs: 1 },
    { did: 'did:squid:x' },
    { origin: 'b' },
    { root: new Uint8Array(32) },
  ]) {
    assert.ok(!verifyHead(signer.publicKey, { ...head, ...change }))
  }
  assert.deepEqual(headFromJson(JSON.parse(JSON.stringify(headToJson(head)))), head)
})

test('at rest nothing can be read: neither names nor actions nor objects', async () => {
  const { state } = await filled(20)
  const disk = Buffer.concat(
    [...state.entries, ...state.leaves].map((bytes) => bytes as Uint8Array),
  ).toString('latin1')
  for (const word of ['qnt', 'squid', 'object', 'refused', 'entry number', 'flow']) {
    assert.ok(!disk.includes(word), word)
  }
  const log = await open(state, { key: new Uint8Array(32).fill(9) })
  assert.ok((await log.tail(1)).every((record) => 'damage' in record))
})

for (const { title, bad } of [
  { title: 'without an action', bad: { action: undefined } },
  { title: 'with a verdict of its own', bad: { verdict: 'maybe' } },
  { title: 'with an unknown field', bad: { content: 'a letter' } },
  { title: 'with a trail that is no hash', bad: { trail: new Uint8Array(7) } },
  { title: 'with a time that is no number', bad: { atMs: Number.NaN } },
  { title: 'with a detail that is a list', bad: { details: { list: [1] } } },
  { title: 'with a detail that is no number', bad: { details: { n: Number.NaN } } },
  { title: 'with a receipt that is too long', bad: { receipt: new Uint8Array(auditReceiptBytesMax + 1) } },
  { title: 'with a receipt that is text', bad: { receipt: 'allow' } },
  { title: 'with a long text', bad: { details: { text: 'x'.repeat(2000) } } },
]) {
  test(`an entry ${title} is refused, and nothing of its batch is kept`, async () => {
    const { log } = await filled(2)
    const wrong = { ...entry(1), ...bad } as unknown as AuditEntry
    await assert.rejects(log.append([entry(5), wrong]), { code: 'invalid.entry' })
    assert.equal(log.size(), 2)
    await log.append([entry(2)])
    assert.ok((await log.verify()).ok)
  })
}

test('opening reads the head alone, and not the log, while everything is signed', async () => {
  const { state } = await filled(50)
  const store = createMemoryLog(state)
  let read = 0
  const log = await open({
    ...store,
    read(from, to) {
      read += Math.max(0, to - from)
      return store.read(from, to)
    },
    async readLeaves(from, to) {
      read += to - from
      return store.readLeaves(from, to)
    },
  })
  assert.equal(read, 0)
  await log.append(entries(50, 2))
  assert.ok((await log.verify()).ok)
})

test('entries that were written and not signed before a crash are covered by the next head', async () => {
  const state = memory()
  const log = await open(state)
  await log.append(entries(0, 5))
  await log.append(entries(5, 5), { sign: false })
  const again = await open(state)
  assert.deepEqual(again.troubles(), [])
  assert.deepEqual([again.size(), again.head()?.size, (await again.verify()).unsigned], [10, 5, 5])
  await again.append([])
  assert.equal(again.head()?.size, 10)
  assert.ok((await again.verify()).ok)
})

test('what was put at the end by somebody else is noted in the log itself with the next append', async () => {
  const { state } = await filled(3)
  state.entries.push(new Uint8Array(90))
  const log = await open(state)
  assert.deepEqual(
    log.troubles().map(({ kind }) => kind),
    ['forged'],
  )
  await log.append([entry(4)])
  const [newest, note] = await log.tail(2)
  assert.ok(newest !== undefined && 'entry' in newest && newest.entry.flow === 'flow-4')
  assert.ok(note !== undefined && 'entry' in note)
  assert.deepEqual([note.entry.action, note.entry.code], ['audit.opened', 'damaged.audit'])
  assert.match(String(note.entry.details?.trouble1), /Entry 3, not signed yet, was not sealed/)
  await log.append([entry(5)])
  assert.equal(log.size(), 7, 'noted once')
})

test('a log that was cut short takes nothing more, so that the loss is not signed away; it still reads', async () => {
  const { state } = await filled(10)
  state.entries.splice(6)
  state.leaves.splice(6)
  const log = await open(state)
  assert.equal(log.troubles()[0]?.kind, 'cut')
  await assert.rejects(log.append([entry(1)]), { code: 'damaged.audit', message: /10 entries.*6 are left/ })
  await assert.rejects(log.proveInclusion(1), { code: 'damaged.audit' })
  assert.equal((await log.tail(10)).length, 6)
})

test('a log set back to an older state is found out by a head that was kept elsewhere', async () => {
  const { state, log } = await filled(6)
  const old = structuredClone(state)
  await log.append(entries(6, 4))
  const known = log.head() as SignedHead
  const back = await open(old)
  assert.ok((await back.verify()).ok, 'alone it cannot know')
  const report = await back.verify({ known })
  assert.equal(report.ok, false)
  assert.match(report.findings[0]?.sentence ?? '', /set back/)
  assert.deepEqual(report.damaged, [6, 7, 8, 9])
  assert.ok((await log.verify({ known: back.head() as SignedHead })).ok)
})

for (const { title, change } of [
  { title: 'missing', change: () => undefined },
  { title: 'cut', change: (head: Uint8Array) => head.subarray(0, 99) },
  { title: 'signed by somebody else', change: 'stranger' as const },
  { title: 'that of another log of the same owner', change: 'origin' as const },
]) {
  test(`a head that is ${title} is a finding, and the log opens and goes on`, async () => {
    const { state } = await filled(5)
    if (typeof change === 'function') {
      state.head = change(state.head as Uint8Array)
    } else {
      const foreign = memory()
      const log = await open(foreign, change === 'stranger' ? { signer: stranger } : { origin: 'phone' })
      await log.append(entries(0, 5))
      state.head = foreign.head
    }
    const log = await open(state)
    const report = await log.verify()
    assert.deepEqual(
      report.findings.map(({ kind }) => kind),
      ['head'],
    )
    await log.append([entry(5)])
    assert.ok((await log.verify()).ok)
    assert.equal(log.size(), 7, 'with the note about it')
  })
}

test('after a rotation the log goes on under the new keys, and what was before still opens and verifies', async () => {
  const { state } = await filled(4)
  const log = await open(state, {
    key: new Uint8Array(32).fill(8),
    formerKeys: [key],
    signer: stranger,
    formerPublicKeys: [signer.publicKey],
  })
  assert.deepEqual(log.troubles(), [])
  await log.append(entries(4, 2))
  assert.deepEqual(
    (await log.tail(6)).map((record) => 'entry' in record),
    new Array(6).fill(true),
  )
  assert.ok((await log.verify()).ok)
  const proof = await log.proveInclusion(1, { disclose: true })
  assert.ok(verifyAuditProof(proof, stranger.publicKey).ok)
})

test('after a write that failed the log asks to be opened again instead of writing over it', async () => {
  const store = createMemoryLog()
  let isFull = false
  const log = await open({
    ...store,
    async append(sealed, leaves) {
      await store.append(sealed, leaves)
      if (isFull) throw new Error('the disk says no after the write')
    },
  })
  await log.append(entries(0, 2))
  isFull = true
  await assert.rejects(log.append(entries(2, 1)), /disk says no/)
  isFull = false
  await assert.rejects(log.append(entries(2, 1)), { code: 'unavailable.audit' })
  const again = await open(store)
  await again.append(entries(3, 1))
  assert.ok((await again.verify()).ok)
})
