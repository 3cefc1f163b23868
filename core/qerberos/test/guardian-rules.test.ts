import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Alert, defaultRules, entryOfAlert, parseRules } from '@anarq/qerberos'
import fc from 'fast-check'
import { bucket, codeOf, me, minuteMs, other, throttled, watch } from './guardian-world.ts'

test('AQ-QERBEROS-9: a touched decoy raises a critical alert with source, method and the steps before', () => {
  const { guardian, alerts } = watch()
  guardian.decoys.add('decoy-object')
  guardian.decoys.add(new Uint8Array(32).fill(7), 'block')
  assert.equal(guardian.decoys.touched('a real object', me, { method: 'read' }), undefined)
  const flow = guardian.begin('access', me, 'decoy-object')
  for (const stage of ['requested', 'signed'] as const) flow.report(stage)
  const alert = guardian.decoys.touched('decoy-object', me, {
    method: 'read',
    source: 'peer:12D3',
    flow: flow.id,
  })
  assert.ok(alert)
  assert.deepEqual(
    [alert.kind, alert.severity, alert.rule, alert.identity],
    ['decoy', 'critical', 'decoy.touched', me],
  )
  const { source, method, steps, object } = alert.evidence
  assert.deepEqual(
    [source, method, object, alert.evidence.flow],
    ['peer:12D3', 'read', 'decoy-object', flow.id],
  )
  assert.deepEqual(
    steps?.map(({ stage }) => stage),
    ['signed', 'requested'],
  )
  assert.deepEqual(
    alerts.map(({ kind }) => kind),
    ['decoy', 'risk'],
  )
  assert.deepEqual(guardian.score(me).score, 1000)
  assert.ok(guardian.decoys.touched('07'.repeat(32), other, { method: 'block' }), 'bytes count as their hex')
  assert.deepEqual(
    guardian.alerts({ kind: 'decoy' }).map(({ identity }) => identity),
    [other, me],
  )
})

test('AQ-QERBEROS-8: who touched a decoy gets decoys only, for as long as the rule says; others are served', () => {
  const { guardian, clock } = watch()
  guardian.decoys.add('decoy-object')
  assert.equal(guardian.mode(me), 'normal')
  guardian.decoys.touched('decoy-object', me, { method: 'read' })
  assert.equal(guardian.mode(me), 'decoy-only')
  assert.equal(guardian.mode(other), 'normal')
  assert.equal(
    codeOf(() => guardian.begin('access', me)),
    'ok',
    'the trap answers',
  )
  clock.advance(24 * 60 * minuteMs)
  assert.equal(guardian.mode(me), 'normal')
})

test('AQ-QERBEROS-19: when a rule says so, any anomaly switches the trap on, or blocks', () => {
  const { guardian, clock } = watch({
    reactions: [
      { on: 'order', scoreMin: 400, mode: 'blocked', forMs: minuteMs },
      { on: 'order', scoreMin: 0, mode: 'decoy-only', forMs: 10 * minuteMs },
    ],
  })
  codeOf(() => guardian.begin('in', me).report('stored'))
  assert.equal(guardian.mode(me), 'decoy-only')
  codeOf(() => guardian.begin('in', me).report('stored'))
  codeOf(() => guardian.begin('in', me).report('stored'))
  assert.equal(guardian.mode(me), 'blocked')
  assert.equal(
    codeOf(() => guardian.begin('in', me)),
    'refused.blocked',
  )
  assert.equal(
    codeOf(() => guardian.allow(me, 'list')),
    'refused.blocked',
  )
  clock.advance(minuteMs)
  assert.equal(
    codeOf(() => guardian.allow(me, 'list')),
    'ok',
  )
})

test('the owner is spared, can put somebody into a mode by hand, and can pardon', () => {
  const { guardian } = watch({ spared: [me] })
  guardian.decoys.add('decoy-object')
  guardian.decoys.touched('decoy-object', me, { method: 'backup' })
  assert.equal(guardian.mode(me), 'normal')
  assert.equal(guardian.alerts({ identity: me, kind: 'decoy' }).length, 1, 'the alert is raised all the same')
  guardian.hold(other, 'blocked', minuteMs)
  assert.equal(guardian.mode(other), 'blocked')
  guardian.pardon(other)
  assert.equal(guardian.mode(other), 'normal')
  assert.equal(guardian.score(other).score, 0)
})

test('AQ-QERBEROS-12: new rules take effect at once, without losing what was learned', () => {
  const { guardian } = watch()
  codeOf(() => guardian.begin('in', me).report('stored'))
  const before = guardian.score(me).score
  guardian.setRules({
    ...defaultRules,
    name: 'strict',
    ...throttled({ classes: { default: { ...bucket(60, 1), actions: [] } } }),
  })
  assert.equal(guardian.status().rules, 'strict')
  guardian.allow(me, 'list')
  assert.equal(
    codeOf(() => guardian.allow(me, 'list')),
    'limit.rate',
  )
  assert.ok(guardian.score(me).score >= before)
})

