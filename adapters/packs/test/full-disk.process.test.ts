import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Fault, hasCode } from '@anarq/fault'
import { openPacks } from '@anarq/packs'
import type { Block } from '@anarq/qnt'
import { made, readFolder } from './made.ts'

test('a full disk is said so, loses nothing that was flushed, and the store goes on when there is room; a read-only one is refused', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anarq-full-'))
  if (!mount(directory, 'size=4m')) {
    await rmdir(directory)
    t.skip('this user may not mount a small disk')
    return
  }
  try {
    await fillAndGoOn(directory)
    assert.ok(mount(directory, 'remount,ro'))
    await assert.rejects(openPacks({ directory, onFault: () => {} }), { code: 'unavailable.permission' })
  } finally {
    execFileSync('umount', [directory])
    await rmdir(directory)
  }
})

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

function mount(directory: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
