import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCedar } from '@anarq/cedar'
import type { Fault } from '@anarq/fault'
import type { PutItem } from '@anarq/flows'
import type { Policies } from '@anarq/qonsent'
import fc from 'fast-check'
import { createFolderWorld } from './sharing-world.ts'
import { addIdentity, bytesOf, createWorld, fileItem, itemsOf, someDay, textOf, type World } from './world.ts'

const { world, operations, clock, drive, sharing, bob, fill, shareFolder, openAs, writeAs } =
  await createFolderWorld()

test('AQ-FID-7, AQ-QONSENT-12: the opening of a folder, and each file that was released, stand in the audit log of the owner; in the log of the reader, the opening', async () => {
  await fill('logged', { 'a.txt': 'a', 'b.txt': 'b' })
  const { ping, grant } = await shareFolder('logged')
  const { id } = await drive.entry('logged')
  const files = [(await drive.entry('logged/a.txt')).id, (await drive.entry('logged/b.txt')).id]
  await openAs('bob', ping)
  const decisions = (await operations.audit.tail({ object: id, limit: 50 })).filter(
    ({ action }) => action === 'decision.qnt.read',
  )
  assert.deepEqual(
    decisions.map(({ code, details }) => [code, details.subject]),
    [['allowed.grant', bob.did]],
  )
  for (const object of files) {
    const [released] = await operations.audit.tail({ object, action: 'object.release' })
    assert.deepEqual([released?.details.reader, released?.details.grant], [bob.did, grant.id])
  }
  const opened = await world.as('bob', () => operations.audit.tail({ object: id, action: 'object.open' }))
  assert.deepEqual(
    opened.map(({ details }) => [details.owner, details.isTree]),
    [[world.did, true]],
  )
})

test('AQ-QONSENT-5: with the right to write, another puts files into the folder under the owner’s keys, and the log says who', async () => {
  await fill('drop/box', { 'old.txt': 'old', 'sub/x.txt': 'x' })
  const { ping } = await shareFolder('drop/box', { rights: ['read', 'write'] })
  clock.advance(1000)
  const modifiedMs = clock.nowMs()
  const report = await writeAs(
    'bob',
    ping,
    fileItem('new.txt', 'new', { modifiedMs }),
    fileItem('old.txt', 'newer', { modifiedMs }),
    fileItem('sub/y.txt', 'y', { modifiedMs }),
    fileItem('made/here/z.txt', 'z', { modifiedMs }),
    { kind: 'folder', path: 'empty', modifiedMs },
  )
  assert.deepEqual([report.files, report.skipped], [4, []])
  assert.deepEqual(
    report.entries.map(({ path, owner }) => [path, owner]),
    [
      ['box/new.txt', world.did],
      ['box/old.txt', world.did],
    ],
  )
  const texts: Record<string, string> = {}
  for (const path of ['new.txt', 'old.txt', 'sub/x.txt', 'sub/y.txt', 'made/here/z.txt'])
    texts[path] = await textOf(await drive.get(`/drop/box/${path}`))
  assert.deepEqual(texts, {
    'new.txt': 'new',
    'old.txt': 'newer',
    'sub/x.txt': 'x',
    'sub/y.txt': 'y',
    'made/here/z.txt': 'z',
  })
  assert.equal(await textOf(await drive.get('/drop/box/old.txt', { version: 1 })), 'old')
  assert.equal((await drive.entry('/drop/box/empty')).kind, 'folder')
  const { id } = await drive.entry('/drop/box/new.txt')
  const [put] = await operations.audit.tail({ object: id, action: 'object.put' })
  assert.deepEqual([put?.identity, put?.details.by], [world.did, bob.did])
  assert.equal((await openAs('bob', ping, { only: 'made/here/z.txt' }))['box/made/here/z.txt'], 'z')
})

