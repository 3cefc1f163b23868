import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { cborCodec, cidOfDigest, digestOf, rawCodec } from '@anarq/ipld'
import {
  type Change,
  catchUp,
  createMemoryView,
  type FieldValue,
  type IndexRecord,
  pathOf,
  readFile,
  versionField,
} from '@anarq/qindex'
import {
  fileChange,
  folderChange,
  testDigest,
  testId,
  testKeys,
  testSigner,
  testVersion,
} from '@anarq/qindex/testing'
import { createMemoryBlocks } from '@anarq/qnt'
import fc from 'fast-check'
import {
  collect,
  createFaultyBlocks,
  headOf,
  meet,
  openReplica,
  type Replica,
  rootOf,
  valuesOf,
} from './replica.ts'

const dayMs = 24 * 60 * 60 * 1000

async function openPair(): Promise<{ a: Replica; b: Replica }> {
  const blocks = createMemoryBlocks()
  return { a: await openReplica({ blocks, name: 'a' }), b: await openReplica({ blocks, name: 'b' }) }
}

test('AQ-QINDEX-10: what one device writes, the other has after a merge, whole even when the first is gone', async () => {
  const a = await openReplica({ name: 'a' })
  await a.index.commit([fileChange('a.txt')], { batch: [testDigest('a')] })
  const b = await openReplica({ name: 'b' })
  for await (const { cid } of a.blocks.list()) {
    await b.blocks.put([{ cid, bytes: (await a.blocks.get(cid)) as Uint8Array }], 'meta')
  }
  const merged = await b.index.merge(headOf(a).cid)
  assert.ok(merged.cid.equals(headOf(a).cid), 'nothing of its own: it takes the head as it is')
  assert.equal(valuesOf(await b.index.get(testId('a.txt'))).name, 'a.txt')
  assert.ok((await b.index.proof(testDigest('a'))) !== undefined)
  const reopened = await openReplica({ blocks: b.blocks, heads: b.heads, name: 'b' })
  assert.ok(headOf(reopened).cid.equals(merged.cid))
})

test('a merge with what is known already, or with oneself, changes nothing', async () => {
  const { a, b } = await openPair()
  await a.index.commit([fileChange('a.txt')])
  await meet(a, b)
  const old = headOf(b).cid
  await a.index.commit([fileChange('b.txt')])
  const now = headOf(a).cid
  assert.ok((await a.index.merge(old)).cid.equals(now), 'an ancestor')
  assert.ok((await a.index.merge(now)).cid.equals(now), 'itself')
})

test('AQ-QINDEX-11: devices that wrote apart converge to one history with two parents', async () => {
  const { a, b } = await openPair()
  await a.index.commit([fileChange('shared.txt')])
  await meet(a, b)
  await a.index.commit([fileChange('from a.txt')])
  await b.index.commit([fileChange('from b.txt')])
  await b.index.commit([fileChange('from b too.txt')])
  const merged = await a.index.merge(headOf(b).cid)
  assert.deepEqual([merged.parents.length, merged.count, merged.sequence], [2, 4, 4])
  assert.ok((await b.index.merge(merged.cid)).cid.equals(merged.cid))
  assert.equal((await collect(a.index.history())).length, 5)
  assert.equal((await a.index.verify((fault) => assert.fail(fault))).commits, 5)
})

test('rename, move, tag, trash and restore made apart resolve field by field: the later of each counts', async () => {
  const { a, b } = await openPair()
  const id = testId('file')
  const set = (replica: Replica, fields: Record<string, FieldValue>) => {
    a.clock.advance(1000)
    b.clock.advance(1000)
    return replica.index.commit([{ id, kind: 'file', set: fields }])
  }
  await a.index.commit([fileChange('first.txt', { id, set: { 'tag/x': true } })])
  await meet(a, b)
  await set(a, { name: 'renamed by a.txt', trashedMs: 1 })
  await set(b, { name: 'renamed by b.txt', parent: testId('folder') })
  await set(a, { 'tag/x': null, 'tag/y': true })
  await set(b, { 'tag/x': true, trashedMs: null })
  await meet(a, b)
  for (const replica of [a, b]) {
    const values = valuesOf(await replica.index.get(id))
    assert.deepEqual([values.name, values.parent], ['renamed by b.txt', testId('folder')])
    assert.deepEqual([values['tag/x'], values['tag/y'], values.trashedMs], [true, true, null])
  }
})

