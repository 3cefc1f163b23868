import assert from 'node:assert/strict'
import { copyFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOf, rawCodec } from '@anarq/ipld'
import * as face from '@anarq/packs'
import { cidOf } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import { feedOf, made, readFolder, spoil, withStore, writeFolder } from './made.ts'

test('the face of the package is what its index names', () => {
  assert.deepEqual(Object.keys(face).sort(), ['openPacks'])
})

for (const spoilt of ['meta-a-000001.pack', 'meta-b-000001.pack']) {
  test(`AQ-QERBEROS-4: a meta block damaged in ${spoilt} is read from the other copy and repaired`, async () => {
    await withStore(async (store) => {
      await store.packs.blocks.put([made(1), made(2)], 'meta')
      await store.packs.blocks.flush()
      await spoil(join(store.directory, spoilt), made(1).bytes)
      for await (const { damaged } of store.packs.scrub()) assert.deepEqual(damaged, [])
      assert.deepEqual(
        store.faults.map(({ code }) => code),
        ['damaged.copy'],
      )
      await store.packs.blocks.flush()
      const other = spoilt.includes('-a-') ? 'meta-b-000001.pack' : 'meta-a-000001.pack'
      await spoil(join(store.directory, other), made(1).bytes)
      assert.deepEqual(
        await store.packs.blocks.get(made(1).cid),
        made(1).bytes,
        'the repaired copy stands alone',
      )
    })
  })
}

test('AQ-QERBEROS-4: a damaged data block is refused and reported, counts as missing, and can be put again', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1), made(2)], 'data')
    await store.packs.blocks.flush()
    await spoil(join(store.directory, 'data-000001.pack'), made(1).bytes)
    await assert.rejects(store.packs.blocks.get(made(1).cid), { code: 'damaged.block' })
    assert.equal(store.faults[0]?.code, 'damaged.block')
    assert.equal(store.faults[0]?.data.cid, made(1).cid.toString())
    assert.deepEqual(await store.packs.blocks.get(made(2).cid), made(2).bytes)
    assert.equal(await store.packs.blocks.has(made(1).cid), false)
    assert.equal((await store.packs.stats()).damaged, 1)
    await store.packs.blocks.put([made(1)], 'data')
    assert.deepEqual(await store.packs.blocks.get(made(1).cid), made(1).bytes)
    await store.reopen()
    assert.deepEqual(await store.packs.blocks.get(made(1).cid), made(1).bytes)
  })
})

test('AQ-QERBEROS-4: what was found damaged is known to the next start, until it is put again or reads after all', async () => {
  await withStore(async (store) => {
    const pack = join(store.directory, 'data-000001.pack')
    await store.packs.blocks.put([made(1), made(2)], 'data')
    await store.packs.blocks.flush()
    await spoil(pack, made(1).bytes)
    await spoil(pack, made(2).bytes)
    for (const { cid } of [made(1), made(2)])
      await assert.rejects(store.packs.blocks.get(cid), { code: 'damaged.block' })
    await store.reopen()
    assert.equal((await store.packs.stats()).damaged, 2)
    assert.equal(await store.packs.blocks.has(made(1).cid), false)
    await store.packs.blocks.put([made(1)], 'data')
    assert.deepEqual(await store.packs.blocks.get(made(1).cid), made(1).bytes)
    // A bad sector may read again: here the byte is turned back.
    const file = await readFile(pack)
    const at = file.indexOf(made(2).bytes.subarray(8))
    file[at - 1] = (file[at - 1] as number) ^ 0x10
    await writeFile(pack, file)
    assert.deepEqual(await store.packs.blocks.get(made(2).cid), made(2).bytes)
    await store.reopen()
    assert.equal((await store.packs.stats()).damaged, 0)
    const { size } = await stat(pack)
    await store.packs.blocks.put([made(1), made(2)], 'data')
    await store.packs.blocks.flush()
    assert.equal((await stat(pack)).size, size, 'both are whole, and not written again')
  })
})

test('a scrub finds every damaged block and mends what is kept twice', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1), made(2), made(3)], 'data')
    await store.packs.blocks.put([made(4), made(5)], 'meta')
    await store.packs.heads.put(feedOf(1), { cid: made(4).cid, sequence: 1 })
    await spoil(join(store.directory, 'data-000001.pack'), made(2).bytes)
    await spoil(join(store.directory, 'meta-b-000001.pack'), made(5).bytes)
    await spoil(join(store.directory, 'meta-a-000001.pack'), feedOf(1))
    const steps = []
    for await (const step of store.packs.scrub()) steps.push(step)
    assert.deepEqual(
      steps.flatMap(({ damaged }) => damaged.map(String)),
      [made(2).cid.toString()],
    )
    assert.deepEqual(
      { blocks: steps.at(-1)?.blocks, repaired: steps.at(-1)?.repaired },
      { blocks: 5, repaired: 2 },
    )
    for await (const { repaired } of store.packs.scrub()) assert.equal(repaired, 0)
    await rm(join(store.directory, 'blocks.db'))
    await store.reopen()
    assert.deepEqual(await store.packs.heads.get(feedOf(1)), [{ cid: made(4).cid, sequence: 1 }])
  })
})

