import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCedar } from '@anarq/cedar'
import { type AccessRequest, type IdentityState, type PolicySetName, replayReceipt } from '@anarq/qonsent'
import { ask, createWorld, give, people, startMs, verify } from './world.ts'

const { alice, bob, carol } = people
const medical = { about: { tags: ['medical'] } }
const share = { action: '/qnt/share', direction: 'out' } as const

test('AQ-QONSENT-3: with the default policies the owner may, the holder of a permission may, and nobody else', async () => {
  const { qonsent } = createWorld()
  assert.equal((await qonsent.decide(ask(alice), [])).code, 'allowed.owner')
  assert.equal((await qonsent.decide(ask(alice, share), [])).code, 'allowed.owner')
  assert.equal((await qonsent.decide(ask(bob), [give(alice, bob)])).code, 'allowed.grant')
  assert.equal((await qonsent.decide(ask(bob), [])).code, 'refused.no-grant')
  assert.equal((await qonsent.decide(ask(bob, share), [])).code, 'refused.no-grant')
})

test('AQ-QONSENT-10, AQ-VIS-7: a rule of the owner’s counts from the next decision on, and its sentence is shown', async () => {
  const { qonsent } = createWorld()
  const permission = give(alice, bob)
  assert.equal((await qonsent.decide(ask(bob, medical), [permission])).verdict, 'allow')
  const saved = qonsent.setRules('in', [
    '@id("my.medical")\n@sentence("Medical things are for me alone.")\nforbid (principal, action, resource) when { principal != resource.owner && resource.tags.contains("medical") };',
  ])
  assert.ok(saved.ok)
  const refused = await qonsent.decide(ask(bob, medical), [permission])
  assert.equal(refused.sentence, 'Medical things are for me alone. (rule my.medical)')
  assert.equal((await qonsent.decide(ask(bob), [permission])).verdict, 'allow')
  assert.equal((await qonsent.decide(ask(alice, medical), [])).verdict, 'allow')
  qonsent.setRules('in', [])
  assert.equal((await qonsent.decide(ask(bob, medical), [permission])).verdict, 'allow')
})

test('AQ-FID-4: a rule for what goes out binds the owner’s own sharing and leaves reading alone', async () => {
  const rule =
    '@id("my.stay") forbid (principal, action, resource) when { resource.tags.contains("medical") };'
  const { qonsent } = createWorld({ out: [rule] })
  assert.equal((await qonsent.decide(ask(alice, { ...share, ...medical }), [])).reasons[0]?.id, 'my.stay')
  assert.equal((await qonsent.decide(ask(alice, medical), [])).verdict, 'allow')
  assert.equal(
    (await qonsent.decide(ask(bob, medical), [give(alice, bob)])).reasons[0]?.id,
    'my.stay',
    'what is granted leaves too',
  )
})

test('AQ-QONSENT-14: a community’s forbid wins over what the owner permits, and is the reason shown', async () => {
  const { qonsent } = createWorld({ in: ['@id("my.all") permit (principal, action, resource);'] })
  const rule =
    '@id("dao.quiet")\n@sentence("The community asks for silence.")\nforbid (principal, action, resource) when { context.direction == "in" };'
  assert.ok(qonsent.setRules('ecosystem', [rule]).ok)
  const decision = await qonsent.decide(ask(bob), [give(alice, bob)])
  assert.deepEqual(decision.reasons, [
    { set: 'ecosystem', id: 'dao.quiet', sentence: 'The community asks for silence.' },
  ])
})

test('a permit of the owner’s never replaces the chain', async () => {
  const { qonsent } = createWorld({ in: ['@id("my.all") permit (principal, action, resource);'] })
  assert.equal((await qonsent.decide(ask(bob), [])).code, 'refused.no-grant')
})

