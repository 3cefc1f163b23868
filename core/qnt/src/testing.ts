import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cid, cborCodec, cidKey, digestOf, rawCodec } from '@anarq/ipld'
import { cidOf } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import type { Block, BlockClass, Blocks } from './blocks.ts'

/** A store to be tried: empty when it opens, gone when it closes. */
export type OpenBlocks = () => Promise<{ readonly blocks: Blocks; close(): Promise<void> }>

/** The tests that every implementation of `Blocks` passes. Call it at the top of a test file. */
export function testBlocks(name: string, open: OpenBlocks): void {
  testOneBlock(name, open)
  testManyBlocks(name, open)
  testRefusals(name, open)
}

function testOneBlock(name: string, open: OpenBlocks): void {
  test(`${name}: a block is there at once, after a flush, and under its own CID only`, async () => {
    await use(open, async (blocks) => {
      const [one, other] = blocksFrom(1, [100, 100])
      assert.equal(await blocks.has(one.cid), false)
      assert.equal(await blocks.get(one.cid), undefined, 'what is unknown is undefined')
      await blocks.put([one], 'data')
      assert.equal(await blocks.has(one.cid), true)
      assert.deepEqual(plain(await blocks.get(one.cid)), one.bytes)
      await blocks.flush()
      assert.deepEqual(plain(await blocks.get(one.cid)), one.bytes)
      assert.equal(await blocks.has(other.cid), false)
    })
  })

  test(`${name}: AQ-QINDEX-6: the CID recomputed from what comes back is the CID asked for`, async () => {
    await use(open, async (blocks) => {
      const put = [...blocksFrom(2, [0, 1, 4096, 70_000]), ...blocksFrom(3, [300], cborCodec)]
      await blocks.put(put, 'meta')
      for (const { cid } of put) {
        const bytes = await blocks.get(cid)
        assert.ok(bytes !== undefined)
        assert.ok(cidOf(cid.code === rawCodec ? rawCodec : cborCodec, bytes).equals(cid))
      }
    })
  })

  test(`${name}: a block of no bytes and a block of 8 MiB come back whole`, async () => {
    await use(open, async (blocks) => {
      const large = new Uint8Array(8 * 1024 * 1024)
      large.set(createSeededRandom(4).bytes(4096), 5_000_000)
      for (const bytes of [new Uint8Array(0), large]) {
        const block = { cid: cidOf(rawCodec, bytes), bytes }
        await blocks.put([block], 'data')
        await blocks.flush()
        assert.equal(await blocks.has(block.cid), true)
        const back = await blocks.get(block.cid)
        assert.ok(back !== undefined && Buffer.compare(back, bytes) === 0)
      }
    })
  })

  test(`${name}: bytes given or received are the caller's to change`, async () => {
    await use(open, async (blocks) => {
      const [block] = blocksFrom(5, [1000])
      const original = block.bytes.slice()
      await blocks.put([block], 'data')
      block.bytes.fill(0)
      const first = await blocks.get(block.cid)
      assert.deepEqual(plain(first), original)
      first?.fill(0xff)
      assert.deepEqual(plain(await blocks.get(block.cid)), original)
      await blocks.flush()
      assert.deepEqual(plain(await blocks.get(block.cid)), original)
    })
  })
}

