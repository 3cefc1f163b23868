import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Fault, hasCode } from '@anarq/fault'
import { digestOf } from '@anarq/ipld'
import { openPacks, type Packs } from '@anarq/packs'
import type { Block } from '@anarq/qnt'
import { made, readFolder } from './made.ts'

test('a full disk is said so, loses nothing that was flushed, and the store goes on when there is room; a read-only one is refused', (t) =>
  onSmallDisk(t, async (directory) => {
    await fillAndGoOn(directory)
    assert.ok(mount(directory, 'remount,ro'))
    await assert.rejects(openPacks({ directory, onFault: () => {} }), { code: 'unavailable.permission' })
  }))

test('on a disk without a free byte everything is read, with the index, without it, and after a crash; tidying up makes room', (t) =>
  onSmallDisk(t, readAndTidy))

test('a disk too full to tidy up says how much that takes, and loses nothing', (t) =>
  onSmallDisk(t, lackRoom))

async function readAndTidy(directory: string): Promise<void> {
  const faults: Fault[] = []
  const limits = { packBytesMax: 300_000 }
  const open = (): Promise<Packs> => openPacks({ directory, limits, onFault: (fault) => faults.push(fault) })
  // Five packs: of each the first block lives, and of the last one all.
  const data = Array.from({ length: 25 }, (_, at) => made(at, 59_000))
  const meta = [made(100, 500)]
  const live = [...data.filter((_, at) => at % 5 === 0 || at >= 20), ...meta]
  const isLive = (digest: Uint8Array): boolean =>
    live.some(({ cid }) => Buffer.compare(digestOf(cid), digest) === 0)
  let packs = await open()
  await packs.blocks.put(data, 'data')
  await packs.blocks.put(meta, 'meta')
  await packs.close()
  await fill(directory)

  const check = async (): Promise<void> => {
    for (const { cid, bytes } of live) assert.deepEqual(await packs.blocks.get(cid), bytes)
  }
  packs = await open()
  await check()
  await assert.rejects(packs.blocks.put([made(200, 90_000)], 'meta'), ({ code, data }: Fault) => {
    assert.equal(code, 'unavailable.full')
    return Number(data.needBytes) >= 90_000
  })
  await packs.close()
  await rm(join(directory, 'blocks.db'))
  await fill(directory)
  for (let start = 0; start < 2; start += 1) {
    packs = await open()
    await check()
    await packs.close()
  }

  packs = await open()
  const { freedBytes } = await packs.compact(isLive)
  assert.ok(freedBytes > 800_000, `${freedBytes} bytes were freed`)
  await check()
  await packs.blocks.put([made(300, 90_000)], 'data')
  await packs.close()
  await rm(join(directory, 'blocks.db'))
  packs = await open()
  await check()
  await packs.close()
  for (const { code } of faults) assert.ok(['unavailable.full', 'damaged.index'].includes(code), code)
}

async function lackRoom(directory: string): Promise<void> {
  // What lives is at the end of the only pack.
  const data = Array.from({ length: 20 }, (_, at) => made(at, 30_000))
  const live = data.slice(14)
  const isLive = (digest: Uint8Array): boolean =>
    live.some(({ cid }) => Buffer.compare(digestOf(cid), digest) === 0)
  const faults: Fault[] = []
  const packs = await openPacks({ directory, onFault: (fault) => faults.push(fault) })
  await packs.blocks.put(data, 'data')
  await packs.blocks.flush()
  await fill(directory)
  const lacks = await packs.compact(isLive).catch((error: unknown) => error)
  assert.ok(hasCode(lacks, 'unavailable.full'))
  const needBytes = Number(lacks.data.needBytes)
  assert.ok(needBytes > 180_000 && needBytes < 400_000, `${needBytes} bytes`)
  for (const { cid, bytes } of live) assert.deepEqual(await packs.blocks.get(cid), bytes)
  assert.ok(mount(directory, 'remount,size=5m'))
  assert.ok((await packs.compact(isLive)).freedBytes > 400_000)
  for (const { cid, bytes } of live) assert.deepEqual(await packs.blocks.get(cid), bytes)
  await packs.close()
  for (const { code } of faults) assert.equal(code, 'unavailable.full')
}

/** To the last byte. */
async function fill(directory: string): Promise<void> {
  for (let at = 0; ; at += 1) {
    const written = await writeFile(join(directory, `filler-${at}`), Buffer.alloc(8 * 1024 * 1024)).then(
      () => true,
      () => false,
    )
    if (!written && at % 2 === 1) return
  }
}

async function fillAndGoOn(directory: string): Promise<void> {
  const faults: Fault[] = []
  const open = () => openPacks({ directory, onFault: (fault) => faults.push(fault) })
  let packs = await open()
  const kept: Block[] = []
  const put = async (round: number): Promise<boolean> => {
    const group = [made(round * 10, 60_000), made(round * 10 + 1, 3000)]
    try {
      await packs.blocks.put(group, round % 4 === 0 ? 'meta' : 'data')
      await packs.blocks.flush()
    } catch (error) {
      assert.ok(hasCode(error, 'unavailable.full'), String(error))
      return false
    }
    kept.push(...group)
    return true
  }
  const check = async (): Promise<void> => {
    for (const { cid, bytes } of kept) assert.deepEqual(await packs.blocks.get(cid), bytes)
  }

  let refusals = 0
  for (let round = 1; refusals < 6; round += 1) if (!(await put(round))) refusals += 1
  assert.ok(kept.length > 40)
  await check()
  assert.ok(mount(directory, 'remount,size=40m'))
  for (let round = 1000; round < 1010; round += 1) assert.ok(await put(round), 'there is room again')
  await check()
  await packs.close()
  packs = await open()
  await check()
  for (const name of (await readFolder(directory)).keys())
    assert.ok(!name.includes('000002'), 'no pack was given up')
  await packs.close()
  for (const { code } of faults)
    assert.equal(code, 'unavailable.full', 'the index could not be written either')
}

async function onSmallDisk(t: TestContext, act: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'anarq-full-'))
  try {
    if (!mount(directory, 'size=4m')) {
      t.skip('this user may not mount a small disk')
      return
    }
    try {
      await act(directory)
    } finally {
      execFileSync('umount', [directory])
    }
  } finally {
    await rmdir(directory)
  }
}

function mount(directory: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
