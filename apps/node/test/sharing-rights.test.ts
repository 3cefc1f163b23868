import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import { parseCid } from '@anarq/ipld'
import type { ShareOptions } from '@anarq/kernel'
import type { StageReport } from '@anarq/qerberos'
import { asObjectId, openEnvelope, openSlot, parseEnvelope, parsePing } from '@anarq/qnt'
import { createSharingWorld, keysOfAlice, signedPing } from './sharing-world.ts'
import { addIdentity, bytesOf, createWorld, fileItem, itemsOf, noise, putFile, textOf } from './world.ts'

const hourMs = 3_600_000

const { world, operations, clock, bob, carol, shared, openAs, writeAs, grantNow } = await createSharingWorld()

test('AQ-QONSENT-5: with the right to write, another makes a new version that the owner sees, name and place unchanged', async () => {
  const { id, ping } = await shared('team/plan.txt', 'draft', { rights: ['read', 'write'] })
  clock.advance(1000)
  const report = await writeAs('bob', ping, 'better')
  assert.deepEqual([report.files, report.skipped.length], [1, 0])
  const entry = await operations.drive.entry(id)
  assert.deepEqual([entry.path, entry.versions], ['/team/plan.txt', 2])
  assert.equal(await textOf(await operations.drive.get(id)), 'better')
  assert.equal(await textOf(await operations.drive.get(id, { version: 1 })), 'draft')
  assert.equal(await openAs('bob', ping), 'better')
  const by = (await operations.audit.tail({ object: id, limit: 1000 })).map(({ details }) => details.by)
  assert.ok(by.includes(bob.did), 'the audit log says who wrote it')
})

test('AQ-QONSENT-5: the right to read is none to write, the right to write none to read, and neither one to share', async () => {
  const read = await shared('read-only.txt', 'as it was', { rights: ['read'] })
  await assert.rejects(writeAs('bob', read.ping, 'changed'), { code: 'refused.condition' })
  assert.equal(await textOf(await operations.drive.get('read-only.txt')), 'as it was')
  assert.equal((await operations.drive.entry('read-only.txt')).versions, 1)

  const write = await shared('write-only.txt', 'secret', { rights: ['write'] })
  await assert.rejects(openAs('bob', write.ping), { code: 'refused.condition' })
  assert.equal((await writeAs('bob', write.ping, 'a letter for the box')).files, 1)

  await assert.rejects(
    world.as('bob', () => operations.sharing.share(read.id, { with: 'carol' })),
    { code: 'missing.object' },
  )
})

test('AQ-QONSENT-5: rights are for one object: nobody writes with the ping of another', async () => {
  const mine = await shared('mine.txt', 'read only', { rights: ['read'] })
  const ours = await shared('ours.txt', 'ours', { rights: ['read', 'write'] })
  const { ping } = parsePing(ours.ping)
  // The grant for the one under the name of the other, signed by the owner herself: the grant decides.
  using alice = keysOfAlice(world)
  const crossed = signedPing({ ...ping, id: asObjectId(fromHex(mine.id)) }, alice)
  await assert.rejects(openAs('bob', crossed), { code: 'refused.condition' })
  await assert.rejects(writeAs('bob', crossed, 'overwritten'), { code: 'refused.condition' })
  assert.equal(await textOf(await operations.drive.get('mine.txt')), 'read only')
  assert.equal(await openAs('bob', ours.ping), 'ours')
})

test('WX-QNT-9, AQ-QONSENT-7: what a reader already has opens nothing newer: each version has keys of its own', async () => {
  const { id } = await shared('newer.bin', noise(2_000_000, 3))
  await putFile(world, 'newer.bin', noise(2_000_000, 4), { modifiedMs: clock.nowMs() })
  const [second, first] = await operations.drive.versions(id)
  const envelopeOf = async (cid: string | undefined) =>
    parseEnvelope((await world.ports.blocks.get(parseCid(cid as string))) as Uint8Array)
  using alice = keysOfAlice(world)
  // The content key is all that a release gives to a reader.
  const released = openSlot(await envelopeOf(first?.cid), {
    kek: (epoch) => alice.kekOf(epoch),
  }) as Uint8Array
  assert.equal(openEnvelope(await envelopeOf(first?.cid), released).metadata.name, 'newer.bin')
  const newer = await envelopeOf(second?.cid)
  assert.throws(() => openEnvelope(newer, released), /./)
})

