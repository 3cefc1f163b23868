import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, equalBytes, fromHex, fromUtf8 } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { type Fault, unwrap } from '@anarq/fault'
import { cborCodec, parseCid } from '@anarq/ipld'
import type { ShareOptions } from '@anarq/kernel'
import type { StageReport } from '@anarq/qerberos'
import { cidOf } from '@anarq/qlock'
import {
  asObjectId,
  makePing,
  openEnvelope,
  openSlot,
  type Ping,
  parseEnvelope,
  parsePing,
  pingContext,
} from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, type OpenIdentity, recoverKeyring } from '@anarq/squid'
import {
  addIdentity,
  bytesOf,
  createWorld,
  fileItem,
  itemsOf,
  noise,
  putFile,
  someDay,
  textOf,
  type World,
} from './world.ts'

const hourMs = 3_600_000

/** One home with alice, bob and carol for all tests here: each test works on files of its own. */
const world = await createWorld()
const { operations, clock } = world
const bob = await addIdentity(world, 'bob')
const carol = await addIdentity(world, 'carol')

async function shared(path: string, content: string | Uint8Array, terms: Partial<ShareOptions> = {}) {
  const id = await putFile(world, path, content)
  return { id, ...(await operations.sharing.share(path, { with: 'bob', ...terms })) }
}

function openAs(
  name: string,
  ping: Uint8Array,
  options: { purpose?: string; lock?: string } = {},
): Promise<string> {
  return world.as(name, async () => textOf(await operations.sharing.open(ping, options)))
}

function writeAs(name: string, ping: Uint8Array, content: string) {
  const item = fileItem('whatever.txt', content, { modifiedMs: clock.nowMs() })
  return world.as(name, () => operations.sharing.write(ping, itemsOf(item)))
}

/** Alice's keys, brought back from her words: what she holds and nobody else does. */
function keysOfAlice({ words }: World): OpenIdentity {
  const random = createSeededRandom(99)
  const keyring = unwrap(
    recoverKeyring(words, {
      device: createDevice('test', random),
      clock: createManualClock(someDay),
      random,
    }),
  )
  return keyring.open(keyring.current())
}

test('WX-PNG-1, WX-PNG-3, AQ-ENC-5: a share gives a small ping file, and with it the one it is for reads the content', async () => {
  const content = noise(1_500_000)
  const { ping, grant } = await shared('trip/film.bin', content)
  assert.ok(ping.length <= 1024, `${ping.length} bytes`)
  assert.equal(grant.with, bob.did)
  const read = await world.as('bob', async () => {
    const { entry, bytes, stream } = await operations.sharing.open(ping)
    assert.equal(entry.name, 'film.bin')
    assert.equal(entry.owner, world.did)
    assert.equal(bytes, content.length)
    return bytesOf(stream)
  })
  assert.ok(equalBytes(read, content))
})

test('WX-PNG-2: a ping file shows neither name, nor content, nor tags, nor type of what it is for', async () => {
  await operations.drive.put(itemsOf(fileItem('salaries-2027.csv', 'name,amount\nada,90000\n')), {
    tags: ['payroll'],
  })
  const { ping } = await operations.sharing.share('salaries-2027.csv', { with: 'bob' })
  const text = Buffer.from(ping).toString('latin1')
  for (const secret of ['salaries', 'amount', 'ada', 'payroll', 'csv'])
    assert.ok(!text.includes(secret), secret)
})

test('WX-PNG-4, AQ-QONSENT-6, AQ-FOUT-3: a third identity that has the ping file is refused, and so is whoever has none', async () => {
  const { ping } = await shared('for-bob.txt', 'for bob')
  await assert.rejects(openAs('carol', ping), { code: 'refused.wrong-audience' })
  await assert.rejects(
    world.as('carol', () => operations.drive.get('for-bob.txt')),
    { code: 'missing.object' },
  )
  assert.equal(await openAs('bob', ping), 'for bob')
})

test('AQ-QONSENT-3: a ping file that its owner did sign opens nothing where no grant stands behind it', async () => {
  const { id, ping } = await shared('no-grant.txt', 'closed')
  const { ping: genuine } = parsePing(ping)
  const other = cidOf(cborCodec, fromUtf8('a delegation that was never made'))
  using alice = keysOfAlice(world)
  const made = signedPing(
    { ...genuine, id: asObjectId(fromHex(id)), grant: other, audience: carol.did },
    alice,
  )
  await assert.rejects(openAs('carol', made), { code: 'refused.no-grant' })
})

function signedPing(ping: Ping, { signer }: OpenIdentity): Uint8Array {
  return makePing(ping, (message) => signer.signEd25519(message, pingContext))
}

