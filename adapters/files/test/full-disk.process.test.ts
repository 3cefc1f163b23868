import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rmdir, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import { createCacheFolder, createTwinFile, openReserve } from '@anarq/files'

test('on a full disk a small file with one good copy is read, a cache leaves what room there is, and the reserve is given up once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-full-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder]).status !== 0) {
    await rmdir(folder)
    t.skip('this user may not mount a small disk')
    return
  }
  try {
    const faults: Fault[] = []
    const path = join(folder, 'small')
    const open = () => createTwinFile({ path, what: 'A file', onFault: (fault) => faults.push(fault) })
    await open().write(fromUtf8('kept'))
    await writeFile(`${path}.a`, 'damaged')
    await openReserve(join(folder, 'reserve'))
    const before = await roomOf(folder)
    await fill(folder, before)
    assert.equal(await roomOf(folder), 0)

    assert.deepEqual(await open().read(), fromUtf8('kept'))
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['unavailable.full'],
    )
    await assert.rejects(open().write(new Uint8Array(50_000)), ({ code, message }: Fault) => {
      assert.match(message, /which takes 48\.\d KiB/)
      return code === 'unavailable.full'
    })

    const reserve = await openReserve(join(folder, 'reserve'))
    assert.equal(await reserve.giveUp(), true)
    assert.equal(await reserve.giveUp(), false)
    const given = await roomOf(folder)
    assert.ok(given >= 1024 * 1024)
    const cache = createCacheFolder(folder)
    await cache.write('view', new Uint8Array(100_000))
    assert.equal(await cache.read('view'), undefined)
    await openReserve(join(folder, 'reserve'))
    assert.equal(await roomOf(folder), given, 'with so little room none is held')
    await open().read()
    assert.deepEqual(await readFile(`${path}.a`), await readFile(`${path}.b`), 'mended when there is room')
  } finally {
    execFileSync('umount', [folder])
    await rmdir(folder)
  }
})

async function roomOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

async function fill(folder: string, bytes: number): Promise<void> {
  await writeFile(join(folder, 'filler'), Buffer.alloc(bytes))
}
