import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import { encodeRecord } from '@anarq/qindex'
import { testDevice, testId, testRecord } from '@anarq/qindex/testing'
import { hashBlake3 } from '@anarq/qlock'
import { type Blocks, createMemoryBlocks } from '@anarq/qnt'
import fc from 'fast-check'
import {
  decodeNode,
  encodeInner,
  encodeLeaf,
  isLeafSized,
  leafBytesMax,
  leafRecordsMax,
  type NodeRef,
} from '../src/trie/node.ts'
import { createNodeStore, type NodeStore } from '../src/trie/node-store.ts'
import { idOfEncoded, type Patch, piecesOf, recordsIn } from '../src/trie/packed.ts'
import { joinEncoded, joinTries, resealTrie, updateTrie } from '../src/trie/trie.ts'
import { diffTries, findRecord, walkRefs, walkTrie } from '../src/trie/trie-walk.ts'
import { createFaultyBlocks } from './replica.ts'

type Shelf = { store: NodeStore; secret: Uint8Array; blocks: Blocks }
type Write = { id: number; ms: number; value: number; device: number; size: number }

const secret = hashBlake3(new Uint8Array(1))
const write: fc.Arbitrary<Write> = fc.record({
  id: fc.oneof(fc.nat(20), fc.nat(400)),
  ms: fc.nat(5),
  value: fc.nat(3),
  device: fc.nat(2),
  size: fc.constantFrom(0, 0, 0, 200, 60_000),
})

/** Ids that lie close together, so that small sets reach deep into the trie. */
function idOf(number: number): Uint8Array {
  const id = testId(number)
  id.set([0xaa, 0xbb, number % 3 === 0 ? 0xcc : (id[2] as number)].slice(0, number % 2 === 0 ? 3 : 0))
  return id
}

function encodedOf({ id, ms, value, device, size }: Write): Uint8Array {
  const set = { name: `${value}`, words: 'x'.repeat(size) }
  return encodeRecord(testRecord({ id: idOf(id), kind: 'file', set }, ms, testDevice(device)))
}

function openShelf(blocks: Blocks = createMemoryBlocks(), cacheBytesMax = 200_000): Shelf {
  return { store: createNodeStore({ blocks, cacheBytesMax }), secret, blocks }
}

async function commit(
  { store, secret: key }: Shelf,
  root: NodeRef | undefined,
  records: readonly Uint8Array[],
) {
  const joined = new Map<string, Uint8Array>()
  for (const record of records) {
    const key = toHex(idOfEncoded(record))
    const before = joined.get(key)
    joined.set(key, before === undefined ? record : joinEncoded(before, record))
  }
  const patches: Patch[] = [...joined]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, record]) => ({
      id: idOfEncoded(record),
      onto: (before) => (before === undefined ? record : joinEncoded(before, record)),
    }))
  const writer = store.writer(key)
  const after = await updateTrie({ reader: store, writer }, root, patches)
  await writer.finish()
  return after
}

async function join({ store, secret: key }: Shelf, a: NodeRef | undefined, b: NodeRef | undefined) {
  const writer = store.writer(key)
  const joined = await joinTries({ reader: store, writer }, a, b)
  await writer.finish()
  return joined
}

async function contentOf({ store }: Shelf, root: NodeRef | undefined): Promise<string[]> {
  const all: string[] = []
  for await (const { records } of walkTrie(store, root))
    for (const record of recordsIn(records)) all.push(toHex(record))
  return all
}

function nameOf(root: NodeRef | undefined): string {
  return root === undefined ? '' : toHex(root.digest)
}

test('the trie and its root depend on the records alone, not on the order or the batches they came in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 150 }),
      fc.nat(40),
      fc.nat(),
      async (writes, batch, turn) => {
        const records = writes.map(encodedOf)
        const shelf = openShelf()
        const atOnce = await commit(shelf, undefined, records)
        const turned = [
          ...records.slice(turn % (records.length + 1)),
          ...records.slice(0, turn % (records.length + 1)),
        ].reverse()
        let root: NodeRef | undefined
        for (let i = 0; i < turned.length; i += batch + 1)
          root = await commit(shelf, root, turned.slice(i, i + batch + 1))
        assert.equal(nameOf(root), nameOf(atOnce))
        const model = new Map<string, Uint8Array>()
        for (const record of records) {
          const id = toHex(idOfEncoded(record))
          const before = model.get(id)
          model.set(id, before === undefined ? record : joinEncoded(before, record))
        }
        const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => toHex(record))
        assert.deepEqual(await contentOf(shelf, root), expected)
        assert.deepEqual(
          [root?.count ?? 0, root?.bytes ?? 0],
          [expected.length, expected.join('').length / 2],
        )
        for (const [id, record] of model) {
          assert.deepEqual(await findRecord(shelf.store, root, Uint8Array.fromHex(id)), record)
        }
        assert.equal(await findRecord(shelf.store, root, testId('not there')), undefined)
      },
    ),
    { numRuns: 40 },
  )
})

