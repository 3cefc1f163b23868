/** How much there is, a quota that is held to, and backups that are tried before they are needed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackupReport } from '@anarq/kernel'
import { bytesOf, createWorld, fileItem, itemsOf, noise, type World } from './world.ts'

const mebibyte = 1024 * 1024
let seed = 10

async function put({ operations }: World, name: string, bytes: number): Promise<void> {
  seed += 1
  await operations.drive.put(itemsOf(fileItem(name, noise(bytes, seed))))
}

async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

const check = (world: World, bytes: Uint8Array): Promise<BackupReport> =>
  world.operations.health.checkBackup(pieces(bytes))

test('storage says what there is: files as they are, what they take sealed, and what is in the trash', async () => {
  const world = await createWorld()
  await put(world, 'a.bin', mebibyte)
  await put(world, 'b.bin', 2 * mebibyte)
  await world.operations.drive.remove('/b.bin')
  const facts = await world.operations.health.storage()
  assert.equal(facts.files, 2)
  assert.equal(facts.contentBytes, 3 * mebibyte)
  assert.equal(facts.trashedBytes, 2 * mebibyte)
  assert.ok(facts.storedBytes > 3 * mebibyte && facts.indexBytes > 0 && facts.indexBytes < mebibyte)
  assert.equal(facts.quotaBytes, undefined)
  await world.operations.drive.remove('b.bin', { isForever: true })
  const after = await world.operations.health.storage()
  assert.deepEqual([after.files, after.contentBytes, after.trashedBytes], [1, mebibyte, 0])
  assert.equal((await world.operations.health.verify()).files, 1)
})

test('puts are held to the quota: what is over it is refused with what to do, and leaves nothing visible', async () => {
  const world = await createWorld()
  const { health, drive } = world.operations
  await assert.rejects(health.setQuota({ bytes: 1000 }), { code: 'invalid.quota' })
  assert.equal((await health.setQuota({ bytes: 3 * mebibyte })).quotaBytes, 3 * mebibyte)
  await put(world, 'fits.bin', mebibyte)
  await assert.rejects(put(world, 'too-much.bin', 4 * mebibyte), {
    code: 'limit.quota',
    message: /quota of 3 MiB.*Delete.*larger quota/,
  })
  assert.deepEqual(
    (await drive.list('/')).map(({ name }) => name),
    ['fits.bin'],
  )
  // What was sealed before it was refused is no part of anything: tidying gives its room back.
  await health.compact()
  await put(world, 'fits-too.bin', mebibyte / 2)
  // A larger one, and none, let it in.
  await health.setQuota({ bytes: 100 * mebibyte })
  await put(world, 'too-much.bin', 4 * mebibyte)
  assert.equal((await health.setQuota({})).quotaBytes, undefined)
})

test('a quota holds for all who put at once, and after a restart', async () => {
  const world = await createWorld()
  await world.operations.health.setQuota({ bytes: 4 * mebibyte })
  const all = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((name) => put(world, `${name}.bin`, 2 * mebibyte)),
  )
  assert.ok(all.filter(({ status }) => status === 'fulfilled').length <= 2)
  assert.ok(all.some((one) => one.status === 'rejected' && one.reason.code === 'limit.quota'))
  const again = await world.reopen()
  assert.equal(again.quotaBytes(), 4 * mebibyte)
})

test('settings that do not read are told, and the node goes on without a quota', async () => {
  const world = await createWorld()
  await world.ports.settings?.write(Uint8Array.of(1, 2, 3))
  const again = await world.reopen()
  assert.equal(again.quotaBytes(), undefined)
  assert.ok(world.faults.some(({ code }) => code === 'damaged.settings'))
})

test('[AQ-QERBEROS-20] the drill opens a backup, counts what would come back, and compares it with what is here', async () => {
  const world = await createWorld()
  await put(world, 'kept.bin', mebibyte)
  await put(world, 'second.bin', 1000)
  const backup = await bytesOf(world.operations.health.backup())
  const same = await check(world, backup)
  assert.equal(same.isOurs, true)
  assert.equal(same.madeMs, world.clock.nowMs())
  assert.equal(same.newestMs, world.clock.nowMs())
  assert.deepEqual([same.files, same.filesHere, same.brokenFiles, same.changesSince], [2, 2, 0, 0])
  assert.equal(same.contentBytes, mebibyte + 1000)

  world.clock.advance(60_000)
  await put(world, 'later.bin', 500)
  await world.operations.drive.remove('/kept.bin', { isForever: true })
  await world.operations.health.compact()
  // Its index is no more in the store, and neither is the content of what was deleted: the backup has both.
  const before = await check(world, backup)
  assert.deepEqual([before.files, before.filesHere, before.brokenFiles], [2, 2, 0])
  assert.equal(before.contentBytes, mebibyte + 1000)
  assert.ok(before.changesSince >= 2)
  assert.ok((before.newestMs ?? 0) < world.clock.nowMs())
  const [entry] = await world.operations.audit.tail({ action: 'backup.check', limit: 1 })
  assert.equal(entry?.verdict, 'ok')
})

test('the drill refuses what is no backup, is cut, or was changed, and says so of somebody else’s', async () => {
  const world = await createWorld()
  await put(world, 'kept.bin', mebibyte)
  const backup = await bytesOf(world.operations.health.backup())
  for (const broken of [Uint8Array.of(1, 2, 3), backup.subarray(0, backup.length - 5)])
    await assert.rejects(check(world, broken), { code: 'invalid.backup' })
  const changed = backup.slice()
  changed[changed.length - 10] = (changed.at(-10) ?? 0) ^ 1
  await assert.rejects(check(world, changed), { code: 'invalid.backup' })
  const other = await createWorld({ seed: 2, name: 'bob' })
  const report = await check(other, backup)
  assert.equal(report.isOurs, false)
  assert.deepEqual([report.files, report.identities], [0, 0])
})

test('a backup that lacks a part of a file names that file as one that would not come back whole', async () => {
  const world = await createWorld()
  await put(world, 'kept.bin', mebibyte)
  const holed = await createHoled(world)
  const report = await check(world, holed)
  assert.deepEqual([report.files, report.brokenFiles], [1, 1])
})

/** As a store with a damaged block gives it: that one is left out. */
async function createHoled(world: World): Promise<Uint8Array> {
  const { blocks } = world.ports
  const data = []
  for await (const { cid, blockClass } of blocks.list()) if (blockClass === 'data') data.push(cid)
  const [gone] = data
  const bytes = gone && (await blocks.get(gone))
  assert.ok(gone !== undefined && bytes !== undefined)
  await blocks.delete([gone])
  const backup = await bytesOf(world.operations.health.backup())
  await blocks.put([{ cid: gone, bytes }], 'data')
  return backup
}
