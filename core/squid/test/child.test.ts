import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { unwrapKey, verifySignature, wrapKey } from '@anarq/qlock'
import {
  acceptChild,
  type ChildAction,
  type ChildChain,
  type ChildHandover,
  type ChildLimits,
  childMayAct,
  childScope,
  createDevice,
  type Device,
  encodePublicIdentity,
  enrolmentOf,
  type Keyring,
  lendGuardianPacket,
  openGuardianPacket,
  releaseShare,
  restoreKeyring,
  verifyChildChain,
  verifyConsent,
} from '@anarq/squid'
import { codeOf, dayMs, isFault, type Person, person, someDay, text } from './people.ts'

const majorityMs = someDay + 1000 * dayMs
const limits: ChildLimits = {
  majorityMs,
  ageTag: 12,
  modules: ['qdrive', 'qpic'],
  contacts: [],
  spendMax: 500,
}

type Family = {
  readonly clock: ManualClock
  readonly mother: Person
  readonly father: Person
  readonly device: Device
  readonly handover: ChildHandover
  readonly did: string
  readonly child: Keyring
}

/** A mother, a father as the second guardian, and a child with a tablet. */
function family(seed: number, agreed: ChildLimits = limits): Family {
  const clock = createManualClock(someDay)
  const mother = person(seed, clock)
  const father = person(seed + 1, clock)
  const device = createDevice('tablet', mother.random)
  using second = father.keyring.open(father.keyring.current())
  const handover = mother.keyring.createChild({
    name: 'Ada',
    device: enrolmentOf(device, childScope),
    second: second.public(),
    limits: agreed,
  })
  const accepted = acceptChild(handover.invitation, { name: 'Me', device, clock, random: father.random })
  assert.ok(accepted.ok, codeOf(accepted))
  return { clock, mother, father, device, handover, did: handover.record.did, child: accepted.value }
}

/** What the child's device shows beside a signature. */
function chainOf({ mother, child, did }: Family, guardian: string = mother.keyring.current()): ChildChain {
  using identity = child.open(did)
  using acting = mother.keyring.open(guardian)
  const { authority, delegation } = child.record(did).child ?? assert.fail('no child')
  const deviceKey = identity.signer.publicKey
  return { child: identity.public(), guardian: acting.public(), authority, delegation, deviceKey }
}

function packetOf({ father, handover }: Family) {
  using second = father.keyring.open(father.keyring.current())
  const opened = openGuardianPacket(handover.packet, second.kem)
  assert.ok(opened.ok, codeOf(opened))
  return opened.value
}

test('AQ-SQUID-10: a child is made with the signed consent of its guardian, and with limits', () => {
  const home = family(100)
  const { mother, handover, did } = home
  using guardian = mother.keyring.open(mother.keyring.current())
  const { child } = handover.record
  const consent = verifyConsent(child?.consent ?? new Uint8Array(), guardian.public())
  assert.ok(consent.ok)
  assert.deepEqual(consent.value, { guardian: guardian.did, child: did, limits, atMs: someDay })
  assert.deepEqual(home.child.record(did).child?.limits, limits, 'the child sees the rules')
  using stranger = person(150).keyring.open(person(150).keyring.current())
  assert.notEqual(codeOf(verifyConsent(child?.consent ?? new Uint8Array(), stranger.public())), 'ok')
  const bad = { name: 'x', device: enrolmentOf(home.device, childScope) }
  for (const wrong of [
    { ...limits, majorityMs: someDay },
    { ...limits, ageTag: -1 },
    { ...limits, spendMax: 0.5 },
  ]) {
    assert.throws(() => mother.keyring.createChild({ ...bad, limits: wrong }))
  }
  const anonymous = mother.keyring.create({ kind: 'anonymous', name: 'a' })
  assert.throws(
    () => mother.keyring.createChild({ ...bad, limits, guardian: anonymous.did }),
    isFault('refused.guardian'),
  )
})

test("a child's device signs with its own key, and the chain from the subject key shows that it may", () => {
  const home = family(110)
  const { clock, child, did } = home
  const chain = chainOf(home)
  using identity = child.open(did)
  const signature = identity.signer.sign(text('hello'), 'test')
  assert.ok(verifySignature(chain.deviceKey, text('hello'), signature, 'test'))
  assert.ok(
    !verifySignature(identity.public().verifyKey, text('hello'), signature, 'test'),
    'not the subject key',
  )
  const verified = verifyChildChain(chain, clock.nowMs())
  assert.ok(verified.ok)
  assert.deepEqual(verified.value.limits, limits)
})