test('AQ-FID-2, AQ-FOUT-5: a ping file in the name of the owner that somebody else signed is refused', async () => {
  const { ping } = await shared('forged.txt', 'closed')
  const { ping: genuine } = parsePing(ping)
  const stranger = await createWorld({ name: 'mallory', seed: 66 })
  using mallory = keysOfAlice(stranger)
  await assert.rejects(openAs('bob', signedPing({ ...genuine, audience: bob.did }, mallory)), {
    code: 'invalid.ping',
  })
})

test('WX-QNT-8, WX-PNG-4: whichever byte of a ping file is flipped, it is refused with one sentence', async () => {
  const { ping } = await shared('flipped.txt', 'closed')
  await world.as('bob', async () => {
    for (let at = 0; at < ping.length; at += 1) {
      const changed = ping.slice()
      changed[at] = (changed[at] as number) ^ (1 << (at % 8))
      await assert.rejects(operations.sharing.open(changed), ({ code, message }: Fault) => {
        assert.match(code, /^(invalid\.ping|unavailable\.owner)$/, `byte ${at}: ${code}`)
        assert.match(message, /\.$/)
        return true
      })
    }
  })
  assert.equal(await openAs('bob', ping), 'closed')
})

test('a ping file that is cut short, longer than it may be, empty or something else altogether is no ping file', async () => {
  const { ping } = await shared('cut.txt', 'closed')
  const strange: readonly Uint8Array[] = [
    new Uint8Array(0),
    ping.subarray(0, ping.length - 1),
    ping.subarray(0, 7),
    concatBytes(ping, Uint8Array.of(0)),
    concatBytes(ping, noise(2000)),
    fromUtf8('QPING1\n'),
    fromUtf8('hello'),
    noise(500),
  ]
  for (const bytes of strange) {
    await assert.rejects(openAs('bob', bytes), { code: 'invalid.ping' })
  }
})

test("a ping file from somebody else's home says that its owner is out of reach; a card that is not known cannot be shared with", async () => {
  const foreign = await createWorld({ name: 'zoe', seed: 77 })
  await putFile(foreign, 'zoe.txt', 'of zoe')
  await assert.rejects(foreign.operations.sharing.share('zoe.txt', { with: bob.did }), {
    code: 'missing.identity',
  })
  const { card } = await operations.identities.show('bob')
  assert.deepEqual(await foreign.operations.identities.learn(card), { did: bob.did })
  const { ping } = await foreign.operations.sharing.share('zoe.txt', { with: bob.did })
  await assert.rejects(openAs('bob', ping), { code: 'unavailable.owner' })
  // With the owner's card the signature is checked before anything else.
  await operations.identities.learn((await foreign.operations.identities.show('')).card)
  const changed = ping.slice()
  changed[changed.length - 1] = (changed.at(-1) as number) ^ 1
  await assert.rejects(openAs('bob', changed), { code: 'invalid.ping' })
  await assert.rejects(openAs('bob', ping), { code: 'unavailable.owner' })
})

test('AQ-QONSENT-4, AQ-FID-2: a grant with an end opens until then and not after', async () => {
  const untilMs = clock.nowMs() + hourMs
  const { ping, grant } = await shared('until.txt', 'for an hour', { untilMs })
  assert.equal(grant.untilMs, untilMs)
  assert.equal(await openAs('bob', ping), 'for an hour')
  clock.set(untilMs)
  assert.equal(await openAs('bob', ping), 'for an hour')
  clock.set(untilMs + 1000)
  await assert.rejects(openAs('bob', ping), { code: 'refused.expired' })
  assert.equal((await grantNow(grant.id)).state, 'expired')
})

async function grantNow(id: string) {
  const found = (await operations.sharing.grants()).find((grant) => grant.id === id)
  assert.ok(found)
  return found
}

test('AQ-QONSENT-4: a grant for two uses opens twice; refusals of others count for nothing', async () => {
  const { ping, grant } = await shared('twice.txt', 'two times', { uses: 2 })
  assert.deepEqual([grant.uses, grant.usesMax, grant.state], [0, 2, 'active'])
  assert.equal(await openAs('bob', ping), 'two times')
  await assert.rejects(openAs('carol', ping), { code: 'refused.wrong-audience' })
  assert.deepEqual([(await grantNow(grant.id)).uses, (await grantNow(grant.id)).state], [1, 'active'])
  assert.equal(await openAs('bob', ping), 'two times')
  await assert.rejects(openAs('bob', ping), { code: 'refused.used-up' })
  assert.deepEqual([(await grantNow(grant.id)).uses, (await grantNow(grant.id)).state], [2, 'used-up'])
})

