import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, toHex } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { deriveLeaf, seedOf, unwrapKey, verifySignature, wordsOf, wrapKey } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import {
  createDevice,
  createKeyring,
  enrolmentOf,
  isMember,
  type Keyring,
  publicOfLog,
  recoverKeyring,
  restoreKeyring,
  verifyDevice,
  verifySuccession,
} from '@anarq/squid'
import fc from 'fast-check'
import { codeOf, dayMs, isFault, person, someDay, text } from './people.ts'

function signs(keyring: Keyring, did: string): boolean {
  using identity = keyring.open(did)
  const signature = identity.signer.sign(text('hello'), 'test')
  return verifySignature(identity.public().verifyKey, text('hello'), signature, 'test')
}

/** Whether `haystack` holds 8 or more bytes of `needle` in a row. */
function sharesBytes(haystack: Uint8Array, needle: Uint8Array): boolean {
  const hex = toHex(haystack)
  for (let i = 0; i + 8 <= needle.length; i += 1) {
    if (hex.includes(toHex(needle.subarray(i, i + 8)))) return true
  }
  return false
}

test('AQ-SQUID-1: keys are made here from the words, asking nobody, and no secret is in what leaves', () => {
  const { keyring, entropy, device } = person(1)
  const sub = keyring.create({ kind: 'sub', name: 'work' })
  const seed = seedOf(entropy)
  const secrets = [
    entropy,
    seed,
    ...[0, 1].map((index) => deriveLeaf(seed, { keyClass: 'sub', index, epoch: 0 })),
    deriveLeaf(seed, { keyClass: 'root', index: 0, epoch: 0 }),
    deriveLeaf(seed, { keyClass: 'recovery', index: 0, epoch: 1 }),
  ]
  const state = keyring.export({ withoutDevice: true })
  for (const did of [sub.did, keyring.current()]) {
    using identity = keyring.open(did)
    const shown = encodeCbor({
      ...identity.public(),
      devices: identity.record.devices.map((d) => d.certificate),
    })
    for (const secret of [...secrets, device.secret, ...Object.values(identity.secrets)]) {
      assert.ok(!sharesBytes(shown, secret) && !sharesBytes(state, secret))
    }
  }
  assert.ok(sharesBytes(keyring.export(), device.secret), "the vault's copy alone holds the device secret")
})

test('AQ-SQUID-2: each kind of identity follows its own rules', () => {
  const { keyring, clock } = person(2)
  const root = keyring.current()
  const sub = keyring.create({ kind: 'sub', name: 'work' })
  const anonymous = keyring.create({ kind: 'anonymous', name: 'whistle' })
  const organisation = keyring.create({ kind: 'organisation', name: 'choir' })
  assert.match(root, /^did:squid:/)
  assert.match(organisation.did, /^did:squid:/)
  for (const { did } of [sub, anonymous]) assert.match(did, /^did:peer:4zQm/)
  assert.equal(new Set(keyring.list().map(({ did }) => did)).size, 4)

  keyring.changeMembers(organisation.did, [{ did: sub.did, role: 'owner' }])
  const choir = publicOfLog(keyring.record(organisation.did).log ?? [], { nowMs: clock.nowMs() })
  assert.ok(choir.ok && isMember(choir.value, sub.did, 'owner'))
  for (const did of [root, sub.did, anonymous.did]) {
    assert.throws(() => keyring.changeMembers(did, []), isFault('refused.members'))
  }
  assert.throws(() => keyring.create({ kind: 'sub', name: '' }), isFault('invalid.name'))
  assert.throws(() => keyring.open('did:peer:4zNobody'), isFault('missing.identity'))
})

test('AQ-SQUID-4: a keyring has exactly one root, which anchors the others and cannot be revoked', () => {
  const { keyring } = person(3)
  assert.deepEqual(
    keyring.list().map(({ kind }) => kind),
    ['root'],
  )
  assert.throws(() => keyring.revoke(keyring.current()), isFault('refused.root'))
  assert.throws(() => keyring.reclaim({ kind: 'root', index: 1, name: 'second' }), isFault('conflict.root'))
})

