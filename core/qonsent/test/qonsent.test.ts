import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { createDenyAll, createMemoryUses, createQonsent, sealStatus, type UsesPort } from '@anarq/qonsent'
import { createSeededRandom } from '@anarq/random/testing'
import {
  ask,
  createRulePolicies,
  createWorld,
  give,
  object,
  people,
  type RulePolicies,
  startMs,
  startSeconds,
  verify,
} from './world.ts'

const { alice, bob, carol } = people

test('AQ-QONSENT-3: without a permission nobody but the owner gets anything, and without an engine not even the owner', async () => {
  const { qonsent } = createWorld()
  assert.equal((await qonsent.decide(ask(bob), [])).code, 'refused.no-grant')
  const own = await qonsent.decide(ask(alice), [])
  assert.deepEqual([own.verdict, own.code, own.grant], ['allow', 'allowed.owner', undefined])

  const bare = createQonsent({ ...(await portsOf()), policies: createDenyAll() })
  for (const decision of [
    await bare.decide(ask(alice), []),
    await bare.decide(ask(bob), [give(alice, bob)]),
  ]) {
    assert.equal(decision.code, 'refused.no-rule')
  }
})

test('AQ-QONSENT-1: a request that arrives is decided by the owner’s rules for what comes in', async () => {
  const { qonsent, policies } = createWorld()
  policies.forbid('in', 'in.none', ({ context }) => context.purpose === 'ads')
  const permission = give(alice, bob)
  assert.equal((await qonsent.decide(ask(bob, { purpose: 'care' }), [permission])).code, 'allowed.grant')
  const refused = await qonsent.decide(ask(bob, { purpose: 'ads' }), [permission])
  assert.deepEqual([refused.code, refused.sentence], ['refused.policy', 'Because of in.none. (rule in.none)'])
})

test('AQ-QONSENT-2, AQ-FID-4: what leaves is decided by the rules for what goes out, each direction by its own', async () => {
  const { qonsent, policies } = createWorld()
  policies.forbid('in', 'in.none', ({ subject }) => subject.did === alice.did)
  policies.forbid('out', 'out.none', ({ context }) => context.recipient === carol.did)
  const out = { direction: 'out', action: '/qnt/share' } as const
  assert.equal((await qonsent.decide(ask(alice, { ...out, recipient: bob.did }), [])).verdict, 'allow')
  assert.equal(
    (await qonsent.decide(ask(alice, { ...out, recipient: carol.did }), [])).reasons[0]?.id,
    'out.none',
  )
  assert.equal((await qonsent.decide(ask(alice), [])).reasons[0]?.id, 'in.none')
})

test('AQ-FID-3, AQ-QONSENT-10: for somebody else’s request the ecosystem’s rules and both of the owner’s sets count', async () => {
  for (const set of ['ecosystem', 'in', 'out'] as const) {
    const { qonsent, policies } = createWorld()
    policies.forbid(set, 'no', ({ subject }) => subject.did === bob.did)
    const decision = await qonsent.decide(ask(bob), [give(alice, bob)])
    assert.deepEqual(decision.reasons, [{ set, id: 'no', sentence: 'Because of no.' }])
  }
})

