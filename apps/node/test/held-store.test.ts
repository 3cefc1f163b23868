import assert from 'node:assert/strict'
import { cp, mkdtemp, open, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Fault } from '@anarq/fault'
import { hashBlake3 } from '@anarq/qlock'
import { type BlockNote, homeOfFeed } from '@anarq/qnet/swarm'
import { testLastingStores } from '@anarq/qnet/testing'
import { createSeededRandom } from '@anarq/random/testing'
import { createNotes, readNote, writeNote, writeNoteGone } from '../src/net/held-notes.ts'
import { type HeldStore, openHeldStore } from '../src/net/held-store.ts'

async function inFolder<T>(act: (folder: string, faults: Fault[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-held-'))
  try {
    return await act(folder, [])
  } finally {
    await rm(folder, { recursive: true })
  }
}

testLastingStores('what a node holds on its disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-held-'))
  const faults: Fault[] = []
  let held = await openHeldStore({ folder, onFault: (fault) => faults.push(fault) })
  const faceOf = () => ({ store: held.store, heads: held.heads, close })
  const close = async (): Promise<void> => {
    await held.close()
    await rm(folder, { recursive: true })
    assert.deepEqual(faults, [])
  }
  return {
    ...faceOf(),
    async reopen() {
      await held.close()
      held = await openHeldStore({ folder, onFault: (fault) => faults.push(fault) })
      return faceOf()
    },
  }
})

const home = homeOfFeed(new Uint8Array(32).fill(1))

function put({ store }: HeldStore, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    store.put(noteOf(bytes), bytes, resolve)
  })
}

function noteOf(bytes: Uint8Array): BlockNote {
  return { key: hashBlake3(bytes), home, bytes: bytes.length, wantedMs: 5000, goesMs: 0 }
}

function get({ store }: HeldStore, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => store.get(hashBlake3(bytes), resolve))
}

test('[SW-TOP-5] what was said to be held is there after a crash at any moment, and nothing is said to be held that is not', async () => {
  await inFolder(async (folder, faults) => {
    const onFault = (fault: Fault): void => void faults.push(fault)
    const live = join(folder, 'live')
    const random = createSeededRandom(3)
    const held = await openHeldStore({ folder: live, onFault })
    const acknowledged: Uint8Array[] = []
    const images: { path: string; atLeast: number }[] = []
    for (let i = 0; i < 8; i += 1) {
      const batch = Array.from({ length: 5 }, () => random.bytes(200 + i * 900))
      const putting = batch.map((bytes) => put(held, bytes))
      // What lies on the disk now is what a crash would leave.
      const path = join(folder, `crash-${i}`)
      const atLeast = acknowledged.length
      await cp(live, path, { recursive: true })
      images.push({ path, atLeast })
      assert.ok((await Promise.all(putting)).every((isHeld) => isHeld))
      acknowledged.push(...batch)
    }
    await held.close()
    for (const { path, atLeast } of images) {
      const after = await openHeldStore({ folder: path, onFault })
      for (const bytes of acknowledged.slice(0, atLeast))
        assert.deepEqual(plain(await get(after, bytes)), bytes)
      const byKey = new Map(acknowledged.map((bytes) => [hashBlake3(bytes).toHex(), bytes]))
      for (const { key } of after.store.notes()) {
        const bytes = byKey.get(key.toHex()) as Uint8Array
        assert.deepEqual(plain(await get(after, bytes)), bytes)
      }
      assert.ok(await put(after, random.bytes(100)))
      await after.close()
    }
  })
})