test('AQ-SQUID-5: a sub-identity belongs to its root for its owner alone, and can be revoked: reading goes on, signing ends', () => {
  const { keyring, random } = person(4)
  const { did } = keyring.create({ kind: 'sub', name: 'shop' })
  keyring.use(did)
  using opened = keyring.open(did)
  const wrapped = wrapKey(opened.kem.publicKey, new Uint8Array(32).fill(5), { info: 'x', random })
  const kek = opened.secrets.kek.slice()
  assert.ok(signs(keyring, did))

  assert.equal(keyring.revoke(did).status, 'revoked')
  assert.equal(keyring.current(), keyring.list().find(({ kind }) => kind === 'root')?.did)
  assert.throws(
    () => opened.signer.sign(text('hello')),
    isFault('refused.revoked'),
    'also where it was open already',
  )
  using later = keyring.open(did)
  assert.throws(() => later.signer.sign(text('hello')), isFault('refused.revoked'))
  assert.throws(() => later.signer.signEd25519(text('hello')), isFault('refused.revoked'))
  assert.deepEqual(later.secrets.kek, kek)
  assert.deepEqual(unwrapKey(later.kem, wrapped, { info: 'x' }), new Uint8Array(32).fill(5))
  assert.throws(() => keyring.use(did), isFault('refused.revoked'))
  assert.throws(() => keyring.rotate(did), isFault('refused.revoked'))
  assert.throws(() => keyring.revoke(did), isFault('refused.revoked'))
})

test('a revoked organisation says so in its log', () => {
  const { keyring, clock } = person(5)
  const { did } = keyring.create({ kind: 'organisation', name: 'choir' })
  const choir = publicOfLog(keyring.revoke(did).log ?? [], { nowMs: clock.nowMs() })
  assert.ok(choir.ok && choir.value.hasEnded)
})

test('AQ-SQUID-17: whoever uses another identity has told all listeners before the call returns', () => {
  const { keyring } = person(6)
  const root = keyring.current()
  const { did } = keyring.create({ kind: 'sub', name: 'work' })
  const seen: string[] = []
  const end = keyring.onChange((now) => seen.push(`a ${now}`))
  keyring.onChange((now) => seen.push(`b ${now} ${keyring.current() === now}`))
  keyring.use(did)
  assert.deepEqual(seen, [`a ${did}`, `b ${did} true`])
  keyring.use(did)
  end()
  keyring.use(root)
  assert.deepEqual(seen.slice(2), [`b ${root} true`])
  const rotated = keyring.rotate(did).record.did
  keyring.use(rotated)
  assert.equal(keyring.current(), rotated)
})

test('AQ-SQUID-18: with the words and a copy of the state everything comes back on another device', () => {
  const { keyring, entropy, clock, random } = person(7)
  keyring.create({ kind: 'sub', name: 'work' })
  keyring.create({ kind: 'anonymous', name: 'whistle' })
  keyring.create({ kind: 'organisation', name: 'choir' })
  keyring.rotate(keyring.current())
  const copy = keyring.export({ withoutDevice: true })
  const device = createDevice('phone', random)
  const recovered = recoverKeyring(wordsOf(entropy).toUpperCase(), { state: copy, device, clock, random })
  assert.ok(recovered.ok, codeOf(recovered))
  assert.deepEqual(recovered.value.list(), keyring.list())
  assert.deepEqual(recovered.value.export({ withoutDevice: true }), copy)
  for (const { did } of keyring.list()) {
    using before = keyring.open(did)
    using after = recovered.value.open(did)
    assert.deepEqual(after.secrets, before.secrets)
    assert.deepEqual(after.public(), before.public())
    assert.ok(signs(recovered.value, did))
  }
})

test('AQ-SQUID-18: with the words alone the root comes back wholly, and the others at their places', () => {
  const { keyring, entropy, clock, random } = person(8)
  const root = keyring.current()
  const sub = keyring.create({ kind: 'sub', name: 'work' })
  const moved = keyring.rotate(keyring.create({ kind: 'anonymous', name: 'whistle' }).did).record
  const choir = keyring.create({ kind: 'organisation', name: 'choir' })
  const device = createDevice('phone', random)
  const recovered = recoverKeyring(wordsOf(entropy), { device, clock, random })
  assert.ok(recovered.ok)
  const again = recovered.value
  assert.deepEqual(
    again.list().map(({ did }) => did),
    [root],
  )
  assert.ok(signs(again, root))

  assert.equal(again.didAt({ kind: 'sub', index: 0 }), sub.did)
  assert.equal(again.reclaim({ kind: 'sub', index: 0, name: 'work' }).did, sub.did)
  assert.throws(() => again.reclaim({ kind: 'sub', index: 0, name: 'work' }), isFault('conflict.identity'))
  const back = again.reclaim({ kind: 'anonymous', index: 0, epoch: 1, name: 'whistle' })
  assert.deepEqual([back.did, back.formerly[0]?.did], [moved.did, moved.formerly[0]?.did])
  assert.equal(again.reclaim({ kind: 'organisation', index: choir.index, name: 'choir' }).did, choir.did)
  const fresh = again.create({ kind: 'sub', name: 'new' })
  assert.ok(fresh.index >= 0x10000, 'what is made now cannot be what was forgotten')
})