test("a chain is refused where any link is another's", () => {
  const home = family(120)
  const other = family(125)
  const nowMs = home.clock.nowMs()
  const chain = chainOf(home)
  const foreign = chainOf(other)
  const swaps: readonly Partial<ChildChain>[] = [
    { child: foreign.child },
    { guardian: foreign.guardian },
    { authority: foreign.authority },
    { delegation: foreign.delegation },
    { deviceKey: foreign.deviceKey },
    { authority: chain.delegation },
    { delegation: chain.authority },
  ]
  for (const swap of swaps) assert.notEqual(codeOf(verifyChildChain({ ...chain, ...swap }, nowMs)), 'ok')
  const [payload, signature] = decodeCbor(chain.delegation) as [Uint8Array, Uint8Array]
  const wider = { ...(decodeCbor(payload) as object), limits: { majorityMs, ageTag: 99 } }
  const forged = encodeCbor([encodeCbor(wider), signature])
  assert.equal(codeOf(verifyChildChain({ ...chain, delegation: forged }, nowMs)), 'refused.signature')
})

test('without renewal a child stops after seven days, offline too; a renewal goes on, with new limits', () => {
  const home = family(130)
  const { clock, mother, child, did } = home
  using identity = child.open(did)
  const act = { kind: 'module', module: 'qdrive' } as const
  clock.advance(7 * dayMs - 1)
  assert.equal(childMayAct(child.record(did), act, clock.nowMs()).verdict, 'allow')
  assert.equal(codeOf(verifyChildChain(chainOf(home), clock.nowMs())), 'ok')
  clock.advance(1)
  assert.equal(childMayAct(child.record(did), act, clock.nowMs()).code, 'child.expired')
  assert.equal(codeOf(verifyChildChain(chainOf(home), clock.nowMs())), 'refused.expired')
  assert.throws(() => identity.signer.sign(text('x')), isFault('refused.expired'))

  const older = mother.keyring.renewChild(did, { ttlMs: dayMs })
  clock.advance(1000)
  const renewal = mother.keyring.renewChild(did, { limits: { ...limits, modules: [] } })
  assert.equal(codeOf(child.acceptDelegation(renewal)), 'ok')
  assert.equal(childMayAct(child.record(did), act, clock.nowMs()).code, 'child.module')
  assert.equal(identity.signer.sign(text('x')).length, 3373)
  assert.equal(codeOf(child.acceptDelegation(older)), 'conflict.delegation')
  assert.throws(
    () => mother.keyring.renewChild(did, { limits: { ...limits, majorityMs: majorityMs + 1 } }),
    isFault('refused.majority'),
  )
  assert.notEqual(codeOf(child.acceptDelegation(family(140).mother.keyring.export())), 'ok')
})

test('an earlier renewal is not taken after a later one, though it lasts longer and allows more', () => {
  const { clock, mother, child, did } = family(142)
  const wide = mother.keyring.renewChild(did)
  clock.advance(1000)
  const narrow = mother.keyring.renewChild(did, { limits: { ...limits, modules: [] }, ttlMs: dayMs })
  assert.equal(codeOf(child.acceptDelegation(narrow)), 'ok')
  assert.equal(codeOf(child.acceptDelegation(wide)), 'conflict.delegation')
  assert.deepEqual(child.record(did).child?.limits.modules, [])
})

test("a guardian's clock may be five minutes ahead of the child's, and no more", () => {
  const { clock, mother, child, did } = family(143)
  for (const [aheadMs, expected] of [
    [300_000, 'ok'],
    [300_001, 'refused.expired'],
  ] as const) {
    clock.advance(aheadMs)
    const renewal = mother.keyring.renewChild(did)
    clock.advance(-aheadMs)
    assert.equal(codeOf(child.acceptDelegation(renewal)), expected)
  }
  using identity = child.open(did)
  assert.equal(identity.signer.sign(text('x')).length, 3373)
})

test('a guardian does not act as the child, and who may not sign knows it', () => {
  const { clock, mother, child, did } = family(144)
  assert.throws(() => mother.keyring.use(did), isFault('refused.child'))
  using identity = child.open(did)
  assert.ok(identity.maySign())
  clock.advance(7 * dayMs)
  assert.ok(!identity.maySign())
})

