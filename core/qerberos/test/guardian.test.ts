import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { type Alert, defaultRules, type Guardian, guardianLimits } from '@anarq/qerberos'
import fc from 'fast-check'
import { bucket, codeOf, me, minuteMs, other, throttled, watch } from './guardian-world.ts'

test('AQ-QERBEROS-3: refused access raises the risk, with the reason, and a persistent refusal becomes an alert', () => {
  const { guardian, alerts } = watch()
  assert.deepEqual(guardian.score(me), { score: 0, level: 'low', reasons: [] })
  for (let i = 0; i < 20; i += 1)
    guardian.begin('access', me, `object-${i}`).end('refused', 'refused.consent')
  const { score, level, reasons } = guardian.score(me)
  assert.equal(score, 300)
  assert.equal(level, 'medium')
  assert.deepEqual(reasons, [{ reason: 'refusal', points: 300 }])
  assert.deepEqual(
    alerts.map(({ kind, severity, rule }) => [kind, severity, rule]),
    [['risk', 'medium', 'risk.medium']],
  )
  assert.equal(guardian.score(other).score, 0)
})

for (const { title, act, reason } of [
  {
    title: 'a signature that fails',
    act: (g: Guardian) => g.begin('access', me).end('refused', 'refused.signature'),
    reason: 'signature',
  },
  {
    title: 'data that are not what they should be',
    act: (g: Guardian) => g.begin('in', me).end('refused', 'damaged.envelope'),
    reason: 'damaged',
  },
  {
    title: 'damaged data outside of a flow',
    act: (g: Guardian) =>
      g.observe(me, { kind: 'damaged', action: 'block', object: 'b', hashes: [new Uint8Array(32)] }),
    reason: 'damaged',
  },
  { title: 'a breach of order', act: (g: Guardian) => g.begin('in', me).report('stored'), reason: 'order' },
  {
    title: 'an operation against a policy',
    act: (g: Guardian) => g.begin('access', me).end('refused', 'refused.policy', 'no-export'),
    reason: 'policy',
  },
] as const) {
  test(`AQ-QERBEROS-2, AQ-QERBEROS-7: ${title} is an anomaly of its kind and raises the risk`, () => {
    const { guardian, alerts } = watch()
    codeOf(() => act(guardian))
    const { reasons } = guardian.score(me)
    assert.equal(reasons[0]?.reason, reason)
    assert.equal(reasons[0]?.points, defaultRules.risk.weights[reason])
    const alert = alerts.find(({ kind }) => kind === reason)
    assert.ok(alert)
    assert.ok(alert.sentence.length > 20 && alert.sentence.includes('.'))
    assert.notEqual(alert.severity, 'low')
  })
}

test('AQ-QERBEROS-16: an alert about a broken policy names the rule', () => {
  const { guardian, alerts } = watch()
  guardian.begin('access', me, 'object-1').end('refused', 'refused.policy', 'ecosystem/no-export')
  assert.equal(alerts[0]?.rule, 'ecosystem/no-export')
  assert.match(alerts[0]?.sentence ?? '', /against the rule "ecosystem\/no-export"/)
})

test("what failed on this side is nobody's fault", () => {
  const { guardian, alerts } = watch()
  guardian.begin('in', me).end('failed', 'unavailable.full')
  guardian.begin('in', me).end('failed')
  assert.equal(guardian.score(me).score, 0)
  assert.deepEqual(alerts, [])
  guardian.begin('in', me).end('failed', 'damaged.chunk')
  assert.ok(guardian.score(me).score > 0)
})

test('the score halves with every half-life and ends at nothing', () => {
  const { guardian, clock } = watch()
  codeOf(() => guardian.begin('in', me).report('stored'))
  const first = guardian.score(me).score
  clock.advance(guardianLimits.riskHalfLifeMs)
  assert.equal(guardian.score(me).score, Math.round(first / 2))
  clock.advance(20 * guardianLimits.riskHalfLifeMs)
  assert.deepEqual(guardian.score(me), { score: 0, level: 'low', reasons: [] })
})

