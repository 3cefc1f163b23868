import assert from 'node:assert/strict'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { cborCodec, digestOf, rawCodec } from '@anarq/ipld'
import * as face from '@anarq/packs'
import { testHeads } from '@anarq/qindex/testing'
import { testBlocks } from '@anarq/qnt/testing'
import { feedOf, made, readFolder, type TestStore, withStore } from './made.ts'

async function openForContract() {
  const closed = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<TestStore>()
  const done = withStore(async (store) => {
    opened.resolve(store)
    await closed.promise
    assert.deepEqual(store.faults, [])
  })
  const store = await opened.promise
  return {
    blocks: store.packs.blocks,
    heads: store.packs.heads,
    async reopen() {
      await store.reopen()
      return store.packs.heads
    },
    async close() {
      closed.resolve()
      await done
    },
  }
}

testBlocks('packs', openForContract)
testHeads('packs', openForContract)

test('many small blocks are read at once as they lie; what is unknown, gone or has no room comes as nothing', async () => {
  await withStore(async (store) => {
    const data = Array.from({ length: 150 }, (_, i) => made(i, 100 + 50 * i))
    const meta = Array.from({ length: 20 }, (_, i) => made(1000 + i, 300, cborCodec))
    await store.packs.blocks.put([...data, made(900, 40_000)], 'data')
    await store.packs.blocks.put(meta, 'meta')
    await store.packs.blocks.put(
      Array.from({ length: 20 }, (_, i) => made(2000 + i)),
      'data',
    )
    const all = [...meta, ...data].toReversed()
    const asked = all.map(({ cid }) => digestOf(cid))
    const room = new Uint8Array(2 * 1024 * 1024)
    const readAll = async () =>
      (await store.packs.blocks.readMany(asked, room)).map((bytes) => bytes?.slice())
    const expected = all.map(({ bytes }) => bytes)
    assert.deepEqual(await readAll(), expected)
    await store.reopen()
    assert.deepEqual(await readAll(), expected)
    await store.packs.blocks.delete([all[3]!.cid])
    const [here, gone, unknown] = await store.packs.blocks.readMany(
      [asked[2]!, asked[3]!, digestOf(made(5000).cid)],
      room,
    )
    assert.deepEqual([here?.slice(), gone, unknown], [expected[2], undefined, undefined])
    assert.deepEqual(await store.packs.blocks.readMany([asked[2]!], room.subarray(0, 10)), [undefined])
    assert.deepEqual(await store.packs.blocks.readMany([], room), [])
    assert.deepEqual(store.faults, [])
  })
})

test('blocks, their classes, their codecs and heads are there after the store is opened again', async () => {
  await withStore(async (store) => {
    const data = [made(1), made(2, 0), made(3, 100_000)]
    const meta = [made(4, 700, cborCodec), made(5)]
    await store.packs.blocks.put(data, 'data')
    await store.packs.blocks.put(meta, 'meta')
    await store.packs.heads.put(feedOf(1), { cid: meta[0]!.cid, sequence: 7 })
    await store.reopen()
    for (const { cid, bytes } of [...data, ...meta])
      assert.deepEqual(await store.packs.blocks.get(cid), bytes)
    const listed = new Map<string, string>()
    for await (const { cid, blockClass } of store.packs.blocks.list()) listed.set(cid.toString(), blockClass)
    const expected = [
      ...data.map(({ cid }) => [`${cid}`, 'data']),
      ...meta.map(({ cid }) => [`${cid}`, 'meta']),
    ]
    assert.deepEqual(listed, new Map(expected as [string, string][]))
    assert.deepEqual(await store.packs.heads.get(feedOf(1)), [{ cid: meta[0]!.cid, sequence: 7 }])
    assert.deepEqual(await store.packs.heads.get(feedOf(2)), [])
    assert.deepEqual(await store.packs.heads.feeds(), [feedOf(1)])
    assert.deepEqual(store.faults, [])
  })
})

