/** Contracts that engines pass, and engines for tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine, Isolate, IsolateEvent, IsolateLimits, IsolateOptions } from './engine.ts'
import { runtimeLimits } from './limits.ts'

export { createManualTime, type ManualTime } from './manual-time.ts'
export { createMemoryEngine, createPlayedEngine } from './memory-engine.ts'

type Opened = { readonly isolate: Isolate; readonly events: IsolateEvent[]; next(): Promise<IsolateEvent> }
type Given = {
  bridge: string
  modules?: Readonly<Record<string, string>>
  limits?: Partial<IsolateLimits>
}

/** Long enough for a thread that starts on a busy machine. */
const waitMsMax = 30_000
const echo = '(send) => (text, buffer) => send(text, buffer)'
/** Sends the text of whatever the entry gives or throws. */
const loading = `(send, load) => {
  load().then((m) => send(JSON.stringify(m.default)), (e) => send(JSON.stringify('failed: ' + e.message)))
  return () => {}
}`
/** Runs the text of each message as a script and sends what comes of it. */
const evaluating = `(send) => (text) => {
  let out
  try { out = String((0, eval)(JSON.parse(text))) } catch (e) { out = e.name + ': ' + e.message }
  send(JSON.stringify(out))
}`

/** What every engine does with messages, modules and its own end. */
export function testEngine(name: string, open: () => Engine): void {
  test(`${name}: what is sent comes back as it was, text and bytes, and in order`, () =>
    use(open, { bridge: echo }, async ({ isolate, next }) => {
      const texts = ['[]', JSON.stringify('ñ 漢 🙂 \u0000 \ud800 " \\'), JSON.stringify('x'.repeat(100_000))]
      const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i)
      for (const text of texts) isolate.send({ text, bytes })
      for (const text of texts) {
        const event = await next()
        assert.ok(event.kind === 'message')
        assert.equal(event.message.text, text)
        assert.deepEqual(new Uint8Array(event.message.bytes), bytes)
      }
      for (let i = 0; i < 300; i += 1) isolate.send({ text: String(i), bytes: new Uint8Array(0) })
      for (let i = 0; i < 300; i += 1) assert.equal(textOf(await next()), String(i))
    }))

  test(`${name}: modules import each other by relative path`, () =>
    use(
      open,
      {
        bridge: loading,
        modules: {
          'main.js': "import { two } from './lib/two.js'\nexport default two + 1",
          'lib/two.js': "import { one } from '../one.js'\nexport const two = one + 1",
          'one.js': 'export const one = 1',
        },
      },
      async ({ next }) => assert.equal(textOf(await next()), '3'),
    ))

  test(`${name}: a module that is not in the source is refused by name, and the import fails inside`, () =>
    use(
      open,
      { bridge: loading, modules: { 'main.js': "import 'node:fs'\nexport default 1" } },
      async (one) => {
        const events = [await one.next(), await one.next()]
        const refused = events.find(({ kind }) => kind === 'refused')
        assert.deepEqual(refused, { kind: 'refused', specifier: 'node:fs' })
        const told = events.find(({ kind }) => kind === 'message')
        assert.match(textOf(told), /^"failed: /)
      },
    ))

  test(`${name}: a module with an error in it fails to load and harms nobody`, () =>
    use(open, { bridge: loading, modules: { 'main.js': 'export default {' } }, async ({ next }) => {
      assert.match(textOf(await next()), /^"failed: /)
    }))

  test(`${name}: a bridge that throws ends the isolate, and that is its last event`, () =>
    use(open, { bridge: '() => { throw new Error("no") }' }, async ({ isolate, next, events }) => {
      const event = await next()
      assert.ok(event.kind === 'ended')
      assert.equal(event.cause, 'crash')
      isolate.send({ text: '1', bytes: new Uint8Array(0) })
      await isolate.stop()
      assert.equal(events.length, 1)
    }))

  test(`${name}: after it was stopped nothing comes, and stopping again is no error`, () =>
    use(open, { bridge: echo }, async ({ isolate, next, events }) => {
      isolate.send({ text: '1', bytes: new Uint8Array(0) })
      await next()
      isolate.send({ text: '2', bytes: new Uint8Array(0) })
      const stopping = isolate.stop()
      const seen = events.length
      isolate.send({ text: '3', bytes: new Uint8Array(0) })
      await stopping
      await isolate.stop()
      assert.equal(events.length, seen)
    }))

  test(`${name}: a message that is too large ends it`, () =>
    use(
      open,
      { bridge: '(send) => () => send(JSON.stringify("x".repeat(2000)))', limits: { messageBytesMax: 1000 } },
      async ({ isolate, next }) => {
        isolate.send({ text: '1', bytes: new Uint8Array(0) })
        assert.equal(causeOf(await next()), 'oversized')
      },
    ))

  test(`${name}: more messages than are taken end it`, () =>
    use(
      open,
      {
        bridge: '(send) => () => { for (let i = 0; i < 100000; i += 1) send("1") }',
        limits: { unreadMessagesMax: 100 },
      },
      async ({ isolate, next, events }) => {
        isolate.send({ text: '1', bytes: new Uint8Array(0) })
        let event = await next()
        while (event.kind === 'message') event = await next()
        assert.equal(causeOf(event), 'flood')
        assert.ok(events.length <= 101)
      },
    ))
}

/** What every engine that runs a stranger's code keeps from it. */
export function testIsolation(name: string, open: () => Engine): void {
  const ends = (what: string, cause: string, script: string, limits: Partial<IsolateLimits> = {}): void => {
    test(`${name}: ${what} ends it (${cause}), and the one beside it goes on`, () =>
      use(open, { bridge: echo }, async (other) => {
        await use(
          open,
          { bridge: evaluating, limits: { turnMsMax: 200, ...limits } },
          async ({ isolate, next }) => {
            isolate.send({ text: JSON.stringify(script), bytes: new Uint8Array(0) })
            other.isolate.send({ text: '"still here"', bytes: new Uint8Array(0) })
            assert.equal(textOf(await other.next()), '"still here"')
            assert.equal(causeOf(await next()), cause)
          },
        )
      }))
  }
  ends('a loop without an end', 'loop', 'for (;;);')
  ends('a chain of promises without an end', 'loop', 'const go = () => { Promise.resolve().then(go) }; go()')
  ends('a pattern that backtracks for ever', 'loop', '/^(a+)+$/.test("a".repeat(60) + "b")')
  ends('a loop that catches its own interruption', 'loop', 'for (;;) try { for (;;); } catch {} finally {}')
  // Time enough that it is the memory that ends, however slow the machine is.
  const long = { turnMsMax: 10_000 }
  ends('memory without an end', 'memory', 'const a = []; for (;;) a.push(new Uint8Array(1e6))', long)
  ends(
    'memory without an end, caught',
    'memory',
    'const a = []; for (;;) try { a.push("x".repeat(1e6) + a.length) } catch {}',
    long,
  )
  ends('one allocation that is too large', 'memory', 'new ArrayBuffer(1e9)')
  ends('too much work in a minute', 'loop', 'for (let i = 0; i < 1e9; i += 1);', {
    turnMsMax: 60_000,
    cpuMsPerMinuteMax: 200,
  })

  test(`${name}: recursion without an end is an error inside, and breaks nothing`, () =>
    use(open, { bridge: evaluating }, async ({ isolate, next }) => {
      for (const script of [
        '(function f() { f() })()',
        'const p = new Proxy({}, { get: (_, k) => p[k] }); p.x',
      ]) {
        isolate.send({ text: JSON.stringify(script), bytes: new Uint8Array(0) })
        assert.match(textOf(await next()), /stack/)
      }
    }))

  test(`${name}: inside there is the language and nothing else`, () =>
    use(open, { bridge: evaluating }, async ({ isolate, next }) => {
      const ask = async (script: string): Promise<string> => {
        isolate.send({ text: JSON.stringify(script), bytes: new Uint8Array(0) })
        return JSON.parse(textOf(await next())) as string
      }
      const names = (await ask('Object.getOwnPropertyNames(globalThis).join(" ")')).split(' ')
      const strange = names.filter((one) => !languageNames.has(one))
      assert.deepEqual(strange, [], 'names that are not of the language')
      assert.equal(await ask('new Date(2026, 6, 1).getTimezoneOffset()'), '0', 'no time zone')
      assert.equal(await ask('Date.now() % 1'), '0', 'no clock finer than a millisecond')
    }))

  test(`${name}: two isolates share nothing`, () =>
    use(open, { bridge: evaluating }, (one) =>
      use(open, { bridge: evaluating }, async (other) => {
        one.isolate.send({
          text: '"globalThis.mark = 1; Array.prototype.mark = 2"',
          bytes: new Uint8Array(0),
        })
        await one.next()
        other.isolate.send({ text: '"[typeof mark, typeof [].mark].join()"', bytes: new Uint8Array(0) })
        assert.equal(textOf(await other.next()), '"undefined,undefined"')
      }),
    ))
}

/** ECMA-262, with its Annex B, and the error that QuickJS adds. What could be shared or waited on is not among them. */
const languageNames: ReadonlySet<string> = new Set(
  `AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array Boolean DataView Date
  DisposableStack Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array
  Int32Array Int8Array InternalError Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect
  RegExp Set String SuppressedError Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array
  Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis
  isFinite isNaN parseFloat parseInt undefined unescape`.split(/\s+/),
)

async function use(
  open: () => Engine,
  { bridge, modules = { 'main.js': '' }, limits = {} }: Given,
  act: (opened: Opened) => Promise<void>,
): Promise<void> {
  const events: IsolateEvent[] = []
  const waiting: ((event: IsolateEvent) => void)[] = []
  const ready: IsolateEvent[] = []
  const options: IsolateOptions = {
    bridge,
    source: { entry: 'main.js', modules: new Map(Object.entries(modules)) },
    limits: { ...runtimeLimits, ...limits },
    on(event) {
      events.push(event)
      const take = waiting.shift()
      if (take === undefined) ready.push(event)
      else take(event)
    },
  }
  const isolate = open().start(options)
  const next = (): Promise<IsolateEvent> => {
    const event = ready.shift()
    if (event !== undefined) return Promise.resolve(event)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the isolate says nothing')), waitMsMax)
      waiting.push((one) => {
        clearTimeout(timer)
        resolve(one)
      })
    })
  }
  try {
    await act({ isolate, events, next })
  } finally {
    await isolate.stop()
  }
}

function textOf(event: IsolateEvent | undefined): string {
  assert.ok(event?.kind === 'message', `a message, not ${JSON.stringify(event)}`)
  return event.message.text
}

function causeOf(event: IsolateEvent): string {
  assert.ok(event.kind === 'ended', `an end, not ${JSON.stringify(event).slice(0, 200)}`)
  return event.cause
}
