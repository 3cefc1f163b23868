import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@anarq/fault'
import { createRuntime, type Incident, runtimeLimits } from '@anarq/runtime'
import { createManualTime, createPlayedEngine } from '@anarq/runtime/testing'
import fc from 'fast-check'
import { createWorld, get, hostOf, outcomeOf, settle } from './world.ts'

const ready = '["ready",0,{"request":true,"event":true}]'
/** Starts well; then its requests are answered by these texts. */
const playing = (texts: readonly string[], bytes?: ArrayBuffer) =>
  createPlayedEngine((send) => {
    send(ready)
    return () => {
      for (const text of texts) send(text, bytes)
    }
  })

test('what no bridge sends ends the backend as forged', async () => {
  for (const texts of [
    ['nothing'],
    ['{}'],
    ['["done",1]'],
    ['["done",1,{},1]'],
    ['["done",-1,{}]'],
    ['["done",2,{}]'],
    ['["done",0,{}]'],
    ['["failed",0,{"name":"x","message":"y"}]'],
    ['["done",1,{"__proto__":{}}]'],
    ['["done",1,{"$bytes":9}]'],
    ['["failed",1,"why"]'],
    ['["failed",7,{"name":"x","message":"y"}]'],
    ['["call",0,["a.b",1]]'],
    ['["call",1,["toString.call",1]]'],
    ['["call",1,["../a.b",1]]'],
    ['["call",1,"a.b"]'],
    ['["call",2,["a.b",1]]', '["call",1,["a.b",1]]'],
    ['["ready",0,{"request":true,"event":true}]'],
    ['["broken",0,{"name":"x","message":"y"}]'],
    ['["log",0,{"level":"loud","text":"x"}]'],
    [`["log",0,{"level":"info","text":"${'x'.repeat(3000)}"}]`],
    ['["probe",0,null]'],
    ['["answer",1,{}]'],
  ]) {
    const { start, incidents } = createWorld({}, playing(texts))
    const backend = await start('')
    assert.equal(await outcomeOf(get(backend)), 'unavailable.ended', texts.join())
    assert.deepEqual(
      incidents.map(({ kind, outcome }) => `${kind} ${outcome}`),
      ['forged ended'],
      texts.join(),
    )
  }
})

test('after an end it pauses, each time longer, and after the last it stays stopped and says why', async () => {
  const { start, time, incidents, runtime } = createWorld({ restartsMax: 3 }, playing(['no message']))
  const backend = await start('')
  for (const pauseMs of [1000, 2000, 4000]) {
    assert.equal(await outcomeOf(get(backend)), 'unavailable.ended')
    assert.equal(backend.stats().state, 'paused')
    await assert.rejects(
      get(backend),
      (error) => hasCode(error, 'unavailable.paused') && error.data.waitMs === pauseMs,
    )
    time.advance(pauseMs)
    assert.equal(backend.stats().state, 'asleep')
  }
  assert.equal(await outcomeOf(get(backend)), 'unavailable.ended')
  time.advance(1_000_000)
  await assert.rejects(get(backend), { code: 'unavailable.stopped', message: /4 times .* forged a message/ })
  assert.equal(incidents.length, 4)
  assert.deepEqual(runtime.backends(), [])
})

test('after a long time without an end, earlier ones are forgotten', async () => {
  const { start, time } = createWorld({ restartsMax: 1 }, playing(['no message']))
  const backend = await start('')
  for (let i = 0; i < 5; i += 1) {
    assert.equal(await outcomeOf(get(backend)), 'unavailable.ended')
    time.advance(runtimeLimits.healthyMs + 1)
  }
  assert.equal(backend.stats().state, 'asleep')
})

test('a clock that is set back makes no pause longer', async () => {
  const { start, time } = createWorld({}, playing(['no message']))
  const backend = await start('')
  await outcomeOf(get(backend))
  time.set(0)
  assert.equal(await outcomeOf(get(backend)), 'unavailable.ended')
})

test('an engine that never starts is given up, and one that ends at once is reported', async () => {
  const { start, time } = createWorld(
    {},
    createPlayedEngine(() => () => {}),
  )
  const starting = outcomeOf(start(''))
  await settle()
  time.advance(runtimeLimits.startMsMax)
  assert.equal(await starting, 'unavailable.ended')
  const broken = createWorld(
    {},
    createPlayedEngine(() => assert.fail('no')),
  )
  assert.equal(await outcomeOf(broken.start('')), 'unavailable.ended')
  assert.equal(broken.incidents[0]?.kind, 'crash')
})