test('what is written into a folder stays in it: names that lead out are left out, and nothing beside it changes', async () => {
  await fill('cage/in', { 'a.txt': 'a' })
  await fill('cage', { 'beside.txt': 'beside' })
  const { ping } = await shareFolder('cage/in', { rights: ['write'] })
  const before = (await Array.fromAsync(drive.walk('/'))).length
  const names = ['../beside.txt', '..', 'x/../../beside.txt', '/cage/beside.txt', 'a//b.txt', '.']
  const report = await writeAs('bob', ping, ...names.map((name) => fileItem(name, 'overwritten')))
  assert.deepEqual(
    report.skipped.map(({ path, code }) => [path, code]),
    names.map((name) => [name, 'invalid.name']),
  )
  assert.equal(report.files, 0)
  assert.equal(await textOf(await drive.get('/cage/beside.txt')), 'beside')
  assert.equal((await drive.entry('/cage/beside.txt')).versions, 1)
  assert.ok((await Array.fromAsync(drive.walk('/'))).length <= before + 1)
})

test('AQ-QONSENT-5: a folder shared for reading is not written to, nor after its grant was revoked', async () => {
  await fill('museum', { 'a.txt': 'a' })
  const read = await shareFolder('museum')
  await assert.rejects(writeAs('bob', read.ping, fileItem('b.txt', 'b')), { code: 'refused.condition' })
  const write = await shareFolder('museum', { rights: ['read', 'write'] })
  await sharing.revoke(write.grant.id)
  await assert.rejects(writeAs('bob', write.ping, fileItem('b.txt', 'b')), { code: 'refused.revoked' })
  assert.deepEqual(await openAs('bob', read.ping), { 'museum/': '', 'museum/a.txt': 'a' })
})

test('AQ-QONSENT-7: what comes after the grant was revoked is left out, though the put began before', async () => {
  await drive.makeFolder('/closing')
  const { ping, grant } = await shareFolder('closing', { rights: ['write'] })
  async function* revokedMeanwhile(): AsyncIterable<readonly PutItem[]> {
    yield [fileItem('before.txt', 'before')]
    await operations.identities.use('alice')
    await sharing.revoke(grant.id)
    yield [fileItem('after.txt', 'after'), { kind: 'folder', path: 'after', modifiedMs: someDay }]
  }
  const report = await world.as('bob', () => sharing.write(ping, revokedMeanwhile()))
  assert.deepEqual(
    [report.files, report.skipped.map(({ path, code }) => [path, code])],
    [
      1,
      [
        ['after.txt', 'refused.revoked'],
        ['after', 'refused.revoked'],
      ],
    ],
  )
  assert.deepEqual(
    (await drive.list('/closing')).map(({ name }) => name),
    ['before.txt'],
  )
})

test('AQ-QONSENT-10: what a rule of the owner forbids is neither listed nor opened nor overwritten, though the folder was shared', async () => {
  const other = await createWorld({
    seed: 32,
    ports: (ports) => ({ ...ports, createPolicies: withRule(medicalStays) }),
  })
  await addIdentity(other, 'bob')
  const { drive: theirs, sharing: shares } = other.operations
  await theirs.put(itemsOf(fileItem('mine/a.txt', 'a'), fileItem('mine/sub/b.txt', 'b')))
  await theirs.put(itemsOf(fileItem('x-ray.txt', 'bones')), { to: '/mine', tags: ['medical'] })
  const { ping } = await shares.share('mine', { with: 'bob', rights: ['read', 'write'] })
  await other.as('bob', async () => {
    const listed = (await Array.fromAsync(shares.walk(ping))).map(({ path }) => path)
    assert.deepEqual(listed, ['mine', 'mine/sub', 'mine/sub/b.txt', 'mine/a.txt'])
    const opened: string[] = []
    for await (const { entry } of shares.readTree(ping)) opened.push(entry.path)
    assert.deepEqual(opened, listed)
    await assert.rejects(Array.fromAsync(shares.readTree(ping, { only: 'x-ray.txt' })), {
      code: 'missing.object',
    })
    const { skipped, files } = await shares.write(ping, itemsOf(fileItem('x-ray.txt', 'other bones')))
    assert.deepEqual([files, skipped.map(({ code }) => code)], [0, ['refused.policy']])
  })
  assert.equal(await textOf(await theirs.get('/mine/x-ray.txt')), 'bones')
})