test('WX-QNT-4: the terms that an object carries bind everybody but its owner', async () => {
  const { qonsent } = createWorld()
  const permission = give(alice, bob)
  const terms = { rights: ['read'], purposes: ['care'], expiresMs: startMs + 1000 } as const
  const decide = async (parts: Partial<AccessRequest>, who = bob): Promise<string> => {
    const decision = await qonsent.decide(ask(who, { purpose: 'care', about: { terms }, ...parts }), [
      permission,
    ])
    return decision.reasons[0]?.id ?? decision.code
  }
  assert.equal(await decide({}), 'ecosystem.base')
  assert.equal(await decide({ action: '/qnt/share' }), 'ecosystem.share-on')
  assert.equal(await decide({ action: '/qnt/share/link' }), 'ecosystem.share-on')
  assert.equal(await decide({ action: '/qnt/write' }), 'ecosystem.terms-write')
  assert.equal(await decide({ purpose: 'ads' }), 'ecosystem.terms-purpose')
  assert.equal(await decide({ about: { terms: { rights: ['write'] } } }), 'ecosystem.terms-read')
  assert.equal(
    await decide({ about: { terms: { ...terms, expiresMs: startMs - 1 } } }),
    'ecosystem.terms-ended',
  )
  assert.equal(await decide({ action: '/qnt/share', purpose: 'ads' }, alice), 'ecosystem.base')
})

test('WX-QNT-4: a rule can ask for the labels of the law that an object falls under', async () => {
  const rule =
    '@id("my.health") forbid (principal, action, resource) when { resource has terms && resource.terms has compliance && resource.terms.compliance.contains("gdpr.health") && !(context has purpose && context.purpose == "care") };'
  const { qonsent } = createWorld()
  assert.ok(qonsent.setRules('out', [rule]).ok)
  const about = {
    terms: {
      rights: ['read'],
      compliance: ['gdpr.health'],
      price: { amount: '0', unit: 'QTOKEN' },
      usesMax: 3,
    },
  } as const
  const code = async (purpose: string): Promise<string> =>
    (await qonsent.decide(ask(bob, { purpose, about }), [give(alice, bob)])).code
  assert.equal(await code('care'), 'allowed.grant')
  assert.equal(await code('ads'), 'refused.policy')
})

test('an identity that was revoked can do nothing, not even with its own things', async () => {
  const { qonsent, states } = createWorld()
  states.set(alice.did, { status: 'revoked' })
  states.set(bob.did, { status: 'revoked' })
  assert.equal((await qonsent.decide(ask(alice), [])).reasons[0]?.id, 'ecosystem.revoked-identity')
  states.set(alice.did, { status: 'active' })
  assert.equal(
    (await qonsent.decide(ask(bob), [give(alice, bob)])).reasons[0]?.id,
    'ecosystem.revoked-identity',
  )
})

test('a child stays within what its guardians allow: rest, apps, contacts, sharing, spending and age', async () => {
  const { qonsent, states } = createWorld()
  const child = { mayAct: true, age: 9, modules: ['qdrive'], contacts: [alice.did], spendLeft: 5 }
  const decide = async (
    limits: Partial<NonNullable<IdentityState['child']>>,
    parts: Partial<AccessRequest>,
  ): Promise<string> => {
    states.set(bob.did, { status: 'active', kind: 'child', child: { ...child, ...limits } })
    const decision = await qonsent.decide(ask(bob, parts), [give(alice, bob)])
    return decision.reasons[0]?.id ?? decision.code
  }
  assert.equal(await decide({}, { module: 'qdrive', price: 5, about: { ageFrom: 9 } }), 'ecosystem.base')
  assert.equal(await decide({ mayAct: false }, {}), 'ecosystem.child-rest')
  assert.equal(await decide({}, { module: 'qchat' }), 'ecosystem.child-app')
  assert.equal(await decide({ contacts: [carol.did] }, {}), 'ecosystem.child-contact')
  assert.equal(await decide({}, { recipient: carol.did }), 'ecosystem.child-contact')
  assert.equal(await decide({ mayShare: false }, { action: '/qnt/share' }), 'ecosystem.child-share')
  assert.equal(await decide({}, { price: 6 }), 'ecosystem.child-spend')
  assert.equal(await decide({}, { about: { ageFrom: 10 } }), 'ecosystem.child-age')
})

