/** Films and sounds for a page's player: by an address that nobody guesses, by range, and no longer than what it stands on. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { noApps } from '@anarq/http'
import type { Permission } from '@anarq/sdk'
import { createAppSdk } from '@anarq/sdk/app'
import { createPageClient, createPageKey, createSdk, type PageSession } from '@anarq/sdk/browser'
import { openWorld, passphrase, type World } from './http-world.ts'

const player = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'video' }
const grants: Record<string, readonly Permission[]> = {
  'org.example.viewer': ['drive.read'],
  'org.example.nosy': [],
}
const film = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251))
let world: World
let client: ReturnType<typeof createPageClient>

before(async () => {
  world = await openWorld({
    ...noApps,
    permissionsOf: async (id) => (grants[id] === undefined ? undefined : new Set(grants[id])),
  })
  await begin()
  const { content } = sdk()
  const film1 = { path: '/film.webm', bytes: film.length, modifiedMs: 5, type: 'video/webm' }
  const { id } = await content.beginUpload(film1)
  await content.sendUpload({ id, content: new Blob([film]) })
  await sdk().storage.write({ path: '/page.html', bytes: new Uint8Array(8), type: 'text/html' })
})
after(() => world.close())

async function begin(): Promise<void> {
  const key = await createPageKey()
  let session: PageSession | undefined
  client = createPageClient({
    key,
    session: () => session,
    origin: world.door.address,
    nowMs: () => world.clock.nowMs(),
  })
  session = await client.open<PageSession>('/api/v1/sessions', {
    json: { passphrase, key: key.publicKey, browser: 'Test' },
  })
}

const sdk = (app?: string) => createAppSdk(client, app)
const statusAt = async (address: string): Promise<number> => {
  const range = { ...player, range: 'bytes=0-0' }
  return (await world.ask('GET', address, { headers: range })).status
}

test('[AQ-QDRIVE-1] a player seeks: each range comes alone, without a signature, and stays in no cache', async () => {
  const address = await sdk().content.media({ path: '/film.webm' })
  assert.match(address, /^\/media\/[0-9a-f]{32}$/)
  for (const [from, to] of [
    [0, 1000],
    [1_500_000, 1_500_500],
    [2_999_999, 3_000_000],
  ] as const) {
    const range = `bytes=${from}-${to - 1}`
    const answer = await world.ask('GET', address, { headers: { ...player, range } })
    assert.equal(answer.status, 206)
    assert.equal(answer.headers['content-range'], `bytes ${from}-${to - 1}/3000000`)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers['content-type'], 'video/webm')
    assert.ok(film.subarray(from, to).equals(answer.body))
  }
  assert.ok(film.equals((await world.ask('GET', address, { headers: player })).body))
  assert.equal((await world.ask('HEAD', address, { headers: player })).headers['content-length'], '3000000')
})

test('another site, a document and a guess get nothing', async () => {
  const address = await sdk().content.media({ path: '/film.webm' })
  for (const headers of [
    { ...player, 'sec-fetch-site': 'cross-site' },
    { ...player, 'sec-fetch-site': 'same-site' },
    { ...player, 'sec-fetch-dest': 'document' },
    { ...player, 'sec-fetch-dest': 'iframe' },
    { ...player, 'sec-fetch-dest': 'empty' },
  ])
    assert.equal((await world.ask('GET', address, { headers })).status, 403)
  assert.equal(await statusAt(`/media/${'0'.repeat(32)}`), 404)
  assert.equal(await statusAt(`/media/${'0'.repeat(33)}`), 400)
  await assert.rejects(sdk().content.media({ path: '/page.html' }), { code: 'invalid.kind' })
  await assert.rejects(sdk().content.media({ path: '/none.webm' }), { code: /^missing/ })
})

test('below the address of a framed app its own films play, to a player alone, and nobody else’s do', async () => {
  const { content } = sdk('org.example.viewer')
  const keyOf = (address: string): string => address.slice(address.lastIndexOf('/') + 1)
  const key = keyOf(await content.media({ path: '/film.webm' }))
  const below = (app: string, media = key): string => `/apps/${app}/window/.media/${media}`
  const framed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'video' }
  const headers = { ...framed, range: 'bytes=2000000-2000009' }
  const played = await world.ask('GET', below('org.example.viewer'), { headers })
  assert.equal(played.status, 206)
  assert.ok(film.subarray(2_000_000, 2_000_010).equals(played.body))
  assert.equal(played.headers['cross-origin-resource-policy'], 'cross-origin')
  assert.equal(played.headers['access-control-allow-origin'], undefined, 'it plays, and cannot be read')
  for (const dest of ['document', 'iframe', 'empty', 'image', 'script']) {
    const asked = { headers: { ...framed, 'sec-fetch-dest': dest } }
    assert.equal((await world.ask('GET', below('org.example.viewer'), asked)).status, 403, dest)
  }
  assert.equal((await world.ask('GET', below('org.example.nosy'), { headers })).status, 404)
  const own = keyOf(await sdk().content.media({ path: '/film.webm' }))
  assert.equal((await world.ask('GET', below('org.example.viewer', own), { headers })).status, 404)
  assert.equal((await world.ask('GET', `/media/${key}`, { headers })).status, 403)
})

test('an address ends with its preview, with the permission of its app, and after half an hour of rest', async () => {
  const closed = await sdk().content.media({ path: '/film.webm' })
  await sdk().content.endMedia(closed)
  assert.equal(await statusAt(closed), 404)

  await assert.rejects(sdk('org.example.nosy').content.media({ path: '/film.webm' }), {
    code: 'refused.permission',
  })
  const viewed = await sdk('org.example.viewer').content.media({ path: '/film.webm' })
  assert.equal(await statusAt(viewed), 206)
  grants['org.example.viewer'] = []
  assert.equal(await statusAt(viewed), 404)
  grants['org.example.viewer'] = ['drive.read']
  assert.equal(await statusAt(viewed), 404)

  const rested = await sdk().content.media({ path: '/film.webm' })
  world.clock.advance(29 * 60_000)
  assert.equal(await statusAt(rested), 206)
  world.clock.advance(31 * 60_000)
  assert.equal(await statusAt(rested), 404)
})

test('an address ends with its session, with the identity in use, and with the lock', async () => {
  const other = await sdk().content.media({ path: '/film.webm' })
  const sub = await world.kernel.operations.identities.create({ kind: 'sub', name: 'Work' })
  const root = (await world.kernel.operations.account.status()).current?.did as string
  await world.kernel.operations.identities.use(sub.did)
  assert.equal(await statusAt(other), 404)
  await world.kernel.operations.identities.use(root)
  assert.equal(await statusAt(other), 404)

  const ended = await sdk().content.media({ path: '/film.webm' })
  const browsers = createSdk(client.callAs()).browsers
  for (const { id } of await browsers.list({})) await browsers.end({ id })
  assert.equal(await statusAt(ended), 404)

  await begin()
  const locked = await sdk().content.media({ path: '/film.webm' })
  await world.kernel.operations.account.lock()
  assert.equal(await statusAt(locked), 404)
  await world.kernel.operations.account.unlock({ passphrase })
  assert.equal(await statusAt(locked), 404)
})
