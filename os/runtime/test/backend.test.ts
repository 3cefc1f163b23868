import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRuntime, runtimeLimits } from '@anarq/runtime'
import { createMemoryEngine } from '@anarq/runtime/testing'
import { createWorld, get, handling, hostOf, noBody, outcomeOf, settle } from './world.ts'

test('a request goes in and its answer comes out: status, headers and body', async () => {
  const { start } = createWorld()
  const backend = await start(
    handling(`return { status: 201, headers: { 'Content-Type': 'text/plain' },
      body: [request.method, request.path, request.query.q, request.headers.accept, request.text(), request.json().a].join(' ') }`),
  )
  const { status, headers, body } = await backend.request({
    method: 'POST',
    path: '/notes',
    query: { q: 'ñ' },
    headers: { accept: '*/*' },
    body: new TextEncoder().encode('{"a":"漢"}'),
  })
  assert.equal(status, 201)
  assert.deepEqual(headers, { 'content-type': 'text/plain' })
  assert.equal(new TextDecoder().decode(body), 'POST /notes ñ */* {"a":"漢"} 漢')
})

test('a call reaches the host by its name, with data and bytes, and its answer comes back', async () => {
  const { start, calls } = createWorld()
  const backend = await start(
    handling(`const got = await anarq.storage.read({ path: '/a', part: new Uint8Array([1, 2]) })
      return { body: got.part }`),
  )
  const { body } = await backend.request({ method: 'GET', path: '/', query: {}, headers: {}, body: noBody })
  assert.deepEqual(body, Uint8Array.of(1, 2))
  assert.equal(calls[0]?.method, 'storage.read')
  assert.deepEqual(calls[0]?.params, { path: '/a', part: Uint8Array.of(1, 2) })
})

test('an event is handled before emit resolves; an app without events is left alone', async () => {
  const { runtime, start, calls } = createWorld()
  const backend = await start(handling(''))
  await backend.emit({ name: 'file.changed', detail: { id: 7 } })
  assert.deepEqual(calls[0]?.params, { name: 'file.changed', detail: { id: 7 } })
  await runtime.close()
  const silent = await start('export default {}')
  await silent.emit({ name: 'file.changed', detail: null })
  assert.equal(await outcomeOf(get(silent)), 'missing.handler')
})

test('[WX-APP-6] what was not given is refused, counted and reported, and the app is told', async () => {
  const { start, incidents } = createWorld()
  const backend = await start(
    handling(`return { body: await anarq.secret.read({}).catch((e) => e.code + ': ' + e.message) }`),
  )
  for (let i = 0; i < 3; i += 1)
    assert.equal((await get(backend)).text, 'refused.permission: It was not given secret.read.')
  assert.equal(backend.stats().callsRefused, 3)
  assert.equal(backend.stats().incidents, 3)
  const told = incidents.map(({ kind, outcome, app, count, evidence }) => [
    kind,
    outcome,
    app,
    count,
    evidence.what,
  ])
  assert.deepEqual(
    told,
    [['refused', 'refused', 'app', 1, 'secret.read']],
    'of three that are alike, one is told',
  )
})

test('of alike incidents the next minute tells how many there were', async () => {
  const { start, incidents, time } = createWorld()
  const backend = await start(handling('await anarq.secret.read().catch(() => {})'))
  for (let i = 0; i < 5; i += 1) await get(backend)
  time.advance(60_000)
  await get(backend)
  assert.deepEqual(
    incidents.map(({ count }) => count),
    [1, 5],
  )
})

test('[WX-APP-8] each app reaches its own host and no other, and what is on its way never crosses', async () => {
  const { runtime } = createWorld()
  const main = handling('return { body: (await anarq.storage.read({ path: request.path })).text }')
  const source = { entry: 'main.js', modules: new Map([['main.js', main]]) }
  const startFor = (app: string) =>
    runtime.start({
      app,
      source,
      host: hostOf(async (_, params) => ({ text: `${app} ${JSON.stringify(params)}` })),
    })
  const [one, other] = await Promise.all([startFor('one'), startFor('other')])
  const answers = await Promise.all([get(one, '/a'), get(other, '/b'), get(one, '/c')])
  assert.deepEqual(
    answers.map(({ text }) => text),
    ['one {"path":"/a"}', 'other {"path":"/b"}', 'one {"path":"/c"}'],
  )
})

