import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import { type Cid, cidOfDigest, rawCodec } from '@anarq/ipld'
import { createMemoryHeads } from '@anarq/qindex'
import { fileChange, testDigest, testId, testKeys } from '@anarq/qindex/testing'
import { createMemoryBlocks } from '@anarq/qnt'
import { collect, createFaultyBlocks, files, headOf, openReplica, valuesOf } from './replica.ts'

/** The blocks that a commit added. */
async function added(
  blocks: ReturnType<typeof createFaultyBlocks>,
  work: () => Promise<unknown>,
): Promise<Cid[]> {
  const before = blocks.puts.length
  await work()
  return blocks.puts.slice(before)
}

test('AQ-QINDEX-9: when the newest head cannot be read, the one before is taken, and that is told', async () => {
  const blocks = createFaultyBlocks()
  const { index, heads } = await openReplica({ blocks })
  await index.commit(files(100))
  await index.commit([fileChange('newest.txt')])
  blocks.lose((index.head() as { cid: Cid }).cid)
  const reopened = await openReplica({ blocks, heads })
  assert.deepEqual([headOf(reopened).sequence, headOf(reopened).count], [1, 100])
  assert.equal(reopened.faults.length, 1)
  assert.deepEqual([reopened.faults[0]?.code, reopened.faults[0]?.data.sequence], ['missing.block', 2])
  await reopened.index.commit([fileChange('after.txt')])
  assert.equal(headOf(reopened).sequence, 3, 'greater than the lost one, so that it comes first')
})

test('a head whose trie cannot be entered is passed by too; once it can, it is merged', async () => {
  const blocks = createFaultyBlocks()
  const { index, heads } = await openReplica({ blocks })
  await index.commit(files(100))
  await index.commit([fileChange('newest.txt')])
  const lossy = createFaultyBlocks(blocks)
  lossy.lose(cidOfDigest(rawCodec, index.head()?.root as Uint8Array))
  const meanwhile = await openReplica({ blocks: lossy, heads })
  assert.deepEqual([headOf(meanwhile).sequence, meanwhile.faults.length], [1, 1])
  await meanwhile.index.commit([fileChange('meanwhile.txt')])
  const repaired = await openReplica({ blocks, heads })
  assert.deepEqual(repaired.faults, [])
  assert.equal(headOf(repaired).count, 102)
  assert.equal(valuesOf(await repaired.index.get(testId('newest.txt'))).name, 'newest.txt')
  assert.equal(valuesOf(await repaired.index.get(testId('meanwhile.txt'))).name, 'meanwhile.txt')
})

test('when no head can be read, opening says so instead of beginning anew', async () => {
  const { index, heads } = await openReplica()
  await index.commit(files(1))
  await assert.rejects(openReplica({ blocks: createMemoryBlocks(), heads }), { code: 'damaged.index' })
  const wrong = testKeys('other')
  await assert.rejects(openReplica({ heads, keys: { ...wrong, feed: testKeys('me').feed } }), {
    code: 'damaged.index',
  })
})

test('heads written apart, as after a restored backup, are merged on opening', async () => {
  const blocks = createMemoryBlocks()
  const [kept, restored] = [createMemoryHeads(), createMemoryHeads()]
  const first = await openReplica({ blocks, heads: kept })
  await first.index.commit(files(10))
  await restored.put(testKeys('me').feed, headOf(first))
  await first.index.commit([fileChange('kept.txt')])
  const second = await openReplica({ blocks, heads: restored, name: 'b' })
  await second.index.commit([fileChange('restored.txt')])
  await second.index.commit([fileChange('restored too.txt')])
  for (const head of await restored.get(testKeys('me').feed)) await kept.put(testKeys('me').feed, head)
  const both = await openReplica({ blocks, heads: kept })
  assert.deepEqual([headOf(both).count, headOf(both).parents.length], [13, 2])
  assert.deepEqual(both.faults, [])
  const again = await openReplica({ blocks, heads: kept })
  assert.ok(headOf(again).cid.equals(headOf(both).cid), 'once')
})

test('a forged head in the store is told and not taken', async () => {
  const { index, heads, blocks } = await openReplica()
  await index.commit(files(3))
  const feed = testKeys('me').feed
  await heads.put(feed, { cid: cidOfDigest(rawCodec, testDigest('nothing')), sequence: 99 })
  const signer = { did: 'did:test:thief', sign: () => new Uint8Array(64), verify: () => true }
  const forged = await openReplica({ blocks, signer })
  await forged.index.commit(files(5))
  await heads.put(feed, { cid: headOf(forged).cid, sequence: 98 })
  const reopened = await openReplica({ blocks, heads })
  assert.equal(headOf(reopened).count, 3)
  assert.deepEqual(
    reopened.faults.map(({ code }) => code),
    ['missing.block', 'refused.signature'],
  )
})

test('a head in a place that no history reaches is told, and leaves room for the next commit', async () => {
  const { index, heads, blocks } = await openReplica()
  await index.commit(files(3))
  await heads.put(testKeys('me').feed, {
    cid: cidOfDigest(rawCodec, testDigest('far')),
    sequence: Number.MAX_SAFE_INTEGER,
  })
  const reopened = await openReplica({ blocks, heads })
  assert.deepEqual(
    reopened.faults.map(({ code }) => code),
    ['damaged.head'],
  )
  assert.equal((await reopened.index.commit(files(1, 9))).sequence, 2)
})

