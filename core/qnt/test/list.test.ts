import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { cidOfDigest, encodeCbor, rawCodec } from '@anarq/ipld'
import { openChunk, sealChunk } from '@anarq/qlock'
import {
  type Block,
  type Blocks,
  type BodyRef,
  blocksOf,
  type ChunkRef,
  createListBuilder,
  createMemoryBlocks,
  readChunks,
} from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { encodeList, type ListEntry, parseList } from '../src/list.ts'
import { chunkSecret, collect, flipped } from './fixtures.ts'

const sizes = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 16 })

test('every chunk comes back in order and in place, and the sums are those of all blocks', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 2, max: 7 }), async (lengths, entriesMax) => {
      const refs = refsOf(lengths)
      const { body, blocks, emitted } = await build(refs, entriesMax)
      const placed = await collect(readChunks(blocks, body))
      let atByte = 0
      for (const [at, { ref, ...place }] of placed.entries()) {
        assert.equal(place.atByte, atByte)
        assert.deepEqual(ref, { ...refs[at], chunks: 1 })
        atByte += ref.plainBytes
      }
      assert.equal(placed.length, lengths.length)
      assert.equal(body.chunks, lengths.length)
      assert.equal(body.plainBytes, atByte)
      const listBytes = emitted.reduce((sum, { bytes }) => sum + bytes.length, 0)
      assert.equal(
        body.storedBytes,
        refs.reduce((sum, ref) => sum + ref.storedBytes, listBytes),
      )
      assert.equal(body.depth === 0, lengths.length === 1)
    }),
    { numRuns: 60 },
  )
})

test('a range gives exactly the chunks that hold it', async () => {
  const range = fc.tuple(fc.nat(9000), fc.nat(9000))
  await fc.assert(
    fc.asyncProperty(sizes, range, fc.integer({ min: 2, max: 5 }), async (lengths, [a, b], entriesMax) => {
      const [fromByte, toByte] = [Math.min(a, b), Math.max(a, b)]
      const { body, blocks } = await build(refsOf(lengths), entriesMax)
      const all = await collect(readChunks(blocks, body))
      const wanted = all.filter(
        ({ ref, atByte }) => fromByte < toByte && atByte < toByte && atByte + ref.plainBytes > fromByte,
      )
      assert.deepEqual(await collect(readChunks(blocks, body, { fromByte, toByte })), wanted)
    }),
    { numRuns: 60 },
  )
})

test('lists outside the range are not fetched', async () => {
  const { body, blocks } = await build(refsOf(Array.from({ length: 64 }, () => 10)), 4)
  assert.equal(body.depth, 3)
  const fetched: string[] = []
  const counting = {
    get: (cid: Block['cid']) => {
      fetched.push(cid.toString())
      return blocks.get(cid)
    },
  }
  const placed = await collect(readChunks(counting, body, { fromByte: 635, toByte: 640 }))
  assert.deepEqual(
    placed.map(({ atByte }) => atByte),
    [630],
  )
  assert.equal(fetched.length, 3)
})

test('content of 0 bytes, of one chunk, of a full list and of one more has the right depth', async () => {
  const depthOf = async (count: number) => {
    const { body } = await build(refsOf(Array.from({ length: count }, () => 5)), 4)
    return [body.depth, body.chunks]
  }
  assert.deepEqual(await depthOf(0), [0, 0])
  assert.deepEqual(await depthOf(1), [0, 1])
  assert.deepEqual(await depthOf(2), [1, 2])
  assert.deepEqual(await depthOf(4), [1, 4])
  assert.deepEqual(await depthOf(5), [2, 5])
  assert.deepEqual(await depthOf(16), [2, 16])
  assert.deepEqual(await depthOf(17), [3, 17])
})

test('empty content is one sealed empty block, and reading it gives no chunk', async () => {
  const { body, blocks, emitted } = await build([], 4)
  assert.equal(emitted.length, 1)
  const block = await blocks.get(body.cid)
  assert.deepEqual(openChunk(body.key, block as Uint8Array), new Uint8Array(0))
  assert.deepEqual(await collect(readChunks(blocks, body)), [])
  assert.deepEqual(await collect(blocksOf(blocks, { body })), [body.cid])
  const empty = await build([{ ...(refsOf([1])[0] as ChunkRef), plainBytes: 0 }], 4)
  assert.deepEqual([empty.body.chunks, empty.body.plainBytes, empty.emitted.length], [1, 0, 0])
})

