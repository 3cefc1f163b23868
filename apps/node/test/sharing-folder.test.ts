import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import type { EntryFacts } from '@anarq/kernel'
import { asObjectId, parsePing } from '@anarq/qnt'
import { createFolderWorld, forgottenMs, keysOfAlice, type Opening, signedPing } from './sharing-world.ts'
import { fileItem, itemsOf, textOf } from './world.ts'

const { world, operations, clock, drive, sharing, bob, fill, shareFolder, listAs, openAs, writeAs } =
  await createFolderWorld()

test('WX-PNG-1, AQ-QONSENT-5: a folder is shared in one grant and one small ping file: it lists and opens what lies in it and below', async () => {
  await fill('attic/trip', { 'a.txt': 'a', 'days/one.txt': '1', 'days/two.txt': '2' })
  await fill('attic', { 'diary.txt': 'not yours' })
  const { grant, ping } = await shareFolder('attic/trip')
  assert.ok(ping.length <= 1024, `${ping.length} bytes`)
  assert.deepEqual([grant.kind, grant.name, grant.rights], ['folder', 'trip', ['read']])
  assert.deepEqual(await listAs('bob', ping), [
    'trip/',
    'trip/days/',
    'trip/days/one.txt',
    'trip/days/two.txt',
    'trip/a.txt',
  ])
  assert.deepEqual(await openAs('bob', ping), {
    'trip/': '',
    'trip/days/': '',
    'trip/days/one.txt': '1',
    'trip/days/two.txt': '2',
    'trip/a.txt': 'a',
  })
  const [received] = (await world.as('bob', () => sharing.grants('in'))).filter(({ id }) => id === grant.id)
  assert.deepEqual([received?.kind, received?.name, received?.state], ['folder', 'trip', 'active'])
})

test('entries of a shared folder say whose they are and nothing of where the owner keeps them, or how they are tagged', async () => {
  await fill('client x/secret place/box', { 'a.txt': 'a' })
  await drive.tag('client x/secret place/box/a.txt', { add: ['payroll'] })
  const { ping } = await shareFolder('client x/secret place/box')
  const seen = await world.as('bob', async () => {
    const all: EntryFacts[] = []
    for await (const entry of sharing.walk(ping)) all.push(entry)
    for await (const { entry } of sharing.readTree(ping)) all.push(entry)
    return all
  })
  assert.equal(seen.length, 4)
  assert.ok(seen.every(({ owner }) => owner === world.did))
  assert.doesNotMatch(JSON.stringify(seen), /client|secret|payroll/)
})

test('what comes into a shared folder later is shared, what leaves it or goes into the trash is not, whoever moved it', async () => {
  await fill('house', { 'stays.txt': 's', 'leaves.txt': 'l', 'sub/deep.txt': 'd', 'sub2/x.txt': 'x' })
  await fill('shed', { 'tool.txt': 't' })
  const { ping } = await shareFolder('house')
  await fill('house', { 'sub/later.txt': 'later' })
  await drive.move('shed/tool.txt', { folder: '/house/sub' })
  await drive.move('house/leaves.txt', { folder: '/shed' })
  await drive.move('house/sub2', { folder: '/shed' })
  await drive.remove('house/stays.txt')
  const expected = {
    'house/': '',
    'house/sub/': '',
    'house/sub/deep.txt': 'd',
    'house/sub/later.txt': 'later',
    'house/sub/tool.txt': 't',
  }
  assert.deepEqual(await openAs('bob', ping), expected)
  for (const only of ['leaves.txt', 'sub2/x.txt', 'sub2', 'stays.txt'])
    await assert.rejects(openAs('bob', ping, { only }), { code: 'missing.object' }, only)
  // The folder itself may be moved and renamed: the grant is for it, wherever it lies.
  await drive.move('house', { folder: '/shed', name: 'home' })
  assert.deepEqual(await openAs('bob', ping, { only: 'sub/tool.txt' }), { 'home/sub/tool.txt': 't' })
  await drive.restore('stays.txt')
  assert.deepEqual(await openAs('bob', ping, { only: 'stays.txt' }), { 'home/stays.txt': 's' })
})