test('AQ-QERBEROS-7: a rate far above what was learned of this identity and action is an anomaly with evidence', () => {
  const { guardian, clock, alerts } = watch()
  for (let minute = 0; minute < 12; minute += 1) {
    for (let i = 0; i < 200 + (minute % 3) * 10; i += 1) guardian.allow(me, '/qnt/read')
    clock.advance(minuteMs)
  }
  for (let i = 0; i < 230; i += 1) guardian.allow(me, '/qnt/read')
  assert.equal(alerts.length, 0, 'as busy as ever')
  for (let i = 0; i < 230; i += 1) guardian.allow(me, '/qnt/write')
  assert.equal(alerts.length, 0, 'a new action is not judged before it is known')
  for (let i = 0; i < 200; i += 1) guardian.allow(me, '/qnt/read')
  const alert = alerts[0] as Alert
  assert.deepEqual([alert.kind, alert.rule, alert.identity], ['rate', 'rate.deviation', me])
  assert.ok(alert.evidence.counts.events! > 290 && alert.evidence.counts.events! < 310)
  assert.ok(Math.abs(alert.evidence.counts.usual! - 210) < 8)
  assert.equal(alerts.length, 1, 'one alert for one rise')
  assert.equal(guardian.score(me).reasons[0]?.reason, 'rate')
})

test('a rate few would notice is never unusual, and a night without events changes nothing', () => {
  const { guardian, clock, alerts } = watch()
  for (let minute = 0; minute < 10; minute += 1) {
    for (let i = 0; i < 150; i += 1) guardian.allow(me, '/qnt/read')
    clock.advance(minuteMs)
  }
  clock.advance(10 * 60 * minuteMs)
  for (let i = 0; i < 170; i += 1) guardian.allow(me, '/qnt/read')
  for (let minute = 0; minute < 10; minute += 1) {
    guardian.allow(other, '/qnt/read')
    clock.advance(minuteMs)
  }
  for (let i = 0; i < 100; i += 1) guardian.allow(other, '/qnt/read')
  assert.deepEqual(alerts, [])
})

test('AQ-QERBEROS-5: a flood is throttled, says when to come back, and raises one alert', () => {
  const { guardian, clock, alerts } = watch(
    throttled({ classes: { default: { ...bucket(60, 10), actions: [] } } }),
  )
  for (let i = 0; i < 10; i += 1) guardian.allow(me, 'list')
  for (let i = 0; i < 500; i += 1) {
    assert.throws(
      () => guardian.allow(me, 'list'),
      (error) => error instanceof Fault && error.code === 'limit.rate' && error.data.waitMs === 1000,
    )
  }
  assert.equal(alerts.length, 1)
  assert.deepEqual([alerts[0]?.kind, alerts[0]?.rule], ['flood', 'throttle.default'])
  assert.equal(guardian.score(me).score, defaultRules.risk.weights.flood)
  clock.advance(1000)
  guardian.allow(me, 'list')
  assert.equal(
    codeOf(() => guardian.allow(me, 'list')),
    'limit.rate',
  )
})

test('classes of actions have buckets of their own', () => {
  const { guardian } = watch()
  for (let i = 0; i < 10; i += 1) guardian.allow(me, i % 2 === 0 ? 'unlock' : 'sign-in')
  assert.equal(
    codeOf(() => guardian.allow(me, 'sign-in')),
    'limit.rate',
  )
  assert.equal(
    codeOf(() => guardian.allow(me, '/qnt/read')),
    'ok',
  )
})

test('AQ-QERBEROS-5: the same refusal again and again is throttled harder each time, and only for that object', () => {
  const { guardian, clock, alerts } = watch()
  const ask = (object: string): string =>
    codeOf(() => guardian.begin('access', me, object).end('refused', 'refused.consent'))
  for (let i = 0; i < 5; i += 1) assert.equal(ask('object-1'), 'ok')
  assert.equal(
    codeOf(() => guardian.allow(me, 'access', 'object-1')),
    'limit.loop',
  )
  const waits: number[] = []
  for (let round = 0; round < 6; round += 1) {
    assert.throws(
      () => guardian.begin('access', me, 'object-1'),
      (error) => {
        assert.ok(error instanceof Fault && error.code === 'limit.loop')
        waits.push(error.data.waitMs as number)
        return true
      },
    )
    assert.equal(ask(`object-2-${round}`), 'ok', 'another object is free')
    clock.advance(waits.at(-1) as number)
    assert.equal(ask('object-1'), 'ok', 'after the wait it may be tried once more')
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 32000])
  assert.equal(
    alerts.filter(({ kind }) => kind === 'loop').length,
    1,
    'one alert a minute, and this took less',
  )
  assert.equal(
    codeOf(() => guardian.begin('access', other, 'object-1')),
    'ok',
    'others are not concerned',
  )
  clock.advance(defaultRules.loop.forgetMs)
  assert.equal(ask('object-1'), 'ok')
})

