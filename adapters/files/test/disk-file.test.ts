import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmod,
  chown,
  link,
  lstat,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
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
    { proof: '00'.repeat(32) },
    { path: at('none') },
  ]
  for (const other of others) await assert.rejects(readSeen({ ...seen, ...other }), unseen)
  await writeFile(at('b'), 'hello')
  await rename(at('b'), at('a'))
  await assert.rejects(readSeen(seen), unseen)
  await symlink(at('a'), at('link'))
  await assert.rejects(readSeen({ ...(await seenAt(at('a'))), path: at('link') }), unseen)
  await assert.rejects(readSeen(await looked(folder)), unseen)
  await assert.rejects(seenAt(at('link')), { code: 'invalid.path' })
  await assert.rejects(seenAt(at('none')), { code: 'missing.file' })
})

test('a pipe is no file, and nobody waits at it', { skip: process.platform === 'win32' }, async () => {
  execFileSync('mkfifo', [at('pipe')])
  await assert.rejects(readSeen(await looked(at('pipe'))), unseen)
  assert.equal(await openSeenTarget(await looked(at('pipe'))), undefined)
})

test('what changed while it was read is said at the end', async () => {
  await writeFile(at('changing'), 'hello')
  const reader = await readSeen(await seenAt(at('changing')))
  await truncate(at('changing'), 2)
  await assert.rejects(reader.close(), { code: 'conflict.changing' })
})

test('who may look at a file and not read it cannot have it read', async () => {
  await writeFile(at('secret'), 'a secret that is longer than nothing')
  await assert.rejects(readSeen(await looked(at('secret'))), unseen)
})

test('only an empty file that a command just made is written', async () => {
  const [target, other] = [part(1), part(2)]
  await writeFile(target, '', { mode: 0o600 })
  const opened = await openSeenTarget(await seenAt(target))
  await opened?.write(
    (async function* () {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    })(),
  )
  await opened?.close()
  assert.equal((await readFile(target)).toString(), 'one two')
  assert.equal(await openSeenTarget(await seenAt(target)), undefined)
  assert.equal(await openSeenTarget({ ...(await seenAt(target)), bytes: 0 }), undefined)
  await writeFile(other, '', { mode: 0o600 })
  await symlink(other, part(3))
  assert.equal(await openSeenTarget({ ...(await seenAt(other)), path: part(3) }), undefined)
  await link(other, part(4))
  assert.equal(await openSeenTarget(await seenAt(other)), undefined, 'it has another name')
  await rm(part(4))
  await chmod(other, 0o644)
  assert.equal(await openSeenTarget(await seenAt(other)), undefined, 'others read it')
  await chmod(other, 0o600)
  await writeFile(at('.zshenv'), '', { mode: 0o600 })
  assert.equal(await openSeenTarget(await seenAt(at('.zshenv'))), undefined, 'no command names it so')
  if (process.getuid?.() !== 0) return
  await chown(other, 12_345, 12_345)
  assert.equal(await openSeenTarget(await seenAt(other)), undefined)
})

const part = (n: number): string => at(`.anarq-0123456789ab-${n}.part`)

/** What can be known of it without reading it. */
async function looked(path: string): Promise<DiskFile> {
  const { size, dev, ino, mtimeNs, ctimeNs } = await lstat(path, { bigint: true })
  return {
    path,
    bytes: Number(size),
    device: String(dev),
    inode: String(ino),
    modifiedNs: String(mtimeNs),
    changedNs: String(ctimeNs),
    proof: '00'.repeat(32),
  }
}
