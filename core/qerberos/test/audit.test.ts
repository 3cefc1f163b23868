import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import {
  type AuditEntry,
  type AuditLog,
  type AuditLogOptions,
  type AuditRecord,
  auditReceiptBytesMax,
  createAuditLog,
  createMemoryLog,
  headFromJson,
  headToJson,
  type LogStore,
  type MemoryLogState,
  type SignedHead,
  verifyAuditChain,
  verifyAuditConsistency,
  verifyAuditProof,
  verifyHead,
} from '@anarq/qerberos'
import {
  consistencyPath,
  createSigner,
  inclusionPath,
  merkleLeaf,
  merkleRoot,
  type Signer,
} from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createAuditTree } from '../src/audit-tree.ts'

const key = new Uint8Array(32).fill(1)
const signer = createSigner(new Uint8Array(32).fill(2))
const stranger = createSigner(new Uint8Array(32).fill(3))
const did = 'did:squid:owner'

function memory(): MemoryLogState {
  return { entries: [], leaves: [], head: undefined }
}

function open(state: MemoryLogState | LogStore, more: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
  const store = 'append' in state ? state : createMemoryLog(state)
  return createAuditLog({
    store,
    key,
    did,
    signer,
    clock: createManualClock(),
    random: createSeededRandom(store.size()),
    ...more,
  })
}

function entry(i: number): AuditEntry {
  return {
    atMs: 1000 + i,
    action: i % 3 === 0 ? '/qnt/write' : '/qnt/read',
    identity: `did:squid:${i % 2}`,
    object: `object-${i % 5}`,
    verdict: i % 7 === 0 ? 'refused' : 'ok',
    ...(i % 7 === 0 ? { code: 'refused.consent' } : {}),
    flow: `flow-${i}`,
    trail: new Uint8Array(32).fill(i),
    hashes: [new Uint8Array(32).fill(i + 1)],
    details: { bytes: i, note: `entry number ${i}`, isNew: true, nothing: null, digest: Uint8Array.of(i) },
  }
}

function entries(from: number, count: number): AuditEntry[] {
  return Array.from({ length: count }, (_, i) => entry(from + i))
}

async function filled(count: number): Promise<{ state: MemoryLogState; log: AuditLog }> {
  const state = memory()
  const log = await open(state)
  await log.append(entries(0, count))
  return { state, log }
}

async function listed(records: AsyncIterable<AuditRecord>): Promise<AuditRecord[]> {
  const all: AuditRecord[] = []
  for await (const record of records) all.push(record)
  return all
}

/** A signer that counts. */
function counting(): { signer: Pick<Signer, 'publicKey' | 'sign'>; times: () => number } {
  let times = 0
  return {
    signer: {
      publicKey: signer.publicKey,
      sign(message, context) {
        times += 1
        return signer.sign(message, context)
      },
    },
    times: () => times,
  }
}

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

test('AQ-QERBEROS-20: what is whole verifies', async () => {
  for (const count of [0, 1, 2, 3, 7, 8, 33]) {
    const { log } = await filled(count)
    const report = await log.verify()
    assert.ok(report.ok)
    assert.ok(report.isTreeValid)
    assert.deepEqual([report.size, report.unsigned, report.damaged, report.findings], [count, 0, [], []])
  }
})

type Damage = {
  title: string
  kind: string
  at: number[]
  act(state: MemoryLogState): void
  damaged?: number[]
}

const flip = (bytes: Uint8Array | undefined, at: number): void => {
  if (bytes !== undefined) bytes[at % bytes.length]! ^= 0x10
}
const swap = <T>(list: T[], a: number, b: number): void => {
  ;[list[a], list[b]] = [list[b] as T, list[a] as T]
}
const resealed = merkleLeaf(new Uint8Array(3))