test('a root that was rotated comes back at its last keys with its log, and changes nothing before it has it', () => {
  const { keyring, entropy, clock, random } = person(9)
  const root = keyring.current()
  clock.advance(dayMs)
  const { log = [], epoch } = keyring.rotate(root).record
  const device = createDevice('phone', random)
  const bare = recoverKeyring(wordsOf(entropy), { device, clock, random })
  assert.ok(bare.ok)
  assert.throws(() => bare.value.rotate(root), isFault('refused.log'))
  assert.throws(
    () => bare.value.adoptLog(root, person(10).keyring.list()[0]?.log ?? []),
    isFault('refused.log'),
  )
  const adopted = bare.value.adoptLog(root, log)
  assert.equal(adopted.epoch, epoch)
  assert.ok(signs(bare.value, root))
  assert.equal(bare.value.rotate(root).record.epoch, 2)
  assert.equal(codeOf(recoverKeyring(wordsOf(entropy), { log, device, clock, random })), 'ok')
  assert.throws(() => keyring.adoptLog(root, log.slice(0, 1)), isFault('refused.log'), 'cut back')
})

test('wrong words, another passphrase and a state of other words are refused', () => {
  const { keyring, entropy, device, clock, random } = person(11)
  const options = { device, clock, random }
  const state = keyring.export()
  assert.equal(codeOf(recoverKeyring('not words', options)), 'invalid.words')
  assert.equal(codeOf(recoverKeyring(wordsOf(person(12).entropy), { ...options, state })), 'refused.words')
  assert.equal(
    codeOf(recoverKeyring(wordsOf(entropy), { ...options, state, passphrase: 'x' })),
    'refused.words',
  )
  assert.throws(() => restoreKeyring(state, { clock, random }), isFault('refused.words'))
  const carried = keyring.export({ withoutDevice: true })
  assert.throws(() => restoreKeyring(carried, { entropy, clock, random }), isFault('missing.device'))
  const hidden = createKeyring({ entropy, passphrase: 'x', device, clock, random })
  assert.notEqual(hidden.current(), keyring.current(), 'a passphrase makes another person')
})

test('the same words give the same DIDs, whenever and wherever', () => {
  const { keyring, entropy } = person(13)
  const later = createManualClock(someDay + 400 * dayMs)
  const random = createSeededRandom(99)
  const again = createKeyring({ entropy, device: createDevice('other', random), clock: later, random })
  assert.equal(again.current(), keyring.current())
  for (const kind of ['sub', 'anonymous', 'organisation'] as const) {
    assert.equal(again.create({ kind, name: 'a' }).did, keyring.create({ kind, name: 'b' }).did)
  }
})

test('after a rotation old data opens, the index is where it was, and the rest has new secrets', () => {
  const { keyring } = person(14)
  for (const { did, kind } of [...keyring.list(), keyring.create({ kind: 'sub', name: 'work' })]) {
    using before = keyring.open(did)
    const { record, succession } = keyring.rotate(did)
    assert.equal(record.did === did, kind === 'root', 'did:squid stays, did:peer moves')
    assert.equal(record.epoch, 1)
    using after = keyring.open(record.did)
    for (const name of ['feed', 'index', 'audit'] as const)
      assert.deepEqual(after.secrets[name], before.secrets[name])
    for (const name of ['kek', 'chunk', 'chunker', 'lockSalt'] as const) {
      assert.ok(!equalBytes(after.secrets[name], before.secrets[name]))
    }
    assert.deepEqual(after.kekOf(0), before.secrets.kek)
    assert.deepEqual(after.kemOf(0)?.publicKey, before.kem.publicKey)
    assert.deepEqual([after.kekOf(2), after.kekOf(-1), after.kemOf(0.5)], [undefined, undefined, undefined])
    assert.throws(() => before.signer.sign(text('x')), isFault('refused.former'))
    assert.ok(signs(keyring, record.did))

    if (kind === 'root') continue
    using former = keyring.open(did)
    assert.deepEqual(former.secrets.kek, before.secrets.kek)
    assert.equal(former.record.did, record.did, 'the keyring knows who followed')
    assert.throws(() => former.signer.sign(text('x')), isFault('refused.former'))
    const next = verifySuccession(succession ?? new Uint8Array(), former.public())
    assert.ok(next.ok && next.value.did === record.did)
    assert.notEqual(codeOf(verifySuccession(succession ?? new Uint8Array(), after.public())), 'ok')
    assert.throws(() => keyring.rotate(did), isFault('refused.former'))
  }
})

