/** Copies over the blocks that are there, and things that take another's place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { bytesOf, createWorld, fileItem, itemsOf, noise, putFile, textOf } from './world.ts'

const world = await createWorld({ seed: 11 })
const { operations, asked } = world
const { drive } = operations

async function pathsBelow(path: string): Promise<string[]> {
  const paths: string[] = []
  for await (const entry of drive.walk(path)) paths.push(entry.path)
  return paths
}

test('AQ-QDRIVE-7: a copy is another file over the same blocks: content is neither read nor stored again', async () => {
  const id = await putFile(world, 'one/long.bin', noise(400_000, 3), { mode: 0o640 })
  await drive.tag(id, { add: ['kept'] })
  asked.clear()
  const copy = await drive.copy('/one/long.bin', { folder: '/one', name: 'copy.bin' })
  assert.notEqual(copy.id, id)
  assert.deepEqual([copy.path, copy.bytes, copy.tags, copy.versions], ['/one/copy.bin', 400_000, ['kept'], 1])
  assert.equal(asked.get('blocks.putSealed'), undefined)
  assert.equal(asked.get('blocks.readInto'), undefined)
  const [first, second] = [await drive.get(id), await drive.get(copy.id)]
  assert.notEqual(first.etag, second.etag)
  assert.ok(equalBytes(await bytesOf(first.stream), await bytesOf(second.stream)))
  assert.equal((await drive.get(copy.id)).entry.mode, 0o640)
})

test('AQ-QDRIVE-7: a copy goes its own way: later versions, and the end of the first, do not touch it', async () => {
  await putFile(world, 'two/a.txt', 'as it was')
  const copy = await drive.copy('/two/a.txt', { name: 'b.txt' })
  await putFile(world, 'two/a.txt', 'changed', { modifiedMs: 5 })
  assert.equal(await textOf(await drive.get(copy.id)), 'as it was')
  await drive.remove('/two/a.txt', { isForever: true })
  await operations.health.compact()
  assert.equal(await textOf(await drive.get(copy.id)), 'as it was')
  assert.deepEqual((await operations.health.verify(copy.id)).findings, [])
})

test('a folder is copied with all below it in one commit, and without what is in the trash', async () => {
  await drive.put(
    itemsOf(
      fileItem('three/a.txt', 'a'),
      fileItem('three/in/b.txt', 'b'),
      fileItem('three/in/gone.txt', 'gone'),
      { kind: 'folder', path: 'three/empty', modifiedMs: 7 },
    ),
  )
  await drive.remove('/three/in/gone.txt')
  const before = (await drive.history()).length
  await drive.copy('/three', { name: 'four' })
  assert.equal((await drive.history()).length, before + 1)
  assert.deepEqual((await pathsBelow('/four')).sort(), [
    '/four',
    '/four/a.txt',
    '/four/empty',
    '/four/in',
    '/four/in/b.txt',
  ])
  assert.equal(await textOf(await drive.get('/four/in/b.txt')), 'b')
  const alone = await drive.copy('/three', { name: 'five', isShallow: true })
  assert.deepEqual(await pathsBelow(alone.id), ['/five'])
  const [entry] = await operations.audit.tail({ limit: 1, action: 'object.copy' })
  assert.equal(entry?.verdict, 'ok')
})

test('a copy beside what has its name gets a number; one that replaces puts the other into the trash, in the same commit', async () => {
  await drive.put(itemsOf(fileItem('six/a.txt', 'a'), fileItem('six/b.txt', 'b')))
  assert.equal((await drive.copy('/six/a.txt', {})).path, '/six/a (2).txt')
  const old = await drive.entry('/six/b.txt')
  const before = (await drive.history()).length
  const copy = await drive.copy('/six/a.txt', { name: 'b.txt', isReplacing: true })
  assert.equal((await drive.history()).length, before + 1)
  assert.equal(copy.path, '/six/b.txt')
  assert.equal(await textOf(await drive.get('/six/b.txt')), 'a')
  assert.equal((await drive.entry(old.id)).isTrashed, true)
  const moved = await drive.move('/six/a.txt', { name: 'b.txt', isReplacing: true })
  assert.deepEqual([moved.path, (await drive.entry(copy.id)).isTrashed], ['/six/b.txt', true])
  const folder = await drive.makeFolder('/six/in')
  await drive.copy('/three', { folder: '/six', name: 'in', isReplacing: true })
  assert.equal((await drive.entry(folder.id)).isTrashed, true)
  assert.equal((await drive.entry('/six/in/a.txt')).kind, 'file')
})

test('nothing is copied or moved into itself, nor takes the place of what it lies in', async () => {
  await drive.put(itemsOf(fileItem('seven/in/seven', 'x')))
  const refused = (error: unknown): boolean => hasCode(error, 'invalid.move')
  await assert.rejects(drive.copy('/seven', { folder: '/seven/in' }), refused)
  await assert.rejects(drive.copy('/seven', { folder: '/seven' }), refused)
  await assert.rejects(drive.move('/seven/in', { folder: '/', name: 'seven', isReplacing: true }), refused)
  await assert.rejects(drive.copy('/seven/in', { folder: '/', name: 'seven', isReplacing: true }), refused)
  await assert.rejects(drive.copy('/seven', { folder: '/nowhere' }), (error) =>
    hasCode(error, 'missing.object'),
  )
  assert.deepEqual(await pathsBelow('/seven'), ['/seven', '/seven/in', '/seven/in/seven'])
})

test('AQ-QOMPRESS-7: the copy of a file with a second lock opens with the same passphrase, and not without', async () => {
  await drive.put(itemsOf(fileItem('eight/deed.txt', 'the deed')), { lock: 'second words' })
  const copy = await drive.copy('/eight/deed.txt', { name: 'copy.txt' })
  await assert.rejects(drive.get(copy.id), (error) => hasCode(error, 'refused.lock'))
  assert.equal(await textOf(await drive.get(copy.id, { lock: 'second words' })), 'the deed')
})

test('whoever copies a decoy has touched it', async () => {
  await drive.put(itemsOf(fileItem('nine/passwords.txt', 'none')), { isDecoy: true })
  const before = (await operations.audit.alerts()).filter(({ kind }) => kind === 'decoy').length
  await drive.copy('/nine', { name: 'ten' })
  const after = (await operations.audit.alerts()).filter(({ kind }) => kind === 'decoy').length
  assert.equal(after, before + 1)
})

test('a search can be kept to one folder and all below it', async () => {
  await drive.put(itemsOf(fileItem('far/near/needle.txt', 'x'), fileItem('needle.txt', 'x')))
  const found = await drive.find({ text: 'needle', below: '/far' })
  assert.deepEqual(
    found.map(({ path }) => path),
    ['/far/near/needle.txt'],
  )
})
