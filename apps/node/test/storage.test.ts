/** How much there is, a quota that is held to, and backups that are tried before they are needed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackupReport } from '@anarq/kernel'
import { addIdentity, bytesOf, createWorld, fileItem, itemsOf, noise, type World } from './world.ts'

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
  assert.deepEqual([same.files, same.filesHere, same.brokenFiles], [2, 2, 0])
  assert.deepEqual([same.identities, same.identitiesHere], [1, 1])
  assert.deepEqual(same.since, { added: 0, changed: 0, gone: 0, ofApps: 0, permissions: 0, paths: [] })
  assert.equal(same.contentBytes, mebibyte + 1000)

  world.clock.advance(60_000)
  await put(world, 'later.bin', 500)
  await world.operations.drive.remove('/kept.bin', { isForever: true })
  await world.operations.health.compact()
  // Its index is no more in the store, and neither is the content of what was deleted: the backup has both.
  const before = await check(world, backup)
  assert.deepEqual([before.files, before.filesHere, before.brokenFiles], [2, 2, 0])
  assert.equal(before.contentBytes, mebibyte + 1000)
  assert.deepEqual(before.since, {
    added: 1,
    changed: 0,
    gone: 1,
    ofApps: 0,
    permissions: 0,
    paths: ['/later.bin'],
  })
  assert.ok((before.newestMs ?? 0) < world.clock.nowMs())
  const [entry] = await world.operations.audit.tail({ action: 'backup.check', limit: 1 })
  assert.equal(entry?.verdict, 'ok')
})

test('the drill tells files that were changed from what the desktop keeps, and names them', async () => {
  const world = await createWorld()
  const { drive, sharing, tools, identities, health } = world.operations
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await put(world, `letters/${name}.txt`, 100)
  await addIdentity(world, 'work')
  const grant = await sharing.share('/letters/a.txt', { with: 'work' })
  const backup = await bytesOf(health.backup())

  // Where windows lie, and what an app keeps: no file of the person's is another.
  await drive.put(itemsOf(fileItem('layout.json', '{}')), { to: '/.anarq/apps/os.anarq.shell' })
  await drive.makeFolder('/empty')
  const quiet = await check(world, backup)
  assert.deepEqual([quiet.files, quiet.filesHere], [7, 7])
  assert.deepEqual(quiet.since, { added: 0, changed: 0, gone: 0, ofApps: 1, permissions: 0, paths: [] })

  await put(world, 'letters/a.txt', 200)
  await drive.move('/letters/b.txt', { name: 'renamed.txt' })
  await drive.remove('/letters/c.txt')
  await world.as('work', () => put(world, 'ours.txt', 10))
  for (const name of ['x', 'y', 'z']) await put(world, `${name}.txt`, 10)
  const report = await check(world, backup)
  assert.deepEqual([report.since.added, report.since.changed, report.since.gone], [4, 3, 0])
  assert.equal(report.since.paths.length, 5)
  assert.ok(report.since.paths.every((path) => /^\/(letters|ours|x|y|z)/.test(path)))

  await sharing.revoke(grant.grant.id)
  const key = await tools.create({ name: 'Laptop', door: 'webdav', rights: 'read' })
  await tools.revoke(key.key.id)
  assert.equal((await check(world, backup)).since.permissions, 2)
  world.clock.advance(60_000)
  await identities.create({ kind: 'sub', name: 'new' })
  const lacking = await check(world, backup)
  assert.deepEqual([lacking.identities, lacking.identitiesHere], [2, 3])
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
  assert.equal(report.files, 0)
})

test('a backup that lacks a part of a file names that file as one that would not come back whole', async () => {
  const world = await createWorld()
  await put(world, 'kept.bin', mebibyte)
  const holed = await createHoled(world)
  const report = await check(world, holed)
  assert.deepEqual([report.files, report.brokenFiles, report.brokenPaths], [1, 1, ['/kept.bin']])
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