test('an agent signs for its time and has an owner that only the keyring knows', () => {
  const { keyring, clock } = person(15)
  const owner = keyring.current()
  const agent = keyring.create({ kind: 'sub', name: 'robot', owner, expiresMs: clock.nowMs() + dayMs })
  assert.equal(agent.owner, owner)
  using opened = keyring.open(agent.did)
  assert.ok(!JSON.stringify(opened.public().document).includes(owner))
  assert.ok(signs(keyring, agent.did))
  clock.advance(dayMs)
  assert.throws(() => opened.signer.sign(text('x')), isFault('refused.expired'))
  assert.throws(() => keyring.create({ kind: 'sub', name: 'late', expiresMs: 1 }), isFault('invalid.expiry'))
  assert.throws(
    () => keyring.create({ kind: 'sub', name: 'x', owner: 'did:peer:4zq' }),
    isFault('missing.identity'),
  )
})

test('AQ-QLOCK-8: a device certificate binds exactly its keys to exactly its identity, for its time', () => {
  const { keyring, clock, random } = person(16)
  const did = keyring.current()
  const phone = enrolmentOf(createDevice('phone', random), did)
  const { certificate, id } = keyring.addDevice(did, phone)
  using identity = keyring.open(did)
  const check = (bytes: Uint8Array, who = identity.public()) => verifyDevice(bytes, who, clock.nowMs())
  const verified = check(certificate)
  assert.ok(verified.ok)
  assert.deepEqual(verified.value.verifyKey, phone.verifyKey)
  assert.deepEqual(verified.value.kemKey, phone.kemKey)

  const [payload, signature] = decodeCbor(certificate) as [Uint8Array, Uint8Array]
  const swapped = {
    ...(decodeCbor(payload) as object),
    key: enrolmentOf(createDevice('evil', random), did).verifyKey,
  }
  assert.equal(codeOf(check(encodeCbor([encodeCbor(swapped), signature]))), 'refused.signature')
  assert.equal(codeOf(check(certificate.subarray(1))), 'invalid.cbor')
  assert.equal(codeOf(check(encodeCbor([payload]))), 'invalid.shape')
  using other = person(17).keyring.open(person(17).keyring.current())
  assert.equal(codeOf(check(certificate, other.public())), 'refused.signature')

  clock.advance(400 * dayMs)
  assert.equal(codeOf(check(certificate)), 'refused.expired')
  clock.advance(-400 * dayMs)
  keyring.revokeDevice(did, id)
  using after = keyring.open(did)
  assert.equal(codeOf(check(certificate, after.public())), 'refused.revoked')
  assert.throws(() => keyring.addDevice(did, phone), isFault('refused.revoked'))
  assert.throws(() => keyring.revokeDevice(did, 'x'), isFault('missing.device'))
  assert.throws(
    () => keyring.addDevice(did, { ...phone, kemKey: phone.verifyKey }),
    isFault('invalid.enrolment'),
  )
})

test('a rotation certifies the devices anew, and the old certificates end', () => {
  const { keyring, clock } = person(18)
  const did = keyring.current()
  const before = keyring.record(did).devices[0]?.certificate ?? new Uint8Array()
  const after = keyring.rotate(did).record.devices[0]?.certificate ?? new Uint8Array()
  using identity = keyring.open(did)
  assert.equal(codeOf(verifyDevice(before, identity.public(), clock.nowMs())), 'refused.signature')
  assert.equal(codeOf(verifyDevice(after, identity.public(), clock.nowMs())), 'ok')
})