test('room is given back beside the work, and a crash in the middle of that loses nothing that is held', async () => {
  await inFolder(async (folder, faults) => {
    const onFault = (fault: Fault): void => void faults.push(fault)
    const live = join(folder, 'live')
    const random = createSeededRandom(9)
    const held = await openHeldStore({ folder: live, onFault, looseBytesMax: 100_000 })
    const kept: Uint8Array[] = []
    const images: { path: string; kept: readonly Uint8Array[]; gone: readonly Uint8Array[] }[] = []
    const gone: Uint8Array[] = []
    for (let i = 0; i < 6; i += 1) {
      const batch = Array.from({ length: 12 }, () => random.bytes(20_000))
      assert.ok((await Promise.all(batch.map((bytes) => put(held, bytes)))).every((isHeld) => isHeld))
      for (const bytes of batch.slice(3)) held.store.delete(noteOf(bytes))
      // The last deletes began a compaction: this is what a crash in it would leave.
      for (let at = 0; at < 3; at += 1) {
        const path = join(folder, `crash-${i}-${at}`)
        images.push({ path, kept: [...kept, ...batch.slice(0, 3)], gone: [...gone] })
        await cp(live, path, { recursive: true })
      }
      kept.push(...batch.slice(0, 3))
      gone.push(...batch.slice(3))
    }
    await held.close()
    for (const image of images) {
      const after = await openHeldStore({ folder: image.path, onFault })
      for (const bytes of image.kept) assert.deepEqual(plain(await get(after, bytes)), bytes)
      for (const bytes of image.gone) assert.equal(after.store.find(noteOf(bytes)), undefined)
      await after.close()
    }
    const last = await openHeldStore({ folder: live, onFault })
    assert.equal(last.blocks(), kept.length)
    await last.close()
    const files = await readdir(join(live, 'blocks'))
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(live, 'blocks', name))).size))
    assert.ok(
      sizes.reduce((sum, size) => sum + size, 0) < 72 * 20_000,
      'not all that was ever put lies there',
    )
  })
})

test('notes of before, without a time, are read, and what went then is gone', () => {
  const notes = createNotes()
  const [one, other] = [noteOf(Uint8Array.of(1)), noteOf(Uint8Array.of(2))]
  for (const note of [one, other]) readNote(writeNote(note).subarray(0, 68), notes)
  readNote(other.key, notes)
  assert.deepEqual([...notes.all()], [{ ...one, wantedMs: 0 }])
  readNote(writeNote({ ...one, goesMs: 9000 }), notes)
  assert.deepEqual(notes.find(one), { ...one, goesMs: 9000 })
  readNote(writeNoteGone(one), notes)
  assert.equal(notes.size(), 0)
})

test('a block that the disk spoilt is not held any more, so that it can come again', async () => {
  await inFolder(async (folder) => {
    const bytes = createSeededRandom(1).bytes(50_000)
    const faults: Fault[] = []
    const first = await openHeldStore({ folder, onFault: (fault) => faults.push(fault) })
    await put(first, bytes)
    await first.close()
    const [pack] = (await readdir(join(folder, 'blocks'))).filter((name) => name.startsWith('data'))
    const file = await open(join(folder, 'blocks', pack as string), 'r+')
    await file.write(Uint8Array.of(1, 2, 3), 0, 3, 20_000)
    await file.close()
    const held = await openHeldStore({ folder, onFault: (fault) => faults.push(fault) })
    assert.ok(held.store.find(noteOf(bytes)))
    assert.equal(await get(held, bytes), undefined)
    assert.ok(!held.store.find(noteOf(bytes)))
    assert.ok(faults.some(({ code }) => code === 'damaged.block'))
    assert.ok(await put(held, bytes))
    assert.deepEqual(plain(await get(held, bytes)), bytes)
    await held.close()
  })
})

test('a pack that is gone takes its notes with it', async () => {
  await inFolder(async (folder) => {
    const first = await openHeldStore({ folder, onFault: () => {} })
    const bytes = createSeededRandom(1).bytes(5000)
    await put(first, bytes)
    await first.close()
    for (const name of await readdir(join(folder, 'blocks'))) {
      if (name.startsWith('data')) await truncate(join(folder, 'blocks', name), 0)
      if (name.startsWith('blocks.db')) await rm(join(folder, 'blocks', name))
    }
    const held = await openHeldStore({ folder, onFault: () => {} })
    assert.ok(!held.store.find(noteOf(bytes)))
    assert.equal(held.bytes(), 0)
    await held.close()
  })
})

function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && Uint8Array.from(bytes)
}
