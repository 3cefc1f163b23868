import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, equalBytes, fromHex, fromUtf8 } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import { cborCodec } from '@anarq/ipld'
import { cidOf } from '@anarq/qlock'
import { asObjectId, parsePing } from '@anarq/qnt'
import { createSharingWorld, keysOfAlice, signedPing } from './sharing-world.ts'
import { addIdentity, bytesOf, createWorld, fileItem, itemsOf, noise, putFile, textOf } from './world.ts'

const hourMs = 3_600_000

const { world, operations, clock, bob, carol, shared, openAs, grantNow } = await createSharingWorld()

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
