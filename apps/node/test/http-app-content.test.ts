/** Content by its address for apps: what they were granted, where apps see, and no more. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { equalBytes, fromUtf8 } from '@anarq/bytes'
import { noApps } from '@anarq/http'
import { createSeededRandom } from '@anarq/random/testing'
import type { Permission } from '@anarq/sdk'
import { createAppSdk } from '@anarq/sdk/app'
import { createPageClient, createPageKey, type PageSession } from '@anarq/sdk/browser'
import { openWorld, passphrase, type World } from './http-world.ts'
import { fileItem, itemsOf } from './world.ts'

const grants: Record<string, readonly Permission[]> = {
  'org.example.files': ['drive.read', 'drive.write'],
  'org.example.viewer': ['drive.read'],
  'org.example.nosy': [],
}
let world: World
let client: ReturnType<typeof createPageClient>

before(async () => {
  world = await openWorld({
    ...noApps,
    permissionsOf: async (id) => (grants[id] === undefined ? undefined : new Set(grants[id])),
    file: async () => undefined,
    request: async () => {
      throw new Error('no backend here')
    },
  })
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
})
after(() => world.close())

const files = () => createAppSdk(client, 'org.example.files')
const textOf = ({ stream }: { readonly stream: ReadableStream<Uint8Array> }): Promise<string> =>
  new Response(stream as never).text()
const small = (text: string) => new Blob([text])

test('small files and empty folders go in together, and a range of one comes back', async () => {
  const { content, storage } = files()
  const report = await content.putMany({
    to: '/',
    items: [
      { path: 'in/a ü.txt', modifiedMs: 1_700_000_000_123, content: small('hello world') },
      { path: 'in/empty', modifiedMs: 0 },
    ],
  })
  assert.equal(report.files, 1)
  assert.equal((await storage.entry({ path: '/in/empty' })).kind, 'folder')
  assert.equal((await storage.entry({ path: '/in/a ü.txt' })).modifiedMs, 1_700_000_000_123)
  const part = await content.open({ path: '/in/a ü.txt', fromByte: 6, toByte: 11 })
  assert.deepEqual([part.bytes, part.totalBytes], [5, 11])
  assert.equal(await new Response(part.stream as never).text(), 'world')
  const blob = await content.blob({ path: '/in/a ü.txt', type: 'application/octet-stream' })
  assert.deepEqual([blob.size, blob.type], [11, 'application/octet-stream'])
})

test('a folder comes as one archive, with how much content there is', async () => {
  const { content } = files()
  const { stream, totalBytes, type } = await content.openArchive({ path: '/in' })
  assert.deepEqual([totalBytes, type], [11, 'application/x-tar'])
  const text = await new Response(stream as never).text()
  for (const name of ['in/', 'in/a ü.txt', 'in/empty/', 'hello world']) assert.ok(text.includes(name), name)
  await assert.rejects(content.openArchive({ path: '/none' }), { code: /^missing/ })
})

test('[AQ-QOMPRESS-8] what has a second lock comes with its passphrase, whole, in part and in an archive, and without it not at all', async () => {
  const { content } = files()
  const lock = 'a second passphrase'
  const { drive } = world.kernel.operations
  await drive.put(itemsOf(fileItem('locked.txt', 'behind two locks')), { to: '/in', lock, isThorough: true })
  const path = '/in/locked.txt'
  for (const wrong of [undefined, 'another passphrase']) {
    await assert.rejects(content.open({ path, lock: wrong }), { code: 'refused.lock' })
    await assert.rejects(content.openArchive({ path: '/in', lock: wrong }).then(textOf), {
      code: 'refused.lock',
    })
  }
  assert.equal(await textOf(await content.open({ path, lock })), 'behind two locks')
  const part = await content.open({ path, fromByte: 7, toByte: 10, lock })
  assert.deepEqual([part.bytes, part.totalBytes, await textOf(part)], [3, 16, 'two'])
  assert.match(await textOf(await content.openArchive({ path: '/in', lock })), /behind two locks/)
  assert.equal(await (await content.blob({ path: '/in/a ü.txt', lock })).text(), 'hello world')
  await assert.rejects(content.open({ path, fromByte: 7, toByte: 90, lock }), { code: 'invalid.range' })
  const nosy = createAppSdk(client, 'org.example.nosy').content
  await assert.rejects(nosy.open({ path, lock }), { code: 'refused.permission' })
  await assert.rejects(nosy.openArchive({ path: '/in', lock }), { code: 'refused.permission' })
})

test('a large file is paused and goes on where it was, and a copy is over the same content', async () => {
  const { content, storage } = files()
  const bytes = createSeededRandom(5).bytes(40_000_000)
  const { id } = await content.beginUpload({ path: '/large.bin', bytes: bytes.length, modifiedMs: 5 })
  const stop = new AbortController()
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>])
  const half = bytes.subarray(0, 15_000_001)
  await client.send(`/api/v1/uploads/${id}?offset=0`, {
    method: 'PUT',
    bytes: half,
    headers: { 'content-type': 'application/octet-stream' },
  })
  const seen: number[] = []
  const onProgress = (offset: number): void => {
    seen.push(offset)
    stop.abort(new Error('paused'))
  }
  const paused = content.sendUpload({ id, content: blob, signal: stop.signal, onProgress })
  await assert.rejects(paused, { message: 'paused' })
  assert.equal(seen[0], half.length)
  await assert.rejects(content.sendUpload({ id, content: blob.slice(1) }), { code: 'conflict.source' })
  const done = await content.sendUpload({ id, content: blob })
  assert.equal(done.state, 'done')
  await storage.copy({ path: '/large.bin', to: '/in/copy.bin' })
  const back = await (await content.blob({ path: '/in/copy.bin' })).arrayBuffer()
  assert.ok(equalBytes(new Uint8Array(back), bytes))
  const other = await content.beginUpload({ path: '/gone.bin', bytes: 10, modifiedMs: 5 })
  await content.cancelUpload({ id: other.id })
  await assert.rejects(content.uploadState({ id: other.id }), { code: 'missing.upload' })
})

test('[WX-APP-6] an app without the permission is refused at every address, with the sentence that names it', async () => {
  const viewer = createAppSdk(client, 'org.example.viewer').content
  const nosy = createAppSdk(client, 'org.example.nosy').content
  const put = { to: '/', items: [{ path: 'x', modifiedMs: 0, content: small('x') }] }
  const newFile = { path: '/x', bytes: 1, modifiedMs: 0 }
  await viewer.open({ path: '/in/a ü.txt' })
  for (const attempt of [
    () => viewer.putMany(put),
    () => viewer.beginUpload(newFile),
    () => nosy.open({ path: '/in/a ü.txt' }),
    () => nosy.openArchive({ path: '/in' }),
    () => nosy.media({ path: '/in/a ü.txt' }),
    () => viewer.reseal({ grant: 'x' }),
    () => nosy.openShared({ ping: fromUtf8('x') }),
    () => nosy.listShared({ ping: fromUtf8('x') }),
    () => createAppSdk(client, 'org.example.stranger').content.open({ path: '/in/a ü.txt' }),
  ])
    await assert.rejects(attempt, { code: /^refused\.(permission|app)$/ })
})

test('an app sends files of any size into its own storage without a permission, and nobody else goes on with them', async () => {
  const nosy = createAppSdk(client, 'org.example.nosy')
  const bytes = createSeededRandom(6).bytes(9_000_000)
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>])
  const input = { path: 'app:/deep/model.bin', bytes: bytes.length, modifiedMs: 7 }
  const { id } = await nosy.content.beginUpload(input)
  await assert.rejects(files().content.sendUpload({ id, content: blob }), { code: 'missing.upload' })
  await assert.rejects(files().content.cancelUpload({ id }), { code: 'missing.upload' })
  assert.equal((await nosy.content.sendUpload({ id, content: blob })).state, 'done')
  assert.equal((await nosy.storage.entry({ path: 'app:/deep/model.bin' })).bytes, bytes.length)
  const part = { path: 'app:/deep/model.bin', fromByte: 8_000_000, toByte: 8_000_010 }
  const back = await new Response((await nosy.content.open(part)).stream as never).arrayBuffer()
  assert.ok(equalBytes(new Uint8Array(back), bytes.subarray(8_000_000, 8_000_010)))
  await assert.rejects(files().content.open(part), { code: /^missing/ })
  for (const path of ['app:/', 'app:/deep/', 'app:/../other'])
    await assert.rejects(nosy.content.beginUpload({ ...input, path }), { code: 'invalid.path' })
  for (const path of ['app:/../other', '/../identities', '/in/../../../node'])
    await assert.rejects(nosy.content.open({ path }), { code: 'invalid.path' })
})

test('[WX-APP-6] an app goes on with its own uploads alone, and none has them all', async () => {
  const one = files().content
  grants['org.example.greedy'] = ['drive.write']
  const greedy = createAppSdk(client, 'org.example.greedy').content
  const { id } = await one.beginUpload({ path: '/mine.bin', bytes: 1, modifiedMs: 0 })
  await assert.rejects(greedy.uploadState({ id }), { code: 'missing.upload' })
  await assert.rejects(greedy.sendUpload({ id, content: small('x') }), { code: 'missing.upload' })
  await assert.rejects(greedy.cancelUpload({ id }), { code: 'missing.upload' })
  const begun: string[] = []
  await assert.rejects(
    async () => {
      for (let n = 0; ; n += 1)
        begun.push((await greedy.beginUpload({ path: `/${n}`, bytes: 1, modifiedMs: 0 })).id)
    },
    { code: 'limit.uploads' },
  )
  assert.equal(begun.length, 32)
  assert.equal((await one.sendUpload({ id, content: small('x') })).state, 'done')
  for (const id of begun) await greedy.cancelUpload({ id })
})

test('a permission that is taken back ends an upload at its next part', async () => {
  grants['org.example.brief'] = ['drive.write']
  const { content } = createAppSdk(client, 'org.example.brief')
  const { id } = await content.beginUpload({ path: '/brief.txt', bytes: 1, modifiedMs: 0 })
  grants['org.example.brief'] = []
  await assert.rejects(content.sendUpload({ id, content: small('x') }), { code: 'refused.permission' })
  await assert.rejects(content.cancelUpload({ id }), { code: 'refused.permission' })
})

test("an app's content never goes to, nor comes from, the system's own folders", async () => {
  const { content, storage } = files()
  await storage.write({ path: 'app:/own.txt', bytes: fromUtf8('own') })
  const place = '/.anarq/data/org.example.files'
  const small1 = [{ path: 'y', modifiedMs: 0, content: small('y') }]
  for (const attempt of [
    () => content.open({ path: `${place}/own.txt` }),
    () => content.openArchive({ path: place }),
    () => content.openArchive({ path: '/.anarq' }),
    () => content.beginUpload({ path: `${place}/z`, bytes: 1, modifiedMs: 0 }),
    () => content.putMany({ to: place, items: small1 }),
    () => content.putMany({ to: '/', items: [{ ...small1[0]!, path: '.anarq/y' }] }),
  ])
    await assert.rejects(attempt, { code: 'refused.place' })
})

test('what lies in the trash comes back by its id, and ids open no other app’s storage', async () => {
  const { storage, index } = files()
  await storage.write({ path: '/note.txt', bytes: fromUtf8('x') })
  const { id } = await storage.remove({ path: '/note.txt' })
  assert.ok((await index.find({ isTrashed: true })).some((one) => one.id === id))
  assert.equal((await storage.restore({ path: `id:${id}` })).path, '/note.txt')
  const own = await createAppSdk(client, 'org.example.nosy').storage.write({
    path: 'app:/secret.txt',
    bytes: fromUtf8('s'),
  })
  for (const act of [storage.entry, storage.remove, storage.versions, storage.restore])
    await assert.rejects(act({ path: `id:${own.entry.id}` }), { code: 'refused.place' })
})
