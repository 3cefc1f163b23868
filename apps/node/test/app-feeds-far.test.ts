/** Feeds at https addresses, on a whole kernel; what lies at an address stands in memory. */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import type { Web, WebAsked } from '@anarq/apps'
import { fromUtf8 } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { createFeed, createSdk } from '@anarq/sdk'
import { addToFeed, feedBytes, type SignedFeed } from '@anarq/wxa'
import { openApps } from '../src/apps.ts'
import { type Packed, packerOf } from './packing.ts'
import { createWorld } from './world.ts'

const publisher = (await createWorld({ seed: 2 })).operations
const stranger = (await createWorld({ seed: 3 })).operations
const { operations, kernel, clock } = await createWorld()
const { drive } = operations
const site = new Map<string, Uint8Array>()
type Asked = readonly [address: string, limits: WebAsked]
let asked: Asked[] = []
const web: Web = {
  async get(address, limits) {
    asked.push([address, limits])
    const bytes = site.get(address)
    if (address.includes('nas.lan') && limits.allowsPrivate !== true)
      throw new Fault('refused.private-address', 'A private network.')
    if (bytes === undefined) throw new Fault('unavailable.web', 'It answered with 404.')
    if (bytes.length > limits.bytesMax) throw new Fault('limit.download', 'Too much.')
    return bytes.slice()
  },
}
const opened = openApps({ kernel, operations, feed: createFeed(clock), clock, web })
after(() => opened.close())
const person = { kind: 'person' } as const
const { apps } = createSdk((method, params) => opened.dispatcher.call(person, method, params))
const address = 'https://apps.example.net/mine/'
const copies = '/.anarq/feeds'
const pack = packerOf(publisher)

beforeEach(() => {
  asked = []
})

async function publish(
  before: SignedFeed | undefined,
  { bytes, entry }: Packed,
  at = address,
): Promise<SignedFeed> {
  const feed = await publisher.identities.signAppFeed(addToFeed(before, entry))
  site.set(`${at}feed.json`, feedBytes(feed)).set(`${at}${entry.file}`, bytes)
  return feed
}

async function lying(): Promise<string[]> {
  const folders = await drive.list(copies).catch((error: unknown) => {
    if (hasCode(error, 'missing')) return []
    throw error
  })
  const all = await Promise.all(folders.map(({ path }) => drive.list(path)))
  return all.flat().map(({ name }) => name)
}

const first = await publish(undefined, await pack())
const { did } = first.publisher

test('nothing is fetched before a person adds an address, and then the list alone, within limits', async () => {
  assert.deepEqual([await apps.feeds({}), asked], [[], []])
  const added = await apps.addFeed({ path: `${address}feed.json` })
  assert.deepEqual([added.did, added.folder, added.sequence], [did, address, 1])
  assert.deepEqual(
    [added.apps[0]?.path, added.apps[0]?.state],
    [`${address}org.example.tea-1.0.0.wxa`, 'new'],
  )
  assert.deepEqual(asked, [
    [`${address}feed.json`, { bytesMax: 2 * 1024 * 1024, timeoutMs: 30_000, allowsPrivate: false }],
  ])
  assert.equal((await apps.feeds({}))[0]?.fetchedMs, clock.nowMs())
  assert.equal(asked.length, 1, 'looking at it asks nobody')
})

test('an app is fetched when it is looked at, is the one that the feed names, and its copy goes when it is installed', async () => {
  const [feed] = await apps.feeds({})
  const path = feed?.apps[0]?.path as string
  assert.equal((await apps.inspect({ path, feed: did })).kind, 'install')
  assert.deepEqual(await lying(), ['feed.json', 'org.example.tea-1.0.0.wxa'])
  assert.equal(asked.length, 1)
  assert.equal(asked[0]?.[1].bytesMax, first.apps[0]?.bytes)
  await apps.install({ path, feed: did, granted: [] })
  assert.equal(asked.length, 1, 'once')
  assert.deepEqual(await lying(), ['feed.json'])
  assert.equal((await apps.list({}))[0]?.version, '1.0.0')
})