test('AQ-QINDEX-11, AQ-QDRIVE-13: two devices that save one file apart keep both versions, in one order', async () => {
  const { a, b } = await openPair()
  const id = testId('file')
  const save = (replica: Replica, sequence: number, name: string) => {
    replica.clock.advance(1000)
    const cid = cidOfDigest(cborCodec, testDigest(name))
    const set = {
      [versionField(sequence, cid)]: testVersion(cid, { bytes: name.length }),
      bytes: name.length,
    }
    return replica.index.commit([{ id, kind: 'file', set }])
  }
  await a.index.commit([fileChange('file.txt', { id })])
  await meet(a, b)
  await save(a, 2, 'two of a')
  await save(b, 2, 'two of b')
  b.clock.advance(1000)
  await save(b, 3, 'three of b')
  await meet(a, b)
  const lists = await Promise.all(
    [a, b].map(async ({ index }) => readFile((await index.get(id)) as IndexRecord)),
  )
  for (const file of lists) {
    const [three, two, other, one] = file.versions
    assert.deepEqual(
      file.versions.map(({ sequence }) => sequence),
      [3, 2, 2, 1],
    )
    assert.deepEqual(three && digestOf(three.cid), testDigest('three of b'))
    assert.equal(file.bytes, 'three of b'.length)
    assert.notDeepEqual(two?.cid, other?.cid)
    assert.deepEqual(one && digestOf(one.cid), testDigest('file.txt'))
  }
  assert.deepEqual(lists[0]?.versions, lists[1]?.versions)
})

test('after a merge a local write counts, though the other clock runs hours ahead', async () => {
  const blocks = createMemoryBlocks()
  const a = await openReplica({ blocks, name: 'a' })
  const b = await openReplica({ blocks, name: 'b', clock: createManualClock(a.clock.nowMs() + dayMs / 2) })
  await b.index.commit([fileChange('a.txt', { set: { note: 'ahead' } })])
  await a.index.merge(headOf(b).cid)
  await a.index.commit([fileChange('a.txt', { set: { note: 'mine' } })])
  assert.equal(valuesOf(await a.index.get(testId('a.txt'))).note, 'mine')
  const again = await openReplica({ blocks, heads: a.heads, name: 'a', clock: a.clock })
  await again.index.commit([fileChange('a.txt', { set: { note: 'mine, after a restart' } })])
  await b.index.merge(headOf(again).cid)
  assert.equal(valuesOf(await b.index.get(testId('a.txt'))).note, 'mine, after a restart')
})

test('a head from a clock more than a day ahead is refused until its owner says so', async () => {
  const blocks = createMemoryBlocks()
  const a = await openReplica({ blocks, name: 'a' })
  const b = await openReplica({ blocks, name: 'b', clock: createManualClock(a.clock.nowMs() + 30 * dayMs) })
  await a.index.commit([fileChange('a.txt')])
  await b.index.commit([fileChange('b.txt')])
  const before = headOf(a).cid
  await assert.rejects(a.index.merge(headOf(b).cid), { code: 'refused.clock', message: /720 hours ahead/ })
  assert.ok(headOf(a).cid.equals(before))
  assert.equal((await a.index.merge(headOf(b).cid, { aheadMsMax: 60 * dayMs })).count, 2)
})

test('AQ-QINDEX-9: a head that another signed, sealed or made up is refused and changes nothing', async () => {
  const blocks = createFaultyBlocks()
  const mine = await openReplica({ blocks })
  await mine.index.commit([fileChange('mine.txt')])
  const before = headOf(mine).cid
  const forged = await openReplica({
    blocks,
    name: 'thief',
    signer: { ...testSigner('thief'), did: 'did:test:me', verify: () => true },
  })
  await forged.index.commit([fileChange('forged.txt')])
  await assert.rejects(mine.index.merge(headOf(forged).cid), { code: 'refused.signature' })
  const other = await openReplica({ blocks, identity: 'other' })
  await other.index.commit([fileChange('other.txt')])
  await assert.rejects(mine.index.merge(headOf(other).cid), { code: 'missing.key' })
  const sharing = await openReplica({ blocks, keys: { ...testKeys('me'), feed: testKeys('other').feed } })
  await sharing.index.commit([fileChange('x.txt')])
  await assert.rejects(mine.index.merge(headOf(sharing).cid), { code: 'damaged.commit' })
  const unsignedParent = await openReplica({
    blocks,
    heads: forged.heads,
    signer: { ...testSigner('me'), verify: () => true },
  })
  await unsignedParent.index.commit([fileChange('over forged.txt')])
  await assert.rejects(
    mine.index.merge(headOf(unsignedParent).cid),
    { code: 'refused.signature' },
    'its chain holds a forged commit',
  )
  await assert.rejects(mine.index.merge(cidOfDigest(rawCodec, testDigest('nowhere'))), {
    code: 'missing.block',
  })
  assert.ok(headOf(mine).cid.equals(before))
  assert.equal(await mine.index.get(testId('forged.txt')), undefined)
})

test('a head whose blocks have not all arrived is not taken, and is once they have', async () => {
  const a = await openReplica({ name: 'a' })
  await a.index.commit(
    Array.from({ length: 300 }, (_, i) => fileChange(`${i}`)),
    { batch: [testDigest(1)] },
  )
  const all = await collect(a.blocks.list())
  const own = await openReplica({ name: 'b' })
  await own.index.commit([fileChange('own.txt')])
  for (const { cid: late } of all) {
    if (late.equals(headOf(a).cid)) continue
    for (const target of [own, await openReplica({ name: 'c' })]) {
      const blocks = createFaultyBlocks(a.blocks)
      for await (const { cid } of own.blocks.list())
        await a.blocks.put([{ cid, bytes: (await own.blocks.get(cid)) as Uint8Array }], 'meta')
      blocks.lose(late)
      const replica = await openReplica({ blocks, heads: target.heads, name: 'b' })
      const before = replica.index.head()?.cid.toString()
      await assert.rejects(replica.index.merge(headOf(a).cid), { code: 'missing.block' })
      assert.equal(replica.index.head()?.cid.toString(), before)
    }
  }
  const whole = await openReplica({ blocks: a.blocks, heads: own.heads, name: 'b' })
  assert.equal((await whole.index.merge(headOf(a).cid)).count, 301)
})

