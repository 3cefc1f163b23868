/** The keys by which tools come in: what they open, and what they do not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, fromUtf8 } from '@anarq/bytes'
import { hasCode, unwrap } from '@anarq/fault'
import type { NewToolKey, ToolAccess } from '@anarq/kernel'
import { openIndex } from '@anarq/qindex'
import { verifySignature } from '@anarq/qlock'
import { createDevice, recoverKeyring } from '@anarq/squid'
import { addIdentity, createWorld, fileItem, itemsOf, passphrase, putFile, textOf } from './world.ts'

const world = await createWorld({ seed: 12 })
const { operations, kernel, clock } = world
const { drive, tools } = operations
const dayMs = 24 * 60 * 60 * 1000

async function newKey(more: Partial<NewToolKey> = {}): Promise<{ id: string; secret: string }> {
  const { key, secret } = await tools.create({ name: 'tool', door: 'webdav', rights: 'write', ...more })
  return { id: key.id, secret }
}

async function enter(secret: string, source = 'test'): Promise<ToolAccess> {
  const access = await kernel.toolAccess('webdav', secret, source)
  assert.ok(access)
  return access
}

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield fromUtf8(text)
}

const file = (text: string) => ({ bytes: text.length, modifiedMs: 1000, content: once(text) })

test('AQ-QLOCK-1: a key for a tool is made, listed, used and taken back; its secret is given once', async () => {
  const { key, secret } = await tools.create({ name: ' My rclone ', door: 'webdav', rights: 'read' })
  assert.match(secret, /^[a-z2-7]{4}(-[a-z2-7]{4}){7}$/)
  assert.deepEqual([key.name, key.folder, key.state], ['My rclone', '/', 'active'])
  assert.ok(!JSON.stringify(await tools.list()).includes(secret))
  assert.equal((await enter(secret)).key.id, key.id)
  assert.equal((await enter(` ${secret.toUpperCase().replaceAll('-', ' ')}`)).key.id, key.id)
  assert.equal((await tools.list()).find(({ id }) => id === key.id)?.lastUsedMs, clock.nowMs())
  assert.equal((await tools.revoke(key.id)).state, 'revoked')
  assert.equal(await kernel.toolAccess('webdav', secret, 'revoked'), undefined)
  assert.equal((await tools.list()).find(({ id }) => id === key.id)?.state, 'revoked')
  await assert.rejects(tools.revoke('00'.repeat(16)), (error) => hasCode(error, 'missing.key'))
})

test('AQ-QLOCK-4: neither the secret of a key nor what a tool keeps with a file is found in the store', async () => {
  await putFile(world, 'plain.txt', 'x')
  const { secret } = await newKey({ name: 'a name that nobody reads' })
  const { drive: seen } = await enter(secret)
  await seen.change('/plain.txt', {
    set: [{ namespace: 'urn:x', name: 'note', value: 'a note that nobody reads' }],
  })
  const bits = secret.replaceAll('-', '')
  for await (const { cid } of world.ports.blocks.list()) {
    const text = Buffer.from((await world.ports.blocks.get(cid)) ?? []).toString('latin1')
    for (const word of [bits, secret, 'that nobody reads']) assert.ok(!text.includes(word))
  }
})

test('a key opens one door, in its time, for the identity that made it', async () => {
  const { secret } = await newKey({ untilMs: clock.nowMs() + dayMs })
  const mcp = await newKey({ door: 'mcp' })
  assert.equal(await kernel.toolAccess('mcp', secret, 'door'), undefined)
  assert.equal(await kernel.toolAccess('webdav', mcp.secret, 'door'), undefined)
  assert.equal((await kernel.toolAccess('mcp', mcp.secret, 'door'))?.key.id, mcp.id)
  await addIdentity(world, 'other')
  await world.as('other', async () => {
    assert.equal(await kernel.toolAccess('webdav', secret, 'other'), undefined)
    assert.deepEqual(await tools.list(), [])
  })
  clock.set(clock.nowMs() + dayMs)
  await assert.rejects(kernel.toolAccess('webdav', secret, 'late'), (error) =>
    hasCode(error, 'refused.expired'),
  )
  await assert.rejects(newKey({ untilMs: clock.nowMs() }), (error) => hasCode(error, 'invalid.time'))
})

test('a key is the same after a restart, and opens nothing before the home is unlocked', async () => {
  const home = await createWorld({ seed: 13 })
  const { secret, key } = await home.operations.tools.create({ name: 'tool', door: 'webdav', rights: 'read' })
  await home.kernel.close()
  const again = await home.reopen()
  await assert.rejects(again.toolAccess('webdav', secret, 'locked'), (error) =>
    hasCode(error, 'refused.locked'),
  )
  await again.operations.account.unlock({ passphrase })
  assert.equal((await again.toolAccess('webdav', secret, 'open'))?.key.id, key.id)
  await again.close()
})

test('AQ-FID-7: what lies outside the folder of a key does not exist for it', async () => {
  await drive.put(
    itemsOf(
      fileItem('home/in/a.txt', 'inside'),
      fileItem('home/b.txt', 'needle'),
      fileItem('secret.txt', 'needle'),
      fileItem('homework/c.txt', 'needle'),
    ),
  )
  const outside = await drive.entry('/secret.txt')
  const { secret } = await newKey({ folder: '/home' })
  const { drive: seen, folder } = await enter(secret)
  assert.equal(folder, '/home')
  const root = await seen.details('/')
  assert.deepEqual([root.path, root.name, root.kind], ['/', '', 'folder'])
  assert.deepEqual(
    (await seen.list('/')).map(({ path }) => path),
    ['/in', '/b.txt'],
  )
  assert.equal(await textOf(await seen.get('/in/a.txt')), 'inside')
  assert.equal((await seen.get('/in/a.txt')).entry.path, '/in/a.txt')
  assert.deepEqual(
    (await seen.find({ text: 'needle' })).map(({ path }) => path),
    ['/b.txt'],
  )
  const ways = [
    '/../secret.txt',
    '/..',
    '/./../secret.txt',
    '/in/../../secret.txt',
    '/a\0b',
    'secret.txt',
    outside.id,
  ]
  for (const path of [...ways, '/secret.txt', `/${outside.id}`, '/home/b.txt']) {
    for (const act of [
      () => seen.details(path),
      () => seen.get(path),
      () => seen.remove(path),
      () => seen.change(path, { modifiedMs: 1 }),
      () => seen.move(path, { folder: '/', name: 'x' }),
      () => seen.copy(path, { folder: '/', name: 'x' }),
      () => seen.move('/b.txt', { folder: path, name: 'x' }),
      () => seen.copy('/b.txt', { folder: path, name: 'x' }),
    ])
      await assert.rejects(act, (error) => hasCode(error, 'missing') || hasCode(error, 'invalid'), path)
  }
  for (const path of ways)
    await assert.rejects(seen.put(path, file('x')), (error) => hasCode(error, 'invalid'), path)
  await assert.rejects(seen.put('/x/../../y', file('x')), (error) => hasCode(error, 'invalid'))
  await assert.rejects(seen.makeFolder('/..'), (error) => hasCode(error, 'invalid'))
  for (const act of [() => seen.remove('/'), () => seen.move('/', { folder: '/in', name: 'x' })])
    await assert.rejects(act, (error) => hasCode(error, 'refused.rights'))
  assert.equal(await textOf(await drive.get('/secret.txt')), 'needle')
})

test('a key follows its folder where that is moved to, and ends with it', async () => {
  await putFile(world, 'walker/a.txt', 'a')
  const { secret } = await newKey({ folder: '/walker' })
  await drive.move('/walker', { name: 'runner' })
  const { drive: seen, folder } = await enter(secret)
  assert.equal(folder, '/runner')
  assert.equal((await seen.details('/a.txt')).path, '/a.txt')
  await drive.remove('/runner')
  await assert.rejects(seen.details('/a.txt'), (error) => hasCode(error, 'missing.object'))
  await assert.rejects(kernel.toolAccess('webdav', secret, 'gone'), (error) =>
    hasCode(error, 'missing.object'),
  )
  assert.equal((await tools.list()).find(({ folder: of }) => of === undefined)?.name, 'tool')
  await assert.rejects(newKey({ folder: '/plain.txt' }), (error) => hasCode(error, 'invalid.kind'))
})

test('AQ-FID-7: a key that may read changes nothing', async () => {
  await putFile(world, 'ro/a.txt', 'a')
  const { secret } = await newKey({ folder: '/ro', rights: 'read' })
  const { drive: seen } = await enter(secret)
  assert.equal(await textOf(await seen.get('/a.txt')), 'a')
  const place = { folder: '/', name: 'b.txt' }
  for (const act of [
    () => seen.put('/b.txt', file('b')),
    () => seen.makeFolder('/in'),
    () => seen.move('/a.txt', place),
    () => seen.copy('/a.txt', place),
    () => seen.remove('/a.txt'),
    () => seen.change('/a.txt', { modifiedMs: 5 }),
  ])
    await assert.rejects(act, (error) => hasCode(error, 'refused.rights'))
  assert.deepEqual(
    (await drive.list('/ro')).map(({ name }) => name),
    ['a.txt'],
  )
})

test('AQ-QERBEROS-5: guessing at keys is slowed down, and a tool with a right one is not held up by it', async () => {
  const { secret } = await newKey()
  const wrong = secret.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'))
  const outcomes: string[] = []
  for (let i = 0; i < 20; i += 1) {
    try {
      outcomes.push(
        String(await kernel.toolAccess('webdav', i % 2 === 0 ? wrong : 'no key at all', 'guesser')),
      )
    } catch (error) {
      assert.ok(hasCode(error, 'limit'))
      assert.equal(typeof error.data.waitMs, 'number')
      outcomes.push(error.code)
    }
  }
  assert.equal(outcomes[0], 'undefined')
  assert.match(outcomes.at(-1) ?? '', /^limit\./)
  assert.ok(await kernel.toolAccess('webdav', secret, 'guesser'))
})

test('AQ-FID-7: making a key, taking it back, and its first use of a day are entries of the audit log', async () => {
  const { id, secret } = await newKey()
  const count = async (action: string): Promise<number> =>
    (await operations.audit.tail({ limit: 1000, action, object: id })).length
  assert.equal(await count('tool.create'), 1)
  for (let i = 0; i < 3; i += 1) await enter(secret)
  assert.equal(await count('tool.use'), 1)
  clock.set(clock.nowMs() + dayMs)
  await Promise.all([enter(secret), enter(secret)])
  assert.equal(await count('tool.use'), 2)
  await tools.revoke(id)
  await tools.revoke(id)
  assert.equal(await count('tool.revoke'), 1)
  assert.ok((await operations.audit.verify()).isWhole)
})

test('what a tool keeps with a file comes back, goes with a copy, and has a limit', async () => {
  await putFile(world, 'props/a.txt', 'a')
  const { secret } = await newKey({ folder: '/props' })
  const { drive: seen } = await enter(secret)
  const set = [
    { namespace: 'urn:x', name: 'one', value: '<one/>' },
    { namespace: '', name: 'one', value: 'two' },
  ]
  const changed = await seen.change('/a.txt', { set })
  assert.deepEqual(changed.properties, [set[1], set[0]])
  await seen.copy('/a.txt', { folder: '/', name: 'b.txt' })
  assert.deepEqual((await seen.details('/b.txt')).properties, [set[1], set[0]])
  await seen.change('/a.txt', { remove: [{ namespace: 'urn:x', name: 'one' }] })
  assert.deepEqual((await seen.details('/a.txt')).properties, [set[1]])
  const many = Array.from({ length: 101 }, (_, i) => ({ namespace: 'urn:y', name: `n${i}`, value: '' }))
  for (const bad of [many, [{ namespace: '', name: 'x', value: 'x'.repeat(70_000) }]])
    await assert.rejects(seen.change('/a.txt', { set: bad }), (error) => hasCode(error, 'limit.property'))
  for (const bad of [
    { name: '', value: '' },
    { name: 'x', value: '\ud800' },
  ])
    await assert.rejects(seen.change('/a.txt', { set: [{ namespace: '', ...bad }] }), (error) =>
      hasCode(error, 'invalid.property'),
    )
})

test('what is taken away for good takes along what tools kept with it', async () => {
  const id = await putFile(world, 'props/gone.txt', 'x')
  const { secret } = await newKey({ folder: '/props' })
  const { drive: seen } = await enter(secret)
  await seen.change('/gone.txt', { set: [{ namespace: '', name: 'one', value: 'a word' }] })
  const kept = await propertiesInIndex(id)
  assert.equal(kept.length, 1)
  assert.deepEqual(kept[0], { namespace: '', name: 'one', value: 'a word' })
  await drive.remove(id, { isForever: true })
  assert.deepEqual(await propertiesInIndex(id), [null])
})

test('a time that a tool puts right is the one of the file for everybody, and a new version has its own', async () => {
  await putFile(world, 'times/a.txt', 'a', { modifiedMs: 50_000 })
  const { secret } = await newKey({ folder: '/times' })
  const { drive: seen } = await enter(secret)
  assert.equal((await seen.change('/a.txt', { modifiedMs: 7000 })).modifiedMs, 7000)
  assert.equal((await drive.get('/times/a.txt')).entry.modifiedMs, 7000)
  assert.equal((await drive.get('/times/a.txt', { version: 1 })).entry.modifiedMs, 50_000)
  await seen.put('/a.txt', { ...file('a'), modifiedMs: 50_000 })
  assert.equal((await drive.entry('/times/a.txt')).modifiedMs, 50_000)
})

test('a file that a tool puts is there as a whole, or not at all', async () => {
  const { secret } = await newKey()
  const { drive: seen } = await enter(secret)
  const broken = async function* (): AsyncIterable<Uint8Array> {
    yield fromUtf8('half')
    throw new Error('cut off')
  }
  await assert.rejects(seen.put('/half.txt', { bytes: undefined, modifiedMs: 1, content: broken() }))
  await assert.rejects(seen.details('/half.txt'), (error) => hasCode(error, 'missing.object'))
  await seen.put('/whole.txt', file('whole'))
  assert.equal(await textOf(await seen.get('/whole.txt')), 'whole')
})

/** As the owner's other devices see it: the fields of a record, without the kernel. */
async function propertiesInIndex(id: string): Promise<unknown[]> {
  const { random, blocks, heads } = world.ports
  const device = createDevice('another device', random)
  const identity = unwrap(recoverKeyring(world.words, { device, clock, random })).open(world.did)
  const { secrets, signer } = identity
  const index = await openIndex({
    blocks,
    heads,
    keys: { index: secrets.index, feed: secrets.feed, epoch: 0, indexOf: () => secrets.index },
    signer: {
      did: world.did,
      sign: (message, context) => signer.sign(message, context),
      verify: (_did, _epoch, message, signature, context) =>
        verifySignature(signer.publicKey, message, signature, context),
    },
    device: random.bytes(8),
    clock,
    random,
  })
  const fields = (await index.get(fromHex(id)))?.fields ?? new Map()
  await index.close()
  return [...fields].filter(([name]) => name.startsWith('prop/')).map(([, { value }]) => value)
}

test("the system's own folder does not exist for a key, not even for one of the whole drive", async () => {
  await drive.put(itemsOf(fileItem('installed.json', '{}')), { to: '/.anarq/apps' })
  const { drive: whole } = await enter((await newKey()).secret)
  for (const path of ['/.anarq', '/.anarq/apps', '/.anarq/apps/installed.json']) {
    await assert.rejects(whole.details(path), { code: 'missing.object' }, path)
    await assert.rejects(whole.remove(path), { code: 'missing.object' }, path)
    await assert.rejects(whole.get(path), { code: 'missing.object' }, path)
  }
  await assert.rejects(whole.put('/.anarq/apps/x', file('x')), { code: 'missing.object' })
  assert.ok(!(await whole.list('/')).some(({ name }) => name === '.anarq'))
  for await (const { name } of whole.detailsIn('/')) assert.notEqual(name, '.anarq')
  assert.deepEqual(await whole.find({ text: 'installed' }), [])
})
