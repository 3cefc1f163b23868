import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MemoryLogState, verifyAuditProof } from '@anarq/qerberos'
import { merkleLeaf } from '@anarq/qlock'
import fc from 'fast-check'
import { entries, filled, flip, memory, open, signer } from './audit-world.ts'

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