for (const { title, rules, says } of [
  { title: 'nothing', rules: undefined, says: /expected a map/ },
  { title: 'a list', rules: [], says: /expected a map/ },
  { title: 'another version', rules: { ...defaultRules, version: 2 }, says: /version/ },
  { title: 'an unknown field', rules: { ...defaultRules, evil: 1 }, says: /unknown field "evil"/ },
  { title: 'a missing part', rules: { ...defaultRules, loop: undefined }, says: /"loop"/ },
  {
    title: 'a missing weight',
    rules: { ...defaultRules, risk: { ...defaultRules.risk, weights: { refusal: 1 } } },
    says: /"policy"/,
  },
  {
    title: 'a negative weight',
    rules: {
      ...defaultRules,
      risk: { ...defaultRules.risk, weights: { ...defaultRules.risk.weights, decoy: -1 } },
    },
    says: /from 0 to 1000/,
  },
  {
    title: 'levels that do not rise',
    rules: { ...defaultRules, risk: { ...defaultRules.risk, levels: { medium: 5, high: 5, critical: 9 } } },
    says: /must rise/,
  },
  {
    title: 'no default class',
    rules: { ...defaultRules, ...throttled({ classes: {} }) },
    says: /no class "default"/,
  },
  {
    title: 'an action in two classes',
    rules: {
      ...defaultRules,
      ...throttled({
        classes: {
          default: { ...bucket(1, 1), actions: ['a'] },
          b: { ...bucket(1, 1), actions: ['a'] },
        },
      }),
    },
    says: /in two classes/,
  },
  {
    title: 'a reaction to nothing known',
    rules: { ...defaultRules, reactions: [{ on: 'rain', scoreMin: 0, mode: 'blocked', forMs: 1 }] },
    says: /not on "rain"/,
  },
  {
    title: 'a reaction that does nothing known',
    rules: { ...defaultRules, reactions: [{ on: 'decoy', scoreMin: 0, mode: 'burn', forMs: 1 }] },
    says: /"decoy-only" or "blocked"/,
  },
  {
    title: 'a bucket of nothing',
    rules: { ...defaultRules, ...throttled({ global: bucket(0, 5) }) },
    says: /"throttle.global"/,
  },
]) {
  test(`AQ-QERBEROS-12: rules with ${title} are refused with a sentence, and the former ones stay`, () => {
    const { guardian } = watch()
    assert.throws(() => guardian.setRules(rules), { code: 'invalid.rules', message: says })
    assert.deepEqual(guardian.rules(), defaultRules)
  })
}

test('rules are plain JSON: what comes back from text is the same rule set', () => {
  assert.deepEqual(parseRules(JSON.parse(JSON.stringify(defaultRules))), defaultRules)
})

test('no JSON whatever crashes the reading of rules', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.throws(() => parseRules(value), { code: 'invalid.rules' })
    }),
    { numRuns: 200 },
  )
})

test('alerts are kept newest first in a bounded ring, and told to whoever listens', () => {
  const { guardian, clock, alerts } = watch({}, { alertsMax: 10 })
  const heard: string[] = []
  const stop = guardian.onAlert(({ id }) => heard.push(id))
  guardian.onAlert(() => {
    throw new Error('a listener that fails')
  })
  for (let i = 0; i < 25; i += 1) {
    clock.advance(1000)
    codeOf(() => guardian.begin('in', `did:squid:${i}`).report('stored'))
  }
  assert.equal(alerts.length, 25)
  assert.deepEqual(
    heard,
    alerts.map(({ id }) => id),
  )
  assert.equal(new Set(heard).size, 25)
  assert.deepEqual(
    guardian.alerts().map(({ id }) => id),
    heard.slice(-10).reverse(),
  )
  assert.deepEqual(guardian.alerts({ identity: 'did:squid:24', limit: 1 })[0]?.id, heard.at(-1))
  assert.deepEqual(guardian.alerts({ fromMs: clock.nowMs() }).length, 1)
  stop()
  codeOf(() => guardian.begin('in', me).report('stored'))
  assert.equal(heard.length, 25)
  assert.equal(guardian.status().alertsUntaken, 26, 'who fails to listen stops nobody')
})

test('an alert becomes an entry of the audit log', () => {
  const { guardian, alerts } = watch()
  guardian.decoys.add('decoy-object')
  guardian.decoys.touched('decoy-object', me, { method: 'read', source: 'peer:x' })
  const entry = entryOfAlert(alerts[0] as Alert)
  assert.deepEqual(
    [entry.action, entry.identity, entry.object, entry.code, entry.details?.rule, entry.details?.source],
    ['alert', me, 'decoy-object', 'alert.decoy', 'decoy.touched', 'peer:x'],
  )
})

test('AQ-QERBEROS-1: without anybody asking, the guardian knows what is going on', () => {
  const { guardian } = watch()
  for (let i = 0; i < 3; i += 1) guardian.begin('in', me)
  guardian.begin('access', other).end('refused', 'refused.consent')
  const { flows, identities, alerts } = guardian.status()
  assert.deepEqual([flows.in.begun, flows.access.refused, identities, alerts], [3, 1, 2, 0])
})

test('the laws of the score: between 0 and 1000, more with each incident, less with time', () => {
  const event = fc.record({
    afterMs: fc.nat({ max: 3_600_000 }),
    kind: fc.constantFrom('refusal', 'policy', 'signature', 'damaged'),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const { guardian, clock } = watch()
      let before = 0
      for (const { afterMs, kind } of events) {
        clock.advance(afterMs)
        const decayed = guardian.score(me).score
        assert.ok(decayed <= before)
        guardian.observe(me, { kind: kind as 'refusal', action: 'a', object: `${afterMs}` })
        before = guardian.score(me).score
        assert.ok(before >= decayed && before <= 1000)
      }
    }),
    { numRuns: 100 },
  )
})
