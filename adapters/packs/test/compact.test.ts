import assert from 'node:assert/strict'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { digestOf } from '@anarq/ipld'
import type { Block } from '@anarq/qnt'
import { feedOf, made, spoil, withStore } from './made.ts'

const smallPacks = { limits: { packBytesMax: 20_000 } }

function isOneOf(blocks: readonly Block[]): (digest: Uint8Array) => boolean {
  return (digest) => blocks.some(({ cid }) => equalBytes(digestOf(cid), digest))
}

test('compaction deletes what is not live, gives its space back, and keeps the rest', async () => {
  await withStore(async (store) => {
    const data = Array.from({ length: 100 }, (_, at) => made(at, 1000))
    const meta = Array.from({ length: 30 }, (_, at) => made(1000 + at, 1000))
    await store.packs.blocks.put(data, 'data')
    await store.packs.blocks.put(meta, 'meta')
    await store.packs.heads.put(feedOf(1), { cid: made(1000).cid, sequence: 1 })
    const before = await store.packs.stats()
    const live = [...data.filter((_, at) => at % 5 === 0), ...meta.slice(0, 4)]
    const progress: string[] = []
    const result = await store.packs.compact(isOneOf(live), undefined, ({ stage }) => progress.push(stage))
    assert.equal(result.deletedBlocks, 130 - live.length)
    const after = await store.packs.stats()
    assert.equal(after.blocks, live.length)
    assert.ok(
      after.fileBytes < before.fileBytes / 3,
      `${after.fileBytes} of ${before.fileBytes} bytes are left`,
    )
    assert.deepEqual([...new Set(progress)], ['sweep', 'copy', 'remove'])
    const check = async (): Promise<void> => {
      for (const { cid, bytes } of live) assert.deepEqual(await store.packs.blocks.get(cid), bytes)
      assert.equal(await store.packs.blocks.has(made(1).cid), false)
      assert.deepEqual(await store.packs.heads.get(feedOf(1)), [{ cid: made(1000).cid, sequence: 1 }])
    }
    await check()
    await store.reopen()
    await check()
    await store.packs.close()
    await rm(join(store.directory, 'blocks.db'))
    await store.reopen()
    await check()
  }, smallPacks)
})

test('compaction leaves packs alone that are mostly alive', async () => {
  await withStore(async (store) => {
    const data = Array.from({ length: 50 }, (_, at) => made(at, 1000))
    await store.packs.blocks.put(data, 'data')
    const names = await readdir(store.directory)
    const result = await store.packs.compact(isOneOf(data.filter((_, at) => at % 4 !== 0)))
    assert.equal(result.removedPacks, 0)
    assert.deepEqual(await readdir(store.directory), names)
  }, smallPacks)
})

test('what is put after a sweep began is kept, even where it was known and dead', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1, 9000), made(2, 9000), made(3, 9000)], 'data')
    store.packs.beginSweep()
    await store.packs.blocks.put([made(1, 9000), made(4)], 'data')
    await store.packs.compact(() => false)
    assert.equal((await store.packs.stats()).blocks, 2)
    assert.deepEqual(await store.packs.blocks.get(made(1, 9000).cid), made(1, 9000).bytes)
    await store.packs.compact(() => false)
    assert.equal((await store.packs.stats()).blocks, 0, 'the next sweep starts afresh')
  }, smallPacks)
})

test('reads and writes go on during a compaction, and a second one is refused', async () => {
  await withStore(async (store) => {
    const data = Array.from({ length: 120 }, (_, at) => made(at, 1000))
    await store.packs.blocks.put(data, 'data')
    const live = data.filter((_, at) => at % 3 === 0)
    const compacting = store.packs.compact(isOneOf(live))
    await assert.rejects(
      store.packs.compact(() => true),
      { code: 'busy.compact' },
    )
    const fresh = Array.from({ length: 30 }, (_, at) => made(5000 + at, 1000))
    for (const block of fresh) {
      await store.packs.blocks.put([block], 'data')
      for (const { cid, bytes } of live.slice(0, 5))
        assert.deepEqual(await store.packs.blocks.get(cid), bytes)
    }
    await compacting
    for (const { cid, bytes } of [...live, ...fresh])
      assert.deepEqual(await store.packs.blocks.get(cid), bytes)
  }, smallPacks)
})

