/** The system's own screens are apps like anybody's: each is held to its manifest, and is known by its name. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { noApps } from '@anarq/http'
import { createFeed, createSdk, plainPermissions, readPermission, type Sdk } from '@anarq/sdk'
import { createAppSdk } from '@anarq/sdk/app'
import { createPageClient, createPageKey, type PageSession } from '@anarq/sdk/browser'
import { packFiles, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'
import { openApps } from '../src/apps.ts'
import { systemApps } from '../src/built-in.ts'
import { openWorld, passphrase } from './http-world.ts'
import { createWorld, fileItem, itemsOf } from './world.ts'

const world = await createWorld()
const { operations, kernel, clock } = world
const feed = createFeed(clock)
const { apps, dispatcher, operationsAs, refused, close } = openApps({ kernel, operations, feed, clock })
after(() => close())

const byModule = (module: string) => {
  const found = systemApps.find((one) => one.module === module)
  assert.ok(found !== undefined, module)
  return found
}
const sdkOf = async (id: string): Promise<Sdk> => {
  const permissions = await apps.permissionsOf(id)
  assert.ok(permissions !== undefined, id)
  return createSdk((method, params) => dispatcher.call({ kind: 'app', id, permissions }, method, params))
}

test('[WX-DEV-3] each part of the system may do what its manifest asks for, and no more', async () => {
  for (const { id, permissions } of systemApps) {
    assert.deepEqual([...((await apps.permissionsOf(id)) ?? [])], permissions, id)
    for (const permission of permissions) assert.equal(readPermission(permission), permission)
    assert.ok(permissions.length < plainPermissions.length, `${id} asks for everything`)
  }
  const mayInstall = systemApps.filter(({ permissions }) => permissions.includes('apps.manage'))
  assert.deepEqual(mayInstall.map(({ module }) => module).sort(), ['consent', 'shell', 'store'])
  const mayLetIn = systemApps.filter(({ permissions }) => permissions.includes('browsers.manage'))
  assert.deepEqual(mayLetIn.map(({ module }) => module).sort(), ['identity', 'shell'])
})

test('[WX-DEV-3, WX-APP-6] a screen of the system that asks for what its manifest lacks is refused, and it is on record', async () => {
  const files = await sdkOf(byModule('qdrive').id)
  await files.storage.makeFolder({ path: '/mine' })
  for (const [ask, permission] of [
    [() => files.guardian.alerts({}), 'guardian.read'],
    [() => files.identity.create({ kind: 'sub', name: 'other' }), 'identity.manage'],
    [() => files.apps.list({}), 'apps.manage'],
    [() => files.system.status({}), 'system.read'],
  ] as const) {
    await assert.rejects(ask, { code: 'refused.permission' })
    const [noted] = await operations.audit.tail({ action: 'app.refused', limit: 1 })
    assert.deepEqual(
      [noted?.verdict, noted?.code, noted?.details.app, noted?.details.permission],
      ['refused', 'refused.permission', 'org.anarq.drive', permission],
    )
  }
  const shell = await sdkOf(byModule('shell').id)
  await assert.rejects(shell.consent.grants({}), { code: 'refused.permission' })
  assert.equal((await shell.identity.list({})).length, 1)
})

test('what each part keeps for itself is its own', async () => {
  const [files, settings] = [await sdkOf('org.anarq.drive'), await sdkOf('org.anarq.settings')]
  await files.storage.write({ path: 'app:/uploads.json', bytes: fromUtf8('[]') })
  assert.deepEqual(await settings.storage.list({ path: 'app:/' }), [])
  assert.equal((await files.storage.list({ path: 'app:/' })).length, 1)
})

test('[WX-APP-6] nothing that is installed takes the place of a part of the system, or looks like one', async () => {
  const install = async (id: string, name: string) => {
    const { manifest, entries } = packFiles(
      [
        { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
        { path: 'ui/index.html', bytes: fromUtf8('<!doctype html>') },
      ],
      {
        manifest: 1,
        id,
        name,
        version: '9.0.0',
        category: 'files',
        description: 'Pretends.',
        permissions: [],
        icon: 'icon.svg',
        ui: { kind: 'frame', entry: 'ui/index.html' },
      },
      { deflate },
    )
    const kept = withManifest(entries, await operations.identities.signApp(manifest))
    await operations.drive.put(itemsOf(fileItem('it.wxa', writeZip(kept))), { isThorough: true })
    return apps.operations.install({ path: '/it.wxa', granted: [] })
  }
  await assert.rejects(install('org.anarq.drive', 'Files'), { code: 'refused.built-in' })
  await assert.rejects(install('org.anarq.drlve', 'Other'), { code: 'refused.id-alike' })
  await assert.rejects(install('org.example.other', 'Fi1es'), { code: 'refused.name-alike' })
})

test('[AQ-QONSENT-12] decisions and their receipts name the app or the part that asked', async () => {
  const lastDecided = async () => {
    const [entry] = await operations.audit.tail({ action: 'decision.qnt.write', limit: 1 })
    assert.equal(entry?.verdict, 'ok')
    assert.ok('receipt' in (await operations.audit.prove(entry.index)))
    return entry.details.module
  }
  await operationsAs('org.example.notes').drive.makeFolder('/by-notes')
  assert.equal(await lastDecided(), 'org.example.notes')
  await operationsAs('org.anarq.drive').drive.makeFolder('/by-files')
  assert.equal(await lastDecided(), 'qdrive')
  await operationsAs('org.anarq.store').drive.makeFolder('/by-store')
  assert.equal(await lastDecided(), 'store')
  const { key, secret } = await operations.tools.create({
    name: 'sync',
    door: 'webdav',
    rights: 'write',
  })
  assert.equal(key.door, 'webdav')
  await (await kernel.toolAccess('webdav', secret, 'here'))?.drive.makeFolder('/by-tool')
  assert.equal(await lastDecided(), 'webdav')
})

test('at the door, an address that needs more than a part of the system asked for is refused, and on record', async () => {
  const heard: string[] = []
  const at = await openWorld({
    ...noApps,
    permissionsOf: apps.permissionsOf,
    request: async () => ({
      status: 200,
      headers: { 'content-type': 'text/html', 'content-security-policy': 'default-src *' },
      body: fromUtf8('<script>parent.postMessage(1)</script>'),
    }),
    refused: (id, asked, permission) => {
      heard.push(`${id} ${asked} ${permission}`)
      refused(id, asked, permission)
    },
  })
  try {
    const key = await createPageKey()
    let session: PageSession | undefined
    const client = createPageClient({
      key,
      session: () => session,
      origin: at.door.address,
      nowMs: () => at.clock.nowMs(),
    })
    session = await client.open<PageSession>('/api/v1/sessions', {
      json: { passphrase, key: key.publicKey, browser: 'Test' },
    })
    const settings = createAppSdk(client, 'org.anarq.settings')
    assert.equal((await settings.system.status({})).state, 'open')
    await assert.rejects(settings.content.open({ path: '/a' }), { code: 'refused.permission' })
    await assert.rejects(settings.content.putMany({ to: '/', items: [] }), { code: 'refused.permission' })
    const headers = { 'anarq-app': 'org.anarq.settings' }
    await assert.rejects(client.send('/api/v1/browsers', { headers }), { code: 'refused.permission' })
    await assert.rejects(client.send('/api/v1/lock', { method: 'POST', headers }), {
      code: 'refused.permission',
    })
    assert.deepEqual(heard, [
      'org.anarq.settings GET /api/v1/files/* drive.read',
      'org.anarq.settings POST /api/v1/import drive.write',
      'org.anarq.settings GET /api/v1/browsers none',
      'org.anarq.settings POST /api/v1/lock none',
    ])
    // A page that a backend answers with is of no origin and runs nothing, whatever it says of itself.
    const page = await client.send('/api/v1/apps/org.example.notes/page')
    assert.equal(page.headers.get('content-type'), 'text/html')
    assert.match(page.headers.get('content-security-policy') ?? '', /^sandbox; default-src 'none';/)
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
    // Whoever takes the header away, or puts another there, has no signed request any more.
    const [method, path] = ['GET', '/api/v1/files/a'] as const
    const settingsOnly = at.sign(method, path, { headers })
    for (const changed of [{}, { 'anarq-app': 'org.anarq.drive' }])
      assert.equal((await at.ask(method, path, { headers: { ...changed, ...settingsOnly } })).status, 401)
    const asPerson = at.sign(method, path)
    assert.equal((await at.ask(method, path, { headers: { ...headers, ...asPerson } })).status, 401)
    // A header alone, without a session, writes nothing down.
    const answer = await at.ask('GET', '/api/v1/browsers', { headers })
    assert.equal(answer.status, 401)
    assert.equal(heard.length, 4)
  } finally {
    await at.close()
  }
})
