import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import {
  type Alert,
  createGuardian,
  type Flow,
  type FlowKind,
  flowPaths,
  type Guardian,
  type Stage,
  type StageFacts,
  type StageReport,
  trailDigest,
} from '@anarq/qerberos'
import { hashBlake3 } from '@anarq/qlock'
import fc from 'fast-check'

const kinds: readonly FlowKind[] = ['in', 'out', 'access']
const every: readonly Stage[] = [...new Set(kinds.flatMap((kind) => flowPaths[kind].stages))]
const digest = (text: string): Uint8Array => hashBlake3(new TextEncoder().encode(text))

function watched(): { guardian: Guardian; alerts: Alert[] } {
  const alerts: Alert[] = []
  const guardian = createGuardian({ log: (alert) => alerts.push(alert), clock: createManualClock() })
  return { guardian, alerts }
}

function run(flow: Flow, stages: readonly Stage[]): void {
  for (const stage of stages) flow.report(stage)
}

test('AQ-FIN-7, AQ-QERBEROS-13: a flow in that passes its six stages in order ends well, each stage seen live', () => {
  const { guardian, alerts } = watched()
  const seen: StageReport[] = []
  const stop = guardian.onStage((report) => seen.push(report))
  const flow = guardian.begin('in', 'did:squid:a', 'object-1')
  run(flow, ['raw', 'compressed', 'sealed', 'registered', 'checked', 'stored'])
  const end = flow.end('ok')
  stop()
  assert.deepEqual(
    seen.map(({ stage }) => stage),
    flowPaths.in.stages,
  )
  assert.deepEqual(end.reports, seen)
  assert.deepEqual(
    [end.verdict, end.identity, end.object, end.flow],
    ['ok', 'did:squid:a', 'object-1', flow.id],
  )
  assert.deepEqual(alerts, [])
  assert.deepEqual(guardian.status().flows.in, { begun: 1, ok: 1, refused: 0, failed: 0, breached: 0 })
})

test('AQ-FOUT-1: a flow out goes through access first, then store, check, unseal and expand', () => {
  const { guardian } = watched()
  const flow = guardian.begin('out', 'did:squid:a')
  run(flow, ['requested', 'signed', 'verified', 'decided'])
  run(flow, ['located', 'fetched', 'checked', 'unsealed', 'expanded', 'delivered'])
  assert.equal(flow.end('ok').verdict, 'ok')
})

test('AQ-FOUT-3: nothing is located before it was decided', () => {
  const { guardian } = watched()
  const flow = guardian.begin('out', 'did:squid:a')
  assert.throws(() => flow.report('located'), { code: 'refused.order' })
})

test('an access flow may end with its decision, or go on and deliver', () => {
  const { guardian } = watched()
  const short = guardian.begin('access', 'did:squid:a', 'object-1')
  run(short, flowPaths.access.stages.slice(0, 4))
  assert.equal(short.end('ok').verdict, 'ok')
  const long = guardian.begin('access', 'did:squid:a', 'object-1')
  run(long, flowPaths.access.stages.slice(0, 5))
  assert.throws(() => long.end('ok'), {
    code: 'refused.order',
    message: /before "fetched", "checked", "unsealed", "expanded", "delivered"/,
  })
})

test('a flow out may follow an access flow of its own, of the same identity and object, that ended well', () => {
  const { guardian } = watched()
  const access = guardian.begin('access', 'did:squid:a', 'object-1')
  run(access, flowPaths.access.stages.slice(0, 3))
  access.report('decided', { hash: digest('receipt') })
  const after = access.end('ok')
  const out = guardian.begin('out', 'did:squid:a', 'object-1', { after })
  out.report('located', { from: digest('receipt') })
  run(out, ['fetched', 'checked', 'unsealed', 'expanded', 'delivered'])
  assert.equal(out.end('ok').verdict, 'ok')

  const refused = guardian.begin('access', 'did:squid:a', 'object-1').end('refused', 'refused.consent')
  for (const begin of [
    () => guardian.begin('out', 'did:squid:b', 'object-1', { after }),
    () => guardian.begin('out', 'did:squid:a', 'object-2', { after }),
    () => guardian.begin('in', 'did:squid:a', 'object-1', { after }),
    () => guardian.begin('out', 'did:squid:a', 'object-1', { after: refused }),
    () => guardian.begin('out', 'did:squid:a', 'object-1', { after: out.end('failed') }),
  ]) {
    assert.throws(begin, { code: 'refused.order' })
  }
})