test('WX-QNT-9: sharing something large, and reading it, adds no block of content', async () => {
  await putFile(world, 'large.bin', noise(5_000_000, 8))
  const before = await contentBytes()
  await operations.sharing.share('large.bin', { with: 'carol' })
  const { ping } = await operations.sharing.share('large.bin', { with: 'bob' })
  await world.as('bob', async () => bytesOf((await operations.sharing.open(ping)).stream))
  assert.equal(await contentBytes(), before)
})

async function contentBytes(): Promise<number> {
  let total = 0
  for await (const { blockClass, bytes } of world.ports.blocks.list())
    total += blockClass === 'data' ? bytes : 0
  return total
}

test('AQ-QONSENT-13: grants are listed on both sides, each with its state', async () => {
  const other = await createWorld({ seed: 8 })
  const { sharing } = other.operations
  await addIdentity(other, 'bob')
  const untilMs = other.clock.nowMs() + hourMs
  const terms: Record<string, Partial<ShareOptions>> = {
    'active.txt': { purpose: 'reading' },
    'expired.txt': { untilMs },
    'used-up.txt': { uses: 1 },
    'revoked.txt': { rights: ['read', 'write'] },
  }
  const given = new Map<string, { id: string; ping: Uint8Array }>()
  for (const [name, options] of Object.entries(terms)) {
    await putFile(other, name, name)
    const { grant, ping } = await sharing.share(name, { with: 'bob', ...options })
    given.set(name, { id: grant.id, ping })
  }
  await other.as('bob', async () => {
    for (const [name, { ping }] of given) {
      const purpose = terms[name]?.purpose
      await bytesOf((await sharing.open(ping, purpose === undefined ? {} : { purpose })).stream)
    }
  })
  await sharing.revoke(given.get('revoked.txt')?.id as string)
  other.clock.set(untilMs + 1000)
  const stateByName = async (direction: 'in' | 'out') =>
    Object.fromEntries((await sharing.grants(direction)).map(({ name, state }) => [name, state]))
  const states = {
    'active.txt': 'active',
    'expired.txt': 'expired',
    'used-up.txt': 'used-up',
    'revoked.txt': 'revoked',
  }
  assert.deepEqual(await stateByName('out'), states)
  assert.deepEqual(await stateByName('in'), {})
  await other.as('bob', async () => {
    assert.deepEqual(await stateByName('in'), states)
    assert.deepEqual(await stateByName('out'), {})
    const [grant] = (await sharing.grants('in')).filter(({ name }) => name === 'active.txt')
    assert.deepEqual([grant?.with, grant?.rights, grant?.purpose], [other.did, ['read'], 'reading'])
  })
})

test('AQ-QONSENT-13: the one a grant was given to sees how often it was used, as its owner counts', async () => {
  const { ping, grant } = await shared('counted.txt', 'x', { uses: 5 })
  await openAs('bob', ping)
  await openAs('bob', ping)
  const mine = await world.as('bob', async () =>
    (await operations.sharing.grants('in')).find(({ id }) => id === grant.id),
  )
  assert.deepEqual([mine?.uses, mine?.usesMax, mine?.kind], [2, 5, 'file'])
  assert.equal((await grantNow(grant.id)).uses, 2)
})

test('a grant to oneself, of the whole drive, or of nothing is refused with what to do', async () => {
  await putFile(world, 'folder/inside.txt', 'x')
  const refusals = [
    ['folder/inside.txt', 'alice', 'invalid.audience'],
    ['/', 'bob', 'invalid.kind'],
    ['no such file', 'bob', 'missing.object'],
    ['folder/inside.txt', 'nobody', 'missing.identity'],
  ] as const
  for (const [ref, whom, code] of refusals) {
    await assert.rejects(operations.sharing.share(ref, { with: whom }), { code })
  }
})

test('what was put into the trash or taken away for good no longer opens; out of the trash it does', async () => {
  const { ping } = await shared('trashed.txt', 'there')
  await operations.drive.remove('trashed.txt')
  await assert.rejects(openAs('bob', ping), { code: 'missing.object' })
  await operations.drive.restore('trashed.txt')
  assert.equal(await openAs('bob', ping), 'there')
  await operations.drive.remove('trashed.txt', { isForever: true })
  await assert.rejects(openAs('bob', ping), { code: 'missing.object' })
})

test('a file with a second lock opens for its reader only with the second passphrase as well', async () => {
  await operations.drive.put(itemsOf(fileItem('locked.txt', 'twice locked')), { lock: 'second passphrase' })
  const { ping } = await operations.sharing.share('locked.txt', { with: 'bob' })
  await assert.rejects(openAs('bob', ping), { code: 'refused.lock' })
  await assert.rejects(openAs('bob', ping, { lock: 'not this one' }), { code: 'refused.lock' })
  assert.equal(await openAs('bob', ping, { lock: 'second passphrase' }), 'twice locked')
})

