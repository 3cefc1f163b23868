import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DiskHome, withDiskHome } from './disk-home.ts'
import { fileItem, itemsOf } from './world.ts'

async function savedView({ path }: DiskHome): Promise<Buffer | undefined> {
  const cache = join(path, 'cache')
  const name = (await readdir(cache)).find((file) => file.startsWith('view-'))
  return name === undefined ? undefined : readFile(join(cache, name))
}

async function put({ open }: DiskHome, ...names: readonly string[]): Promise<void> {
  await using node = await open()
  await node.operations.drive.put(itemsOf(...names.map((name) => fileItem(name, `I am ${name}`))))
}

async function search({ open, faults }: DiskHome, text: string): Promise<number> {
  await using node = await open()
  const found = await node.operations.drive.find({ text, limit: 1000 })
  assert.deepEqual(faults, [])
  return found.length
}

test('one file more among many does not save the whole search index anew, and is found after the next start', async () => {
  await withDiskHome(async (home) => {
    await put(home, ...Array.from({ length: 200 }, (_, i) => `many ${i}.txt`))
    assert.equal(await search(home, 'many'), 200)
    const before = await savedView(home)
    assert.ok(before !== undefined)
    await put(home, 'another.txt')
    assert.deepEqual(await savedView(home), before)
    assert.equal(await search(home, 'another'), 1)
    assert.deepEqual(await savedView(home), before)
    await put(home, ...Array.from({ length: 20 }, (_, i) => `more ${i}.txt`))
    assert.notDeepEqual(await savedView(home), before)
    assert.equal(await search(home, 'txt'), 221)
  })
})

test('the words that a search listed first are saved, so that the next command does not list them again', async () => {
  await withDiskHome(async (home) => {
    await put(home, ...Array.from({ length: 50 }, (_, i) => `many ${i}.txt`))
    const unlisted = await savedView(home)
    assert.equal(await search(home, 'many'), 50)
    const listed = await savedView(home)
    assert.ok(listed !== undefined && unlisted !== undefined)
    assert.ok(listed.length > unlisted.length)
    assert.equal(await search(home, 'many'), 50)
    assert.deepEqual(await savedView(home), listed)
  })
})