test('AQ-QONSENT-4: of several openings at once the last use goes to exactly one', async () => {
  const { ping, grant } = await shared('last.txt', 'once', { uses: 1 })
  const outcomes = await world.as('bob', () =>
    Promise.allSettled(Array.from({ length: 5 }, async () => textOf(await operations.sharing.open(ping)))),
  )
  const opened = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.deepEqual(
    opened.map(({ value }) => value),
    ['once'],
  )
  for (const { reason } of refused) assert.equal(reason.code, 'refused.used-up')
  assert.equal((await grantNow(grant.id)).uses, 1)
})

test('AQ-QONSENT-4: uses are counted over restarts of the node', async () => {
  const other = await createWorld({ seed: 5 })
  await addIdentity(other, 'bob')
  await putFile(other, 'once.txt', 'once')
  const { ping } = await other.operations.sharing.share('once.txt', { with: 'bob', uses: 1 })
  assert.equal(await other.as('bob', async () => textOf(await other.operations.sharing.open(ping))), 'once')
  await other.kernel.close()
  const again = await other.reopen()
  await again.operations.account.unlock({ passphrase: 'correct horse battery staple' })
  await again.operations.identities.use('bob')
  await assert.rejects(again.operations.sharing.open(ping), { code: 'refused.used-up' })
  await again.close()
})

test('AQ-QONSENT-4: a grant for one purpose is refused for another, and where none is said', async () => {
  const { ping } = await shared('study.txt', 'numbers', { purpose: 'research' })
  await assert.rejects(openAs('bob', ping), { code: 'refused.condition' })
  await assert.rejects(openAs('bob', ping, { purpose: 'advertising' }), { code: 'refused.condition' })
  await assert.rejects(openAs('bob', ping, { purpose: 'Research' }), { code: 'refused.condition' })
  assert.equal(await openAs('bob', ping, { purpose: 'research' }), 'numbers')
})

test('AQ-QONSENT-7, WX-PNG-6: what was revoked fails at the next opening, and so does the version made after it', async () => {
  const { ping, grant } = await shared('revoked.txt', 'first')
  assert.equal(await openAs('bob', ping), 'first')
  assert.equal((await operations.sharing.revoke(grant.id)).state, 'revoked')
  await assert.rejects(openAs('bob', ping), { code: 'refused.revoked' })
  await putFile(world, 'revoked.txt', 'second', { modifiedMs: clock.nowMs() })
  await assert.rejects(openAs('bob', ping), { code: 'refused.revoked' })
  // Sharing it anew is another grant; the old one stays what it is.
  const { ping: anew } = await operations.sharing.share('revoked.txt', { with: 'bob' })
  assert.equal(await openAs('bob', anew), 'second')
  await assert.rejects(openAs('bob', ping), { code: 'refused.revoked' })
})

test('AQ-QONSENT-7: a revocation holds after a restart, after a week without news, and after a rotation of keys', async () => {
  const other = await createWorld({ seed: 6 })
  await addIdentity(other, 'bob')
  await putFile(other, 'gone.txt', 'gone')
  await putFile(other, 'kept.txt', 'kept')
  const gone = await other.operations.sharing.share('gone.txt', { with: 'bob' })
  const kept = await other.operations.sharing.share('kept.txt', { with: 'bob' })
  await other.operations.sharing.revoke(gone.grant.id)
  await other.kernel.close()
  const again = await other.reopen()
  await again.operations.account.unlock({ passphrase: 'correct horse battery staple' })
  const check = async (): Promise<void> => {
    await again.operations.identities.use('bob')
    await assert.rejects(again.operations.sharing.open(gone.ping), { code: 'refused.revoked' })
    assert.equal(await textOf(await again.operations.sharing.open(kept.ping)), 'kept')
    await again.operations.identities.use('alice')
  }
  await check()
  other.clock.advance(7 * 24 * hourMs)
  await check()
  await again.operations.identities.rotate('alice')
  await check()
  await again.close()
})

test('AQ-QONSENT-7: nobody revokes in the name of another', async () => {
  const { ping, grant } = await shared('not-yours.txt', 'still open')
  assert.equal(await openAs('bob', ping), 'still open')
  await assert.rejects(
    world.as('bob', () => operations.sharing.revoke(grant.id)),
    { code: 'refused.not-yours' },
  )
  await assert.rejects(
    world.as('carol', () => operations.sharing.revoke(grant.id)),
    { code: 'missing.grant' },
  )
  for (const nonsense of ['', 'hello', `${grant.id}x`]) {
    await assert.rejects(operations.sharing.revoke(nonsense), ({ code }: Fault) =>
      /^(missing|invalid)\./.test(code),
    )
  }
  assert.equal(await openAs('bob', ping), 'still open')
})

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