test('the same chunks give the same blocks to one owner, and other blocks to another', async () => {
  const refs = refsOf([10, 20, 30])
  const once = await build(refs, 8)
  const twice = await build(refs, 8)
  const elsewhere = await build(refs, 8, new Uint8Array(32).fill(9))
  assert.ok(once.body.cid.equals(twice.body.cid))
  assert.ok(!once.body.cid.equals(elsewhere.body.cid))
})

test('a change in front of 8,000 chunks leaves the lists behind it as they were', async () => {
  const refs = refsOf(Array.from({ length: 8200 }, (_, at) => 1 + (at % 9)))
  const before = await build(refs, 4096)
  const after = await build([...refsOf([77]), ...refs.slice(1)], 4096)
  assert.equal(before.body.depth, 2)
  const old = new Set(before.emitted.map(({ cid }) => cid.toString()))
  assert.equal(after.emitted.filter(({ cid }) => !old.has(cid.toString())).length, 2)
})

test('every block of the body is named, and a list that is named twice is walked once', async () => {
  const { body, blocks, emitted } = await build(refsOf([1, 2, 3, 4, 5]), 2)
  const named = (await collect(blocksOf(blocks, { body }))).map(String)
  const chunks = refsOf([1, 2, 3, 4, 5]).map(({ digest }) => String(cidOfDigest(rawCodec, digest)))
  assert.deepEqual(new Set(named), new Set([...chunks, ...emitted.map(({ cid }) => String(cid))]))
  assert.equal(named[0], String(body.cid))
  const bomb = await listBomb()
  assert.ok((await collect(blocksOf(bomb.blocks, bomb))).length < 5 * 4096)
})

test('AQ-FOUT-4: a list that is missing, changed, or not what its parent says is refused', async () => {
  const { body, blocks, emitted } = await build(refsOf([1, 2, 3, 4, 5]), 2)
  const read = (changed: Partial<BodyRef>, from: Pick<Blocks, 'get'> = blocks) =>
    collect(readChunks(from, { ...body, ...changed }))
  await assert.rejects(read({ key: new Uint8Array(32) }), { code: 'damaged.list' })
  await assert.rejects(read({ depth: 2 }), { code: 'damaged.list' })
  await assert.rejects(read({ depth: 4 }), { code: 'damaged.list' })
  await assert.rejects(read({ plainBytes: 16 }), { code: 'damaged.list' })
  await assert.rejects(read({ storedBytes: body.storedBytes - 1 }), { code: 'damaged.list' })
  await assert.rejects(read({ chunks: 6 }), { code: 'damaged.list' })
  const blind = { get: async (cid: Block['cid']) => flipped((await blocks.get(cid)) as Uint8Array, 60) }
  await assert.rejects(read({}, blind), { code: 'damaged.list' })
  for (const { cid, bytes } of emitted) {
    await blocks.delete([cid])
    await assert.rejects(read({}), { code: 'missing.block' })
    await blocks.put([{ cid, bytes }], 'meta')
  }
  assert.equal((await read({})).length, 5)
})

test('a list whose columns or sums contradict each other is refused', () => {
  const [a, b] = refsOf([3, 4]).map((ref) => ({ ...ref, chunks: 1 })) as [ListEntry, ListEntry]
  const good = {
    list: 1,
    depth: 1,
    plain: 7,
    stored: a.storedBytes + b.storedBytes,
    chunks: 2,
    digests: new Uint8Array(64),
    keys: new Uint8Array(64),
    lengths: [3, 4],
    sizes: [a.storedBytes, b.storedBytes],
  }
  assert.equal(parseList(encodeCbor(good)).entries.length, 2)
  assert.deepEqual(parseList(encodeList(1, [a, b])).plainBytes, 7)
  const bad: Record<string, unknown>[] = [
    { plain: 8 },
    { stored: 1 },
    { chunks: 3 },
    { depth: 0 },
    { depth: 2 },
    { depth: 5 },
    { list: 2 },
    { digests: new Uint8Array(63) },
    { keys: new Uint8Array(96) },
    { lengths: [7] },
    { lengths: [0, 7], plain: 7 },
    { lengths: [-1, 8] },
    { lengths: [], sizes: [], digests: new Uint8Array(0), keys: new Uint8Array(0), plain: 0 },
    { sizes: [a.storedBytes] },
    { sizes: [2 ** 40, 1] },
    { counts: [1, 1] },
    { lengths: [2 ** 53 - 1, 2 ** 53 - 1], plain: 2 ** 53 - 2 },
    { more: 1 },
  ]
  for (const change of bad) {
    assert.throws(() => parseList(encodeCbor({ ...good, ...change })), Fault, JSON.stringify(change))
  }
})