test('what leaves the folder while it is being read is not read any more', async () => {
  await fill('slow', { '1.txt': '1', '2.txt': '2', '3.txt': '3' })
  const { ping } = await shareFolder('slow')
  const paths: string[] = []
  await world.as('bob', async () => {
    for await (const one of sharing.readTree(ping)) {
      paths.push(one.entry.path)
      if ('content' in one) await textOf(one.content)
      if (one.entry.name !== '1.txt') continue
      await operations.identities.use('alice')
      await drive.move('slow/2.txt', { folder: '/' })
      await operations.identities.use('bob')
    }
  })
  assert.deepEqual(paths, ['slow', 'slow/1.txt', 'slow/3.txt'])
})

test('AQ-QONSENT-7: a folder that is being read stops where its grant is revoked', async () => {
  await fill('stopped', { '1.txt': '1', '2.txt': '2', '3.txt': '3' })
  const { ping, grant } = await shareFolder('stopped')
  const paths: string[] = []
  const reading = world.as('bob', async () => {
    for await (const one of sharing.readTree(ping)) {
      paths.push(one.entry.path)
      if (one.entry.name !== '1.txt') continue
      await operations.identities.use('alice')
      await sharing.revoke(grant.id)
      await operations.identities.use('bob')
    }
  })
  await assert.rejects(reading, { code: 'refused.revoked' })
  assert.deepEqual(paths, ['stopped', 'stopped/1.txt'])
})