const medicalStays = `
@id("my.medical")
@sentence("What is medical stays with me.")
forbid (principal, action, resource)
when { principal != resource.owner && resource.tags.contains("medical") };
`

function withRule(rule: string): () => Policies {
  return () => {
    const cedar = createCedar()
    return { ...cedar, load: (set, texts) => cedar.load(set, set === 'out' ? [...texts, rule] : texts) }
  }
}

type Step =
  | { readonly kind: 'move'; readonly what: number; readonly where: number }
  | { readonly kind: 'trash' | 'restore' | 'put'; readonly what: number }

const places = ['s', 's/a', 's/a/b', 's/c', 'o', 'o/a', 'o/s']
const files = ['s/1', 's/a/2', 's/a/b/3', 's/c/4', 'o/5', 'o/a/6', 'o/s/7', '8']

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('move' as const), what: fc.nat(14), where: fc.nat(7) }),
  fc.record({
    kind: fc.constantFrom('trash' as const, 'restore' as const, 'put' as const),
    what: fc.nat(14),
  }),
)

test('AQ-QONSENT-5, AQ-QONSENT-6: whatever is moved, trashed and put, a folder grant opens exactly what its folder holds now, and nothing outside of it', async () => {
  const random = await createWorld({ seed: 33 })
  await addIdentity(random, 'bob')
  const { drive: theirs, sharing: shares } = random.operations
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      round += 1
      const root = `r${round}`
      await theirs.put(itemsOf(...files.map((path) => fileItem(`${root}/${path}`, `${round} ${path}`))))
      const ids = await Promise.all(
        [...places, ...files].map(async (path) => (await theirs.entry(`/${root}/${path}`)).id),
      )
      const folders = ids.slice(0, places.length)
      const [shared] = folders as [string]
      const { ping } = await shares.share(shared, { with: 'bob' })
      for (const one of steps) await take(random, one, { ids, folders, root })

      const now = await theirs.entry(shared)
      const inside = new Map<string, string>()
      if (!now.isTrashed)
        for await (const { id, kind, path } of theirs.walk(shared)) {
          if (kind === 'file') inside.set(id, path.slice(now.path.length + 1))
        }
      const opened = new Map<string, string>()
      await random.as('bob', async () => {
        try {
          for await (const one of shares.readTree(ping)) {
            if (!('content' in one)) continue
            opened.set(one.entry.id, one.entry.path.slice(now.name.length + 1))
            await bytesOf(one.content.stream)
          }
        } catch (error) {
          assert.equal((error as Fault).code, 'missing.object')
          assert.ok(now.isTrashed)
        }
        for (const only of ['..', `../o/5`, 'a/../../o', 'a/b/3', 'o/5', '5', 's/1']) {
          for await (const { entry } of triedTree(shares.readTree(ping, { only })))
            assert.ok(entry.kind === 'folder' || inside.has(entry.id), `${only} gave ${entry.path}`)
        }
      })
      assert.deepEqual(opened, inside)
    }),
    { numRuns: 40, seed: 7 },
  )
})

/** The entries of a tree up to where it is refused. */
async function* triedTree<T>(tree: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* tree
  } catch (error) {
    assert.match((error as Fault).code, /^(invalid\.path|missing\.object|limit\.loop)$/)
  }
}

async function take(
  { operations: { drive: theirs } }: World,
  one: Step,
  { ids, folders, root }: { ids: readonly string[]; folders: readonly string[]; root: string },
): Promise<void> {
  const id = ids[one.what % ids.length] as string
  try {
    if (one.kind === 'move') {
      const where = folders[one.where]
      const folder = where === undefined ? '/' : (await theirs.entry(where)).path
      await theirs.move(id, { folder })
    } else if (one.kind === 'put') {
      const { path } = await theirs.entry(id)
      await theirs.put(itemsOf(fileItem('later.txt', `${root} ${path}`)), { to: path })
    } else if (one.kind === 'trash') await theirs.remove(id)
    else await theirs.restore(id)
  } catch {
    // Not every step is possible: into itself, out of a trash that it is not in, into a file.
  }
}