const damages: Damage[] = [
  {
    title: 'one flipped bit in an entry',
    kind: 'changed',
    at: [4],
    damaged: [4],
    act: ({ entries }) => flip(entries[4], 60),
  },
  {
    title: 'a flipped bit in the number that an entry carries',
    kind: 'changed',
    at: [4],
    damaged: [4],
    act: ({ entries }) => flip(entries[4], 8),
  },
  {
    title: 'a changed entry together with its kept hash',
    kind: 'changed',
    at: [4],
    damaged: [4],
    act({ entries, leaves }) {
      flip(entries[4], 60)
      leaves[4] = merkleLeaf(entries[4] as Uint8Array)
    },
  },
  {
    title: 'an entry taken out of the middle',
    kind: 'removed',
    at: [4],
    damaged: [4],
    act: ({ entries }) => entries.splice(4, 1),
  },
  {
    title: 'an entry taken out together with its kept hash',
    kind: 'removed',
    at: [4],
    damaged: [4],
    act({ entries, leaves }) {
      entries.splice(4, 1)
      leaves.splice(4, 1)
    },
  },
  {
    title: 'three entries taken out of the middle',
    kind: 'removed',
    at: [4, 5, 6],
    damaged: [4, 5, 6],
    act: ({ entries }) => entries.splice(4, 3),
  },
  {
    title: 'the first entry taken out',
    kind: 'removed',
    at: [0],
    damaged: [0],
    act: ({ entries }) => entries.splice(0, 1),
  },
  {
    title: 'two entries swapped',
    kind: 'reordered',
    at: [2, 5],
    act: ({ entries }) => swap(entries, 2, 5),
  },
  {
    title: 'two entries swapped together with their kept hashes',
    kind: 'reordered',
    at: [2, 5],
    act({ entries, leaves }) {
      swap(entries, 2, 5)
      swap(leaves, 2, 5)
    },
  },
  {
    title: 'entries cut off the end',
    kind: 'removed',
    at: [8, 9],
    damaged: [8, 9],
    act: ({ entries }) => entries.splice(8),
  },
  {
    title: 'entries cut off the end together with their kept hashes',
    kind: 'removed',
    at: [8, 9],
    damaged: [8, 9],
    act({ entries, leaves }) {
      entries.splice(8)
      leaves.splice(8)
    },
  },
  {
    title: 'a forged entry at the end',
    kind: 'forged',
    at: [10],
    act({ entries, leaves }) {
      entries.push(new Uint8Array(200).fill(1))
      leaves.push(merkleLeaf(entries.at(-1) as Uint8Array))
    },
  },
  {
    title: 'a forged entry in the middle',
    kind: 'forged',
    at: [3],
    act: ({ entries }) => entries.splice(3, 0, new Uint8Array(200).fill(1)),
  },
  {
    title: 'an old entry put at the end once more',
    kind: 'forged',
    at: [10],
    act({ entries, leaves }) {
      entries.push(entries[3])
      leaves.push(leaves[3] as Uint8Array)
    },
  },
  { title: 'a damaged kept hash', kind: 'leaf', at: [4], act: ({ leaves }) => flip(leaves[4], 3) },
  {
    title: 'kept hashes swapped',
    kind: 'leaf',
    at: [4, 5],
    act: ({ leaves }) => swap(leaves, 4, 5),
  },
]

for (const { title, kind, at, act, damaged = [] } of damages) {
  test(`AQ-QERBEROS-20: verification finds ${title}, and says where, in a running log and after opening`, async () => {
    const { state, log } = await filled(10)
    act(state)
    for (const opened of [log, await open(state)]) {
      const report = await opened.verify()
      assert.equal(report.ok, false)
      const found = report.findings.filter((finding) => finding.kind === kind)
      assert.deepEqual(
        found.map(({ index }) => index),
        at,
        JSON.stringify(report.findings),
      )
      assert.deepEqual(report.damaged, damaged)
      for (const { sentence } of report.findings) assert.match(sentence, /^[A-Z].*\.$/)
    }
  })
}

test('AQ-QERBEROS-20: where only an entry was changed the tree still verifies, and every other entry still reads', async () => {
  const { state } = await filled(10)
  flip(state.entries[4], 60)
  const log = await open(state)
  const report = await log.verify()
  assert.ok(report.isTreeValid)
  assert.deepEqual(report.damaged, [4])
  const records = await log.tail(10)
  assert.deepEqual(
    records.filter((record) => 'damage' in record).map(({ index }) => index),
    [4],
  )
  assert.equal(records.filter((record) => 'entry' in record).length, 9)
  await assert.rejects(log.proveInclusion(4), { code: 'damaged.entry' })
  assert.ok(verifyAuditProof(await log.proveInclusion(5), signer.publicKey).ok)
})