for (const { title, kind, stages, says } of [
  {
    title: 'skipped',
    kind: 'in',
    stages: ['raw', 'sealed'],
    says: /"in".*"sealed" came before "compressed"/,
  },
  {
    title: 'repeated',
    kind: 'in',
    stages: ['raw', 'compressed', 'compressed'],
    says: /"compressed" came again where "sealed" was next/,
  },
  {
    title: 'swapped',
    kind: 'in',
    stages: ['raw', 'sealed', 'compressed'],
    says: /"sealed" came before "compressed"/,
  },
  {
    title: 'left out at the beginning',
    kind: 'in',
    stages: ['compressed'],
    says: /"compressed" came before "raw"/,
  },
  {
    title: 'taken from another flow',
    kind: 'in',
    stages: ['raw', 'decided'],
    says: /"decided" is no stage of the flow "in"/,
  },
  {
    title: 'skipped in a flow out',
    kind: 'out',
    stages: ['requested', 'signed', 'decided'],
    says: /before "verified"/,
  },
] as const) {
  test(`AQ-FIN-8, AQ-QERBEROS-16: a stage that is ${title} is refused, raises an alert that names the rule, and closes the flow`, () => {
    const { guardian, alerts } = watched()
    const flow = guardian.begin(kind, 'did:squid:a', 'object-1')
    assert.throws(() => run(flow, stages), { code: 'refused.order', message: says })
    assert.equal(alerts.length, 1)
    const [alert] = alerts as [Alert]
    assert.deepEqual(
      [alert.kind, alert.rule, alert.severity, alert.identity, alert.evidence.flow, alert.evidence.object],
      ['order', 'flow.order', 'high', 'did:squid:a', flow.id, 'object-1'],
    )
    assert.match(alert.sentence, says)
    for (const stage of flowPaths[kind].stages) {
      assert.throws(() => flow.report(stage), { code: 'refused.order' })
    }
    assert.throws(() => flow.end('ok'), { code: 'refused.order' })
    assert.equal(alerts.length, 1, 'the closed flow raises nothing more')
    assert.equal(flow.end('failed').code, 'refused.order', 'a finally may still end it')
    assert.equal(guardian.status().flows[kind].breached, 1)
  })
}

test('AQ-FIN-8: of all sequences of stages only the one order is accepted', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.array(fc.constantFrom(...every), { maxLength: 12 }),
      (kind, stages) => {
        const { guardian } = watched()
        const flow = guardian.begin(kind, 'did:squid:a')
        const path = flowPaths[kind].stages
        const isPrefix = stages.length <= path.length && stages.every((stage, i) => path[i] === stage)
        if (isPrefix) run(flow, stages)
        else assert.throws(() => run(flow, stages), { code: 'refused.order' })
        const isWhole = isPrefix && flowPaths[kind].ends.includes(stages.at(-1) as Stage)
        if (isWhole) assert.equal(flow.end('ok').verdict, 'ok')
        else assert.throws(() => flow.end('ok'), { code: 'refused.order' })
      },
    ),
    { numRuns: 300 },
  )
  for (const kind of kinds) {
    const path = flowPaths[kind].stages
    for (let i = 0; i < path.length; i += 1) {
      for (const wrong of every.filter((stage) => stage !== path[i])) {
        const { guardian } = watched()
        const flow = guardian.begin(kind, 'did:squid:a')
        run(flow, path.slice(0, i))
        assert.throws(() => flow.report(wrong), { code: 'refused.order' }, `${wrong} at ${i} of ${kind}`)
      }
    }
  }
})

test('a flow that ended is over: another stage is a breach, another end changes nothing', () => {
  const { guardian, alerts } = watched()
  const flow = guardian.begin('in', 'did:squid:a')
  run(flow, flowPaths.in.stages)
  const end = flow.end('ok')
  assert.equal(flow.end('failed', 'unavailable.disk'), end)
  assert.deepEqual(alerts, [])
  assert.throws(() => flow.report('stored'), { code: 'refused.order', message: /came after its end/ })
  assert.equal(alerts.length, 1)
})

test('AQ-QERBEROS-11, AQ-QERBEROS-4: a stage that took in something else than the one before gave out is refused', () => {
  const { guardian, alerts } = watched()
  const flow = guardian.begin('in', 'did:squid:a', 'object-1')
  flow.report('raw', { bytes: 10 })
  flow.report('compressed', { hash: digest('frames'), bytes: 9 })
  flow.report('sealed', { from: digest('frames'), hash: digest('blocks') })
  assert.throws(() => flow.report('registered', { from: digest('other blocks') }), {
    code: 'refused.coherence',
    message: /"registered" took in something else/,
  })
  assert.deepEqual(
    [alerts[0]?.kind, alerts[0]?.rule, alerts[0]?.severity],
    ['coherence', 'flow.coherence', 'critical'],
  )
  assert.throws(() => flow.report('registered', { from: digest('blocks') }), /closed|came after/)
  assert.equal(alerts.length, 1)
})

