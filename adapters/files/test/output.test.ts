import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromUtf8, once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { createOutput } from '@anarq/files'

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-output-'))
  try {
    await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const source = (text: string) => once(fromUtf8(text))

async function* failing(error: unknown): AsyncIterable<Uint8Array> {
  yield fromUtf8('the beginning')
  throw error
}

test('a root that was not there is seen when all of it is there, and not before', () =>
  inFolder(async (folder) => {
    const root = join(folder, 'a/b')
    await using output = createOutput({ root })
    await output.folder('')
    await output.file('/x/one.txt', { mode: 0o600, modifiedMs: 1_600_000_000_000 }, source('one'))
    await output.link('/x/link', 'one.txt')
    await assert.rejects(stat(root), { code: 'ENOENT' })
    await output.finish()
    assert.deepEqual(await readdir(join(folder, 'a')), ['b'])
    assert.deepEqual((await readdir(join(root, 'x'))).sort(), ['link', 'one.txt'])
    assert.equal(await readFile(join(root, 'x/link'), 'utf8'), 'one')
    const { mode, mtimeMs } = await stat(join(root, 'x/one.txt'))
    assert.deepEqual([mode & 0o777, mtimeMs], [0o600, 1_600_000_000_000])
  }))

test('folders have the mode and the time that they are to have when all is in them; what was there is left as it is', () =>
  inFolder(async (folder) => {
    const facts = { mode: 0o550, modifiedMs: 1_500_000_000_123 }
    for (const root of [join(folder, 'new'), folder]) {
      await using output = createOutput({ root })
      await output.folder('', facts)
      await output.folder('/shut', facts)
      await output.file('/shut/inner/one.txt', {}, source('one'))
      await output.folder('/shut/inner', { modifiedMs: -1000 })
      await output.finish()
      const { mode, mtimeMs } = await stat(join(root, 'shut'))
      assert.deepEqual([mode & 0o777, mtimeMs], [0o550, 1_500_000_000_123])
      assert.equal((await stat(join(root, 'shut/inner'))).mtimeMs, -1000)
    }
    assert.equal((await stat(join(folder, 'new'))).mtimeMs, 1_500_000_000_123)
    assert.ok((await stat(folder)).mtimeMs > 1_600_000_000_000)
  }))

test('an output that was not finished leaves nothing behind, and one in a folder that was there keeps what came whole', () =>
  inFolder(async (folder) => {
    const root = join(folder, 'new')
    const fill = async (into: string): Promise<void> => {
      await using output = createOutput({ root: into })
      await output.file('/one.txt', {}, source('one'))
      const broken = new Fault('damaged.chunk', 'It is damaged.')
      await assert.rejects(output.file('/two.txt', {}, failing(broken)), { code: 'damaged.chunk' })
      throw broken
    }
    await assert.rejects(fill(root), { code: 'damaged.chunk' })
    assert.deepEqual(await readdir(folder), [])
    await mkdir(root)
    await assert.rejects(fill(root), { code: 'damaged.chunk' })
    assert.deepEqual(await readdir(root), ['one.txt'])
  }))

test('one name twice, a file in the place of the root, and a root that came meanwhile are refused', () =>
  inFolder(async (folder) => {
    await using twice = createOutput({ root: join(folder, 'twice') })
    await twice.file('/one.txt', {}, source('one'))
    await assert.rejects(twice.file('/one.txt', {}, source('two')), { code: 'conflict.exists' })
    await twice.finish()
    assert.equal(await readFile(join(folder, 'twice/one.txt'), 'utf8'), 'one')

    await writeFile(join(folder, 'file'), '')
    await using onFile = createOutput({ root: join(folder, 'file') })
    await assert.rejects(onFile.folder(''), { code: 'conflict.exists' })

    const root = join(folder, 'late')
    await using late = createOutput({ root })
    await late.file('/one.txt', {}, source('one'))
    await mkdir(root)
    await writeFile(join(root, 'mine.txt'), 'mine')
    await assert.rejects(late.finish(), { code: 'conflict.exists' })
    assert.deepEqual(await readdir(root), ['mine.txt'])
  }))