test('a damaged block does not stop a compaction, and is still reported as damaged afterwards', async () => {
  await withStore(async (store) => {
    const data = Array.from({ length: 15 }, (_, at) => made(at, 1000))
    const meta = [made(100, 1000), made(101, 9000)]
    await store.packs.blocks.put(data, 'data')
    await store.packs.blocks.put(meta, 'meta')
    await store.packs.blocks.flush()
    await spoil(join(store.directory, 'data-000001.pack'), made(1, 1000).bytes)
    await spoil(join(store.directory, 'meta-a-000001.pack'), made(100, 1000).bytes)
    const result = await store.packs.compact(isOneOf([data[1]!, data[2]!, meta[0]!]))
    assert.equal(result.removedPacks, 3)
    assert.deepEqual(await store.packs.blocks.get(data[2]!.cid), data[2]!.bytes)
    assert.deepEqual(await store.packs.blocks.get(meta[0]!.cid), meta[0]!.bytes)
    await assert.rejects(store.packs.blocks.get(data[1]!.cid), { code: 'damaged.block' })
  }, smallPacks)
})

test('what is dead at the end of a pack is cut off, and what is put meanwhile is kept', async () => {
  await withStore(async (store) => {
    const live = Array.from({ length: 30 }, (_, at) => made(at, 9000))
    const dead = Array.from({ length: 20 }, (_, at) => made(100 + at, 9000))
    const pack = join(store.directory, 'data-000001.pack')
    await store.packs.blocks.put([...live, ...dead], 'data')
    await store.packs.blocks.flush()
    const { freedBytes, copiedBytes, removedPacks } = await store.packs.compact(isOneOf(live))
    assert.ok(freedBytes > 170_000, `${freedBytes} bytes`)
    assert.deepEqual([copiedBytes, removedPacks], [0, 0])
    const { size } = await stat(pack)

    // Once more, with what comes while it is cut.
    await store.packs.blocks.put(dead, 'data')
    await store.packs.blocks.flush()
    store.packs.beginSweep()
    const meanwhile: Block[] = []
    let isOver = false
    const putting = (async () => {
      for (let at = 0; !isOver; at += 1) {
        await store.packs.blocks.put([made(200 + at, 200)], 'data')
        meanwhile.push(made(200 + at, 200))
      }
    })()
    await store.packs.compact(isOneOf(live))
    isOver = true
    await putting
    const check = async (): Promise<void> => {
      for (const { cid, bytes } of [...live, ...meanwhile])
        assert.deepEqual(await store.packs.blocks.get(cid), bytes)
      assert.equal(await store.packs.blocks.has((dead[19] as Block).cid), false)
    }
    await check()
    await store.reopen()
    await check()
    assert.equal((await stat(pack)).size, size)
    await store.packs.close()
    await rm(join(store.directory, 'blocks.db'))
    await store.reopen()
    for (const { cid, bytes } of [...live, ...meanwhile])
      assert.deepEqual(await store.packs.blocks.get(cid), bytes)
    assert.deepEqual(
      store.faults.map(({ code }) => code),
      ['damaged.index'],
    )
  })
})

test('a compaction that is given up loses nothing', async () => {
  await withStore(async (store) => {
    const data = Array.from({ length: 100 }, (_, at) => made(at, 1000))
    await store.packs.blocks.put(data, 'data')
    const live = data.filter((_, at) => at % 5 === 0)
    for (const stage of ['sweep', 'copy', 'remove']) {
      const abort = new AbortController()
      const giveUp = (progress: { stage: string }): void => {
        if (progress.stage === stage) abort.abort()
      }
      await store.packs.compact(isOneOf(live), abort.signal, giveUp).catch(() => {})
      for (const { cid, bytes } of live) assert.deepEqual(await store.packs.blocks.get(cid), bytes)
      await store.reopen()
      for (const { cid, bytes } of live) assert.deepEqual(await store.packs.blocks.get(cid), bytes)
    }
  }, smallPacks)
})