test('AQ-QONSENT-4: of a folder that may be opened so often, each part and each whole is one use, however much is in it, and looking at what there is none', async () => {
  await fill('twice', Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.txt`, `${i}`])))
  const { ping, grant } = await shareFolder('twice', { uses: 2 })
  const usesNow = async () => (await sharing.grants('out')).find(({ id }) => id === grant.id)?.uses
  assert.equal(Object.keys(await openAs('bob', ping)).length, 21)
  assert.equal(await usesNow(), 1)
  for (let i = 0; i < 3; i += 1) assert.equal((await listAs('bob', ping)).length, 21)
  assert.equal(await usesNow(), 1)
  assert.deepEqual(await openAs('bob', ping, { only: '7.txt' }), { 'twice/7.txt': '7' })
  assert.equal(await usesNow(), 2)
  for (const open of [openAs('bob', ping), listAs('bob', ping), openAs('bob', ping, { only: '7.txt' })])
    await assert.rejects(open, { code: 'refused.used-up' })
})

test('AQ-QONSENT-4, AQ-QONSENT-6, AQ-FID-5: a folder that is expired, used up, revoked, for another purpose or for somebody else is refused, and the index is not asked', async () => {
  await fill('closed', { 'a.txt': 'a', 'sub/b.txt': 'b' })
  const revoked = await shareFolder('closed')
  await sharing.revoke(revoked.grant.id)
  const expired = await shareFolder('closed', { untilMs: clock.nowMs() + 1000 })
  clock.advance(2000)
  const usedUp = await shareFolder('closed', { uses: 1 })
  await openAs('bob', usedUp.ping)
  const purpose = await shareFolder('closed', { purpose: 'research' })
  const writeOnly = await shareFolder('closed', { rights: ['write'] })
  const open = await shareFolder('closed')
  await openAs('carol', open.ping).catch(() => {})
  const cases: readonly (readonly [string, Uint8Array, Opening, string])[] = [
    ['bob', revoked.ping, {}, 'refused.revoked'],
    ['bob', expired.ping, {}, 'refused.expired'],
    ['bob', usedUp.ping, {}, 'refused.used-up'],
    ['bob', purpose.ping, {}, 'refused.condition'],
    ['bob', purpose.ping, { purpose: 'adverts' }, 'refused.condition'],
    ['bob', writeOnly.ping, {}, 'refused.condition'],
    ['carol', open.ping, {}, 'refused.wrong-audience'],
  ]
  for (const [who, ping, terms, code] of cases) {
    for (const only of [undefined, 'a.txt', 'sub', 'no such thing']) {
      const asked = await world.as(who, async () => {
        world.asked.clear()
        const options = { ...terms, ...(only === undefined ? {} : { only }) }
        await assert.rejects(Array.fromAsync(sharing.walk(ping, options)), { code })
        await assert.rejects(Array.fromAsync(sharing.readTree(ping, options)), { code })
        return Object.fromEntries(world.asked)
      })
      assert.deepEqual(asked, {}, `${code} ${only}`)
      clock.advance(forgottenMs)
    }
  }
  assert.deepEqual(await openAs('bob', purpose.ping, { purpose: 'research', only: 'a.txt' }), {
    'closed/a.txt': 'a',
  })
})

test('--only gives one file, or one folder with what is below it', async () => {
  await fill('parts', { 'a.txt': 'a', 'sub/b.txt': 'b', 'sub/deep/c.txt': 'c' })
  const { ping } = await shareFolder('parts')
  assert.deepEqual(await openAs('bob', ping, { only: 'a.txt' }), { 'parts/a.txt': 'a' })
  assert.deepEqual(await openAs('bob', ping, { only: 'sub/deep/c.txt' }), { 'parts/sub/deep/c.txt': 'c' })
  assert.deepEqual(await openAs('bob', ping, { only: 'sub' }), {
    'parts/sub/': '',
    'parts/sub/deep/': '',
    'parts/sub/deep/c.txt': 'c',
    'parts/sub/b.txt': 'b',
  })
  assert.deepEqual(await listAs('bob', ping, { only: 'sub/deep' }), [
    'parts/sub/deep/',
    'parts/sub/deep/c.txt',
  ])
})

test('a path that leads up, out or nowhere is refused before anybody is asked, and costs no use', async () => {
  await fill('top/inner', { 'a.txt': 'a' })
  await fill('top', { 'secret.txt': 'secret' })
  const { ping, grant } = await shareFolder('top/inner', { uses: 1 })
  const paths = [
    '..',
    '../secret.txt',
    './a.txt',
    'a.txt/..',
    'x/../../secret.txt',
    '/top/secret.txt',
    '/a.txt',
    'a.txt/',
    'x//a.txt',
    '',
    '/',
    'a\0b',
    '\ud800',
  ]
  for (const only of paths) {
    const asked = await world.as('bob', async () => {
      world.asked.clear()
      await assert.rejects(Array.fromAsync(sharing.walk(ping, { only })), { code: 'invalid.path' }, only)
      await assert.rejects(Array.fromAsync(sharing.readTree(ping, { only })), { code: 'invalid.path' }, only)
      return Object.fromEntries(world.asked)
    })
    assert.deepEqual(asked, {}, only)
  }
  assert.equal((await sharing.grants('out')).find(({ id }) => id === grant.id)?.uses, 0)
  assert.deepEqual(await openAs('bob', ping, { only: 'a.txt' }), { 'inner/a.txt': 'a' })
})

test('names with backslashes, percent signs or what looks like another path are names and nothing more', async () => {
  const names = ['..\\secret.txt', '%2e%2e%2fsecret.txt', '...', '~', 'C:']
  await fill('odd', Object.fromEntries(names.map((name) => [name, name])))
  const { ping } = await shareFolder('odd')
  for (const only of names) assert.deepEqual(await openAs('bob', ping, { only }), { [`odd/${only}`]: only })
})

test("AQ-QONSENT-5: the grant for a folder opens nothing else under its owner's own signature: not what lies beside, above or elsewhere", async () => {
  await fill('wide/shared', { 'in.txt': 'in' })
  await fill('wide', { 'beside.txt': 'beside' })
  const { ping } = await shareFolder('wide/shared')
  const { ping: genuine } = parsePing(ping)
  using alice = keysOfAlice(world)
  for (const ref of ['wide/beside.txt', 'wide']) {
    const { id } = await drive.entry(ref)
    const crossed = signedPing({ ...genuine, id: asObjectId(fromHex(id)) }, alice)
    await assert.rejects(openAs('bob', crossed), { code: 'refused.condition' }, ref)
    await assert.rejects(listAs('bob', crossed), { code: 'refused.condition' }, ref)
    await assert.rejects(writeAs('bob', crossed, fileItem('x', 'x')), { code: 'refused.condition' }, ref)
  }
})

test('sharing a folder costs the same whatever is in it', async () => {
  await fill('small', { 'a.txt': 'a' })
  await fill(
    'large',
    Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${i % 20}/${i}.txt`, `${i}`])),
  )
  const costOf = async (folder: string) => {
    const { id } = await drive.entry(folder)
    world.asked.clear()
    const { ping } = await shareFolder(id)
    return { asked: Object.fromEntries(world.asked), bytes: ping.length }
  }
  await costOf('small')
  assert.deepEqual(await costOf('large'), await costOf('small'))
})

