/** A child's identity between its own device and its guardians. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import type { Fault } from '@anarq/fault'
import type { Operations } from '@anarq/kernel'
import {
  birthMs,
  dayMs,
  emptyHome,
  enrolled,
  family,
  majorityMs,
  person,
  renewed,
  reopened,
} from './family.ts'
import { bytesOf, fileItem, itemsOf, passphrase, putFile, someDay, textOf } from './world.ts'

/** Everything that a person does with a home. */
const deeds: readonly (readonly [string, (home: Operations) => Promise<unknown>])[] = [
  ['put', (home) => home.drive.put(itemsOf(fileItem('new.txt', 'new')))],
  ['ls', (home) => home.drive.list('/')],
  ['find', (home) => home.drive.find({ text: 'note' })],
  ['get', (home) => home.drive.get('note.txt')],
  ['mv', (home) => home.drive.move('note.txt', { name: 'other.txt' })],
  ['rm', (home) => home.drive.remove('note.txt')],
  ['grants', (home) => home.sharing.grants()],
  ['share', (home) => home.sharing.share('note.txt', { with: 'did:peer:4zX' })],
  ['audit', (home) => home.audit.tail()],
  ['prove', (home) => home.audit.prove(0)],
]

function isOneSentence(code: string): (fault: Fault) => boolean {
  return (fault) => {
    assert.equal(fault.code, code, fault.message)
    assert.match(fault.message, /^[A-Z“"].{10,}$/s)
    return true
  }
}

test('AQ-SQUID-2, AQ-SQUID-10: a device is enrolled, the guardian makes the identity with consent and limits, and the device is the child', async () => {
  const clock = createManualClock(someDay)
  const mother = await person(clock, 1, 'Eve')
  const { home: child, device } = await enrolled(clock, 2)
  assert.equal((await child.operations.account.status()).state, 'waiting')
  await assert.rejects(child.operations.drive.list('/'), isOneSentence('missing.invitation'))
  await assert.rejects(child.operations.identities.list(), isOneSentence('missing.invitation'))

  const made = await mother.operations.identities.createChild({
    name: 'Ada',
    birthMs,
    device,
    limits: { modules: ['qdrive'], spendMax: 500 },
  })
  const [root] = await mother.operations.identities.list()
  const facts = {
    side: 'guardian',
    stage: 'minor',
    guardian: root?.did,
    majorityMs,
    delegatedUntilMs: someDay + 7 * dayMs,
    limits: { age: 12, modules: ['qdrive'], contacts: [root?.did], spendMax: 500, sharing: 'ask' },
  }
  assert.deepEqual(made.child, facts)
  const joined = await child.operations.account.join({ file: `${made.invitation}\n` })
  assert.deepEqual(joined.child, { ...facts, side: 'child' }, 'the child sees the rules')
  assert.deepEqual([joined.did, joined.kind, joined.name, joined.isCurrent], [made.did, 'child', 'Ada', true])
  const acts = (await mother.operations.audit.tail()).map(({ action, details }) => [action, details.child])
  assert.deepEqual(acts[0], ['child.create', made.did])
})

test("a child's home puts, lists, finds, gets, tags and proves like any other", async () => {
  const { child, did } = await family(10)
  const { drive, audit, health, account, identities } = child.operations
  await putFile(child, 'folder/note.txt', 'a note of mine')
  await putFile(child, 'note.txt', 'one')
  await putFile(child, 'note.txt', 'two', { modifiedMs: someDay })
  assert.deepEqual(
    (await drive.list('/')).map(({ name }) => name),
    ['folder', 'note.txt'],
  )
  assert.equal((await drive.find({ text: 'note' })).length, 2)
  assert.equal(await textOf(await drive.get('/note.txt')), 'two')
  assert.equal(await textOf(await drive.get('/note.txt', { version: 1 })), 'one')
  await drive.tag('/note.txt', { add: ['school'] })
  assert.equal((await drive.find({ tag: 'school' })).length, 1)
  assert.equal((await account.status()).current?.kind, 'child')
  assert.equal((await identities.show('')).did, did)
  assert.deepEqual((await health.verify()).findings, [])
  assert.equal((await audit.verify()).isWhole, true)
  assert.ok((await audit.prove(0)).publicKey !== undefined)
  assert.deepEqual(child.faults, [])
})

test("a child's home survives a restart, a changed passphrase, and a backup that is restored elsewhere", async () => {
  const { clock, child, did } = await family(20)
  await putFile(child, 'note.txt', 'mine')
  await child.operations.account.changePassphrase({ from: passphrase, to: 'another passphrase' })
  await child.operations.account.changePassphrase({ from: 'another passphrase', to: passphrase })
  const again = await reopened(child)
  assert.equal(await textOf(await again.operations.drive.get('note.txt')), 'mine')
  await putFile(again, 'later.txt', 'later')
  await again.operations.account.lock()
  await assert.rejects(again.operations.drive.list('/'), { code: 'refused.locked' })
  await assert.rejects(again.operations.account.unlock({ passphrase: 'a wrong passphrase' }), {
    code: 'refused.passphrase',
  })
  await again.operations.account.unlock({ passphrase })

  const backup = await bytesOf(again.operations.health.backup())
  const elsewhere = await emptyHome(clock, 29)
  async function* source(): AsyncIterable<Uint8Array> {
    yield backup
  }
  await elsewhere.operations.health.restoreBackup(source())
  await elsewhere.operations.account.unlock({ passphrase })
  assert.equal(await textOf(await elsewhere.operations.drive.get('later.txt')), 'later')
  assert.equal((await elsewhere.operations.account.status()).current?.did, did)
  await putFile(elsewhere, 'here too.txt', 'x')
  assert.deepEqual((await elsewhere.operations.health.verify()).findings, [])
  assert.equal((await elsewhere.operations.audit.verify()).isWhole, true)
  assert.deepEqual([...again.faults, ...elsewhere.faults], [])
})

test('AQ-SQUID-11: a share, a contact and a module that were not agreed are stopped, and a renewal with other limits lets them through', async () => {
  const home = await family(30)
  const { child, mother } = home
  const { drive, sharing, identities, audit } = child.operations
  await putFile(child, 'note.txt', 'mine')
  const friend = await person(home.clock, 35, 'Bea')
  const { card, did: friendDid } = await friend.operations.identities.show('')
  const { card: motherCard, did: motherDid } = await mother.operations.identities.show('')

  await assert.rejects(identities.learn(card), isOneSentence('refused.contact'))
  await identities.learn(motherCard)
  await assert.rejects(sharing.share('note.txt', { with: motherDid }), ({ code, message }: Fault) => {
    assert.equal(code, 'refused.policy')
    assert.match(message, /ecosystem\.child-share/)
    return true
  })
  await renewed(home, { limits: { sharing: 'allow' } })
  const { grant } = await sharing.share('note.txt', { with: motherDid })
  assert.equal(grant.with, motherDid)

  await renewed(home, { limits: { contacts: [friendDid] } })
  await identities.learn(card)
  await sharing.share('note.txt', { with: friendDid })
  await assert.rejects(sharing.share('note.txt', { with: motherDid }), /ecosystem\.child-contact/)
  await renewed(home, { limits: { contacts: null } })
  await sharing.share('note.txt', { with: motherDid })

  await renewed(home, { limits: { modules: ['qpic'] } })
  await assert.rejects(drive.list('/'), /ecosystem\.child-app/)
  await assert.rejects(putFile(child, 'x.txt', 'x'), /ecosystem\.child-app/)
  const facts = await renewed(home, { limits: { modules: null, sharing: null } })
  assert.deepEqual(facts.child?.limits, { age: 12, sharing: 'ask' })
  await drive.list('/')
  assert.equal((await sharing.revoke(grant.id)).state, 'revoked', 'who may not share may still take back')
  const refused = (await audit.tail({ limit: 50 })).filter(({ verdict }) => verdict === 'refused')
  assert.deepEqual(
    refused.map(({ action }) => action).toReversed(),
    ['decision.qnt.share', 'decision.qnt.share', 'decision.qnt.read.facts', 'decision.qnt.write'],
    'the audit log has what was refused',
  )
})

test('AQ-SQUID-11: outside the agreed hours a child rests, and limits that mean nothing are refused', async () => {
  const home = await family(40, {
    limits: { hours: [{ days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 8 * 60, toMinute: 20 * 60 }] },
  })
  const { clock, child, mother, did } = home
  await putFile(child, 'note.txt', 'mine')
  clock.advance(10 * 3_600_000)
  await assert.rejects(child.operations.drive.list('/'), /ecosystem\.child-rest/)
  await renewed(home, { limits: { utcOffsetMinutes: 12 * 60 } })
  await child.operations.drive.list('/')
  await renewed(home, { limits: { hours: null } })
  const { renew } = mother.operations.identities
  for (const limits of [
    { age: -1 },
    { age: 0.5 },
    { spendMax: -1 },
    { hours: [{ days: [7], fromMinute: 0, toMinute: 1 }] },
    { hours: [{ days: [1], fromMinute: 10, toMinute: 10 }] },
    { utcOffsetMinutes: 10_000 },
    { contacts: ['nobody'] },
  ])
    await assert.rejects(renew(did, { limits }), ({ code }: Fault) => /^(invalid|missing)\./.test(code))
  for (const days of [0, 8, 1.5]) await assert.rejects(renew(did, { days }), { code: 'invalid.days' })
})

test('the age of a child grows with its birthdays, unless its guardian set another', async () => {
  const home = await family(45, { birthMs: Date.UTC(2015, 2, 4) })
  assert.equal((await renewed(home)).child?.limits.age, 11)
  home.clock.advance(4 * dayMs)
  assert.equal((await renewed(home)).child?.limits.age, 12)
  assert.equal((await renewed(home, { limits: { age: 6 } })).child?.limits.age, 6)
  assert.equal((await renewed(home)).child?.limits.age, 6)
  assert.equal((await renewed(home, { limits: { age: null } })).child?.limits.age, 12)
})

test('a delegation that lapsed stops everything with one sentence; a renewal goes on where it stopped', async () => {
  const home = await family(50)
  const { clock, mother, child, did } = home
  await putFile(child, 'note.txt', 'mine')
  await child.operations.drive.list('/')
  const size = (await child.operations.audit.verify()).size
  clock.advance(7 * dayMs)
  for (const [what, act] of deeds)
    await assert.rejects(act(child.operations), isOneSentence('refused.expired'), what)
  const [finding] = (await child.operations.health.doctor()).filter(({ what }) =>
    /another renewal/.test(what),
  )
  assert.equal(finding?.severity, 'warning')
  assert.deepEqual((await child.operations.health.verify()).findings, [])

  // Lapsed, it locks, restarts and unlocks; nothing that was done before is lost.
  const again = await reopened(child)
  await assert.rejects(again.operations.drive.get('note.txt'), { code: 'refused.expired' })
  const { delegation, child: facts } = await mother.operations.identities.renew(did, { days: 2 })
  assert.equal(facts?.delegatedUntilMs, clock.nowMs() + 2 * dayMs)
  await again.operations.account.join({ file: delegation })
  assert.equal(await textOf(await again.operations.drive.get('note.txt')), 'mine')
  clock.advance(2 * dayMs)
  await assert.rejects(again.operations.drive.list('/'), { code: 'refused.expired' })
  await renewed({ ...home, child: again })
  await putFile(again, 'later.txt', 'later')
  const report = await again.operations.audit.verify()
  assert.ok(report.isWhole && report.size > size, report.findings.join())
  assert.deepEqual(again.faults, [])
})

test('what is not meant for a device is refused with a sentence, and changes nothing', async () => {
  const home = await family(60)
  const { clock, mother, child, made, did } = home
  const other = await family(70)
  const sibling = await enrolled(clock, 65)
  const { name, ...second } = await mother.operations.identities.createChild({
    name: 'Bo',
    birthMs,
    device: sibling.device,
  })
  assert.equal(name, 'Bo')
  const { delegation } = await mother.operations.identities.renew(did)
  const siblings = await mother.operations.identities.renew('Bo')
  const foreign = await other.mother.operations.identities.renew(other.did)
  const [kind, body = ''] = delegation.split(':')
  const changed = `${kind}:${body.slice(0, 200)}${body[200] === 'A' ? 'B' : 'A'}${body.slice(201)}`
  const { join } = child.operations.account
  const refusals: readonly (readonly [string, string, string])[] = [
    ['nothing', '', 'invalid.file'],
    ['any text', 'hello', 'invalid.file'],
    ['a card', (await mother.operations.identities.show('')).card, 'invalid.file'],
    ['the file of a device', sibling.device, 'invalid.file'],
    ["a guardian's share", made.guardianShare, 'invalid.file'],
    ['a changed file', changed, 'damaged.file'],
    ['a cut file', delegation.slice(0, -10), 'damaged.file'],
    [
      'a file of another kind under this name',
      made.invitation.replace('invitation', 'delegation'),
      'damaged.file',
    ],
    ["a renewal of a sibling's", siblings.delegation, 'refused.delegation'],
    ['a renewal by another guardian', foreign.delegation, 'refused.delegation'],
    ['an invitation where there is an identity', made.invitation, 'conflict.identity'],
    ["a sibling's invitation", second.invitation, 'conflict.identity'],
  ]
  for (const [what, file, code] of refusals) await assert.rejects(join({ file }), isOneSentence(code), what)

  const waiting = sibling.home.operations.account
  await assert.rejects(waiting.join({ file: made.invitation }), isOneSentence('refused.invitation'))
  await assert.rejects(waiting.join({ file: delegation }), isOneSentence('missing.invitation'))
  await assert.rejects(waiting.init({ name: 'x', passphrase }), { code: 'conflict.identity' })
  await assert.rejects(waiting.enrol({ name: 'x', passphrase }), { code: 'conflict.identity' })
  await assert.rejects(
    mother.operations.account.join({ file: made.invitation }),
    isOneSentence('conflict.identity'),
  )
  await assert.rejects(mother.operations.account.join({ file: delegation }), isOneSentence('refused.child'))
  await assert.rejects(mother.operations.account.enrol({ name: 'x', passphrase }), {
    code: 'conflict.identity',
  })
  const empty = (await emptyHome(clock, 66)).operations.account
  await assert.rejects(empty.join({ file: made.invitation }), isOneSentence('missing.device'))
  await assert.rejects(empty.enrol({ name: 'Ada', passphrase: 'short' }), { code: 'invalid.passphrase' })
  await assert.rejects(empty.enrol({ name: '', passphrase }), { code: 'invalid.name' })
  assert.equal((await empty.status()).state, 'empty')

  clock.advance(1000)
  await join({ file: (await mother.operations.identities.renew(did)).delegation })
  await assert.rejects(join({ file: delegation }), isOneSentence('conflict.delegation'))
  // A waiting home is waiting after a restart too, and joins then.
  const later = await reopened(sibling.home)
  assert.equal((await later.operations.account.status()).state, 'waiting')
  assert.equal((await later.operations.account.join({ file: second.invitation })).did, second.did)
})

test('a guardian cannot act as the child, and a child makes and changes no keys', async () => {
  const { clock, mother, child, device, did } = await family(80)
  const guardian = mother.operations.identities
  const own = child.operations.identities
  const [root] = await guardian.list()
  await assert.rejects(guardian.use('Ada'), isOneSentence('refused.child'))
  await assert.rejects(guardian.rotate('Ada'), isOneSentence('refused.child'))
  assert.equal((await guardian.show('Ada')).card, (await own.show('')).card)
  assert.equal((await mother.operations.account.status()).current?.did, root?.did)
  for (const [what, act] of [
    ['create', () => own.create({ kind: 'sub', name: 'secret' })],
    ['rotate', () => own.rotate('')],
    ['revoke', () => own.revoke('Ada')],
    ['renew', () => own.renew('Ada')],
    ['drill', () => own.drill('any words')],
    ['createChild', () => own.createChild({ name: 'x', birthMs, device })],
  ] as const)
    await assert.rejects(act(), ({ code }: Fault) => /^(refused|conflict)\./.test(code), what)
  await assert.rejects(guardian.renew('Eve'), isOneSentence('refused.guardian'))
  await assert.rejects(guardian.renew('nobody'), { code: 'missing.identity' })
  await assert.rejects(
    guardian.createChild({ name: 'Bo', birthMs, device }),
    isOneSentence('conflict.device'),
  )
  const { device: another } = await enrolled(clock, 85)
  for (const [what, input, code] of [
    ['born tomorrow', { birthMs: someDay + dayMs }, 'invalid.birth'],
    ['of age', { birthMs: Date.UTC(2009, 2, 1) }, 'invalid.birth'],
    ['no day', { birthMs: Number.NaN }, 'invalid.birth'],
    ['no device', { device: 'x' }, 'invalid.file'],
    ['itself as the second guardian', { second: 'Eve' }, 'invalid.guardian'],
    ['a child as the second guardian', { second: 'Ada' }, 'invalid.guardian'],
    ['an unknown second guardian', { second: 'did:peer:4zX' }, 'missing.identity'],
    ['no name', { name: '' }, 'invalid.name'],
  ] as const)
    await assert.rejects(
      guardian.createChild({ name: 'Bo', birthMs, device: another, ...input }),
      isOneSentence(code),
      what,
    )
  await guardian.create({ kind: 'anonymous', name: 'nobody' })
  await guardian.use('nobody')
  await assert.rejects(
    guardian.createChild({ name: 'Bo', birthMs, device: another }),
    isOneSentence('refused.guardian'),
  )
  await guardian.use('Eve')
  assert.equal((await guardian.list()).filter(({ kind }) => kind === 'child').length, 1)
  await guardian.revoke(did)
  await assert.rejects(guardian.renew(did), isOneSentence('refused.revoked'))
  const again = await guardian.createChild({ name: 'Ada again', birthMs, device })
  assert.notEqual(again.did, did, 'the device of a revoked child can begin anew')
})

test('a guardian whose keys were rotated, or who came back from the words, renews as before', async () => {
  const home = await family(90)
  const { clock, mother, child, did } = home
  await putFile(child, 'note.txt', 'mine')
  await mother.operations.identities.rotate('Eve')
  clock.advance(6 * dayMs)
  assert.equal((await renewed(home)).child?.delegatedUntilMs, clock.nowMs() + 7 * dayMs)
  await child.operations.drive.list('/')

  await mother.kernel.close()
  const { blocks, heads } = mother.ports
  const again = await emptyHome(clock, 95, { blocks, heads })
  await again.operations.account.recover({ words: mother.words, name: 'Eve', passphrase })
  clock.advance(6 * dayMs)
  const { delegation } = await again.operations.identities.renew('Ada')
  await child.operations.account.join({ file: delegation })
  assert.equal(await textOf(await child.operations.drive.get('note.txt')), 'mine')
  clock.set(majorityMs)
  const { release } = await again.operations.identities.release(did)
  assert.equal((await child.operations.account.join({ file: release })).child?.stage, 'adult')
})

test('AQ-SQUID-13: at majority no guardian acts for the child any more; it takes its key over and has no limits', async () => {
  const home = await family(100)
  const { clock, mother, child, did } = home
  const guardian = mother.operations.identities
  await putFile(child, 'note.txt', 'mine')
  await child.operations.drive.list('/')
  await assert.rejects(guardian.release('Ada'), isOneSentence('refused.majority'))
  clock.set(majorityMs - dayMs)
  assert.equal((await renewed(home)).child?.delegatedUntilMs, majorityMs)
  clock.set(majorityMs)
  for (const [what, act] of deeds)
    await assert.rejects(act(child.operations), isOneSentence('refused.majority'), what)
  await assert.rejects(guardian.renew('Ada'), isOneSentence('refused.majority'))

  const { release } = await guardian.release('Ada')
  const stranger = await family(110)
  stranger.clock.set(majorityMs)
  await assert.rejects(
    stranger.child.operations.account.join({ file: release }),
    isOneSentence('refused.shares'),
  )
  const grown = await child.operations.account.join({ file: release })
  assert.equal(grown.child?.stage, 'adult')
  const works = async ({ operations }: typeof child): Promise<void> => {
    assert.equal(await textOf(await operations.drive.get('note.txt')), 'mine')
    assert.deepEqual((await operations.health.verify()).findings, [])
    assert.deepEqual((await operations.audit.verify()).findings, [])
  }
  await works(child)
  const again = await reopened(child)
  await works(again)
  await putFile(again, 'free.txt', 'free')
  const friend = await person(clock, 105, 'Bea')
  const { card, did: friendDid } = await friend.operations.identities.show('')
  await again.operations.identities.learn(card)
  await again.operations.sharing.share('free.txt', { with: friendDid })
  assert.equal((await again.operations.identities.show('')).did, did)
  await assert.rejects(again.operations.identities.rotate(''), isOneSentence('refused.child'))
  await again.operations.identities.learn((await again.operations.identities.show('')).card)
  await works(again)
  assert.deepEqual(again.faults, [])
})

test('AQ-SQUID-13, AQ-SQUID-18: the second guardian lends its share for a lost device, and releases where the first one does not', async () => {
  const clock = createManualClock(someDay)
  const mother = await person(clock, 120, 'Eve')
  const father = await person(clock, 121, 'Joe')
  const { did: fatherDid, card } = await father.operations.identities.show('')
  await mother.operations.identities.learn(card)
  await father.operations.identities.learn((await mother.operations.identities.show('')).card)
  const { home: tablet, device } = await enrolled(clock, 122)
  const guardian = mother.operations.identities
  const { did, ...files } = await guardian.createChild({ name: 'Ada', birthMs, device, second: fatherDid })
  await tablet.operations.account.join({ file: files.invitation })
  await putFile(tablet, 'note.txt', 'from the lost tablet')
  await tablet.kernel.close()
  await father.operations.identities.rotate('')

  // A new device over the blocks of the lost one: its vault is gone.
  const { blocks, heads } = tablet.ports
  const next = await enrolled(clock, 123, { blocks, heads })
  const input = { device: next.device, second: fatherDid }
  const { guardianShare } = files
  await assert.rejects(guardian.recover('Ada', { ...input, guardianShare }), isOneSentence('refused.key'))
  const lent = await father.operations.identities.lendShare(guardianShare)
  const other = await family(130)
  await assert.rejects(
    guardian.recover('Ada', { ...input, guardianShare: other.made.guardianShare }),
    isOneSentence('refused.shares'),
  )
  await assert.rejects(
    other.mother.operations.identities.lendShare(guardianShare),
    isOneSentence('refused.key'),
  )
  const back = await guardian.recover('Ada', { ...input, ...lent })
  assert.equal(back.did, did)
  assert.equal((await next.home.operations.account.join({ file: back.invitation })).did, did)
  assert.equal(await textOf(await next.home.operations.drive.get('note.txt')), 'from the lost tablet')
  await putFile(next.home, 'new.txt', 'on the new one')
  assert.deepEqual((await next.home.operations.health.verify()).findings, [])

  const theirs = father.operations.identities
  await assert.rejects(theirs.releaseShare(back.guardianShare), isOneSentence('refused.majority'))
  clock.set(majorityMs)
  const { release: old } = await theirs.releaseShare(guardianShare)
  await assert.rejects(next.home.operations.account.join({ file: old }), isOneSentence('refused.key'))
  const { release } = await theirs.releaseShare(back.guardianShare)
  assert.equal((await next.home.operations.account.join({ file: release })).child?.stage, 'adult')
  const again = await reopened(next.home)
  assert.equal(await textOf(await again.operations.drive.get('note.txt')), 'from the lost tablet')
  assert.deepEqual((await again.operations.health.verify()).findings, [])
  assert.deepEqual(
    again.faults.map(({ code }) => code),
    [],
  )
})