test('a list of more entries than the limit is refused', () => {
  const entries = Array.from({ length: 4097 }, () => ({ ...(refsOf([3])[0] as ChunkRef), chunks: 1 }))
  assert.equal(parseList(encodeList(1, entries.slice(1))).entries.length, 4096)
  assert.throws(() => parseList(encodeList(1, entries)), { code: 'invalid.shape' })
})

test('more chunks than four levels hold, impossible references and late chunks are refused', async () => {
  await build(refsOf(Array.from({ length: 16 }, () => 1)), 2)
  await assert.rejects(build(refsOf(Array.from({ length: 17 }, () => 1)), 2), { code: 'limit.list' })
  const [ref] = refsOf([5]) as [ChunkRef]
  const impossible: Partial<ChunkRef>[] = [
    { digest: new Uint8Array(31) },
    { key: new Uint8Array(0) },
    { plainBytes: -1 },
    { plainBytes: 0.5 },
    { storedBytes: 0 },
    { storedBytes: 2 ** 24 },
  ]
  for (const change of impossible) {
    await assert.rejects(build([{ ...ref, ...change }], 4), { code: 'invalid.chunk' })
  }
  await assert.rejects(build([ref, { ...ref, plainBytes: 0 }], 4), { code: 'invalid.chunk' })
  await assert.rejects(build([{ ...ref, plainBytes: 0 }, ref], 4), { code: 'invalid.chunk' })
  const late = createListBuilder({ chunkSecret, emit: () => {} })
  late.finish()
  assert.throws(() => late.add(ref), { code: 'invalid.chunk' })
  assert.throws(() => late.finish(), { code: 'internal.finished' })
})

test('a range that runs backwards is refused, and an aborted walk stops', async () => {
  const { body, blocks } = await build(refsOf([1, 2, 3]), 2)
  for (const range of [
    { fromByte: 3, toByte: 2 },
    { fromByte: -1 },
    { fromByte: 0.5 },
    { toByte: Number.NaN },
  ]) {
    await assert.rejects(collect(readChunks(blocks, body, range)), { code: 'invalid.range' })
  }
  const signal = AbortSignal.abort()
  await assert.rejects(collect(readChunks(blocks, body, { signal })), { name: 'AbortError' })
})

function refsOf(lengths: readonly number[]): ChunkRef[] {
  return lengths.map((plainBytes, at) => {
    const random = createSeededRandom(at * 1000 + plainBytes)
    return { digest: random.bytes(32), key: random.bytes(32), plainBytes, storedBytes: plainBytes + 50 }
  })
}

async function build(
  refs: readonly ChunkRef[],
  entriesMax: number,
  secret: Uint8Array = chunkSecret,
): Promise<{ body: BodyRef; blocks: Blocks; emitted: Block[] }> {
  const blocks = createMemoryBlocks()
  const emitted: Block[] = []
  const lists = createListBuilder({ chunkSecret: secret, emit: (block) => emitted.push(block), entriesMax })
  for (const ref of refs) lists.add(ref)
  const body = lists.finish()
  await blocks.put(emitted, 'meta')
  return { body, blocks, emitted }
}

/** Three levels of 4,096 references to the same list below: 2^36 chunks in four blocks. */
async function listBomb(): Promise<{ body: BodyRef; blocks: Blocks }> {
  const blocks = createMemoryBlocks()
  let entry: ListEntry = { ...(refsOf([1])[0] as ChunkRef), chunks: 1 }
  for (let depth = 1; depth <= 3; depth += 1) {
    const entries = Array.from({ length: 4096 }, () => entry)
    const { block, digest, key } = sealChunk(chunkSecret, encodeList(depth, entries))
    await blocks.put([{ cid: cidOfDigest(rawCodec, digest), bytes: block }], 'meta')
    entry = {
      digest,
      key,
      plainBytes: entry.plainBytes * 4096,
      storedBytes: entry.storedBytes * 4096 + block.length,
      chunks: entry.chunks * 4096,
    }
  }
  const { digest, ...rest } = entry
  return { body: { ...rest, cid: cidOfDigest(rawCodec, digest), depth: 3 }, blocks }
}