test('joining tries is commutative, associative, idempotent, and the same as writing all into one', async () => {
  const writes = fc.array(write, { maxLength: 120 })
  await fc.assert(
    fc.asyncProperty(writes, writes, writes, async (wa, wb, wc) => {
      const shelf = openShelf()
      const [a, b, c] = await Promise.all(
        [wa, wb, wc].map((some) => commit(shelf, undefined, some.map(encodedOf))),
      )
      const ab = await join(shelf, a, b)
      assert.equal(nameOf(ab), nameOf(await join(shelf, b, a)))
      const abc = await join(shelf, ab, c)
      assert.equal(nameOf(abc), nameOf(await join(shelf, a, await join(shelf, b, c))))
      assert.equal(await join(shelf, a, a), a)
      assert.equal(nameOf(await join(shelf, abc, b)), nameOf(abc))
      const all = await commit(shelf, undefined, [...wa, ...wb, ...wc].map(encodedOf))
      assert.equal(nameOf(abc), nameOf(all))
    }),
    { numRuns: 25 },
  )
})

test('the difference of two tries is the records that are not the same, and nothing shared is read', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 120 }),
      fc.array(write, { maxLength: 60 }),
      async (wa, wb) => {
        const shelf = openShelf()
        const a = await commit(shelf, undefined, wa.map(encodedOf))
        for (const b of [
          await commit(shelf, a, wb.map(encodedOf)),
          await commit(shelf, undefined, wb.map(encodedOf)),
        ]) {
          const before = new Set(await contentOf(shelf, a))
          const expected = (await contentOf(shelf, b)).filter((record) => !before.has(record))
          const found: string[] = []
          for await (const records of diffTries(shelf.store, a, b))
            found.push(...records.map((record) => toHex(record)))
          assert.deepEqual(found, expected)
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('one write into many records writes one path, and its difference reads one path', async () => {
  const blocks = createFaultyBlocks()
  const shelf = openShelf(blocks, 0)
  const records = Array.from({ length: 5000 }, (_, i) =>
    encodeRecord(testRecord({ id: testId(i), kind: 'file', set: { name: `${i}` } })),
  )
  const before = await commit(shelf, undefined, records)
  const stored = blocks.puts.length
  const changed = encodeRecord(testRecord({ id: testId(7), kind: 'file', set: { name: 'changed' } }, 2))
  const after = await commit(shelf, before, [changed])
  assert.ok(blocks.puts.length - stored <= 4, `${blocks.puts.length - stored} blocks`)
  let reads = 0
  const counting = {
    read: (ref: NodeRef) => {
      reads += 1
      return shelf.store.read(ref)
    },
  }
  const found: Uint8Array[] = []
  for await (const some of diffTries(counting, before, after)) found.push(...some)
  assert.deepEqual(found, [changed])
  assert.ok(reads <= 8, `${reads} reads`)
  const refs: NodeRef[] = []
  for await (const ref of walkRefs(shelf.store, after, before)) refs.push(ref)
  assert.equal(refs.length, blocks.puts.length - stored)
})

test('a subtree that comes to fit into a leaf is one, and splits again when it no longer does', async () => {
  const shelf = openShelf()
  const large = [0, 2, 4, 6, 8, 10].map((id) => encodedOf({ id, ms: 1, value: 0, device: 0, size: 60_000 }))
  const small = [0, 2].map((id) => encodedOf({ id, ms: 2, value: 0, device: 0, size: 0 }))
  const wide = await commit(shelf, undefined, large)
  assert.ok((wide?.bytes ?? 0) > leafBytesMax)
  assert.equal((await shelf.store.read(wide as NodeRef)).kind, 'inner')
  const narrow = await commit(shelf, wide, small)
  assert.equal((await shelf.store.read(narrow as NodeRef)).kind, 'leaf')
  assert.equal(nameOf(narrow), nameOf(await commit(shelf, undefined, [...small, ...large])))
  const again = await commit(
    shelf,
    narrow,
    [0, 2].map((id) => encodedOf({ id, ms: 3, value: 0, device: 0, size: 60_000 })),
  )
  assert.equal((await shelf.store.read(again as NodeRef)).kind, 'inner')
})

test('under another secret the records are the same and no block is', async () => {
  const shelf = openShelf()
  const root = await commit(
    shelf,
    undefined,
    Array.from({ length: 300 }, (_, id) => encodedOf({ id, ms: 1, value: 1, device: 0, size: 9 })),
  )
  const other = { ...shelf, secret: hashBlake3(new Uint8Array(2)) }
  const writer = other.store.writer(other.secret)
  const resealed = await resealTrie({ reader: other.store, writer }, root as NodeRef)
  await writer.finish()
  assert.deepEqual(await contentOf(other, resealed), await contentOf(shelf, root))
  const names = new Set<string>()
  for await (const ref of walkRefs(shelf.store, root, undefined)) names.add(toHex(ref.digest))
  for await (const ref of walkRefs(shelf.store, resealed, undefined))
    assert.equal(names.has(toHex(ref.digest)), false)
})

test('a node that is not what its parent says is refused', async () => {
  const one = encodedOf({ id: 1, ms: 1, value: 1, device: 0, size: 0 })
  const two = encodedOf({ id: 2, ms: 1, value: 1, device: 0, size: 0 })
  const sorted = [one, two].sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1))
  const ref = (count: number, bytes: number): NodeRef => ({ digest: secret, key: secret, count, bytes })
  const both = encodeLeaf(piecesOf(sorted))
  const size = one.length + two.length
  assert.equal(decodeNode(both, ref(2, size)).kind, 'leaf')
  const refused: [string, Uint8Array, NodeRef][] = [
    ['another count', both, ref(3, size)],
    ['other bytes', both, ref(2, size + 1)],
    ['records out of order', encodeLeaf(piecesOf(sorted.toReversed())), ref(2, size)],
    ['a record twice', encodeLeaf(piecesOf([one, one])), ref(2, 2 * one.length)],
    ['cut', both.subarray(0, both.length - 1), ref(2, size)],
    ['nothing', new Uint8Array(), ref(2, size)],
    ['no record', encodeLeaf(piecesOf([new Uint8Array(40)])), ref(1, 40)],
    [
      'an inner node where a leaf belongs',
      encodeInner({ kind: 'inner', children: [ref(2, size)] }),
      ref(2, size),
    ],
  ]
  for (const [what, bytes, parent] of refused) {
    assert.throws(() => decodeNode(bytes, parent), { code: 'damaged.index' }, what)
  }
  fc.assert(
    fc.property(fc.nat(both.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = both.slice()
      changed[at] = (changed[at] as number) ^ flip
      try {
        const node = decodeNode(changed, ref(2, size))
        assert.equal(node.kind, 'leaf')
      } catch (error) {
        assert.equal((error as { code: string }).code, 'damaged.index')
      }
    }),
  )
})

