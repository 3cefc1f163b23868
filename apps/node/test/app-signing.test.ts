/** The identity in use signs app packages: by itself, and through the socket of a node. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import {
  createMemoryArchive,
  packFiles,
  readPackage,
  type UnsignedManifest,
  verifyManifest,
  withManifest,
} from '@anarq/wxa'
import { family } from './family.ts'
import { json, jsonOf, openWorld, type World } from './http-world.ts'
import { createWorld, someDay } from './world.ts'

const { manifest, entries } = packFiles(
  [
    { path: 'icon.svg', bytes: fromUtf8('<svg/>') },
    { path: 'main.js', bytes: fromUtf8('export default {}') },
  ],
  {
    manifest: 1,
    id: 'org.example.notes',
    name: 'Notes',
    version: '1.0.0',
    category: 'tools',
    description: 'Notes.',
    permissions: [],
    backend: { entry: 'main.js' },
    icon: 'icon.svg',
  },
  { deflate: (bytes) => bytes },
)

let door: World
before(async () => {
  door = await openWorld()
})
after(() => door.close())

test('[WX-DEV-10] a manifest is signed by the identity in use, and it is on record', async () => {
  const { operations, did } = await createWorld()
  const signed = await operations.identities.signApp(manifest)
  assert.deepEqual([signed.publisher.did, signed.publisher.name], [did, 'alice'])
  const read = await readPackage(createMemoryArchive(withManifest(entries, signed)), { nowMs: someDay })
  assert.equal(read.publisher?.did, did)
  const [noted] = await operations.audit.tail({ action: 'app.sign' })
  assert.deepEqual(
    [noted?.verdict, noted?.details.app, noted?.details.version],
    ['ok', 'org.example.notes', '1.0.0'],
  )
  assert.match(String(noted?.details.manifest), /^[0-9a-f]{64}$/)
})

test('after a switch another identity signs, under the name that the manifest gives', async () => {
  const { operations, as } = await createWorld()
  const work = await operations.identities.create({ kind: 'sub', name: 'work' })
  const signed = await as('work', () =>
    operations.identities.signApp({ ...manifest, publisher: { name: 'Works' } }),
  )
  assert.deepEqual([signed.publisher.did, signed.publisher.name], [work.did, 'Works'])
})

test('after a rotation the new key signs, under the same DID', async () => {
  const { operations, did } = await createWorld()
  await operations.identities.rotate('')
  const signed = await operations.identities.signApp(manifest)
  assert.equal(verifyManifest(signed, { nowMs: someDay }).epochs.length, 2)
  assert.equal(signed.publisher.did, did)
})

test('what is no manifest is not signed, and a locked home signs nothing', async () => {
  const { operations } = await createWorld()
  const signed = await operations.identities.signApp(manifest)
  for (const value of [{}, { ...manifest, id: 'x' }, { ...manifest, more: 1 }, signed, 'text', null])
    await assert.rejects(operations.identities.signApp(value as UnsignedManifest), {
      code: 'invalid.manifest',
    })
  assert.equal((await operations.audit.tail({ action: 'app.sign' })).length, 1)
  await operations.account.lock()
  await assert.rejects(operations.identities.signApp(manifest), { code: 'refused.locked' })
})

test("a child's identity signs no app", async () => {
  const { child } = await family(5)
  await assert.rejects(child.operations.identities.signApp(manifest), { code: 'refused.child' })
})

test('through the socket of a running node it is the same; at the port it is not to be had', async () => {
  const signed = await door.node.identities.signApp(manifest)
  assert.equal(verifyManifest(signed, { nowMs: door.clock.nowMs() }).did, door.alice.did)
  await assert.rejects(door.node.identities.signApp({ ...manifest, id: 'x' }), { code: 'invalid.manifest' })
  const asked = { headers: json, body: JSON.stringify({ manifest }) }
  const atPort = await door.signed('POST', '/api/v1/apps/sign', asked)
  assert.deepEqual([atPort.status, jsonOf(atPort).code], [403, 'refused.door'])
})

test('a manifest of as many files as a package may have is signed through the socket too', async () => {
  const files = Array.from({ length: 1998 }, (_, i) => ({
    path: `assets/${'long-name-'.repeat(15)}${String(i).padStart(4, '0')}.txt`,
    bytes: fromUtf8(`file ${i}`),
  }))
  const large = packFiles(
    [{ path: 'icon.svg', bytes: fromUtf8('<svg/>') }, { path: 'main.js', bytes: fromUtf8('') }, ...files],
    { ...withoutFiles(manifest) },
    { deflate: (bytes) => bytes },
  )
  assert.ok(JSON.stringify(large.manifest).length > 500_000)
  const signed = await door.node.identities.signApp(large.manifest)
  assert.equal(signed.files.length, 2000)
})

function withoutFiles({ files: _, ...rest }: UnsignedManifest): Omit<UnsignedManifest, 'files'> {
  return rest
}