test('the index is rebuilt from the packs when it is missing, no database, or another store’s', async () => {
  await withStore(async (store) => {
    const data = Array.from({ length: 60 }, (_, at) => made(at, 50 * at))
    await store.packs.blocks.put(data, 'data')
    await store.packs.blocks.put([made(100)], 'meta')
    await store.packs.heads.put(feedOf(1), { cid: made(100).cid, sequence: 3 })
    await store.packs.blocks.delete([data[7]!.cid])
    await store.packs.blocks.flush()
    await store.packs.close()
    const files = await readFolder(store.directory)
    let foreign: Uint8Array = new Uint8Array(0)
    await withStore(async (other) => {
      await other.packs.blocks.put([made(500)], 'data')
      await other.packs.close()
      foreign = (await readFolder(other.directory)).get('blocks.db') as Uint8Array
    })
    const cut = (files.get('blocks.db') as Uint8Array).subarray(0, 5000)
    for (const spoilt of [undefined, new Uint8Array(9000).fill(0x41), new Uint8Array(0), foreign, cut]) {
      await writeFolder(store.directory, files)
      if (spoilt === undefined) await rm(join(store.directory, 'blocks.db'))
      else await writeFile(join(store.directory, 'blocks.db'), spoilt)
      store.faults.length = 0
      await store.reopen()
      assert.deepEqual(
        store.faults.map(({ code }) => code),
        ['damaged.index'],
      )
      for (const [at, { cid, bytes }] of data.entries()) {
        assert.deepEqual(await store.packs.blocks.get(cid), at === 7 ? undefined : bytes)
      }
      assert.deepEqual(await store.packs.blocks.get(made(100).cid), made(100).bytes)
      assert.deepEqual(await store.packs.heads.get(feedOf(1)), [{ cid: made(100).cid, sequence: 3 }])
      await store.packs.blocks.put([made(200)], 'meta')
      await store.reopen()
      assert.deepEqual(await store.packs.blocks.get(made(200).cid), made(200).bytes)
    }
  })
})

test('an index whose rows point at other blocks is noticed by a read, and rebuilt', async () => {
  const sameId = { random: createSeededRandom(3) }
  const otherOrder = { random: createSeededRandom(3) }
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1), made(2), made(3)], 'data')
    await withStore(async (other) => {
      await other.packs.blocks.put([made(3), made(1), made(2)], 'data')
      await other.packs.close()
      await store.packs.close()
      await copyFile(join(other.directory, 'blocks.db'), join(store.directory, 'blocks.db'))
    }, otherOrder)
    await store.reopen()
    for (const number of [1, 2, 3]) {
      assert.deepEqual(await store.packs.blocks.get(made(number).cid), made(number).bytes)
    }
    assert.deepEqual(
      store.faults.map(({ code }) => code),
      ['damaged.index'],
    )
  }, sameId)
})

test('bytes inside a block never pass for records, even where the header around them is damaged', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1)], 'data')
    let pack: Uint8Array = new Uint8Array(0)
    await withStore(async (other) => {
      await other.packs.blocks.put([made(1)], 'data')
      await other.packs.blocks.put([made(2)], 'data')
      await other.packs.blocks.delete([made(1).cid])
      await other.packs.close()
      pack = new Uint8Array((await readFolder(other.directory)).get('data-000001.pack') as Uint8Array)
    })
    const carrier = { cid: cidOf(rawCodec, pack), bytes: pack }
    await store.packs.blocks.put([carrier, made(3)], 'data')
    await store.packs.close()
    await spoil(join(store.directory, 'data-000001.pack'), digestOf(carrier.cid))
    await rm(join(store.directory, 'blocks.db'))
    await store.reopen()
    const listed = []
    for await (const { cid } of store.packs.blocks.list()) listed.push(cid.toString())
    assert.deepEqual(listed.sort(), [made(1).cid.toString(), made(3).cid.toString()].sort())
    assert.ok(store.faults.some(({ code }) => code === 'damaged.pack'))
  })
})

test('a lost meta file is made again from its twin', async () => {
  await withStore(async (store) => {
    const meta = Array.from({ length: 20 }, (_, at) => made(at))
    await store.packs.blocks.put(meta, 'meta')
    await store.packs.heads.put(feedOf(1), { cid: made(1).cid, sequence: 1 })
    for (const lost of ['meta-a-000001.pack', 'meta-b-000001.pack']) {
      await store.packs.close()
      await rm(join(store.directory, lost))
      await store.reopen()
      for (const { cid, bytes } of meta) assert.deepEqual(await store.packs.blocks.get(cid), bytes)
      assert.equal((await store.packs.heads.get(feedOf(1))).length, 1)
    }
  })
})

test('a torn end is cut off, and writing goes on behind the last whole record', async () => {
  await withStore(async (store) => {
    await store.packs.blocks.put([made(1), made(2, 5000)], 'data')
    await store.packs.blocks.flush()
    await store.packs.close()
    const whole = await readFolder(store.directory)
    const pack = whole.get('data-000001.pack') as Uint8Array
    const header = pack.subarray(32, 80)
    const ends = [header.subarray(0, 20), header, new Uint8Array(3000), new Uint8Array(0)]
    for (const [at, end] of ends.entries()) {
      await writeFolder(store.directory, whole)
      await writeFile(join(store.directory, 'data-000001.pack'), Buffer.concat([pack, end]))
      await store.reopen()
      await store.packs.blocks.put([made(10 + at)], 'data')
      await store.packs.close()
      await rm(join(store.directory, 'blocks.db'))
      await store.reopen()
      for (const number of [1, 10 + at]) {
        assert.deepEqual(await store.packs.blocks.get(made(number).cid), made(number).bytes)
      }
      await store.packs.close()
    }
    await writeFolder(store.directory, whole)
    await truncate(join(store.directory, 'data-000001.pack'), pack.length - 100)
    await store.reopen()
    assert.deepEqual(await store.packs.blocks.get(made(1).cid), made(1).bytes)
    assert.equal(await store.packs.blocks.get(made(2, 5000).cid), undefined)
  })
})