test('bytes of output are counted by the minute', async () => {
  const { start, time, incidents } = createWorld(
    { outputBytesPerMinuteMax: 1000 },
    playing([`["log",0,{"level":"info","text":"${'x'.repeat(400)}"}]`]),
  )
  const backend = await start('')
  for (const _ of [1, 2]) {
    outcomeOf(get(backend))
    await settle()
  }
  assert.equal(backend.stats().state, 'awake')
  time.advance(20_000)
  outcomeOf(get(backend))
  await settle()
  assert.equal(incidents.at(-1)?.kind, 'flood')
})

test('a guardian that throws stops nothing', async () => {
  const time = createManualTime()
  const runtime = createRuntime({
    engine: playing(['no message']),
    ...time,
    onIncident: () => {
      throw new Error('the guardian is away')
    },
  })
  const source = { entry: 'main.js', modules: new Map([['main.js', '']]) }
  const backend = await runtime.start({ app: 'app', source, host: hostOf(async () => null) })
  assert.equal(await outcomeOf(get(backend)), 'unavailable.ended')
  assert.equal(backend.stats().incidents, 1)
})

test('property: no sequence of messages breaks the runtime: each request ends, with an answer or a fault', async () => {
  const kind = fc.constantFrom(
    'ready',
    'broken',
    'call',
    'done',
    'failed',
    'log',
    'probe',
    'request',
    'x',
    0,
    null,
  )
  const id = fc.oneof(fc.integer({ min: -1, max: 4 }), fc.constantFrom(1e300, null, '1', [], 2 ** 53))
  const part = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.constantFrom('{}', '["given.echo",{"a":1}]', '["secret.read",1]', '["broken.disk",1]', '["odd.x",1]'),
    fc.constantFrom('{"name":"InternalError","message":"out of memory"}', '{"name":"E","message":"m"}'),
    fc.constantFrom(
      '{"level":"info","text":"t"}',
      '{"request":true,"event":false}',
      '{"body":"b"}',
      '{"$bytes":2}',
    ),
  )
  const formed = fc
    .tuple(kind, id, part)
    .map(([one, number, text]) => `[${JSON.stringify(one)},${JSON.stringify(number)},${text}]`)
  const text = fc.oneof({ weight: 6, arbitrary: formed }, fc.string({ maxLength: 12 }), fc.json())
  const bytes = fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.constant(new ArrayBuffer(2)))
  const first = fc.oneof({ weight: 5, arbitrary: fc.constant(ready) }, text)
  await fc.assert(
    fc.asyncProperty(
      first,
      fc.array(fc.array(fc.tuple(text, bytes), { maxLength: 4 }), { maxLength: 4 }),
      async (hello, turns) => {
        let turn = 0
        const engine = createPlayedEngine((send) => {
          send(hello)
          return () => {
            for (const [one, buffer] of turns[turn] ?? []) send(one, buffer)
            turn += 1
          }
        })
        const { start, time, runtime, incidents } = createWorld({}, engine)
        const begun = start('')
        begun.catch(() => {})
        await settle()
        time.advance(runtimeLimits.startMsMax)
        const backend = await begun.catch((error) => {
          assert.match(error.code, /^(unavailable|invalid)\./)
        })
        for (const _ of turns) {
          if (backend === undefined) break
          const asking = outcomeOf(get(backend))
          await settle()
          time.advance(runtimeLimits.requestMsMax)
          const outcome = await asking
          assert.ok(
            typeof outcome === 'object' || /^(unavailable|invalid|limit|missing)\./.test(String(outcome)),
            String(outcome),
          )
          assert.ok(!(outcome instanceof Error), String(outcome))
        }
        for (const incident of incidents) assertWellFormed(incident)
        await runtime.close()
        assert.deepEqual(runtime.backends(), [])
      },
    ),
    { numRuns: 300 },
  )
})

function assertWellFormed({ app, kind, sentence, atMs, count, evidence }: Incident): void {
  assert.equal(app, 'app')
  assert.match(kind, /^[a-z]+$/)
  assert.match(sentence, /^The .*\.$/)
  assert.ok(atMs > 0 && count >= 1)
  for (const value of Object.values(evidence)) assert.ok(String(value).length <= 300)
}