test('what is new is seen when it is refreshed, and not before', async () => {
  const second = await publish(first, await pack({ version: '1.1.0' }))
  assert.equal((await apps.feeds({}))[0]?.apps[0]?.state, 'installed')
  clock.advance(60_000)
  const refreshed = await apps.refreshFeed({ did })
  assert.deepEqual([refreshed.sequence, refreshed.apps[0]?.state], [2, 'update'])
  assert.equal(refreshed.fetchedMs, clock.nowMs())
  const path = refreshed.apps[0]?.path as string
  await apps.inspect({ path, feed: did })
  await publish(second, await pack({ version: '1.2.0' }))
  await apps.refreshFeed({ did })
  assert.deepEqual(await lying(), ['feed.json'], 'what the feed does not name any more is gone')
  await assert.rejects(apps.inspect({ path, feed: did }), { code: 'missing.feed-app' })
})

test('an older list, one of somebody else, a forged one and another package are refused, and nothing is kept of them', async () => {
  const list = site.get(`${address}feed.json`) as Uint8Array
  const before = await apps.feeds({})
  site.set(`${address}feed.json`, feedBytes(first))
  await assert.rejects(apps.refreshFeed({ did }), { code: 'refused.feed-older' })
  const entry = (await packerOf(stranger)({ id: 'org.example.pot' })).entry
  const foreign = await stranger.identities.signAppFeed(addToFeed(undefined, entry))
  site.set(`${address}feed.json`, feedBytes(foreign))
  await assert.rejects(apps.refreshFeed({ did }), { code: 'refused.feed-publisher' })
  const forged = { ...(JSON.parse(Buffer.from(list).toString()) as SignedFeed), sequence: 99 }
  site.set(`${address}feed.json`, feedBytes(forged))
  await assert.rejects(apps.refreshFeed({ did }), { code: 'refused.signature' })
  site.set(`${address}feed.json`, fromUtf8('<html>not here</html>'))
  await assert.rejects(apps.refreshFeed({ did }))
  assert.deepEqual(await apps.feeds({}), before)

  site.set(`${address}feed.json`, list)
  const app = before[0]?.apps[0]
  const bytes = site.get(app?.path as string) as Uint8Array
  const changed = bytes.slice()
  changed[changed.length >> 1] = 255 - (changed[changed.length >> 1] as number)
  for (const wrong of [changed, bytes.subarray(1)]) {
    site.set(app?.path as string, wrong)
    await assert.rejects(apps.inspect({ path: app?.path as string, feed: did }), {
      code: 'refused.feed-entry',
    })
  }
  site.set(app?.path as string, new Uint8Array(bytes.length + 1))
  await assert.rejects(apps.inspect({ path: app?.path as string, feed: did }), { code: 'limit.download' })
  assert.deepEqual(await lying(), ['feed.json'])
  await assert.rejects(apps.inspect({ path: `${address}other.wxa`, feed: did }), { code: 'missing.feed-app' })
  await assert.rejects(apps.inspect({ path: app?.path as string }), { code: 'invalid.path' })
  site.set(app?.path as string, bytes)
})

test('what is no address of a feed is refused, and a private one unless it is allowed; that is remembered', async () => {
  for (const path of [
    'http://apps.example.net/',
    'https://ada:secret@apps.example.net/',
    'https://apps.example.net/feed.json?of=tea',
    'https://',
  ])
    await assert.rejects(apps.addFeed({ path }), { code: 'invalid.web-address' }, path)
  assert.equal(asked.length, 0)
  const near = 'https://nas.lan:8443/apps/'
  for (const [path, bytes] of [...site]) site.set(path.replace(address, near), bytes)
  await assert.rejects(apps.addFeed({ path: near }), { code: 'refused.private-address' })
  const moved = await apps.addFeed({ path: 'https://nas.lan:8443/apps', allowsPrivate: true })
  assert.deepEqual([moved.did, moved.folder], [did, near])
  assert.equal((await drive.list(copies)).length, 1, 'the copy of the place before is gone')
  await apps.refreshFeed({ did })
  const allowed = asked.slice(1).map((one: Asked) => one[1].allowsPrivate)
  assert.deepEqual(allowed, [true, true])
})

test('away is said, what was seen stays; once removed nothing of it lies there, and nothing is asked', async () => {
  const before = await apps.feeds({})
  site.clear()
  await assert.rejects(apps.refreshFeed({ did }), { code: 'unavailable.web' })
  assert.deepEqual(await apps.feeds({}), before)
  await apps.removeFeed({ did })
  assert.deepEqual([await apps.feeds({}), await lying()], [[], []])
  await assert.rejects(apps.refreshFeed({ did }), { code: 'missing.feed' })
  assert.equal((await apps.list({}))[0]?.version, '1.0.0', 'what was installed stays')
})