test('AQ-FID-5, AQ-FOUT-3: a refusal never reaches the index: no entry, no record and no block is asked for', async () => {
  const revoked = await shared('fid/revoked.txt', 'x')
  await operations.sharing.revoke(revoked.grant.id)
  const expired = await shared('fid/expired.txt', 'x', { untilMs: clock.nowMs() + 1000 })
  clock.advance(2000)
  const usedUp = await shared('fid/used-up.txt', 'x', { uses: 1 })
  await openAs('bob', usedUp.ping)
  const purpose = await shared('fid/purpose.txt', 'x', { purpose: 'research' })
  const open = await shared('fid/open.txt', 'x')
  await openAs('carol', open.ping).catch(() => {})

  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['bob', revoked.ping, 'refused.revoked'],
    ['bob', expired.ping, 'refused.expired'],
    ['bob', usedUp.ping, 'refused.used-up'],
    ['bob', purpose.ping, 'refused.condition'],
    ['carol', open.ping, 'refused.wrong-audience'],
  ]
  for (const [who, ping, code] of cases) {
    const asked = await world.as(who, async () => {
      world.asked.clear()
      await assert.rejects(operations.sharing.open(ping), { code })
      return Object.fromEntries(world.asked)
    })
    assert.deepEqual(asked, {}, code)
  }
  world.asked.clear()
  await openAs('bob', open.ping)
  assert.ok((world.asked.get('blocks.get') ?? 0) > 0, 'what is allowed does reach it, so the counting works')
})

test('AQ-FID-1, AQ-FOUT-1, AQ-FIN-7: an opening goes through the stages of its one order, each with its hash', async () => {
  const { ping } = await shared('stages.txt', 'in order')
  const reports: StageReport[] = []
  const stop = world.kernel.guardian.onStage((report) => reports.push(report))
  await openAs('bob', ping)
  stop()
  const { flow } = reports.find(({ stage }) => stage === 'delivered') as StageReport
  const ours = reports.filter((report) => report.flow === flow)
  assert.deepEqual(
    ours.map(({ stage }) => stage),
    [
      'requested',
      'signed',
      'verified',
      'decided',
      'located',
      'fetched',
      'checked',
      'unsealed',
      'expanded',
      'delivered',
    ],
  )
  assert.equal(ours[0]?.identity, bob.did)
  for (const { stage, hash } of ours.slice(0, 4)) assert.equal(hash?.length, 32, stage)
})

test('AQ-FID-7, AQ-QONSENT-12, AQ-QERBEROS-3: every opening and every refusal stands in the audit log of the owner', async () => {
  const { id, ping } = await shared('audited.txt', 'x', { uses: 1 })
  await openAs('bob', ping)
  await assert.rejects(openAs('bob', ping))
  await assert.rejects(openAs('carol', ping))
  const entries = await operations.audit.tail({ object: id, limit: 100 })
  const decisions = entries.filter(({ action }) => action.startsWith('decision.'))
  const summary = decisions.map(({ verdict, code, details }) => `${verdict} ${code} ${details.subject}`)
  for (const wanted of [
    `ok allowed.grant ${bob.did}`,
    `refused refused.used-up ${bob.did}`,
    `refused refused.wrong-audience ${carol.did}`,
  ]) {
    assert.ok(summary.includes(wanted), `${wanted} in\n${summary.join('\n')}`)
  }
  assert.ok(entries.some(({ action }) => action === 'object.release'))
  assert.deepEqual((await operations.audit.verify()).findings, [])
})

test('AQ-QERBEROS-5: who asks again and again after a refusal is slowed down, and others are not', async () => {
  const { ping } = await shared('loop.txt', 'x')
  let code = ''
  for (let i = 0; i < 20 && code !== 'limit.loop'; i += 1) {
    code = await openAs('carol', ping).catch((error: Fault) => error.code)
  }
  assert.equal(code, 'limit.loop')
  assert.equal(await openAs('bob', ping), 'x')
})

test('a revoked identity can neither open what was shared with it nor be shared with', async () => {
  const other = await createWorld({ seed: 9 })
  await addIdentity(other, 'bob')
  await putFile(other, 'x.txt', 'x')
  const { ping } = await other.operations.sharing.share('x.txt', { with: 'bob' })
  await other.operations.identities.revoke('bob')
  await assert.rejects(
    other.as('bob', () => other.operations.sharing.open(ping)),
    ({ code }: Fault) => code.startsWith('refused.'),
  )
})