test('AQ-QERBEROS-20: an entry that was sealed anew by whoever has the key is found too', async () => {
  const { state } = await filled(10)
  const forger = memory()
  const forgery = await open(forger)
  await forgery.append(entries(20, 10))
  state.entries[4] = forger.entries[4]
  const report = await (await open(state)).verify()
  assert.deepEqual(
    report.findings.map(({ kind, index }) => [kind, index]),
    [['changed', 4]],
  )
  state.leaves[4] = merkleLeaf(state.entries[4] as Uint8Array)
  const worse = await (await open(state)).verify()
  assert.deepEqual([worse.ok, worse.isTreeValid, worse.findings[0]?.kind], [false, false, 'tree'])
})

test('AQ-QERBEROS-20: whatever is done to the entries is found', async () => {
  const change = fc.record({
    what: fc.constantFrom('flip', 'remove', 'swap', 'insert', 'leaf', 'replace'),
    a: fc.nat({ max: 11 }),
    b: fc.nat({ max: 400 }),
    isWithLeaf: fc.boolean(),
  })
  const { state } = await filled(12)
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const copy: MemoryLogState = {
        entries: state.entries.map((bytes) => bytes?.slice()),
        leaves: state.leaves.map((bytes) => bytes.slice()),
        head: state.head?.slice(),
      }
      for (const { what, a, b, isWithLeaf } of changes) {
        // What was removed before has no place any more.
        const [inEntries, inLeaves] = [a % copy.entries.length, a % copy.leaves.length]
        if (what === 'flip') flip(copy.entries[inEntries], b)
        if (what === 'leaf') flip(copy.leaves[inLeaves], b)
        if (what === 'replace') copy.entries[inEntries] = new Uint8Array(b).fill(b)
        if (what === 'swap') swap(copy.entries, inEntries, b % copy.entries.length)
        if (what === 'swap' && isWithLeaf) swap(copy.leaves, inLeaves, b % copy.leaves.length)
        if (what === 'remove') copy.entries.splice(a, 1)
        if (what === 'remove' && isWithLeaf) copy.leaves.splice(a, 1)
        if (what === 'insert') copy.entries.splice(a, 0, new Uint8Array(b))
        if (what === 'insert' && isWithLeaf) copy.leaves.splice(a, 0, resealed)
      }
      const isSame =
        copy.entries.length === 12 &&
        copy.leaves.length === 12 &&
        copy.entries.every(
          (bytes, i) => bytes !== undefined && Buffer.compare(bytes, state.entries[i]!) === 0,
        ) &&
        copy.leaves.every((bytes, i) => Buffer.compare(bytes, state.leaves[i]!) === 0)
      const log = await open(copy)
      const report = await log.verify()
      assert.equal(report.ok, isSame, JSON.stringify(changes))
      assert.equal(report.findings.length > 0, !isSame)
    }),
    { numRuns: 60 },
  )
})

test('a damaged kept hash is computed anew from its entry when a proof needs it, or when asked', async () => {
  const { state } = await filled(10)
  flip(state.leaves[4], 3)
  const log = await open(state)
  assert.ok(verifyAuditProof(await log.proveInclusion(7), signer.publicKey).ok)
  assert.ok((await log.verify()).ok)
  flip(state.leaves[4], 3)
  assert.equal((await log.verify({ isRepairing: true })).ok, false)
  assert.ok((await log.verify()).ok)
})

test('the kept hashes may be missing altogether: they are computed from the entries', async () => {
  const { state } = await filled(10)
  const leaves = state.leaves.splice(0)
  const log = await open(state)
  assert.deepEqual(state.leaves, leaves)
  assert.ok((await log.verify()).ok)
})

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
  assert.ok(!JSON.stringify(proof).includes('qnt'))
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