test('an engine that says yes and reports an error is not believed', async () => {
  const unsure: RulePolicies = {
    ...createRulePolicies(),
    isAllowed: () => ({
      verdict: 'allow',
      reasons: [],
      silent: [],
      errors: [{ set: 'in', message: 'odd.' }],
    }),
  }
  const { qonsent } = createWorld({ policies: unsure })
  const decision = await qonsent.decide(ask(alice), [])
  assert.equal(decision.code, 'refused.broken-policy')
  assert.match(decision.sentence, /^The owner's policy for incoming requests cannot be evaluated.+: odd\.$/)
})

test('AQ-QONSENT-14: of two rules that contradict, the stricter wins whoever wrote it, and its reason is shown', async () => {
  const { qonsent, policies } = createWorld()
  policies.forbid('out', 'out.no', () => true)
  policies.forbid('ecosystem', 'ecosystem.no', () => true)
  const decision = await qonsent.decide(ask(bob), [give(alice, bob)])
  assert.equal(decision.verdict, 'deny')
  assert.deepEqual(
    decision.reasons.map(({ id }) => id),
    ['ecosystem.no', 'out.no'],
  )
  assert.equal(decision.sentence, 'Because of ecosystem.no. (rule ecosystem.no)')
})

test('AQ-QONSENT-4: a permission for two uses serves twice, and every limit of the chain counts', async () => {
  const { qonsent, uses } = createWorld()
  const twice = give(alice, bob, { meta: { uses: 2 } })
  const codes: string[] = []
  for (let at = 0; at < 3; at += 1) codes.push((await qonsent.decide(ask(bob), [twice])).code)
  assert.deepEqual(codes, ['allowed.grant', 'allowed.grant', 'refused.used-up'])
  const onward = give(bob, carol, { nbf: startSeconds, exp: startSeconds + 60 })
  assert.equal(
    (await qonsent.decide(ask(carol), [twice, onward])).code,
    'refused.used-up',
    'the first link is used up',
  )
  assert.equal(await uses.usesOf(twice.cid), 2)
})

test('AQ-QONSENT-4: what is said to count no use is allowed as often as asked, until the last use is taken', async () => {
  const { qonsent, uses } = createWorld({ countsUse: (action) => action !== '/qnt/read/facts' })
  const once = give(alice, bob, { meta: { uses: 1 } })
  const look = async (): Promise<string> =>
    (await qonsent.decide(ask(bob, { action: '/qnt/read/facts' }), [once])).code
  assert.deepEqual([await look(), await look()], ['allowed.grant', 'allowed.grant'])
  assert.equal(await uses.usesOf(once.cid), 0)
  assert.equal((await qonsent.decide(ask(bob), [once])).code, 'allowed.grant')
  assert.equal(await look(), 'refused.used-up')
})

test('a use is counted for a yes only', async () => {
  const { qonsent, uses, policies } = createWorld()
  policies.forbid('in', 'no', ({ context }) => context.purpose === 'ads')
  const once = give(alice, bob, { meta: { uses: 1 } })
  await qonsent.decide(ask(bob, { purpose: 'ads' }), [once])
  assert.equal(await uses.usesOf(once.cid), 0)
})

test('AQ-QONSENT-4: two last uses at the same time never both pass, whatever the store is waiting for', async () => {
  const inner = createMemoryUses()
  const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const slow: UsesPort = {
    async usesOf(cid) {
      const uses = await inner.usesOf(cid)
      await pause()
      return uses
    },
    async take(limits) {
      await pause()
      const usedUp = await inner.take(limits)
      await pause()
      return usedUp
    },
  }
  const { qonsent } = createWorld({ uses: slow })
  const proofs = [
    give(alice, bob, { meta: { uses: 3 } }),
    give(bob, carol, { exp: startSeconds + 60, meta: { uses: 1 } }),
  ]
  const decisions = await Promise.all(Array.from({ length: 12 }, () => qonsent.decide(ask(carol), proofs)))
  const codes = decisions.map(({ code }) => code).sort()
  assert.deepEqual(codes, ['allowed.grant', ...Array<string>(11).fill('refused.used-up')])
  assert.equal(await inner.usesOf(proofs[0]!.cid), 1, 'a chain that is refused costs its first link nothing')
})

test('a use counter that refuses without saying which permission allows nothing', async () => {
  const stranger = give(bob, carol).cid
  const { qonsent } = createWorld({ uses: { usesOf: async () => 0, take: async () => stranger } })
  await assert.rejects(qonsent.decide(ask(bob), [give(alice, bob, { meta: { uses: 1 } })]), {
    code: 'internal.uses',
  })
})

test('AQ-QONSENT-7, AQ-QONSENT-9: what is taken back fails at the next access, and what was given further with it', async () => {
  const { qonsent } = createWorld()
  const [ab, other] = [give(alice, bob), give(alice, bob)]
  const bc = give(bob, carol, { exp: startSeconds + 3600 })
  assert.equal((await qonsent.decide(ask(carol), [ab, bc])).verdict, 'allow')
  const snapshot = await qonsent.revoke([ab.cid])
  assert.equal(snapshot.sequence, 1)
  assert.equal((await qonsent.decide(ask(bob), [ab])).code, 'refused.revoked')
  assert.equal((await qonsent.decide(ask(carol), [ab, bc])).code, 'refused.revoked')
  assert.equal((await qonsent.decide(ask(bob), [other])).verdict, 'allow')
})

test('AQ-QONSENT-7: the owner may take back what somebody passed on, and a snapshot carries it to other nodes', async () => {
  const home = createWorld()
  const bc = give(bob, carol, { exp: startSeconds + 3600 })
  const proofs = [give(alice, bob), bc]
  const before = await home.qonsent.refreshStatus()
  const after = await home.qonsent.revoke([bc.cid])

  const away = createWorld({ self: people.dave })
  assert.equal((await away.qonsent.decide(ask(carol), proofs)).code, 'refused.unknown-status')
  assert.ok((await away.qonsent.acceptStatus(before.bytes)).ok)
  assert.equal((await away.qonsent.decide(ask(carol), proofs)).verdict, 'allow')
  assert.ok((await away.qonsent.acceptStatus(after.bytes)).ok)
  assert.equal((await away.qonsent.decide(ask(carol), proofs)).code, 'refused.revoked')

  const rollback = await away.qonsent.acceptStatus(before.bytes)
  assert.equal(rollback.ok ? 'ok' : rollback.fault.code, 'refused.rollback')
  assert.equal((await away.qonsent.decide(ask(carol), proofs)).code, 'refused.revoked')
})

test('a status that is older than it may be refuses until a newer one comes', async () => {
  const home = createWorld({ statusMaxStaleMs: 1000 })
  const away = createWorld({ self: people.dave })
  await away.qonsent.acceptStatus((await home.qonsent.refreshStatus()).bytes)
  const proofs = [give(alice, bob)]
  away.clock.advance(1001)
  home.clock.advance(1001)
  assert.equal((await away.qonsent.decide(ask(bob), proofs)).code, 'refused.stale-status')
  await away.qonsent.acceptStatus((await home.qonsent.refreshStatus()).bytes)
  assert.equal((await away.qonsent.decide(ask(bob), proofs)).verdict, 'allow')
  assert.equal(
    (await home.qonsent.decide(ask(bob), proofs)).verdict,
    'allow',
    'the owner’s own list is never stale at home',
  )
})

test('a permission for at most a day needs no status of its giver', async () => {
  const away = createWorld({ self: people.dave })
  const code = async (fields: Parameters<typeof give>[2]): Promise<string> =>
    (await away.qonsent.decide(ask(bob), [give(alice, bob, fields)])).code
  assert.equal(await code({ exp: startSeconds + 86_400 }), 'allowed.grant')
  assert.equal(await code({ exp: startSeconds + 86_401 }), 'refused.unknown-status')
  assert.equal(await code({ exp: null }), 'refused.unknown-status')
})

test('a status signed by another hand is refused and changes nothing', async () => {
  const { qonsent, status } = createWorld()
  const forged = sealStatus(
    { sequence: 9, atMs: startMs, maxStaleMs: 1000, revoked: [] },
    { did: carol.did, sign: bob.signer.sign },
  )
  const outcome = await qonsent.acceptStatus(forged.bytes)
  assert.equal(outcome.ok ? 'ok' : outcome.fault.code, 'refused.signature')
  assert.equal(await status.snapshotOf(carol.did), undefined)
})

test('many revocations at once are all kept, one after the other', async () => {
  const { qonsent, status } = createWorld()
  const given = Array.from({ length: 5 }, () => give(alice, bob))
  await Promise.all(given.map(({ cid }) => qonsent.revoke([cid])))
  const kept = await status.snapshotOf(alice.did)
  assert.equal(kept?.sequence, 5)
  assert.ok(given.every(({ cid }) => kept?.isRevoked(cid)))
})

test('an identity that was revoked neither gives nor passes on', async () => {
  const { qonsent, states } = createWorld()
  const proofs = [give(alice, bob), give(bob, carol, { exp: startSeconds + 60 })]
  states.set(bob.did, { status: 'revoked' })
  assert.equal((await qonsent.decide(ask(carol), proofs)).code, 'refused.revoked-identity')
})

test('AQ-VIS-7: a permission given now is usable now, and expires by the clock alone', async () => {
  const { qonsent, clock } = createWorld()
  const exp = startSeconds + 60
  const { delegation } = qonsent.grant({
    aud: bob.did,
    sub: alice.did,
    cmd: '/qnt/read',
    pol: [['==', '.object', object]],
    exp,
  })
  assert.equal((await qonsent.decide(ask(bob), [delegation])).verdict, 'allow')
  clock.advance(61_000)
  assert.equal((await qonsent.decide(ask(bob), [delegation])).code, 'refused.expired')
})

test('AQ-FID-6: of many objects only those that may be seen are let through, each with its receipt', async () => {
  const { qonsent, records } = createWorld()
  const permission = give(alice, bob, { pol: [['any', '.tags', ['==', '.', 'trip']]] })
  const candidates = [
    { object: '01', about: { tags: ['trip'] } },
    { object: '02', about: { tags: ['tax'] } },
    { object: '03', about: { tags: ['trip', 'tax'] } },
  ]
  const { object: _, ...request } = ask(bob)
  const decisions = await qonsent.decideEach(request, candidates, [permission])
  assert.deepEqual(
    decisions.map(({ verdict }) => verdict),
    ['allow', 'deny', 'allow'],
  )
  assert.equal(records.length, 3)
})

test('AQ-QONSENT-12: every decision, also a refusal, is kept before it is given', async () => {
  const { qonsent, records } = createWorld()
  const refused = await qonsent.decide(ask(bob), [])
  const allowed = await qonsent.decide(ask(alice), [])
  assert.deepEqual(
    records.map(({ decision }) => decision),
    [refused, allowed],
  )

  const failing = createWorld({
    receipts: { keep: async () => Promise.reject(new Fault('unavailable.disk', 'Full.')) },
  })
  await assert.rejects(failing.qonsent.decide(ask(alice), []), { code: 'unavailable.disk' })
})

test('a malformed request is refused before anything is decided', async () => {
  const { qonsent, records } = createWorld()
  for (const parts of [
    { object: 'NOT HEX' },
    { object: 'aa'.repeat(65) },
    { subject: 'bob' },
    { action: '/QNT' },
    { direction: 'sideways' },
    { purpose: 'x'.repeat(257) },
    { price: 2 ** 60 },
    { price: 0.5 },
    { fields: Array(257).fill('x') },
    { about: { tags: 'trip' } },
    { about: { secret: true } },
    { about: { terms: { rights: ['own'] } } },
    { nowMs: 1 },
  ]) {
    const request = { ...ask(bob), ...parts } as ReturnType<typeof ask>
    await assert.rejects(
      qonsent.decide(request, []),
      (error) => error instanceof Fault && error.code.startsWith('invalid.'),
      JSON.stringify(parts).slice(0, 50),
    )
  }
  assert.equal(records.length, 0)
})

const folder = 'f0'.repeat(16)
const inFolder = {
  pol: [
    [
      'or',
      [
        ['==', '.object', folder],
        ['any', '.folders', ['==', '.', folder]],
      ],
    ],
  ],
} as const

test('AQ-QONSENT-4: the parts of a whole that was allowed are judged under the same permission, and the whole is one use', async () => {
  const { qonsent, uses, records } = createWorld()
  const once = give(alice, bob, { ...inFolder, meta: { uses: 1 } })
  const request = ask(bob, { object: folder })
  const whole = { request, decision: await qonsent.decide(request, [once]) }
  assert.equal(whole.decision.code, 'allowed.grant')
  const codeOf = async (folders: readonly string[] | undefined): Promise<string> => {
    const part = folders === undefined ? { object } : { object, about: { folders } }
    return (await qonsent.judgePart(whole, part, [once])).code
  }
  assert.equal(await codeOf([folder]), 'allowed.grant')
  assert.equal(await codeOf(['aa', folder, 'bb']), 'allowed.grant')
  assert.equal(await codeOf(['aa', 'bb']), 'refused.condition')
  assert.equal(await codeOf([]), 'refused.condition')
  assert.equal(await codeOf(undefined), 'refused.condition', 'what is not known is not allowed')
  assert.equal(await uses.usesOf(once.cid), 1)
  assert.equal(records.length, 1, 'the decision on the whole has the one receipt')
  assert.equal((await qonsent.decide(request, [once])).code, 'refused.used-up')
})

test('AQ-QONSENT-7: a part is judged by what is known now: a permission that ended or was taken back since gives no more of them', async () => {
  const { qonsent, policies, clock } = createWorld()
  const [lasting, ending] = [
    give(alice, bob, inFolder),
    give(alice, bob, { ...inFolder, exp: startSeconds + 60 }),
  ]
  const request = ask(bob, { object: folder })
  const wholeOf = async (proof: typeof lasting) => ({
    request,
    decision: await qonsent.decide(request, [proof]),
  })
  const [first, second] = [await wholeOf(lasting), await wholeOf(ending)]
  const judged = async (whole: typeof first, proof: typeof lasting, tags: readonly string[] = []) =>
    (await qonsent.judgePart(whole, { object, about: { folders: [folder], tags } }, [proof])).code
  assert.deepEqual(
    [await judged(first, lasting), await judged(second, ending)],
    ['allowed.grant', 'allowed.grant'],
  )
  policies.forbid('out', 'out.medical', ({ object: { attributes } }) =>
    (attributes.tags as string[]).includes('medical'),
  )
  assert.equal(await judged(first, lasting, ['medical']), 'refused.policy')
  assert.equal(await judged(first, lasting, ['other']), 'allowed.grant')
  clock.advance(61_000)
  assert.deepEqual(
    [await judged(first, lasting), await judged(second, ending)],
    ['allowed.grant', 'refused.expired'],
  )
  await qonsent.revoke([lasting.cid])
  assert.equal(await judged(first, lasting), 'refused.revoked')
})

test('a part of what was refused, or under another permission than the whole, is judged by nobody', async () => {
  const { qonsent } = createWorld()
  const [one, other] = [give(alice, bob, inFolder), give(alice, bob, inFolder)]
  const request = ask(bob, { object: folder })
  const allowed = { request, decision: await qonsent.decide(request, [one]) }
  const refused = { request, decision: await qonsent.decide(request, []) }
  const part = { object, about: { folders: [folder] } }
  for (const [whole, proofs] of [
    [allowed, [other]],
    [allowed, []],
    [allowed, [one, one]],
    [refused, []],
    [refused, [one]],
  ] as const) {
    await assert.rejects(qonsent.judgePart(whole, part, proofs), { code: 'internal.part' })
  }
})

test('a thousand proofs are not looked at', async () => {
  const asked: string[] = []
  const { qonsent } = createWorld({
    identities: {
      verify,
      stateOf: async (did) => {
        asked.push(did)
        return { status: 'active' }
      },
    },
  })
  const decision = await qonsent.decide(ask(bob), Array(1000).fill(give(alice, bob)))
  assert.equal(decision.code, 'refused.long-chain')
  assert.ok(asked.length <= 10)
})

async function portsOf(): Promise<Omit<Parameters<typeof createQonsent>[0], 'policies'>> {
  const { status, uses, clock } = createWorld()
  return {
    status,
    uses,
    clock,
    identities: { verify, stateOf: async () => ({ status: 'active' }) },
    receipts: { keep: async () => {} },
    self: alice,
    random: createSeededRandom(1),
  }
}