test('a folder that is in the trash, or gone for good, opens no more; out of the trash it does', async () => {
  await fill('above/bin', { 'a.txt': 'a' })
  const { ping } = await shareFolder('above/bin')
  await drive.remove('above')
  await assert.rejects(openAs('bob', ping), { code: 'missing.object' })
  await assert.rejects(listAs('bob', ping), { code: 'missing.object' })
  await assert.rejects(writeAs('bob', ping, fileItem('x', 'x')), { code: 'refused.condition' })
  await drive.restore('above')
  assert.deepEqual(await openAs('bob', ping), { 'bin/': '', 'bin/a.txt': 'a' })
  await drive.remove('above/bin', { isForever: true })
  await assert.rejects(openAs('bob', ping), { code: 'missing.object' })
})

test('AQ-QERBEROS-8: a decoy in a shared folder is listed like anything else, and raises an alert when it is opened', async () => {
  await fill('baited', { 'real.txt': 'real' })
  await drive.put(itemsOf(fileItem('passwords.txt', 'nothing here')), { to: '/baited', isDecoy: true })
  const { ping } = await shareFolder('baited')
  const alertsOf = async () =>
    (await operations.audit.alerts()).filter(({ kind, identity }) => kind === 'decoy' && identity === bob.did)
  assert.deepEqual(await listAs('bob', ping), ['baited/', 'baited/passwords.txt', 'baited/real.txt'])
  assert.equal((await alertsOf()).length, 0)
  await openAs('bob', ping, { only: 'real.txt' })
  assert.equal((await alertsOf()).length, 0)
  await openAs('bob', ping)
  assert.equal((await alertsOf()).length, 1)
})

test('one file with a second lock does not hide the others of a shared folder; with its passphrase all open', async () => {
  await fill('mixed', { 'a.txt': 'a' })
  await drive.put(itemsOf(fileItem('locked.txt', 'twice')), { to: '/mixed', lock: 'second passphrase' })
  const { ping } = await shareFolder('mixed')
  const outcomes = await world.as('bob', async () => {
    const all: string[] = []
    for await (const one of sharing.readTree(ping)) {
      if ('content' in one) all.push(await textOf(one.content).catch((error: Fault) => error.code))
    }
    return all
  })
  assert.deepEqual(outcomes, ['a', 'refused.lock'])
  assert.deepEqual(await openAs('bob', ping, { lock: 'second passphrase' }), {
    'mixed/': '',
    'mixed/a.txt': 'a',
    'mixed/locked.txt': 'twice',
  })
})

test('a folder as deep as a hundred others opens to its ground, and an empty one is one entry', async () => {
  const deep = Array.from({ length: 100 }, (_, i) => `d${i}`).join('/')
  await fill('well', { [`${deep}/bottom.txt`]: 'water' })
  const { ping } = await shareFolder('well')
  assert.deepEqual(await openAs('bob', ping, { only: `${deep}/bottom.txt` }), {
    [`well/${deep}/bottom.txt`]: 'water',
  })
  assert.equal((await listAs('bob', ping)).length, 102)
  await drive.makeFolder('/hollow')
  const empty = await shareFolder('hollow')
  assert.deepEqual(await openAs('bob', empty.ping), { 'hollow/': '' })
})

test('a ping for a file reads as a tree of one, and a ping for a folder is no file; neither costs a use where it is asked wrongly', async () => {
  await fill('kinds', { 'one.txt': 'one' })
  const file = await sharing.share('kinds/one.txt', { with: 'bob', uses: 2 })
  assert.deepEqual(await openAs('bob', file.ping), { 'one.txt': 'one' })
  await assert.rejects(openAs('bob', file.ping, { only: 'x' }), { code: 'invalid.kind' })
  assert.deepEqual(await listAs('bob', file.ping), ['one.txt'])
  const folder = await shareFolder('kinds', { uses: 1 })
  await assert.rejects(
    world.as('bob', () => sharing.open(folder.ping)),
    { code: 'invalid.kind' },
  )
  assert.deepEqual(await openAs('bob', folder.ping), { 'kinds/': '', 'kinds/one.txt': 'one' })
})