test('a stage that gives no hash hands on the one it got', () => {
  const { guardian } = watched()
  const flow = guardian.begin('in', 'did:squid:a')
  flow.report('raw')
  flow.report('compressed', {
    from: digest('nobody gave one yet, so nothing is compared'),
    hash: digest('a'),
  })
  flow.report('sealed', { from: digest('a') })
  flow.report('registered', { from: digest('a'), hash: digest('b') })
  assert.throws(() => flow.report('checked', { from: digest('a') }), { code: 'refused.coherence' })
})

test('what was reported stays, whatever the caller does with its buffer afterwards', () => {
  const { guardian } = watched()
  const flow = guardian.begin('in', 'did:squid:a')
  const hash = digest('a')
  flow.report('raw', { hash })
  hash.fill(0)
  flow.report('compressed', { from: digest('a') })
  assert.deepEqual(flow.end('failed').reports[0]?.hash, digest('a'))
})

test('the trail is one hash over everything that was reported, in order, and nothing else has it', () => {
  const reports = (change: Partial<StageReport>, swap = false): StageReport[] => {
    const base = { flow: 'f', kind: 'in', identity: 'did:squid:a', atMs: 5 } as const
    const list: StageReport[] = [
      { ...base, stage: 'raw', bytes: 7, ...change },
      { ...base, stage: 'compressed', hash: digest('a'), chunks: 2 },
    ]
    return swap ? list.reverse() : list
  }
  const { guardian } = watched()
  const flow = guardian.begin('in', 'did:squid:a', 'object-1')
  flow.report('raw', { bytes: 7, hash: digest('x') })
  const end = flow.end('failed', 'unavailable.disk')
  assert.deepEqual(end.trail(), trailDigest(end.reports))
  assert.equal(end.trail().length, 32)
  const trails = [
    reports({}),
    reports({}, true),
    reports({ bytes: 8 }),
    reports({ atMs: 6 }),
    reports({ hash: digest('b') }),
    reports({ flow: 'g' }),
    reports({ identity: 'did:squid:b' }),
    reports({ object: 'o' }),
    reports({ chunks: 7 }),
    [],
  ].map((list) => trailDigest(list).toHex())
  assert.equal(new Set(trails).size, trails.length)
})

test('a report with something else than a 32-byte hash or whole numbers is malformed, and the flow goes on', () => {
  const { guardian } = watched()
  const flow = guardian.begin('in', 'did:squid:a')
  const content = new TextEncoder().encode('a secret letter that somebody handed over by mistake')
  for (const facts of [
    { hash: content },
    { hash: new Uint8Array(31) },
    { bytes: -1 },
    { bytes: 1.5 },
    { chunks: Number.NaN },
  ]) {
    assert.throws(() => flow.report('raw', facts), { code: 'invalid.report' })
  }
  run(flow, flowPaths.in.stages)
  assert.equal(flow.end('ok').verdict, 'ok')
})

test('AQ-QERBEROS-22: neither a report nor what is kept of it has room for content', () => {
  // Both lists are checked by the compiler: a new field of any of these types does not compile without being named here.
  const facts: Record<keyof StageFacts, 'hash' | 'count'> = {
    hash: 'hash',
    from: 'hash',
    bytes: 'count',
    chunks: 'count',
  }
  const report: Record<keyof StageReport, 'name' | 'hash' | 'count'> = {
    flow: 'name',
    kind: 'name',
    stage: 'name',
    identity: 'name',
    object: 'name',
    atMs: 'count',
    hash: 'hash',
    bytes: 'count',
    chunks: 'count',
  }
  const { guardian } = watched()
  const flow = guardian.begin('in', 'did:squid:a')
  // @ts-expect-error: content has no name under which it could be reported
  flow.report('raw', { content: 'a secret letter', bytes: 1 })
  assert.deepEqual(Object.keys(facts).length, 4)
  for (const kept of flow.end('failed').reports) {
    for (const key of Object.keys(kept)) assert.ok(key in report, key)
    assert.ok(!JSON.stringify(kept).includes('secret'))
  }
  for (const name of ['', 'a secret letter', 'x'.repeat(300), 'a\nb']) {
    assert.throws(() => guardian.begin('in', name), { code: 'invalid.name' })
    assert.throws(() => guardian.begin('in', 'did:squid:a', name), { code: 'invalid.name' })
  }
})
