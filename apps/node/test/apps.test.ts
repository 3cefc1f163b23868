/** Apps: from a package to something that runs, and away again, on a whole kernel with the real sandbox. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { createFeed, createSdk, observed, type Sdk } from '@anarq/sdk'
import { packFiles, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'
import { openApps } from '../src/apps.ts'
import { bytesOf, createWorld, fileItem, itemsOf } from './world.ts'

const world = await createWorld()
const { kernel, clock } = world
const feed = createFeed(clock)
const operations = observed(world.operations, feed)
const { drive } = operations
const opened = openApps({ kernel, operations, feed, clock })
after(() => opened.close())

const sdkOf = (caller: Parameters<typeof opened.dispatcher.call>[0]): Sdk =>
  createSdk((method, params, signal) => opened.dispatcher.call(caller, method, params, signal))
const { apps } = sdkOf({ kind: 'person' })

const backend = `export default {
  async request({ method, path, body }, anarq) {
    if (path === '/note' && method === 'PUT') {
      await anarq.storage.write({ path: 'app:/note.txt', bytes: body })
      return { status: 201 }
    }
    if (path === '/note') return { body: (await anarq.storage.read({ path: 'app:/note.txt' })).bytes }
    if (path === '/drive') return { body: JSON.stringify(await anarq.storage.list({ path: '/' })) }
    if (path === '/loop') for (;;);
    return { status: 404 }
  },
}`

type Draft = {
  id?: string
  name?: string
  version?: string
  permissions?: { id: string; why: string }[]
  kind?: 'component' | 'frame'
  script?: string
}

/** A package in the drive, signed by the identity in use unless it is a draft. */
async function pack(draft: Draft = {}, { isSigned = true } = {}): Promise<string> {
  const {
    id = 'org.example.notes',
    name = 'Notes',
    version = '1.0.0',
    permissions = [],
    script = backend,
  } = draft
  const isFrame = draft.kind !== 'component'
  const { manifest, entries } = packFiles(
    [
      { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      {
        path: isFrame ? 'ui/index.html' : 'ui/main.js',
        bytes: fromUtf8(`<!doctype html><title>${version}</title>`),
      },
      { path: 'backend/main.js', bytes: fromUtf8(script) },
    ],
    {
      manifest: 1,
      id,
      name,
      version,
      category: 'productivity',
      description: 'Keeps one note.',
      permissions,
      icon: 'icon.svg',
      ui: isFrame ? { kind: 'frame', entry: 'ui/index.html' } : { kind: 'component', entry: 'ui/main.js' },
      backend: { entry: 'backend/main.js' },
      routes: ['/note', '/drive', '/loop'],
    },
    { deflate },
  )
  const kept = isSigned ? withManifest(entries, await operations.identities.signApp(manifest)) : entries
  const path = `${id}-${version}.wxa`
  await drive.put(itemsOf(fileItem(path, writeZip(kept))), { isThorough: true })
  return `/${path}`
}

const ask = (path: string, method = 'GET', body = '') =>
  opened.apps.request('org.example.notes', { method, path, query: {}, headers: {}, body: fromUtf8(body) })
const file = async (address: string): Promise<string | undefined> => {
  const [, , , key = '', ...path] = address.split('/')
  const found = await opened.apps.file(key, path.join('/'))
  return found && toUtf8(found.bytes)
}
const namesIn = async (path: string): Promise<string[]> =>
  (await drive.list(path).catch(() => [])).map(({ name }) => name)

test('[WX-DEV-6, WX-DEV-7, WX-LAY-5] a package is inspected, installed and run while everything goes on', async () => {
  const topics: string[] = []
  const stop = feed.on(({ topic }) => topics.push(topic))
  const path = await pack({ permissions: [{ id: 'drive.read', why: 'To find notes.' }] })
  const plan = await apps.inspect({ path })
  assert.deepEqual([plan.kind, plan.asks, plan.needsTrust], ['install', ['drive.read'], false])
  assert.match(plan.app.permissions[0]?.means ?? '', /files in your drive/)
  assert.deepEqual(await apps.list({}), [], 'inspecting changes nothing')

  const facts = await apps.install({ path, granted: [] })
  assert.deepEqual(
    [facts.id, facts.version, facts.isOn, facts.publisher?.name],
    ['org.example.notes', '1.0.0', true, 'alice'],
  )
  const { address, kind } = await apps.launch({ id: facts.id })
  assert.equal(kind, 'frame')
  assert.match(address, /^\/apps\/org\.example\.notes\/[0-9a-f]{32}\/ui\/index\.html$/)
  assert.match((await file(address)) ?? '', /1\.0\.0/)
  assert.equal(await file(address.replace('index.html', 'other.html')), undefined)
  assert.equal(
    await file('/apps/org.example.notes/00112233445566778899aabbccddeeff/ui/index.html'),
    undefined,
  )

  assert.equal((await ask('/note', 'PUT', 'remember')).status, 201)
  assert.equal(toUtf8((await ask('/note')).body), 'remember')
  stop()
  assert.deepEqual(
    topics.filter((topic) => topic !== 'drive'),
    ['apps'],
  )
})

test('[WX-APP-6] the backend is held to what was granted, at each call, and a refusal is on record', async () => {
  await assert.rejects(ask('/drive'), /not allowed|refused|permission/i)
  const [noted] = await operations.audit.tail({ action: 'app.refused' })
  assert.deepEqual([noted?.code, noted?.details.app], ['refused.permission', 'org.example.notes'])
  await apps.grant({ id: 'org.example.notes', permission: 'drive.read', isGranted: true })
  assert.equal((await ask('/drive')).status, 200)
  await apps.grant({ id: 'org.example.notes', permission: 'drive.read', isGranted: false })
  await assert.rejects(ask('/drive'), /not allowed|refused|permission/i)
  await assert.rejects(apps.grant({ id: 'org.example.notes', permission: 'drive.write', isGranted: true }), {
    code: 'invalid.permission',
  })
})

test('[WX-LAY-14] a backend that loops for ever is ended and on record, and others go on', async () => {
  await apps.install({ path: await pack({ id: 'org.example.other', name: 'Neighbour' }), granted: [] })
  await assert.rejects(ask('/loop'))
  const other = { method: 'PUT', path: '/note', query: {}, headers: {}, body: fromUtf8('still here') }
  assert.equal((await opened.apps.request('org.example.other', other)).status, 201)
  const entries = await operations.audit.tail({ action: 'app.refused' })
  assert.ok(
    entries.some(({ code }) => code === 'sandbox.time' || code === 'sandbox.loop'),
    JSON.stringify(entries.map(({ code }) => code)),
  )
})

test('[WX-DEV-1] a backend answers at the routes of its manifest, and nowhere else', async () => {
  for (const path of ['/', '/notes', '/note/', '/note/1', '//note', '/NOTE'])
    await assert.rejects(ask(path), { code: 'missing.route' }, path)
})

test('[WX-APP-6] an app that is cut off by its screen is on record with the guardian', async () => {
  await apps.report({ id: 'org.example.notes', why: 'limit.rate' })
  const [noted] = await operations.audit.tail({ action: 'app.refused', limit: 1 })
  assert.deepEqual(
    [noted?.code, noted?.details.app, noted?.details.why],
    ['frame.cut-off', 'org.example.notes', 'limit.rate'],
  )
  await apps.report({ id: 'org.example.notes', why: 'cancelled.left', isCutOff: false })
  assert.equal((await operations.audit.tail({ action: 'app.refused', limit: 1 }))[0]?.code, 'frame.refused')
  await assert.rejects(apps.report({ id: 'org.example.none', why: 'limit.rate' }), { code: 'missing.app' })
  await assert.rejects(apps.report({ id: 'org.example.notes', why: 'Not a code!' }), {
    code: 'invalid.params',
  })
})

test('what is installed is read once for many requests, and anew when it may be another list', async () => {
  const reads = async (act: () => Promise<unknown>): Promise<number> => {
    const before = (await operations.audit.tail({ action: 'decision.qnt.read', limit: 10_000 })).length
    await act()
    return (await operations.audit.tail({ action: 'decision.qnt.read', limit: 10_000 })).length - before
  }
  await opened.apps.permissionsOf('org.example.other')
  const many = await reads(async () => {
    for (let i = 0; i < 5; i += 1) await opened.apps.permissionsOf('org.example.other')
  })
  assert.equal(many, 0)
  for (const topic of ['identity', 'lock', 'drive'] as const) {
    feed.emit(topic)
    assert.equal(await reads(() => opened.apps.permissionsOf('org.example.other')), 1, topic)
  }
  await apps.turn({ id: 'org.example.other', isOn: false })
  assert.equal(await opened.apps.permissionsOf('org.example.other'), undefined)
  await apps.turn({ id: 'org.example.other', isOn: true })
})

test('an update keeps data, asks only for what is new, and can be rolled back', async () => {
  const path = await pack({
    version: '1.1.0',
    permissions: [
      { id: 'drive.read', why: 'To find notes.' },
      { id: 'drive.write', why: 'To keep notes.' },
    ],
  })
  const before = await apps.launch({ id: 'org.example.notes' })
  const plan = await apps.inspect({ path })
  assert.deepEqual([plan.kind, plan.from, plan.asks], ['update', '1.0.0', ['drive.write']])
  const updated = await apps.install({ path, granted: ['drive.write'] })
  assert.deepEqual([updated.version, updated.previous], ['1.1.0', '1.0.0'])
  assert.equal(await file(before.address), undefined, 'its windows have to be opened anew')
  assert.equal(toUtf8((await ask('/note')).body), 'remember')

  const back = await apps.rollBack({ id: 'org.example.notes' })
  assert.deepEqual([back.version, back.previous], ['1.0.0', '1.1.0'])
  assert.ok(!back.permissions.some(({ id }) => id === 'drive.write'))
  assert.match((await file((await apps.launch({ id: back.id })).address)) ?? '', /1\.0\.0/)
  await assert.rejects(apps.install({ path: await pack({ version: '0.9.0' }), granted: [] }), {
    code: 'refused.downgrade',
  })
})

test('[WX-APP-2] what nobody signed, was changed, or looks like another app is refused', async () => {
  const unsigned = await pack({ id: 'org.example.draft', name: 'Draft' }, { isSigned: false })
  await assert.rejects(apps.inspect({ path: unsigned }), { code: 'refused.unsigned' })
  assert.equal((await apps.inspect({ path: unsigned, isDevelopment: true })).app.publisher, undefined)
  const signed = await pack({ id: 'org.example.changed', name: 'Changed' })
  const bytes = await bytesOf((await drive.get(signed)).stream)
  bytes[bytes.length - 400] = (bytes[bytes.length - 400] as number) ^ 1
  await drive.put(itemsOf(fileItem('changed.wxa', bytes)), { isThorough: true })
  await assert.rejects(apps.install({ path: '/changed.wxa', granted: [] }), /package|ZIP|checksum/i)
  await assert.rejects(apps.install({ path: signed, granted: ['drive.read'] }), {
    code: 'invalid.permission',
  })
  await assert.rejects(
    apps.install({
      path: await pack({
        id: 'org.example.odd',
        name: 'Odd',
        permissions: [{ id: 'moon.read', why: 'Why not.' }],
      }),
      granted: [],
    }),
    { code: 'invalid.permission' },
  )
  assert.deepEqual((await apps.list({})).map(({ id }) => id).sort(), [
    'org.example.notes',
    'org.example.other',
  ])
})

test('[WX-DEV-3] a component is installed only where its publisher is trusted by name', async () => {
  const path = await pack({ id: 'org.example.inside', name: 'Inside', kind: 'component' })
  assert.equal((await apps.inspect({ path })).needsTrust, true)
  await assert.rejects(apps.install({ path, granted: [] }), { code: 'refused.trust' })
  await assert.rejects(apps.install({ path, granted: [], trust: 'Alice' }), { code: 'refused.trust' })
  const facts = await apps.install({ path, granted: [], trust: 'alice' })
  assert.equal(facts.publisher?.isTrusted, true)
  assert.equal((await apps.launch({ id: facts.id })).kind, 'component')
  await apps.uninstall({ id: facts.id, data: 'erase' })
})

test('an app that is turned off does nothing, and what it kept is still there when it is on again', async () => {
  const id = 'org.example.notes'
  await apps.turn({ id, isOn: false })
  await assert.rejects(ask('/note'), { code: 'refused.app' })
  await assert.rejects(apps.launch({ id }), { code: 'refused.app' })
  assert.equal(await opened.apps.permissionsOf(id), undefined)
  await apps.turn({ id, isOn: true })
  assert.equal(toUtf8((await ask('/note')).body), 'remember')
})

test('[WX-DEV-8, WX-DEV-9] an app goes without a trace; its data is kept, exported or erased, as was chosen', async () => {
  const id = 'org.example.notes'
  const { address } = await apps.launch({ id })
  assert.deepEqual(await apps.uninstall({ id, data: 'keep' }), {})
  assert.equal(await file(address), undefined)
  await assert.rejects(ask('/note'), { code: 'missing.app' })
  assert.ok(!(await namesIn('/.anarq/apps')).includes(id))
  assert.ok((await namesIn('/.anarq/data')).includes(id))

  await apps.install({ path: `/${id}-1.1.0.wxa`, granted: [] })
  assert.equal(toUtf8((await ask('/note')).body), 'remember', 'it was undone by installing again')
  assert.deepEqual(await apps.uninstall({ id, data: 'export' }), { exportedTo: '/Notes data' })
  assert.equal(toUtf8(await bytesOf((await drive.get('/Notes data/note.txt')).stream)), 'remember')
  assert.ok(!(await namesIn('/.anarq/data')).includes(id))

  await apps.install({ path: `/${id}-1.1.0.wxa`, granted: [] })
  await assert.rejects(ask('/note'))
  await ask('/note', 'PUT', 'secret')
  await apps.uninstall({ id, data: 'erase' })
  assert.ok(!(await namesIn('/.anarq/data')).includes(id))
  assert.ok(!(await namesIn('/.anarq/apps')).includes(id))
  assert.ok(!(await drive.find({ isTrashed: true })).some(({ name }) => name === 'note.txt'))
})

test('another identity has apps of its own', async () => {
  await operations.identities.create({ kind: 'sub', name: 'Work' })
  await operations.identities.use('Work')
  assert.deepEqual(await apps.list({}), [])
  await operations.identities.use('alice')
  assert.deepEqual(
    (await apps.list({})).map(({ id }) => id),
    ['org.example.other'],
  )
})
