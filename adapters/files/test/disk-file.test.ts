import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chown, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openSeenTarget, readSeen, seenAt } from '@anarq/files'
import type { DiskFile } from '@anarq/flows'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-seen-'))
})
after(() => rm(folder, { recursive: true }))

const unseen = { code: 'unavailable.unseen' }
const at = (name: string): string => join(folder, name)

test('a file is read where it was seen, and nothing else that came to be there', async () => {
  await writeFile(at('a'), 'hello')
  const seen = await seenAt(at('a'))
  const reader = await readSeen(seen)
  const into = new Uint8Array(10)
  assert.equal(await reader.read(into), 5)
  assert.equal(Buffer.from(into.subarray(0, 5)).toString(), 'hello')
  await reader.close()
  const others: Partial<DiskFile>[] = [
    { bytes: 4 },
    { device: '1' },
    { inode: '1' },
    { modifiedNs: '1' },
    { changedNs: '1' },
    { path: at('none') },
  ]
  for (const other of others) await assert.rejects(readSeen({ ...seen, ...other }), unseen)
  await writeFile(at('b'), 'hello')
  await rename(at('b'), at('a'))
  await assert.rejects(readSeen(seen), unseen)
  await symlink(at('a'), at('link'))
  await assert.rejects(readSeen(await seenAt(at('link'))), unseen)
  await assert.rejects(readSeen({ ...(await seenAt(at('a'))), path: at('link') }), unseen)
  await assert.rejects(readSeen(await seenAt(folder)), unseen)
  await assert.rejects(seenAt(at('none')), { code: 'missing.file' })
})

test('a pipe is no file, and nobody waits at it', { skip: process.platform === 'win32' }, async () => {
  execFileSync('mkfifo', [at('pipe')])
  await assert.rejects(readSeen(await seenAt(at('pipe'))), unseen)
  assert.equal(await openSeenTarget(await seenAt(at('pipe'))), undefined)
})

test('what changed while it was read is said at the end', async () => {
  await writeFile(at('changing'), 'hello')
  const reader = await readSeen(await seenAt(at('changing')))
  await truncate(at('changing'), 2)
  await assert.rejects(reader.close(), { code: 'conflict.changing' })
})

test('only an empty file of this user is written', async () => {
  await writeFile(at('empty'), '')
  const target = await openSeenTarget(await seenAt(at('empty')))
  await target?.write(
    (async function* () {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    })(),
  )
  await target?.close()
  assert.equal((await readFile(at('empty'))).toString(), 'one two')
  assert.equal(await openSeenTarget(await seenAt(at('empty'))), undefined)
  assert.equal(await openSeenTarget({ ...(await seenAt(at('empty'))), bytes: 0 }), undefined)
  await writeFile(at('other'), '')
  await symlink(at('other'), at('to-other'))
  assert.equal(await openSeenTarget({ ...(await seenAt(at('other'))), path: at('to-other') }), undefined)
  if (process.getuid?.() !== 0) return
  await chown(at('other'), 12_345, 12_345)
  assert.equal(await openSeenTarget(await seenAt(at('other'))), undefined)
})
