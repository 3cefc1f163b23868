import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import {
  type Caller,
  createDispatcher,
  createFeed,
  createSdk,
  observed,
  type Permission,
  type Sdk,
} from '@anarq/sdk'
import { createPageClient, createPageKey, type PageSession } from '@anarq/sdk/browser'
import { openWorld, passphrase, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

const refused: string[] = []

function sdkOf(caller: Caller): Sdk {
  const dispatcher = createDispatcher({
    operations: world.kernel.operations,
    clock: world.clock,
    onRefused: (app, method, permission) => refused.push(`${app} ${method} ${permission}`),
  })
  return createSdk((method, params, signal) => dispatcher.call(caller, method, params, signal))
}

const appOf = (id: string, ...permissions: Permission[]): Sdk =>
  sdkOf({ kind: 'app', id, permissions: new Set(permissions) })
const person = (): Sdk => sdkOf({ kind: 'person' })

test('[WX-APP-8] an app keeps things of its own without any permission, and no other app can see them', async () => {
  const notes = appOf('org.example.notes')
  const { entry } = await notes.storage.write({ path: 'app:/a/first.txt', bytes: fromUtf8('mine') })
  assert.equal(entry.path, 'app:/a/first.txt')
  const { bytes } = await notes.storage.read({ path: 'app:/a/first.txt' })
  assert.equal(toUtf8(bytes), 'mine')
  assert.deepEqual(
    (await notes.storage.list({ path: 'app:/' })).map(({ path }) => path),
    ['app:/a'],
  )

  const other = appOf('org.example.other', 'drive.read', 'drive.write')
  assert.deepEqual(await other.storage.list({ path: 'app:/' }), [])
  for (const path of [
    '/.anarq/data/org.example.notes/a/first.txt',
    '/.anarq',
    'app:/../org.example.notes/a/first.txt',
    '/x/../.anarq/data',
    '//.anarq/data/org.example.notes',
  ])
    await assert.rejects(other.storage.read({ path }), /own|"\.\."/, path)
  assert.ok(!(await other.storage.list({ path: '/' })).some(({ name }) => name === '.anarq'))
  assert.deepEqual(await other.index.find({ text: 'first' }), [])
})

test('[WX-APP-6] what was not granted is refused with the permission that is missing, and is on record', async () => {
  const app = appOf('org.example.nosy')
  const tries: (() => Promise<unknown>)[] = [
    () => app.storage.list({ path: '/' }),
    () => app.storage.write({ path: '/x', bytes: new Uint8Array() }),
    () => app.storage.move({ path: 'app:/x', to: '/x' }),
    () => app.index.find({}),
    () => app.identity.current({}),
    () => app.identity.create({ kind: 'sub', name: 'x' }),
    () => app.consent.grants({}),
    () => app.consent.share({ path: '/x', with: 'y' }),
    () => app.guardian.entries({}),
    () => app.system.doctor({}),
  ]
  for (const attempt of tries) await assert.rejects(attempt, { code: 'refused.permission' })
  assert.equal(refused.filter((one) => one.startsWith('org.example.nosy ')).length, tries.length)
})

test('the same calls work for the person: keep, list, find, move, tag, versions, trash and back', async () => {
  const { storage, index } = person()
  await storage.makeFolder({ path: '/letters' })
  await storage.write({ path: '/letters/may.txt', bytes: fromUtf8('one') })
  const second = await storage.write({ path: '/letters/may.txt', bytes: fromUtf8('two') })
  assert.equal(second.entry.versions, 2)
  assert.equal((await storage.versions({ path: '/letters/may.txt' })).length, 2)
  assert.equal(toUtf8((await storage.read({ path: '/letters/may.txt', version: 1 })).bytes), 'one')
  assert.equal(toUtf8((await storage.read({ path: '/letters/may.txt', fromByte: 1, toByte: 3 })).bytes), 'wo')
  await storage.tag({ path: '/letters/may.txt', add: ['spring'] })
  assert.deepEqual(
    (await index.find({ tag: 'spring' })).map(({ path }) => path),
    ['/letters/may.txt'],
  )
  await storage.move({ path: '/letters/may.txt', to: '/letters/june.txt' })
  await storage.remove({ path: '/letters/june.txt' })
  assert.deepEqual(await storage.list({ path: '/letters' }), [])
  assert.equal((await storage.restore({ path: '/letters/june.txt' })).isTrashed, false)
  assert.equal(toUtf8((await storage.read({ path: '/letters/june.txt' })).bytes), 'two')
  await assert.rejects(storage.restore({ path: '/letters/june.txt' }), { code: 'conflict.state' })
  await assert.rejects(storage.restore({ path: '/letters/may.txt' }), { code: 'missing.object' })
})

test("a page of what was found is a full one: the system's own folder is left out before it is counted", async () => {
  const { storage, index } = createSdk((method, params) =>
    createDispatcher({ operations: world.kernel.operations, clock: world.clock }).call(
      { kind: 'person' },
      method,
      params,
    ),
  )
  for (let i = 0; i < 5; i += 1)
    await storage.write({ path: `app:/needle a${i}.txt`, bytes: fromUtf8(`own ${i}`) })
  for (let i = 0; i < 4; i += 1)
    await storage.write({ path: `/haystack/needle b${i}.txt`, bytes: fromUtf8(`theirs ${i}`) })
  const pages = [
    await index.find({ text: 'needle', limit: 3 }),
    await index.find({ text: 'needle', limit: 3, offset: 3 }),
  ]
  assert.deepEqual(
    pages.map((page) => page.length),
    [3, 1],
  )
  const paths = pages.flat().map(({ path }) => path)
  assert.ok(paths.every((path) => path.startsWith('/haystack/')))
  assert.equal(new Set(paths).size, 4)
  await storage.remove({ path: 'app:/needle a0.txt' })
  assert.deepEqual(await index.find({ text: 'needle a0', isTrashed: true }), [])
})

test('a call that is none is refused before anything is done', async () => {
  const dispatcher = createDispatcher({ operations: world.kernel.operations, clock: world.clock })
  const call = (method: string, params: unknown) => dispatcher.call({ kind: 'person' }, method, params)
  for (const name of ['', 'storage', 'storage.erase', 'constructor', '__proto__.x', 'toString'])
    await assert.rejects(call(name, {}), { code: 'missing.method' }, name)
  for (const params of [{}, { path: 1 }, { path: '/', more: 1 }, [], 'x'])
    await assert.rejects(call('storage.list', params), { code: 'invalid.params' }, JSON.stringify(params))
  await assert.rejects(call('storage.list', { path: 'x' }), { code: 'invalid.path' })
})

test("a page's client signs with a key that cannot be read out, and calls the SDK over HTTP", async () => {
  const key = await createPageKey()
  let session: PageSession | undefined
  const client = createPageClient({
    key,
    session: () => session,
    origin: world.door.address,
    nowMs: () => world.clock.nowMs(),
  })
  await assert.rejects(client.json('/api/v1/folders'), { code: 'refused.locked' })
  await assert.rejects(
    client.open('/api/v1/sessions', { json: { passphrase: 'not this one', key: key.publicKey } }),
    { code: 'refused.passphrase' },
  )
  session = await client.open<PageSession>('/api/v1/sessions', { json: { passphrase, key: key.publicKey } })
  const sdk = createSdk(client.callAs())
  const { entry } = await sdk.storage.write({ path: '/from the page.txt', bytes: fromUtf8('hello') })
  assert.equal(entry.path, '/from the page.txt')
  assert.equal(toUtf8((await sdk.storage.read({ path: '/from the page.txt' })).bytes), 'hello')
  await assert.rejects(createSdk(client.callAs('org.example.unknown')).identity.current({}), {
    code: 'refused.app',
  })
  await assert.rejects(client.json('/api/v1/identities', { headers: { 'anarq-app': 'org.example.x' } }), {
    code: 'refused.permission',
  })
})

test('whoever watches hears which part changed, whichever door the change came by', async () => {
  const feed = createFeed(world.clock)
  const topics: string[] = []
  const stop = feed.on(({ topic }) => topics.push(topic))
  const operations = observed(world.kernel.operations, feed)
  await operations.drive.makeFolder('/watched')
  await operations.drive.list('/')
  await operations.identities.create({ kind: 'sub', name: 'Watched' })
  await assert.rejects(operations.drive.makeFolder('nonsense/..'))
  stop()
  await operations.drive.makeFolder('/unheard')
  assert.deepEqual(topics, ['drive', 'identity'])
})