test('our own defects and what they say stay on our side', async () => {
  const { start } = createWorld()
  const backend = await start(
    handling(`const told = (p) => p.catch((e) => e.code + ' ' + e.message)
      return { body: await told(anarq.broken.disk()) + '|' + await told(anarq.odd.map()) }`),
  )
  const { text } = await get(backend)
  assert.doesNotMatch(text, /home|EACCES/)
  assert.match(text, /^internal\.host .*\|invalid\.value /)
})

test('an error of the app fails its request, is in its log, and the app goes on', async () => {
  const { start } = createWorld()
  const backend = await start(
    handling(`if (request.path === '/bad') throw new TypeError('no'); return { body: 'ok' }`),
  )
  assert.equal(await outcomeOf(get(backend, '/bad')), 'unavailable.failed')
  assert.match(backend.log().at(-1)?.text ?? '', /^TypeError: no\n/)
  assert.equal((await get(backend)).text, 'ok')
  assert.equal(backend.stats().ends, 0)
})

test('an answer that is none is refused and on record', async () => {
  const { start, incidents } = createWorld()
  const bad = [
    '1',
    '[]',
    '{ status: 99 }',
    '{ status: "200" }',
    '{ extra: 1 }',
    '{ headers: [] }',
    '{ body: 1 }',
  ]
  const backend = await start(handling(`return [${bad.join()}][Number(request.path.slice(1))]`))
  for (const [i, answer] of bad.entries())
    assert.equal(await outcomeOf(get(backend, `/${i}`)), 'invalid.response', answer)
  assert.equal(incidents[0]?.kind, 'answer')
  assert.deepEqual(await get(backend, '/none'), { status: 204, text: '' })
})

test('without requests it sleeps, and the next one wakes it with nothing of the time before', async () => {
  const { start, time } = createWorld()
  const backend = await start(
    `let n = 0; export default { request() { n += 1; return { body: String(n) } } }`,
  )
  assert.equal((await get(backend)).text, '1')
  assert.equal((await get(backend)).text, '2')
  time.advance(runtimeLimits.idleMs)
  assert.equal(backend.stats().state, 'asleep')
  assert.equal((await get(backend)).text, '1')
  assert.equal(backend.stats().starts, 2)
})

test('a request that is not answered in time fails; too many of them end the app', async () => {
  const { start, time, incidents } = createWorld({ unansweredMax: 2, callMsMax: 1_000_000 })
  const backend = await start(handling('await anarq.slow.call(); return {}'))
  const first = outcomeOf(get(backend))
  await settle()
  time.advance(runtimeLimits.requestMsMax)
  assert.equal(await first, 'unavailable.silent')
  assert.equal(backend.stats().state, 'awake')
  const second = outcomeOf(get(backend))
  await settle()
  time.advance(runtimeLimits.requestMsMax)
  assert.equal(await second, 'unavailable.silent')
  assert.equal(backend.stats().state, 'paused')
  assert.deepEqual(
    incidents.map(({ kind, outcome }) => `${kind} ${outcome}`),
    ['silent refused', 'silent ended'],
  )
})

test('an answer that comes too late is no forgery', async () => {
  const { start, time, incidents } = createWorld({ callMsMax: 5000, requestMsMax: 1000 })
  const backend = await start(handling(`await anarq.slow.call().catch(() => {}); return { body: 'late' }`))
  const first = outcomeOf(get(backend))
  await settle()
  time.advance(1000)
  assert.equal(await first, 'unavailable.silent')
  time.advance(4000)
  await settle()
  assert.equal(backend.stats().state, 'awake')
  assert.ok(incidents.every(({ kind }) => kind === 'silent'))
})

test('a call that the host does not answer ends in a fault, and its signal tells the host', async () => {
  const { start, time, calls } = createWorld({ callMsMax: 100 })
  const backend = await start(handling('return { body: await anarq.slow.call().catch((e) => e.code) }'))
  const answer = get(backend)
  await settle()
  time.advance(100)
  assert.equal((await answer).text, 'unavailable.call')
  assert.equal(calls[0]?.signal.aborted, true)
})

test('stopping fails what waits, tells the host, and is for good until it is started anew', async () => {
  const { runtime, start, calls } = createWorld()
  const backend = await start(handling('await anarq.slow.call(); return {}'))
  const waiting = outcomeOf(get(backend))
  await settle()
  await backend.stop()
  assert.equal(await waiting, 'cancelled.stopped')
  assert.equal(calls[0]?.signal.aborted, true)
  assert.equal(await outcomeOf(get(backend)), 'unavailable.stopped')
  assert.equal(backend.stats().state, 'stopped')
  assert.deepEqual(runtime.backends(), [])
  await start(handling('return {}'))
})