test('a revoked child is renewed no more', () => {
  const { mother, did } = family(145)
  mother.keyring.revoke(did)
  assert.throws(() => mother.keyring.renewChild(did), isFault('refused.revoked'))
})

test("a guardian who rotated goes on renewing, and the child's device learns the new keys from the log", () => {
  const home = family(155)
  const { clock, mother, child, did } = home
  const root = mother.keyring.current()
  clock.advance(dayMs)
  mother.keyring.rotate(root)
  const renewal = mother.keyring.renewChild(did)
  assert.equal(codeOf(child.acceptDelegation(renewal)), 'refused.signature')
  using guardian = mother.keyring.open(root)
  assert.equal(codeOf(child.acceptDelegation(renewal, encodePublicIdentity(guardian.public()))), 'ok')
  assert.equal(codeOf(verifyChildChain(chainOf(home), clock.nowMs())), 'ok')
})

test('a sub-identity can be the guardian, and answers for the child after its own rotation too', () => {
  const clock = createManualClock(someDay)
  const mother = person(160, clock)
  const guardian = mother.keyring.create({ kind: 'sub', name: 'parent' }).did
  const device = createDevice('tablet', mother.random)
  const { record, invitation } = mother.keyring.createChild({
    name: 'Ada',
    guardian,
    device: enrolmentOf(device, childScope),
    limits,
  })
  const child = acceptChild(invitation, { name: 'Me', device, clock, random: mother.random })
  assert.ok(child.ok)
  mother.keyring.rotate(guardian)
  clock.advance(dayMs)
  assert.equal(codeOf(child.value.acceptDelegation(mother.keyring.renewChild(record.did))), 'ok')
})

test('the limits decide purely, with a reason', () => {
  const hours = [{ days: [1, 2, 3, 4, 5], fromMinute: 8 * 60, toMinute: 20 * 60 }]
  const record = family(170).child.list()[0] ?? assert.fail()
  const decide = (more: Partial<ChildLimits>, action: ChildAction, nowMs = someDay) => {
    const child = record.child && { ...record.child, limits: { ...limits, ...more } }
    return childMayAct({ ...record, ...(child && { child }) }, action, nowMs)
  }
  const cases: readonly (readonly [Partial<ChildLimits>, ChildAction, string])[] = [
    [{}, { kind: 'module', module: 'qdrive' }, 'allow allowed'],
    [{}, { kind: 'module', module: 'qmarket' }, 'deny child.module'],
    [{}, { kind: 'contact', did: 'did:peer:4zX' }, 'ask child.contact'],
    [{ contacts: ['did:peer:4zX'] }, { kind: 'contact', did: 'did:peer:4zX' }, 'allow allowed'],
    [{}, { kind: 'payment', amount: 500 }, 'allow allowed'],
    [{}, { kind: 'payment', amount: 501 }, 'ask child.payment'],
    [{}, { kind: 'payment', amount: -1 }, 'deny child.payment'],
    [{}, { kind: 'payment', amount: Number.NaN }, 'deny child.payment'],
    [{}, { kind: 'share' }, 'ask child.share'],
    [{ sharing: 'deny' }, { kind: 'share' }, 'deny child.share'],
    [{ sharing: 'allow' }, { kind: 'share' }, 'allow allowed'],
    [{}, { kind: 'content', rating: 12 }, 'allow allowed'],
    [{}, { kind: 'content', rating: 16 }, 'deny child.rating'],
    [{ hours }, { kind: 'module', module: 'qdrive' }, 'allow allowed'],
    [{ hours, utcOffsetMinutes: 8 * 60 }, { kind: 'module', module: 'qdrive' }, 'deny child.hours'],
    [{ hours: [] }, { kind: 'module', module: 'qdrive' }, 'deny child.hours'],
  ]
  for (const [more, action, expected] of cases) {
    const { verdict, code, sentence } = decide(more, action)
    assert.equal(`${verdict} ${code}`, expected)
    assert.match(sentence, /^[A-Z].*\.$/)
  }
  assert.equal(decide({}, { kind: 'share' }, majorityMs).code, 'child.majority')
  const adult = person(175).keyring.list()[0] ?? assert.fail()
  assert.equal(childMayAct(adult, { kind: 'share' }, someDay).verdict, 'allow')
})