test('a child is reached only by the contacts that its guardians allow', async () => {
  const { qonsent, states } = createWorld()
  const proofs = [give(alice, bob)]
  states.set(alice.did, { status: 'active', kind: 'child', child: { mayAct: true, contacts: [carol.did] } })
  assert.equal((await qonsent.decide(ask(bob), proofs)).reasons[0]?.id, 'ecosystem.child-reached')
  states.set(alice.did, { status: 'active', kind: 'child', child: { mayAct: true, contacts: [bob.did] } })
  assert.equal((await qonsent.decide(ask(bob), proofs)).verdict, 'allow')
})

test('a rule that cannot be saved says its line and why, and changes nothing', async () => {
  const { qonsent } = createWorld()
  const before = qonsent.policyTexts()
  for (const [set, texts, message] of [
    [
      'in',
      ['@id("a")\nforbid (principal, action, resource) when { context.purpose == "ads" };'],
      /^Line 2: unable to guarantee safety of access to optional attribute `purpose` .+ Note: try testing .+ with `context has purpose && \.\.`\.$/,
    ],
    [
      'in',
      ['\n@id("a")\nforbid (principal, action, resource) when { resource.tgas.contains("x") };'],
      /^Line 3: attribute `tgas` .+ not found\. Note: did you mean `tags`\?/,
    ],
    ['out', ['@id("a") forbid (principal, action resource);'], /^Line 1: unexpected token `resource`/],
    [
      'out',
      ['@id("out.owner") permit (principal, action, resource);'],
      /^Line 1: there is already a rule "out.owner"/,
    ],
    [
      'in',
      ['@id("a") permit (principal, action, resource);', '\n@id("a") permit (principal, action, resource);'],
      /^Line 2: there is already a rule "a"/,
    ],
    ['ecosystem', Array<string>(40).fill('// nothing'), /at most 32 policy texts/],
  ] as const satisfies readonly (readonly [PolicySetName, readonly string[], RegExp])[]) {
    const saved = qonsent.setRules(set, texts)
    assert.ok(!saved.ok)
    assert.match(saved.fault.message, message)
  }
  assert.deepEqual(qonsent.policyTexts(), before)
  assert.equal((await qonsent.decide(ask(alice), [])).verdict, 'allow')
})

test('rules that were broken while the node was off deny with the reason, and can be replaced', async () => {
  const { qonsent } = createWorld({ in: ['@id("x") forbid (principal, action, resource'] })
  const decision = await qonsent.decide(ask(alice), [])
  assert.equal(decision.code, 'refused.broken-policy')
  assert.match(
    decision.sentence,
    /^The owner's policy for incoming requests cannot be evaluated, so nothing is allowed: Line 1: /,
  )
  qonsent.setRules('in', [])
  assert.equal((await qonsent.decide(ask(alice), [])).verdict, 'allow')
})

test('every decision replays in another engine from what the owner kept', async () => {
  const { qonsent, records, states } = createWorld()
  states.set(bob.did, { status: 'active', kind: 'child', child: { mayAct: true, age: 9 } })
  const permission = give(alice, bob)
  for (const ageFrom of [3, 18])
    await qonsent.decide(ask(bob, { about: { ageFrom, tags: ['a'] } }), [permission])
  qonsent.setRules('in', ['@id("my.no") forbid (principal, action, resource);'])
  await qonsent.decide(ask(bob), [permission])
  assert.deepEqual(
    records.map(({ decision }) => decision.code),
    ['allowed.grant', 'refused.policy', 'refused.policy'],
  )
  using engine = createCedar()
  for (const { decision, inputs } of records) {
    const replay = replayReceipt(decision.receipt.bytes, inputs, { policies: engine, verify })
    assert.deepEqual([replay.matches, replay.judgement.sentence], [true, decision.sentence])
  }
})
