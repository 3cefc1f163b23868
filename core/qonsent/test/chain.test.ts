import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCbor } from '@anarq/ipld'
import {
  type AccessRequest,
  checkChain,
  createVerifiedCache,
  type Delegation,
  type DelegationFields,
  parseDelegation,
} from '@anarq/qonsent'
import { ask, dayMs, give, object, type Person, people, startMs, startSeconds, verify } from './world.ts'

const { alice, bob, carol, dave } = people
const options = { verify, nowMs: startMs }

function codeOf(proofs: readonly Delegation[], request: AccessRequest, nowMs = startMs): string {
  const outcome = checkChain(proofs, request, { verify, nowMs })
  return outcome.ok ? 'ok' : outcome.fault.code
}

test('a permission that the owner gave, and one that was passed on twice, lead to a grant', () => {
  const direct = checkChain([give(alice, bob)], ask(bob), options)
  assert.ok(direct.ok)
  assert.equal(direct.value.subject, bob.did)

  const proofs = [
    give(alice, bob, { cmd: '/qnt', exp: startSeconds + 100, meta: { uses: 5 } }),
    give(bob, carol, { nbf: startSeconds - 50, exp: null }),
    give(carol, dave, { nbf: startSeconds - 10, exp: startSeconds + 900, meta: { uses: 1 } }),
  ]
  const passed = checkChain(proofs, ask(dave), options)
  assert.ok(passed.ok)
  const { fromMs, toMs, limits, owner, action } = passed.value
  assert.deepEqual(
    { owner, action, fromMs, toMs },
    {
      owner: alice.did,
      action: '/qnt/read',
      fromMs: startMs,
      toMs: startMs + 100_000,
    },
  )
  assert.deepEqual(
    limits.map(({ usesMax }) => usesMax),
    [5, 1],
  )
})

test('AQ-QONSENT-6: every break of the chain is refused, and says which', () => {
  const [ab, bc] = [give(alice, bob), give(bob, carol)]
  for (const [title, proofs, subject, code] of [
    ['nothing', [], bob, 'refused.no-grant'],
    ['another asker', [ab], carol, 'refused.wrong-audience'],
    ['a gap', [ab, give(carol, dave)], dave, 'refused.broken-chain'],
    ['not from the owner', [bc], carol, 'refused.broken-chain'],
    ['the wrong way round', [bc, ab], carol, 'refused.broken-chain'],
    ['another owner', [give(alice, bob, { sub: bob.did })], bob, 'refused.wrong-owner'],
    ['another owner midway', [ab, give(bob, carol, { sub: bob.did })], carol, 'refused.wrong-owner'],
    ['a circle', [ab, bc, give(carol, bob)], bob, 'refused.cycle'],
    ['back to the owner', [ab, give(bob, alice), give(alice, carol)], carol, 'refused.cycle'],
    ['to oneself', [give(alice, alice), ab], bob, 'refused.cycle'],
    ['the same twice', [ab, ab], bob, 'refused.broken-chain'],
  ] as const) {
    assert.equal(codeOf(proofs, ask(subject)), code, title)
  }
})

test('a link that gives more than it holds is refused, even where the request would fit', () => {
  const proofs = [give(alice, bob, { cmd: '/qnt/read' }), give(bob, carol, { cmd: '/qnt' })]
  assert.equal(codeOf(proofs, ask(carol)), 'refused.widened')
})

test('a chain may be eight links long and no longer', () => {
  const crowd: Person[] = Array.from({ length: 10 }, (_, at) => ({
    did: `did:peer:4zperson${at}`,
    signer: alice.signer,
  }))
  const trusting = { verify: () => true, nowMs: startMs }
  const chain = (length: number): Delegation[] =>
    Array.from({ length }, (_, at) => give(at === 0 ? alice : (crowd[at - 1] as Person), crowd[at] as Person))
  assert.ok(checkChain(chain(8), ask(crowd[7] as Person), trusting).ok)
  const long = checkChain(chain(9), ask(crowd[8] as Person), trusting)
  assert.equal(long.ok ? 'ok' : long.fault.code, 'refused.long-chain')
})

test('AQ-QONSENT-4: a permission holds from its start to its end, to the millisecond', () => {
  const proofs = [give(alice, bob, { nbf: startSeconds, exp: startSeconds + 10 })]
  for (const [nowMs, code] of [
    [startMs - 1, 'refused.not-yet'],
    [startMs, 'ok'],
    [startMs + 10_000, 'ok'],
    [startMs + 10_001, 'refused.expired'],
  ] as const) {
    assert.equal(codeOf(proofs, ask(bob), nowMs), code, String(nowMs - startMs))
  }
  assert.equal(codeOf([give(alice, bob, { exp: null })], ask(bob), startMs + 4000 * dayMs), 'ok')
})