test('a sealed block is taken in parts, comes back in one piece, and is counted when it is new', async () => {
  await withStore(async ({ packs }) => {
    for (const size of [900, 200_000]) {
      const { cid, bytes } = made(size, size)
      const parts = [bytes.subarray(0, 48), bytes.subarray(48, 500), bytes.subarray(500)]
      const sealed = { codec: rawCodec, digest: digestOf(cid), parts } as const
      const put = packs.blocks.putSealed([sealed, sealed], 'data')
      assert.deepEqual(await packs.blocks.get(cid), bytes, 'while it is on its way')
      assert.deepEqual(await put, { blocks: 1, bytes: size })
      assert.deepEqual(await packs.blocks.get(cid), bytes)
      assert.deepEqual(await packs.blocks.putSealed([sealed], 'meta'), { blocks: 0, bytes: 0 })
    }
  })
})

test('meta blocks and heads are in both meta files, data blocks once', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1)], 'data')
    await store.packs.blocks.put([made(2)], 'meta')
    await store.packs.heads.put(feedOf(1), { cid: made(2).cid, sequence: 1 })
    const files = await readFolder(store.directory)
    const holders = (bytes: Uint8Array): string[] =>
      [...files]
        .filter(([name, file]) => name.endsWith('.pack') && file.includes(bytes))
        .map(([name]) => name)
    assert.deepEqual(holders(made(1).bytes), ['data-000001.pack'])
    assert.deepEqual(holders(made(2).bytes), ['meta-a-000001.pack', 'meta-b-000001.pack'])
    assert.deepEqual(holders(feedOf(1)), ['meta-a-000001.pack', 'meta-b-000001.pack'])
  })
})

test('a data block that is put as meta becomes precious, and stays so', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1)], 'data')
    await store.packs.blocks.put([made(1)], 'meta')
    await store.packs.blocks.put([made(1)], 'data')
    const before = await store.packs.stats()
    await store.reopen()
    await rm(join(store.directory, 'data-000001.pack'))
    await store.reopen()
    assert.deepEqual(await store.packs.blocks.get(made(1).cid), made(1).bytes)
    for await (const { blockClass } of store.packs.blocks.list()) assert.equal(blockClass, 'meta')
    assert.equal(before.blocks, 1)
  })
})

test('packs roll over at their size, and blocks are read from all of them', async () => {
  await withStore(
    async (store) => {
      const blocks = Array.from({ length: 40 }, (_, at) => made(at, 3000))
      for (const block of blocks) await store.packs.blocks.put([block], 'data')
      await store.packs.blocks.flush()
      const names = (await readdir(store.directory)).filter((name) => name.startsWith('data-'))
      assert.equal(names.length, 14)
      await rm(join(store.directory, 'blocks.db'))
      await store.reopen()
      for (const { cid, bytes } of blocks) assert.deepEqual(await store.packs.blocks.get(cid), bytes)
    },
    { limits: { packBytesMax: 10_000 } },
  )
})

test('a store written by a newer version is refused, not changed', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1)], 'data')
    await store.packs.close()
    const path = join(store.directory, 'data-000001.pack')
    const file = (await readFolder(store.directory)).get('data-000001.pack') as Buffer
    file[8] = 9
    const { crc32 } = await import('node:zlib')
    file.writeUInt32BE(crc32(file.subarray(0, 28)), 28)
    await writeFile(path, file)
    await assert.rejects(face.openPacks({ directory: store.directory, onFault: () => {} }), {
      code: 'refused.version',
    })
    assert.deepEqual((await readFolder(store.directory)).get('data-000001.pack'), file)
    file[8] = 1
    file.writeUInt32BE(crc32(file.subarray(0, 28)), 28)
    await writeFile(path, file)
    await store.reopen()
  })
})

test('what is too large, closed, or no folder is refused in a sentence', async () => {
  await withStore(async (store) => {
    const large = made(1, 8 * 1024 * 1024 + 1025)
    await assert.rejects(store.packs.blocks.put([large], 'data'), { code: 'limit.block' })
    await store.packs.close()
    await assert.rejects(store.packs.blocks.get(made(1).cid), { code: 'unavailable.closed' })
    await assert.rejects(store.packs.blocks.flush(), { code: 'unavailable.closed' })
    await writeFile(join(store.directory, 'file'), '')
    const directory = join(store.directory, 'file')
    await assert.rejects(face.openPacks({ directory, onFault: () => {} }), { code: 'unavailable.disk' })
    await store.reopen()
  })
})

test('opening can be given up', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1)], 'data')
    await store.packs.close()
    const options = { directory: store.directory, onFault: () => {}, signal: AbortSignal.abort() }
    await assert.rejects(face.openPacks(options), { name: 'AbortError' })
    await store.reopen()
  })
})
