import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { isHome, openHome } from '@anarq/files'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-home-'))
  await chmod(folder, 0o755)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

test('a home is made for one user alone, where nothing is or in an empty folder', async () => {
  for (const path of [join(folder, 'new/deep'), folder]) {
    if (path === folder) await rm(join(folder, 'new'), { recursive: true })
    const { root, blocks } = await openHome(path)
    assert.deepEqual([await modeOf(root), await modeOf(blocks)], [0o700, 0o700])
    // As another process finds it that begins at the same moment: no lock yet.
    await openHome(path)
  }
})

test('what is no home is left as it is: whoever only reads makes none, and nobody makes one among other things', async () => {
  const missing = join(folder, 'mistyped')
  await assert.rejects(openHome(missing, { mayMake: false }), { code: 'missing.identity' })
  await assert.rejects(openHome(folder, { mayMake: false }), { code: 'missing.identity' })
  await writeFile(join(folder, 'lock.db'), 'of another program')
  for (const mayMake of [true, false])
    await assert.rejects(openHome(folder, { mayMake }), {
      code: mayMake ? 'conflict.not-home' : 'missing.identity',
    })
  assert.deepEqual([await readdir(folder), await modeOf(folder)], [['lock.db'], 0o755])
})

test('a home is known by its vault, by its packs where the vault was lost, and by its lock while it is empty', async () => {
  const homes = [
    ['vault.b', 'blocks/blocks.db'],
    ['blocks/meta-a-000001.pack'],
    ['lock.db', 'blocks/blocks.db'],
  ]
  const others = [[], ['notes.txt'], ['lock.db'], ['vault.a'], ['blocks/blocks.db'], ['vault.a/file']]
  for (const names of [...homes, ...others]) {
    const path = await mkdtemp(join(folder, 'one-'))
    for (const name of names) {
      await mkdir(join(path, name, '..'), { recursive: true })
      await writeFile(join(path, name), '')
    }
    assert.equal(isHome(path), homes.includes(names), names.join(' '))
    if (isHome(path)) await openHome(path, { mayMake: false })
  }
  // What has lost all but its keys is still opened as what it is.
  const bare = await mkdtemp(join(folder, 'bare-'))
  await writeFile(join(bare, 'vault.a'), '')
  await openHome(bare, { mayMake: false })
})

test('a folder that is a file, or may not be looked into, is told as what it is', async (t) => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  for (const mayMake of [true, false])
    await assert.rejects(openHome(file, { mayMake }), { code: 'invalid.path' })
  if (process.getuid?.() === 0) return t.skip('root may look into everything')
  await chmod(folder, 0)
  assert.equal(isHome(folder), false)
  await assert.rejects(openHome(folder, { mayMake: false }), { code: 'unavailable.permission' })
  await chmod(folder, 0o755)
})