test('calls that are too many in a second, or at once, are refused, and later ones pass', async () => {
  const { start, time, incidents } = createWorld({ callsPerSecondMax: 3, callsPendingMax: 2 })
  const backend = await start(
    handling(`const n = Number(request.path.slice(1))
      return { body: (await Promise.all(Array.from({ length: n }, () => anarq.given.echo(1).catch((e) => e.code)))).join() }`),
  )
  assert.equal((await get(backend, '/3')).text, '1,1,limit.calls')
  assert.equal((await get(backend, '/1')).text, 'limit.calls')
  time.advance(1000)
  assert.equal((await get(backend, '/2')).text, '1,1')
  assert.equal(incidents[0]?.kind, 'flood')
})

test('requests that wait are bounded', async () => {
  const { start } = createWorld({ requestsPendingMax: 2 })
  const backend = await start(handling('await anarq.slow.call()'))
  const waiting = [outcomeOf(get(backend)), outcomeOf(get(backend))]
  await settle()
  assert.equal(await outcomeOf(get(backend)), 'busy.backend')
  await backend.stop()
  await Promise.all(waiting)
})

test('sleep and chance come from the runtime, within limits, and never reach the host', async () => {
  const { start, time, calls } = createWorld()
  const backend = await start(
    handling(`const bytes = await anarq.random(16); await anarq.sleep(50)
      const told = (p) => p.then(() => 'given', (e) => e.code)
      return { body: [bytes.length, await told(anarq.random(1e9)), await told(anarq.sleep(1e12)), await told(anarq.runtime.other())].join() }`),
  )
  const answer = get(backend)
  await settle()
  time.advance(50)
  assert.equal((await answer).text, '16,invalid.params,invalid.params,missing.method')
  assert.deepEqual(calls, [])
})

test('the log keeps the last lines within its size, and console writes to it', async () => {
  const { start } = createWorld({ logBytesMax: 1000 })
  const backend = await start(
    handling(`for (let i = 0; i < 200; i += 1) anarq.log('line', i, { i }); anarq.error('the end')`),
  )
  await get(backend)
  const lines = backend.log()
  assert.equal(lines.at(-1)?.text, 'the end')
  assert.equal(lines.at(-1)?.level, 'error')
  assert.equal(lines.at(-2)?.text, 'line 199 {"i":199}')
  assert.ok(lines.length < 30)
})

test('a source that is not plain, too large, or without its entry is refused before anything runs', async () => {
  const { runtime, incidents } = createWorld({ modulesMax: 2, moduleBytesMax: 100, sourceBytesMax: 150 })
  const host = hostOf(async () => null)
  const code = (modules: Record<string, string>, entry = 'main.js'): Promise<unknown> =>
    outcomeOf(
      runtime.start({ app: 'app', source: { entry, modules: new Map(Object.entries(modules)) }, host }),
    )
  assert.equal(await code({}), 'missing.entry')
  assert.equal(await code({ 'main.js': '', '../x.js': '' }), 'invalid.source')
  assert.equal(await code({ 'main.js': 'x'.repeat(101) }), 'limit.source')
  assert.equal(await code({ 'main.js': 'x'.repeat(100), 'b.js': 'x'.repeat(51) }), 'limit.source')
  assert.equal(await code({ 'main.js': '', 'b.js': '', 'c.js': '' }), 'limit.source')
  assert.equal(incidents.length, 5)
  assert.equal(await code({ 'main.js': 'export default 1' }), 'invalid.backend')
  assert.equal(await code({ 'main.js': 'throw new Error("at the top")' }), 'invalid.backend')
  assert.deepEqual(runtime.backends(), [])
})

test('one backend an app, ids are plain, and limits are whole numbers', async () => {
  const { start } = createWorld()
  await start('export default {}')
  assert.equal(await outcomeOf(start('export default {}')), 'conflict.backend')
  assert.equal(await outcomeOf(start('export default {}', '../other')), 'invalid.app')
  const limit = (limits: object): void => {
    createRuntime({ engine: createMemoryEngine(), limits, onIncident: () => {} })
  }
  for (const bad of [{ callMsMax: 0 }, { callMsMax: Number.NaN }, { memoryBytesMax: 1024 }, { idleMs: 1.5 }])
    assert.throws(() => limit(bad), { code: 'invalid.limit' })
  limit({ restartsMax: 0 })
})