test('a keyring is written in one canonical form and read back the same', () => {
  const { keyring, entropy, clock, random } = person(19)
  const { did } = keyring.create({ kind: 'sub', name: 'work', expiresMs: clock.nowMs() + dayMs })
  keyring.rename(did, 'arbeit — ä')
  keyring.use(did)
  keyring.rotate(did)
  const state = keyring.export()
  const again = restoreKeyring(state, { entropy, clock, random })
  assert.deepEqual(again.export(), state)
  assert.deepEqual(again.list(), keyring.list())
  assert.equal(again.current(), keyring.current())
  assert.equal(again.create({ kind: 'sub', name: 'x' }).did, keyring.create({ kind: 'sub', name: 'y' }).did)
})

test('a state that is malformed or contradicts itself is refused', () => {
  const { keyring, entropy, clock, random } = person(20)
  keyring.create({ kind: 'sub', name: 'work' })
  const state = keyring.export()
  const open = (bytes: Uint8Array) => restoreKeyring(bytes, { entropy, clock, random })
  const map = decodeCbor(state) as Record<string, unknown> & { identities: Record<string, unknown>[] }
  const [root, sub] = map.identities
  const cases: readonly (readonly [object, string])[] = [
    [{ ...map, v: 2 }, 'invalid.shape'],
    [{ ...map, more: 1 }, 'invalid.shape'],
    [{ ...map, identities: [sub] }, 'damaged.keyring'],
    [{ ...map, identities: [root, root] }, 'damaged.keyring'],
    [{ ...map, identities: [root, sub, { ...sub, did: 'did:peer:4zX' }] }, 'damaged.keyring'],
    [{ ...map, current: 'did:peer:4zX' }, 'damaged.keyring'],
    [{ ...map, next: { sub: 0, anonymous: 0, organisation: 1, child: 0 } }, 'damaged.keyring'],
    [{ ...map, identities: [root, { ...sub, kind: 'king' }] }, 'invalid.shape'],
    [{ ...map, identities: [root, { ...sub, name: '' }] }, 'invalid.name'],
    [{ ...map, identities: [root, { ...sub, secret: 1 }] }, 'invalid.shape'],
    [{ ...map, check: new Uint8Array(16) }, 'refused.words'],
    [{ ...map, ward: { childLeaf: new Uint8Array(32) } }, 'damaged.keyring'],
  ]
  for (const [value, code] of cases)
    assert.throws(() => open(encodeCbor(value)), isFault(code as 'invalid.shape'), code)
  fc.assert(
    fc.property(fc.nat({ max: state.length - 1 }), (length) => {
      assert.throws(() => open(state.subarray(0, length)), Fault)
    }),
    { numRuns: 20 },
  )
})

test('a record whose DID is not that of its keys is noticed before it is shown', () => {
  const { keyring, entropy, clock, random } = person(21)
  keyring.create({ kind: 'sub', name: 'work' })
  const map = decodeCbor(keyring.export()) as { identities: Record<string, unknown>[] }
  const did = person(22).keyring.create({ kind: 'sub', name: 'a' }).did
  const swapped = { ...map, identities: [map.identities[0], { ...map.identities[1], did }] }
  const damaged = restoreKeyring(encodeCbor(swapped), { entropy, clock, random })
  using identity = damaged.open(did)
  assert.throws(() => identity.public(), isFault('damaged.keyring'))
})

test('what was put away opens nothing more', () => {
  const { keyring } = person(23)
  const did = keyring.current()
  const identity = keyring.open(did)
  const { secrets, signer } = identity
  identity.dispose()
  assert.ok(Object.values(secrets).every((secret) => secret.every((byte) => byte === 0)))
  assert.throws(() => signer.sign(text('x')), isFault('refused.disposed'))
  for (const use of [
    () => identity.signer,
    () => identity.secrets,
    () => identity.kekOf(0),
    () => identity.public(),
  ]) {
    assert.throws(use, isFault('refused.disposed'))
  }
  keyring.dispose()
  for (const use of [
    () => keyring.open(did),
    () => keyring.export(),
    () => keyring.create({ kind: 'sub', name: 'x' }),
    () => keyring.rotate(did),
    () => keyring.use(did),
  ]) {
    assert.throws(use, isFault('refused.disposed'))
  }
})

test('a device keeps its own secret: putting a keyring away does not take it from who gave it', () => {
  const { keyring, device } = person(24)
  keyring.dispose()
  assert.ok(device.secret.some((byte) => byte !== 0))
})