test('neither the guardian nor the child alone has the subject key; what the child holds signs nothing as the child', () => {
  const { mother, child, did, clock } = family(180)
  assert.throws(() => mother.keyring.open(did), isFault('refused.child'), 'the guardian does not read along')
  assert.throws(() => mother.keyring.rotate(did), isFault('refused.child'))
  assert.throws(() => child.rotate(did), isFault('refused.child'))
  assert.throws(() => child.revoke(did), isFault('refused.child'))
  assert.throws(() => child.create({ kind: 'sub', name: 'secret' }), isFault('refused.words'))
  assert.throws(() => child.releaseChild(did), isFault('refused.guardian'))
  assert.throws(() => mother.keyring.acceptDelegation(new Uint8Array()) && assert.fail())
  assert.equal(childMayAct(child.record(did), { kind: 'content', rating: 3 }, clock.nowMs()).verdict, 'allow')
})

test("what is wrapped for the child opens on the child's device", () => {
  const { child, did, mother } = family(185)
  using identity = child.open(did)
  const secret = new Uint8Array(32).fill(9)
  const wrapped = wrapKey(identity.public().kemKey, secret, { info: 'mail', random: mother.random })
  assert.deepEqual(unwrapKey(identity.kem, wrapped, { info: 'mail' }), secret)
})

test("a child's keyring is written and read back without words", () => {
  const { child, did, clock, father, device } = family(190)
  const state = child.export()
  const again = restoreKeyring(state, { clock, random: father.random })
  assert.deepEqual(again.export(), state)
  using before = child.open(did)
  using after = again.open(did)
  assert.deepEqual(after.secrets, before.secrets)
  assert.deepEqual(after.signer.publicKey, before.signer.publicKey)
  const moved = restoreKeyring(child.export({ withoutDevice: true }), {
    device,
    clock,
    random: father.random,
  })
  using there = moved.open(did)
  assert.deepEqual(there.signer.publicKey, before.signer.publicKey)
})

test('an invitation opens on the device it was made for, and only there', () => {
  const { handover, clock, father, mother, device } = family(195)
  const other = createDevice('other', father.random)
  const options = { name: 'Me', clock, random: father.random }
  assert.notEqual(codeOf(acceptChild(handover.invitation, { ...options, device: other })), 'ok')
  assert.notEqual(codeOf(acceptChild(handover.invitation.subarray(3), { ...options, device: other })), 'ok')
  const fields = decodeCbor(handover.invitation) as Record<string, Uint8Array>
  const sibling = mother.keyring.createChild({ name: 'Bo', device: enrolmentOf(other, childScope), limits })
  const { consent } = decodeCbor(sibling.invitation) as { consent: Uint8Array }
  for (const wrong of [consent, fields.delegation]) {
    const swapped = encodeCbor({ ...fields, consent: wrong })
    assert.notEqual(codeOf(acceptChild(swapped, { ...options, device })), 'ok', "another's consent, or none")
  }
})

test('AQ-SQUID-13: at majority control passes to the child: it signs with its subject key and has no limits', () => {
  const home = family(200)
  const { clock, mother, child, did } = home
  assert.throws(() => mother.keyring.releaseChild(did), isFault('refused.majority'))
  clock.set(majorityMs)
  const release = mother.keyring.releaseChild(did)
  assert.equal(codeOf(family(210).child.takeOver(release)), 'refused.shares', 'of another child')
  assert.equal(codeOf(child.takeOver(release)), 'ok')
  using identity = child.open(did)
  const signature = identity.signer.sign(text('I am free'), 'test')
  assert.ok(verifySignature(identity.public().verifyKey, text('I am free'), signature, 'test'))
  assert.equal(childMayAct(child.record(did), { kind: 'share' }, clock.nowMs()).verdict, 'allow')
  const again = restoreKeyring(child.export(), { clock, random: mother.random })
  using later = again.open(did)
  assert.deepEqual(later.signer.publicKey, identity.public().verifyKey)
})

test('AQ-SQUID-13: from the day of majority no guardian can act for the child, whatever its software does', () => {
  const home = family(215)
  const { clock, mother, did, child } = home
  clock.set(majorityMs - dayMs)
  assert.equal(codeOf(child.acceptDelegation(mother.keyring.renewChild(did))), 'ok')
  assert.equal(child.record(did).child?.delegatedUntilMs, majorityMs, 'a renewal does not reach beyond it')
  clock.set(majorityMs)
  assert.throws(() => mother.keyring.renewChild(did), isFault('refused.majority'))
  assert.equal(codeOf(verifyChildChain(chainOf(home), clock.nowMs())), 'refused.expired')
})