function testManyBlocks(name: string, open: OpenBlocks): void {
  test(`${name}: many blocks of many sizes are listed once each, with size and class`, async () => {
    await use(open, async (blocks) => {
      const sizes = Array.from({ length: 300 }, (_, at) => (at * 37) % 5000)
      const data = distinct(blocksFrom(6, sizes))
      const meta = distinct(blocksFrom(7, [11, 500, 2500, 60_000]))
      await blocks.put(data, 'data')
      await blocks.put(meta, 'meta')
      await blocks.put([], 'data')
      const expected = new Map<string, string>()
      for (const block of data) expected.set(keyOf(block.cid), `data ${block.bytes.length}`)
      for (const block of meta) expected.set(keyOf(block.cid), `meta ${block.bytes.length}`)
      assert.deepEqual(await listed(blocks), expected)
      await blocks.flush()
      assert.deepEqual(await listed(blocks), expected)
      for (const { cid, bytes } of [...data, ...meta]) assert.deepEqual(plain(await blocks.get(cid)), bytes)
    })
  })

  test(`${name}: a known block is skipped, within one call and between calls`, async () => {
    await use(open, async (blocks) => {
      const [one, other] = blocksFrom(8, [400, 400])
      await blocks.put([one, other, one], 'data')
      await blocks.put([other, one], 'data')
      await blocks.flush()
      await blocks.put([one], 'data')
      assert.equal((await listed(blocks)).size, 2)
      assert.deepEqual(plain(await blocks.get(one.cid)), one.bytes)
    })
  })

  test(`${name}: puts, gets and flushes at the same time do not mix up blocks`, async () => {
    await use(open, async (blocks) => {
      const groups = Array.from({ length: 12 }, (_, at) => blocksFrom(100 + at, [10 + at, 3000, 9000 + at]))
      await Promise.all(
        groups.map(async (group, at) => {
          await blocks.put(group, at % 3 === 0 ? 'meta' : 'data')
          if (at % 4 === 0) await blocks.flush()
          for (const { cid, bytes } of group) assert.deepEqual(plain(await blocks.get(cid)), bytes)
        }),
      )
      await blocks.flush()
      for (const { cid, bytes } of groups.flat()) assert.deepEqual(plain(await blocks.get(cid)), bytes)
    })
  })

  test(`${name}: what is deleted is gone, the rest stays, and it can be put again`, async () => {
    await use(open, async (blocks) => {
      const [gone, kept, fresh] = blocksFrom(9, [700, 700, 700])
      await blocks.put([gone, kept, fresh], 'data')
      await blocks.flush()
      await blocks.delete([gone.cid, fresh.cid])
      await blocks.delete([gone.cid])
      await blocks.delete([])
      assert.equal(await blocks.has(gone.cid), false)
      assert.equal(await blocks.get(gone.cid), undefined)
      assert.deepEqual([...(await listed(blocks)).keys()], [keyOf(kept.cid)])
      await blocks.put([gone], 'data')
      await blocks.flush()
      assert.deepEqual(plain(await blocks.get(gone.cid)), gone.bytes)
      assert.deepEqual(plain(await blocks.get(kept.cid)), kept.bytes)
      assert.equal(await blocks.has(fresh.cid), false)
    })
  })
}

function testRefusals(name: string, open: OpenBlocks): void {
  test(`${name}: bytes under a CID that is not theirs are refused and not stored`, async () => {
    await use(open, async (blocks) => {
      const [one, other] = blocksFrom(10, [256, 256])
      const changed = one.bytes.slice()
      changed[17] = (changed[17] as number) ^ 1
      for (const bytes of [changed, other.bytes, one.bytes.subarray(1), new Uint8Array(0)]) {
        await assert.rejects(blocks.put([{ cid: one.cid, bytes }], 'data'), { code: 'invalid.block' })
        assert.equal(await blocks.has(one.cid), false)
      }
      await blocks.put([one], 'data')
      assert.deepEqual(plain(await blocks.get(one.cid)), one.bytes, 'the true bytes are taken afterwards')
    })
  })
}

async function use(open: OpenBlocks, act: (blocks: Blocks) => Promise<void>): Promise<void> {
  const { blocks, close } = await open()
  try {
    await act(blocks)
  } finally {
    await close()
  }
}

type Some<T> = [T, T, T, ...T[]]

/** At least three are there, so that tests can name them. */
function blocksFrom(
  seed: number,
  sizes: readonly number[],
  codec: typeof rawCodec | typeof cborCodec = rawCodec,
): Some<Block> {
  const random = createSeededRandom(seed)
  const blocks = sizes.map((size) => {
    const bytes = random.bytes(size)
    return { cid: cidOf(codec, bytes), bytes }
  })
  return blocks as unknown as Some<Block>
}

function distinct(blocks: readonly Block[]): Block[] {
  return [...new Map(blocks.map((block) => [keyOf(block.cid), block])).values()]
}

async function listed(blocks: Blocks): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { cid, bytes, blockClass } of blocks.list()) {
    assert.ok(!found.has(keyOf(cid)), 'a block is listed once')
    found.set(keyOf(cid), `${blockClass satisfies BlockClass} ${bytes}`)
  }
  return found
}

function keyOf(cid: Cid): string {
  return cidKey(digestOf(cid))
}

/** A store may hand out Node's `Buffer`; `deepEqual` would tell it from its own bytes. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes)
}