test('AQ-QONSENT-4, AQ-QONSENT-5, AQ-QONSENT-8: only the named data, action, purpose, place and fields are given', () => {
  const fields = (...names: string[]): DelegationFields['pol'] => [
    ['all', '.fields', ['or', names.map((name) => ['==', '.', name] as const)]],
  ]
  for (const [title, pol, parts, code] of [
    ['the object', [['==', '.object', object]], {}, 'ok'],
    ['another object', [['==', '.object', '00']], {}, 'refused.condition'],
    ['its folder', [['any', '.folders', ['==', '.', 'f1']]], { about: { folders: ['f2', 'f1'] } }, 'ok'],
    [
      'another folder',
      [['any', '.folders', ['==', '.', 'f1']]],
      { about: { folders: ['f2'] } },
      'refused.condition',
    ],
    ['its tag', [['any', '.tags', ['==', '.', 'trip']]], { about: { tags: ['trip'] } }, 'ok'],
    ['no tag known', [['any', '.tags', ['==', '.', 'trip']]], {}, 'refused.condition'],
    ['the action below', [], { action: '/qnt/read/name' }, 'ok'],
    ['another action', [], { action: '/qnt/write' }, 'refused.action'],
    ['the action above', [], { action: '/qnt' }, 'refused.action'],
    ['the purpose', [['==', '.purpose', 'care']], { purpose: 'care' }, 'ok'],
    ['another purpose', [['==', '.purpose', 'care']], { purpose: 'ads' }, 'refused.condition'],
    ['no purpose', [['!=', '.purpose', 'ads']], {}, 'refused.condition'],
    ['the place', [['==', '.place', 'ES']], { place: 'ES' }, 'ok'],
    ['another place', [['==', '.place', 'ES']], { place: 'FR' }, 'refused.condition'],
    ['the channel', [['like', '.channel', 'circuit*']], { channel: 'circuit/3' }, 'ok'],
    ['the app', [['==', '.module', 'qmail']], { module: 'qchat' }, 'refused.condition'],
    ['its fields', fields('name', 'email'), { fields: ['email'] }, 'ok'],
    ['one field more', fields('name'), { fields: ['name', 'birth'] }, 'refused.condition'],
    ['all fields', fields('name'), {}, 'refused.condition'],
    ['AQ-QONSENT-11: masked enough', [['>=', '.mask', 2]], { mask: 3 }, 'ok'],
    ['AQ-QONSENT-11: hardly masked', [['>=', '.mask', 2]], { mask: 1 }, 'refused.condition'],
    ['AQ-QONSENT-11: not masked', [['>=', '.mask', 2]], {}, 'refused.condition'],
    ['the price', [['<=', '.price', 5]], { price: 6 }, 'refused.condition'],
  ] as const) {
    const given = give(alice, bob, { pol: pol as DelegationFields['pol'] })
    assert.equal(codeOf([given], ask(bob, parts as Partial<AccessRequest>)), code, title)
  }
})

test('the conditions of every link count, and the refusal says which condition in words', () => {
  const proofs = [
    give(alice, bob, { pol: [['==', '.purpose', 'care']] }),
    give(bob, carol, { pol: [['==', '.place', 'ES']] }),
  ]
  assert.equal(codeOf(proofs, ask(carol, { purpose: 'care', place: 'ES' })), 'ok')
  assert.equal(codeOf(proofs, ask(carol, { purpose: 'ads', place: 'ES' })), 'refused.condition')
  const outcome = checkChain(proofs, ask(carol, { purpose: 'care', place: 'FR' }), options)
  assert.ok(!outcome.ok)
  assert.equal(outcome.fault.data.link, 1)
  assert.equal(
    outcome.fault.message,
    'Permission 2 of the chain asks that place is "ES", and this request does not meet that.',
  )
})

test('a signature by another hand, or over other words, is refused', () => {
  const forged = give({ did: alice.did, signer: bob.signer }, bob)
  assert.equal(codeOf([forged], ask(bob)), 'refused.signature')
  assert.equal(
    codeOf([give(alice, bob), give({ did: bob.did, signer: carol.signer }, carol)], ask(carol)),
    'refused.signature',
  )
  const [first, second] = [give(alice, bob), give(alice, bob, { exp: null })]
  const swapped = new Uint8Array(second.bytes)
  swapped.set(first.signature, 4)
  assert.equal(codeOf([parseDelegation(swapped)], ask(bob)), 'refused.signature')
})

test('each signature is verified once and remembered by the CID, as many as there is room for', () => {
  let calls = 0
  const counting = (...claim: Parameters<typeof verify>): boolean => {
    calls += 1
    return verify(...claim)
  }
  const verified = createVerifiedCache(2)
  const check = (...proofs: Delegation[]): boolean =>
    checkChain(proofs, ask(proofs.length === 1 ? bob : carol), { verify: counting, nowMs: startMs, verified })
      .ok
  const [ab, bc, other] = [give(alice, bob), give(bob, carol), give(alice, bob)]
  assert.ok(check(ab, bc) && check(ab, bc))
  assert.equal(calls, 2)
  assert.ok(check(other) && check(other))
  assert.equal(calls, 3)
  assert.ok(check(ab))
  assert.equal(calls, 4, 'the one unused longest was forgotten')
  const forged = give({ did: alice.did, signer: bob.signer }, bob)
  assert.ok(!check(forged) && !check(forged))
  assert.equal(calls, 6, 'a bad signature is never remembered')
})

test('canonical bytes are what is signed: the same fields in another order are no delegation', () => {
  const { bytes } = give(alice, bob)
  assert.deepEqual(new Uint8Array(parseDelegation(bytes).bytes), new Uint8Array(bytes))
  assert.throws(() => parseDelegation(encodeCbor({ 0: bytes })), { code: 'invalid.shape' })
})