test('another answer, or success, ends a loop', () => {
  const { guardian } = watch()
  const refuse = (code: string): string =>
    codeOf(() => guardian.begin('access', me, 'object-1').end('refused', code))
  for (let i = 0; i < 20; i += 1)
    assert.equal(refuse(i % 2 === 0 ? 'refused.consent' : 'refused.expired'), 'ok')
  for (let i = 0; i < 20; i += 1) {
    assert.equal(refuse('refused.consent'), 'ok')
    if (i % 3 !== 0) continue
    const good = guardian.begin('access', me, 'object-1')
    for (const stage of ['requested', 'signed', 'verified', 'decided'] as const) good.report(stage)
    good.end('ok')
  }
})

test('AQ-QERBEROS-6: whoever floods is turned away while everybody else is served', () => {
  const { guardian, clock } = watch(
    throttled({ classes: { default: { ...bucket(6000, 200), actions: [] } } }),
  )
  let served = 0
  for (let second = 0; second < 10; second += 1) {
    for (let i = 0; i < 2000; i += 1) if (codeOf(() => guardian.allow(me, 'list')) === 'ok') served += 1
    for (let i = 0; i < 50; i += 1)
      assert.equal(
        codeOf(() => guardian.allow(other, 'list')),
        'ok',
      )
    clock.advance(1000)
  }
  assert.equal(served, 200 + 9 * 100)
})

test('AQ-QERBEROS-6: a settled identity within its share is always served, whatever all the others do together', () => {
  const rules = throttled({
    classes: { default: { ...bucket(6000, 200), actions: [] } },
    global: bucket(600, 50),
    share: bucket(600, 20),
    settleMs: minuteMs,
  })
  const step = fc.record({
    waitMs: fc.nat({ max: 400 }),
    crowd: fc.array(fc.record({ who: fc.nat({ max: 30 }), times: fc.integer({ min: 1, max: 60 }) }), {
      maxLength: 6,
    }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { guardian, clock } = watch(rules)
      guardian.allow(me, 'list')
      clock.advance(minuteMs)
      // The share is a bucket too: what was not used comes back, up to the burst.
      let due = 20
      for (const { waitMs, crowd } of steps) {
        clock.advance(waitMs)
        due = Math.min(20, due + (waitMs * 600) / minuteMs)
        for (const { who, times } of crowd) {
          for (let i = 0; i < times; i += 1) codeOf(() => guardian.allow(`did:squid:crowd-${who}`, 'list'))
        }
        // Sums of fractions, in another order than the bucket's: a hair less than one is none yet.
        for (; due >= 1 + 1e-6; due -= 1)
          assert.equal(
            codeOf(() => guardian.allow(me, 'list')),
            'ok',
          )
      }
    }),
    { numRuns: 60 },
  )
})

test('many newcomers together get no more than the global bucket has', () => {
  const { guardian } = watch(throttled({ global: bucket(60, 100) }))
  let served = 0
  for (let i = 0; i < 2000; i += 1)
    if (codeOf(() => guardian.allow(`did:squid:n${i}`, 'list')) === 'ok') served += 1
  assert.equal(served, 100)
})

test('at most so many identities are kept: the least risky and longest unseen go first', () => {
  const { guardian, clock } = watch({}, { identitiesMax: 64 })
  codeOf(() => guardian.begin('in', 'did:squid:bad').report('stored'))
  for (let i = 0; i < 1000; i += 1) {
    clock.advance(10)
    guardian.begin('in', `did:squid:${i}`)
    assert.ok(guardian.status().identities <= 64)
  }
  assert.ok(guardian.score('did:squid:bad').score > 100, 'the risky one is remembered')
})