test('a new epoch of keys reads the old, reseals it once, and devices of both epochs converge', async () => {
  const blocks = createMemoryBlocks()
  const a = await openReplica({ blocks, name: 'a' })
  await a.index.commit(Array.from({ length: 200 }, (_, i) => fileChange(`${i}`)))
  const old = new Set((await collect(a.index.reachable())).map((cid) => toHex(digestOf(cid))))
  const rotated = await openReplica({ blocks, heads: a.heads, name: 'a', keys: testKeys('me', 1) })
  assert.equal(rotated.index.head()?.count, 200)
  await rotated.index.commit([fileChange('new.txt')])
  const b = await openReplica({ blocks, name: 'b', keys: testKeys('me', 1) })
  await b.index.commit([fileChange('of b.txt')])
  await a.index.commit([fileChange('of a, still before.txt')])
  await rotated.index.merge(headOf(a).cid)
  await meet(rotated, b)
  assert.deepEqual([headOf(b).count, headOf(b).epoch], [203, 1])
  assert.equal(rootOf(b), rootOf(rotated))
  const fresh = await openReplica({ blocks: createMemoryBlocks(), name: 'c', keys: testKeys('me', 1) })
  assert.equal((await rotated.index.verify((fault) => assert.fail(fault))).records, 203)
  assert.equal(fresh.index.head(), undefined)
  await assert.rejects(
    a.index.merge(headOf(b).cid),
    { code: 'missing.key' },
    'the old epoch opens nothing new',
  )
  const info = headOf(rotated)
  assert.equal(old.has(toHex(info.root as Uint8Array)), false)
})

type Act = { replica: number; change: Change } | { from: number; to: number }

const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({ id: fc.nat(5), parent: fc.option(fc.nat(5)), name: fc.nat(3) })
    .map(({ id, parent, name }) =>
      folderChange(`folder ${name}`, { id: testId(id), parent: parent === null ? null : testId(parent) }),
    ),
  fc
    .record({ id: fc.integer({ min: 6, max: 30 }), parent: fc.nat(5), tag: fc.boolean() })
    .map(({ id, parent, tag }) =>
      fileChange(`file ${id % 4}`, {
        id: testId(id),
        parent: testId(parent),
        set: { 'tag/x': tag ? true : null },
      }),
    ),
  fc.record({ id: fc.nat(5), trashedMs: fc.option(fc.nat(9)) }).map(({ id, trashedMs }) => ({
    id: testId(id),
    kind: 'folder',
    set: { trashedMs },
  })),
)
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ replica: fc.nat(2), change }) },
  { weight: 1, arbitrary: fc.record({ from: fc.nat(2), to: fc.nat(2) }) },
)

test('AQ-QINDEX-11: whatever three devices write and merge in whatever order, they end with one root, one tree of folders, and nothing lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 25 }),
      fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
      async (acts, order) => {
        const blocks = createMemoryBlocks()
        const clock = createManualClock()
        const replicas = await Promise.all(
          [0, 1, 2].map((name) => openReplica({ blocks, clock, name: `${name}` })),
        )
        const at = (i: number) => replicas[i] as Replica
        for (const one of acts) {
          clock.advance(acts.indexOf(one) % 2)
          if ('change' in one) await at(one.replica).index.commit([one.change])
          else if (at(one.from).index.head() !== undefined)
            await at(one.to).index.merge(headOf(at(one.from)).cid)
        }
        for (const replica of replicas) if (replica.index.head() === undefined) await replica.index.commit([])
        for (const i of order) for (const j of order) await at(i).index.merge(headOf(at(j)).cid)
        for (const i of order) await at(i).index.merge(headOf(at(order[2] as number)).cid)
        const roots = replicas.map((replica) => toHex(replica.index.head()?.root ?? new Uint8Array()))
        assert.equal(new Set(roots).size, 1)
        const trees = await Promise.all(
          replicas.map(async ({ index }) => {
            const view = createMemoryView()
            await catchUp(view, index)
            const paths = view.search({ limit: 1000 }).map(({ id }) => `${toHex(id)} ${pathOf(view, id)}`)
            assert.equal(paths.length, index.head()?.count)
            assert.equal(
              paths.some((path) => path.endsWith(' undefined')),
              false,
              'all hang from the root folder',
            )
            return paths.sort().join('\n')
          }),
        )
        assert.equal(new Set(trees).size, 1)
      },
    ),
    { numRuns: 25 },
  )
})
