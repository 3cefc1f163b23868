/** Feeds: a publisher's folder of apps, on a whole kernel. Whoever publishes is another person than whoever installs. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { createFeed, createSdk } from '@anarq/sdk'
import { addToFeed, feedBytes, type SignedFeed } from '@anarq/wxa'
import { openApps } from '../src/apps.ts'
import { type Packed, packerOf } from './packing.ts'
import { createWorld, fileItem, itemsOf } from './world.ts'

const publisher = (await createWorld({ seed: 2 })).operations
const stranger = (await createWorld({ seed: 3 })).operations
const { operations, kernel, clock } = await createWorld()
const { drive } = operations
const opened = openApps({ kernel, operations, feed: createFeed(clock), clock })
after(() => opened.close())
const person = { kind: 'person' } as const
const { apps } = createSdk((method, params) => opened.dispatcher.call(person, method, params))

async function keep(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const items = Object.entries(files).map(([name, bytes]) => fileItem(name, bytes))
  await drive.put(itemsOf(...items), { to: folder, isThorough: true })
}

/** The next feed of the publisher, with this app, in a folder of the drive. */
async function publish(
  folder: string,
  before: SignedFeed | undefined,
  { bytes, entry }: Packed,
): Promise<SignedFeed> {
  const feed = await publisher.identities.signAppFeed(addToFeed(before, entry))
  await keep(folder, { [entry.file]: bytes, 'feed.json': feedBytes(feed) })
  return feed
}

const pack = packerOf(publisher)
const first = await publish('/Feeds/tea', undefined, await pack())
const did = first.publisher.did

test('[WX-DEV-10] a feed is added, shows its apps, and one is installed from it', async () => {
  const added = await apps.addFeed({ path: '/Feeds/tea' })
  assert.deepEqual([added.did, added.sequence, added.apps[0]?.state], [did, 1, 'new'])
  const path = added.apps[0]?.path as string
  assert.equal((await apps.inspect({ path, feed: did })).kind, 'install')
  await apps.install({ path, feed: did, granted: [] })
  const [shown] = await apps.feeds({})
  assert.deepEqual([shown?.apps[0]?.state, shown?.apps[0]?.installed], ['installed', '1.0.0'])
})

test('an update is seen in the folder, and asks for what is new', async () => {
  const permissions = [{ id: 'drive.read', why: 'To count what you wrote.' }]
  const second = await publish('/Feeds/tea', first, await pack({ version: '1.1.0', permissions }))
  const [shown] = await apps.feeds({})
  assert.deepEqual([shown?.sequence, shown?.apps[0]?.state], [2, 'update'])
  const path = shown?.apps[0]?.path as string
  assert.deepEqual((await apps.inspect({ path, feed: did })).asks, ['drive.read'])
  await apps.install({ path, feed: did, granted: ['drive.read'] })
  assert.equal((await apps.list({}))[0]?.version, '1.1.0')

  // The older feed comes back in its place, in another folder, and after the feed was removed: it is refused each time.
  await keep('/Feeds/tea', { 'feed.json': feedBytes(first) })
  assert.equal((await apps.feeds({}))[0]?.problem?.code, 'refused.feed-older')
  await assert.rejects(apps.inspect({ path, feed: did }), { code: 'refused.feed-older' })
  await apps.removeFeed({ did })
  assert.deepEqual(await apps.feeds({}), [])
  await assert.rejects(apps.addFeed({ path: '/Feeds/tea' }), { code: 'refused.feed-older' })
  await assert.rejects(apps.inspect({ path, feed: did }), { code: 'missing.feed' })
  await keep('/Feeds/tea', { 'feed.json': feedBytes(second) })
  assert.equal((await apps.addFeed({ path: '/Feeds/tea' })).sequence, 2)

  const twin = await publisher.identities.signAppFeed(
    addToFeed(first, (await pack({ version: '1.2.0' })).entry),
  )
  await keep('/Feeds/twin', { 'feed.json': feedBytes(twin) })
  await assert.rejects(apps.addFeed({ path: '/Feeds/twin' }), { code: 'refused.feed-twice' })
})

test('what lies in the folder beside what the feed names, or in its place, is not installed', async () => {
  const honest = await pack({ id: 'org.example.pot', name: 'Pot' })
  const other = await pack({ id: 'org.example.pot', name: 'Pot', version: '1.0.1' })
  const foreign = await packerOf(stranger)({ id: 'org.example.pot', name: 'Pot' })
  const feed = await publisher.identities.signAppFeed(
    addToFeed({ ...first, sequence: 2 } as SignedFeed, honest.entry),
  )
  const path = `/Feeds/pot/${honest.entry.file}`
  await keep('/Feeds/pot', {
    'feed.json': feedBytes(feed),
    [honest.entry.file]: foreign.bytes,
    'x.wxa': other.bytes,
  })
  await apps.addFeed({ path: '/Feeds/pot' })
  await assert.rejects(apps.inspect({ path, feed: did }), { code: 'refused.feed-foreign' })
  await assert.rejects(apps.install({ path, feed: did, granted: [] }), { code: 'refused.feed-foreign' })
  await keep('/Feeds/pot', { [honest.entry.file]: other.bytes })
  await assert.rejects(apps.inspect({ path, feed: did }), { code: 'refused.feed-entry' })
  await assert.rejects(apps.inspect({ path: '/Feeds/pot/x.wxa', feed: did }), { code: 'missing.feed-app' })
  await keep('/Feeds/pot', { [honest.entry.file]: honest.bytes })
  assert.equal((await apps.inspect({ path, feed: did })).app.name, 'Pot')
})

test('a folder without a feed, a broken one and one of somebody else say what is wrong', async () => {
  await assert.rejects(apps.addFeed({ path: '/Feeds' }), { code: /^missing/ })
  await keep('/Feeds/broken', { 'feed.json': fromUtf8('{"feed":1}') })
  await assert.rejects(apps.addFeed({ path: '/Feeds/broken' }), { code: 'invalid.feed' })
  const theirs = await stranger.identities.signAppFeed(
    addToFeed(undefined, (await packerOf(stranger)()).entry),
  )
  await keep('/Feeds/pot', { 'feed.json': feedBytes(theirs) })
  const [shown] = await apps.feeds({})
  assert.deepEqual([shown?.problem?.code, shown?.apps.length], ['refused.feed-publisher', 0])
  const nobody = { kind: 'app', id: 'org.example.nosy', permissions: new Set<never>() } as const
  const asked = opened.dispatcher.call(nobody, 'apps.feeds', {})
  await assert.rejects(asked, { code: 'refused.permission' })
})

test('each feed that is signed is in the audit log', async () => {
  const [noted] = await publisher.audit.tail({ action: 'feed.sign' })
  assert.deepEqual([noted?.verdict, noted?.details.apps], ['ok', 2])
})