test('AQ-QINDEX-8, AQ-QINDEX-9: a changed block is never read as a record: it is refused and reported', async () => {
  const blocks = createFaultyBlocks()
  const { index, heads } = await openReplica({ blocks })
  const put = await added(blocks, () => index.commit(files(300)))
  for (const cid of put) {
    const good = (await blocks.get(cid)) as Uint8Array
    const changed = good.slice()
    changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1
    // A store that does not check its blocks: what the index itself verifies.
    const careless = {
      ...blocks,
      get: async (other: Cid) => (other.equals(cid) ? changed : blocks.get(other)),
    }
    const faults: Fault[] = []
    try {
      const reopened = await openReplica({ blocks: careless, heads })
      await reopened.index.verify((fault) => faults.push(fault))
    } catch (error) {
      faults.push(error as Fault)
    }
    assert.ok(faults.length > 0, cid.toString())
  }
})

test('verify tells which records a damaged part holds; all others still read', async () => {
  const blocks = createFaultyBlocks()
  const { index, heads } = await openReplica({ blocks })
  await index.commit(files(1000))
  const touched = await added(blocks, () =>
    index.commit([{ id: testId(7), kind: 'file', set: { note: 'new' } }]),
  )
  const [leaf] = touched as [Cid]
  const own = createFaultyBlocks(blocks)
  own.lose(leaf)
  const damaged = await openReplica({ blocks: own, heads })
  assert.deepEqual(damaged.faults, [])
  const faults: Fault[] = []
  const result = await damaged.index.verify((fault) => faults.push(fault))
  assert.equal(faults.length, 1)
  const { prefix, records, ids, cid } = (faults[0] as Fault).data as {
    prefix: string
    records: number
    ids: string[]
    cid: string
  }
  assert.equal(cid, leaf.toString())
  assert.equal(records, ids.length)
  assert.ok(ids.includes(toHex(testId(7))) && ids.every((id) => id.startsWith(prefix)))
  assert.deepEqual([result.records, result.faults], [1000 - records, 1])
  await assert.rejects(damaged.index.get(testId(7)), { code: 'missing.block' })
  const lost = new Set(ids)
  for (let i = 0; i < 1000; i += 1) {
    if (!lost.has(toHex(testId(i))))
      assert.equal(valuesOf(await damaged.index.get(testId(i))).name, `file ${i}.txt`)
  }
  await assert.rejects(collect(damaged.index.records()), { code: 'missing.block' })
  const told: Fault[] = []
  const rest = await collect(damaged.index.records({ onFault: (fault) => told.push(fault) }))
  assert.deepEqual([rest.length, told.length], [1000 - records, 1])
  await assert.rejects(collect(damaged.index.changesSince(undefined)), { code: 'missing.block' })
  const whole = fromHex(
    [...Array(256).keys()]
      .map((i) => i.toString(16).padStart(2, '0'))
      .find((byte) => !byte.startsWith(prefix.slice(0, 2))) as string,
  )
  const id = testId('elsewhere')
  id.set(whole)
  await damaged.index.commit([fileChange('elsewhere.txt', { id })])
  await assert.rejects(damaged.index.commit([{ id: testId(7), kind: 'file', set: { note: 'x' } }]), {
    code: 'missing.block',
  })
  assert.equal(headOf(damaged).count, 1001)
})

test('verify tells of holes in the history, false signatures and batches that are gone', async () => {
  const blocks = createFaultyBlocks()
  const { index, heads } = await openReplica({ blocks })
  const [list] = (await added(blocks, () => index.commit([], { batch: [testDigest(1)] }))) as [Cid]
  const lostCommit = (await index.commit(files(1))).cid
  await index.commit(files(2))
  const own = createFaultyBlocks(blocks)
  own.lose(list)
  const first = await openReplica({ blocks: own, heads })
  const faults: Fault[] = []
  await first.index.verify((fault) => faults.push(fault))
  assert.deepEqual(
    faults.map(({ code, data }) => [code, data.cid]),
    [['missing.block', list.toString()]],
  )
  const holed = createFaultyBlocks(blocks)
  holed.lose(lostCommit)
  const second = await openReplica({ blocks: holed, heads })
  faults.length = 0
  const { commits, records } = await second.index.verify((fault) => faults.push(fault))
  assert.deepEqual([commits, records], [3, 2], 'a merge leads around the hole to what was before it')
  assert.deepEqual(
    faults.map(({ code, data }) => [code, data.cid]),
    [['missing.block', lostCommit.toString()]],
  )
  await assert.rejects(
    collect(second.index.reachable()),
    { code: 'missing.block' },
    'no collection beside a hole unasked',
  )
  const cids = await collect(second.index.reachable({ onFault: () => {} }))
  assert.ok(
    cids.some((cid) => cid.equals(lostCommit)),
    'and the hole itself is never given away',
  )
  const doubting = await openReplica({ blocks, heads })
  const limited = await doubting.index.verify((fault) => assert.fail(fault), { commitsMax: 2 })
  assert.equal(limited.commits, 2)
})

test('verification stops when asked to', async () => {
  const { index } = await openReplica()
  await index.commit(files(100))
  const controller = new AbortController()
  controller.abort()
  await assert.rejects(
    index.verify(() => {}, { signal: controller.signal }),
    { name: 'AbortError' },
  )
})