test('AQ-SQUID-13: where the guardian does not release, the second one can', () => {
  const home = family(220)
  const { clock, father, child, did } = home
  const packet = packetOf(home)
  assert.equal(packet.child, did)
  const ports = { nowMs: clock.nowMs(), random: father.random }
  assert.throws(() => releaseShare(packet, ports), isFault('refused.majority'))
  const release = releaseShare(packet, { ...ports, nowMs: majorityMs })
  assert.equal(codeOf(child.takeOver(release)), 'ok')
})

test('a lost device: both guardians together give the child another one, with the same identity and data', () => {
  const home = family(230)
  const { clock, mother, father, child, did } = home
  const device = createDevice('new tablet', father.random)
  const { share } = packetOf(home)
  const enrolment = enrolmentOf(device, childScope)
  using second = father.keyring.open(father.keyring.current())
  const wrong = { x: 2, bytes: share.bytes.map((byte) => byte ^ 1) }
  assert.equal(
    codeOf(mother.keyring.recoverChild(did, { share: wrong, device: enrolment })),
    'refused.shares',
  )
  const recovered = mother.keyring.recoverChild(did, { share, device: enrolment, second: second.public() })
  assert.ok(recovered.ok)
  const there = acceptChild(recovered.value.invitation, { name: 'Me', device, clock, random: father.random })
  assert.ok(there.ok)
  using before = child.open(did)
  using after = there.value.open(did)
  assert.deepEqual(after.secrets, before.secrets)
  assert.ok(!equalBytes(after.signer.publicKey, before.signer.publicKey))
  const lost = before.signer.publicKey
  assert.deepEqual(there.value.record(did).child?.formerDeviceKeys, [lost], 'what it signed can be verified')
  assert.deepEqual(mother.keyring.record(did).child?.formerDeviceKeys, [lost])
  const fields = decodeCbor(recovered.value.invitation) as object
  const without = encodeCbor({ ...fields, devices: [] })
  const options = { name: 'Me', device, clock, random: father.random }
  assert.equal(codeOf(acceptChild(without, options)), 'refused.invitation', 'a list changed on the way')
  clock.set(majorityMs)
  assert.equal(codeOf(there.value.takeOver(mother.keyring.releaseChild(did))), 'ok')
  assert.equal(
    codeOf(child.takeOver(mother.keyring.releaseChild(did))),
    'refused.key',
    'the old device is out',
  )
})

test('a guardian who comes back from the words and a copy of the state still holds the same share', () => {
  const home = family(240)
  const { clock, mother, child, did } = home
  const { entropy, device, random, keyring } = mother
  const again = restoreKeyring(keyring.export(), { entropy, device, clock, random })
  clock.set(majorityMs)
  assert.equal(codeOf(child.takeOver(again.releaseChild(did))), 'ok')
})

test('the second guardian lends its share: the same packet, for the first one to open', () => {
  const home = family(245)
  const { mother, did, father, device } = home
  using guardian = mother.keyring.open(mother.keyring.current())
  const lent = lendGuardianPacket(packetOf(home), guardian.public(), father.random)
  using second = father.keyring.open(father.keyring.current())
  assert.equal(codeOf(openGuardianPacket(lent, second.kem)), 'refused.key')
  const opened = openGuardianPacket(lent, guardian.kem)
  assert.ok(opened.ok)
  assert.deepEqual(opened.value, packetOf(home))
  const { share } = opened.value
  const recovered = mother.keyring.recoverChild(did, { share, device: enrolmentOf(device, childScope) })
  assert.equal(codeOf(recovered), 'ok')
})

test('without a second guardian the packet is a share to hand out in the clear', () => {
  const { mother, device, father } = family(250)
  const { packet } = mother.keyring.createChild({
    name: 'Bo',
    device: enrolmentOf(device, childScope),
    limits,
  })
  assert.equal(codeOf(openGuardianPacket(packet)), 'ok')
  const sealed = family(260)
  assert.equal(codeOf(openGuardianPacket(sealed.handover.packet)), 'refused.key')
  using stranger = father.keyring.open(father.keyring.current())
  assert.equal(codeOf(openGuardianPacket(sealed.handover.packet, stranger.kem)), 'refused.key')
})