test('a lost, changed or foreign node is told apart, by its CID', async () => {
  const blocks = createFaultyBlocks()
  const shelf = openShelf(blocks, 0)
  const root = (await commit(shelf, undefined, [
    encodedOf({ id: 1, ms: 1, value: 1, device: 0, size: 0 }),
  ])) as NodeRef
  const cid = cidOfDigest(rawCodec, root.digest)
  await assert.rejects(shelf.store.read({ ...root, key: secret }), {
    code: 'damaged.block',
    data: { cid: cid.toString() },
  })
  blocks.lose(cid)
  await assert.rejects(shelf.store.read(root), { code: 'missing.block', data: { cid: cid.toString() } })
})

test('AQ-QINDEX-13: nodes in memory stay within their limit', async () => {
  const blocks = createFaultyBlocks()
  let gets = 0
  const counting: Blocks = {
    ...blocks,
    get(cid) {
      gets += 1
      return blocks.get(cid)
    },
  }
  const small = openShelf(counting, 20_000)
  const records = Array.from({ length: 2000 }, (_, id) =>
    encodeRecord(testRecord({ id: testId(id), kind: 'file', set: { name: `${id}` } })),
  )
  const root = await commit(small, undefined, records)
  for (let i = 0; i < 300; i += 1) await findRecord(small.store, root, testId(i))
  assert.ok(gets > 100, 'a small memory forgets')
  const large = openShelf(counting, 10_000_000)
  for (let i = 0; i < 300; i += 1) await findRecord(large.store, root, testId(i))
  gets = 0
  for (let i = 0; i < 300; i += 1) await findRecord(large.store, root, testId(i))
  assert.equal(gets, 0, 'a large one does not')
})

test('leaves hold at most 48 records', () => {
  assert.equal(isLeafSized(leafRecordsMax, 1000), true)
  assert.equal(isLeafSized(leafRecordsMax + 1, 1000), false)
  assert.equal(isLeafSized(2, leafBytesMax + 1), false)
  assert.equal(isLeafSized(1, leafBytesMax + 1), true, 'one record is never split')
})
