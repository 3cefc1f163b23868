import assert from 'node:assert/strict'
import { foundOnly, testEscape, useNeighbour, wasEnded } from './hostile.ts'

useNeighbour()

// Reaching for what is outside

testEscape('[WX-APP-6] a call of a method that was not given', {
  attempt: 'return carry("anything")',
  incident: 'refused',
  check: foundOnly('anything'),
})
testEscape('the constructor of a constructor', {
  attempt: `return carry([(() => {}).constructor.constructor('return typeof process')(), request.constructor.constructor('return typeof process')()])`,
  incident: 'probe',
  check: foundOnly(['undefined', 'undefined']),
})
testEscape('constructors of async functions and generators', {
  attempt: `const F = [async () => {}, function* () {}, async function* () {}].map((f) => f.constructor)
    return carry([await F[0]('return typeof require')(), F[1]('yield typeof require')().next().value, (await F[2]('yield typeof require')().next()).value])`,
  incident: 'probe',
  check: foundOnly(['undefined', 'undefined', 'undefined']),
})
testEscape('the constructors of what the host gave: the request, an answer, its bytes, its error', {
  attempt: `const given = [request, request.body, anarq, anarq.log, await anarq.given.echo({ a: new Uint8Array(1) }), await anarq.outside.take().catch((e) => e)]
    return carry(given.map((one) => one.constructor?.constructor?.('return typeof process')() ?? 'nothing'))`,
  incident: 'probe',
  check: ({ loot }) => {
    for (const found of loot as string[]) assert.match(found, /^(undefined|nothing)$/)
  },
})
testEscape('the global names of other places', {
  attempt: `return carry([typeof process, typeof require, typeof fetch, typeof XMLHttpRequest, typeof WebSocket, typeof WebAssembly, typeof SharedArrayBuffer, typeof Worker, typeof Deno, typeof Bun, typeof document, typeof localStorage, typeof importScripts])`,
  incident: 'probe',
  check: (outcome) => {
    foundOnly(Array.from({ length: 13 }, () => 'undefined'))(outcome)
    const names = outcome.incidents
      .filter(({ kind }) => kind === 'probe')
      .map(({ evidence }) => evidence.what)
    assert.ok(
      ['process', 'require', 'fetch', 'WebAssembly', 'SharedArrayBuffer'].every((one) => names.includes(one)),
    )
  },
})
testEscape('what lies under the names that are watched', {
  attempt: `delete globalThis.process; delete globalThis.SharedArrayBuffer
    return carry([typeof fetch, typeof process, typeof SharedArrayBuffer, typeof std, typeof os, typeof scriptArgs, typeof print])`,
  incident: 'probe',
  check: foundOnly(Array.from({ length: 7 }, () => 'undefined')),
})
testEscape('a global object by way of eval, sloppy functions and the prototype chain', {
  attempt: `const found = [(0, eval)('this'), Function('return this')(), Object.getPrototypeOf(globalThis)]
    return carry(found.map((one) => typeof one?.process + typeof one?.global))`,
  incident: 'probe',
  check: foundOnly(['undefinedundefined', 'undefinedundefined', 'undefinedundefined']),
})
testEscape('paths and frames of the host in the stack of an error', {
  attempt: `Error.prepareStackTrace = (_, frames) => frames
    const { stack } = new Error('x')
    return carry(typeof stack === 'string' ? stack.split('\\n').filter((line) => line.includes('/') || line.includes('node')) : 'frames')`,
  incident: 'refused',
  check: ({ loot }) => assert.ok(loot === 'frames' || (loot as string[]).length === 0, String(loot)),
})
testEscape('a timer, a finer clock and the time zone', {
  attempt: `return carry([typeof setTimeout, typeof setImmediate, typeof queueMicrotask, typeof performance, new Date(2026, 6, 1).getTimezoneOffset(), Date.now() % 1])`,
  incident: 'refused',
  check: foundOnly(['undefined', 'undefined', 'undefined', 'undefined', 0, 0]),
})

// Importing what is not in the package

for (const [what, specifier] of [
  ['a module of Node', "'node:fs'"],
  ['a module of Node without its prefix', "'child_process'"],
  ['a module over the network', "'https://example.org/x.js'"],
  ['a file by its URL', "'file:///etc/passwd'"],
  ['a file by its path', "'/etc/passwd'"],
  ['a file by the way up', "'../../../../../../etc/passwd'"],
  ['a module in its own name', "'data:text/javascript,export default 1'"],
  ['the modules of the engine', "'qjs:std'"],
  ['a name with NUL in it', "'./secret\\0.js'"],
  ['a name that is an object', "{ toString: () => 'node:fs' }"],
] as const) {
  testEscape(`an import of ${what}`, {
    attempt: `return carry(await import(${specifier}).then(() => 'imported', () => 'failed'))`,
    incident: 'import',
    check: foundOnly('failed'),
  })
}
testEscape('an import of a module of Node before anything runs', {
  modules: {
    'main.js':
      "import fs from 'node:fs'\nexport default { request: () => ({ body: fs.readFileSync('/etc/passwd') }) }",
  },
  incident: 'import',
  check: ({ fault, incidents }) => {
    assert.equal(fault?.code, 'invalid.backend')
    assert.ok(incidents.some(({ kind, outcome }) => kind === 'broken' && outcome === 'ended'))
  },
})
for (const path of [
  '../main.js',
  '/main.js',
  'a/../../b.js',
  'main.js\0.png',
  'a\\b.js',
  '.hidden',
  'http://x/y.js',
  '',
]) {
  testEscape(`a package with a module called ${JSON.stringify(path)}`, {
    modules: { 'main.js': 'export default {}', [path]: '' },
    incident: 'broken',
    check: ({ fault }) => assert.equal(fault?.code, 'invalid.source'),
  })
}

// Tricks with values

testEscape('a polluted prototype', {
  attempt: `Object.prototype.polluted = 1; ({}).constructor.prototype.polluted = 1; Array.prototype.polluted = 1
    return carry({ a: [] })`,
  incident: 'refused',
  check: foundOnly({ a: [] }),
})
testEscape('a key __proto__ past the bridge', {
  attempt: `JSON.stringify = () => '["call", 1, ["given.echo", {"__proto__": {"polluted": 1}}]]'
    await anarq.given.echo()`,
  incident: 'forged',
  check: wasEnded,
})
testEscape('a method that every object has', {
  attempt: `JSON.stringify = () => '["call", 1, ["given.constructor", "return process"]]'
    await anarq.given.echo()`,
  incident: 'forged',
  check: wasEnded,
})
testEscape('getters in what is passed on: they run inside, once, and what arrives is data', {
  attempt: `let runs = 0
    await carry({ get a() { runs += 1; return runs }, get b() { return [runs] } })
    return carry({ runs })`,
  incident: 'refused',
  check: foundOnly({ runs: 1 }),
})
testEscape('proxies in what is passed on', {
  attempt: `const spy = new Proxy({ a: 1 }, { get: (t, k) => k === 'a' ? new Proxy([1, 2], {}) : undefined })
    return carry(spy)`,
  incident: 'refused',
  check: foundOnly({ a: [1, 2] }),
})
testEscape('a proxy as the answer that gives keys without an end', {
  attempt: `return new Proxy({}, { ownKeys: () => Array.from({ length: 1e7 }, (_, i) => 'k' + i), getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) })`,
  incident: 'memory',
  limits: { turnMsMax: 5000 },
  check: wasEnded,
})
testEscape('an object whose JSON never ends', {
  attempt: 'const deep = { toJSON: () => ({ deep }) }; return deep',
  incident: 'loop',
  check: wasEnded,
})
testEscape('symbols as names, keys and values', {
  attempt: `const odd = [Symbol.iterator, Symbol.toPrimitive, Symbol.asyncIterator, 'then', 'constructor', '__proto__'].map((k) => typeof anarq.given[k])
    return carry({ odd, [Symbol('x')]: 1, symbol: Symbol('y'), iterator: [Symbol.iterator] })`,
  incident: 'refused',
  check: foundOnly({ odd: Array.from({ length: 6 }, () => 'undefined'), iterator: [null] }),
})
testEscape('a value of ten thousand levels', {
  attempt: `const { stringify } = JSON; JSON.stringify = () => '["done", 1, ' + '['.repeat(1e4) + ']'.repeat(1e4) + ']'; return {}`,
  incident: 'oversized',
  check: ({ fault }) => assert.equal(fault?.code, 'limit.value'),
})
testEscape('bytes that it names and does not bring', {
  attempt: `JSON.stringify = () => '["call", 1, ["given.echo", {"$bytes": 1000000000}]]'; await anarq.given.echo()`,
  incident: 'forged',
  check: wasEnded,
})
testEscape('an array of four thousand million holes', {
  attempt: 'const a = []; a.length = 4e9; return { body: JSON.stringify(a) }',
  incident: 'memory',
  limits: { turnMsMax: 5000 },
  check: wasEnded,
})
for (const [what, headers] of [
  ['a cookie', "{ 'set-cookie': 'a=b' }"],
  ['a policy of its own', "{ 'content-security-policy': '*' }"],
  ['a line break in a header', "{ 'content-type': 'text/html\\r\\nset-cookie: a=b' }"],
] as const) {
  testEscape(`an answer with ${what}`, {
    attempt: `return { headers: ${headers} }`,
    incident: 'answer',
    check: ({ fault }) => assert.equal(fault?.code, 'invalid.response'),
  })
}

// Forged messages

testEscape('an answer to a request that nobody made', {
  attempt: `JSON.stringify = () => '["done", 4711, {"body": "forged"}]'; anarq.log('x'); await new Promise(() => {})`,
  incident: 'forged',
  check: wasEnded,
})
testEscape('two answers to one request: the first counts, the second ends it', {
  attempt: `JSON.stringify = () => '["done", 1, {"body": "once"}]'; anarq.log('x'); anarq.log('x'); await new Promise(() => {})`,
  incident: 'forged',
  check: ({ text }) => assert.equal(text, 'once'),
})
testEscape('two calls with one id', {
  attempt: `JSON.stringify = () => '["call", 1, ["given.echo", 1]]'; anarq.log('x'); anarq.log('x'); await new Promise(() => {})`,
  incident: 'forged',
  check: wasEnded,
})
testEscape('text that is no message', {
  attempt: `JSON.stringify = () => '}{'; anarq.log('x'); await new Promise(() => {})`,
  incident: 'forged',
  check: wasEnded,
})
testEscape('a message that turns into another on the way', {
  attempt: `Array.prototype.toJSON = () => ({ kind: 'done', id: 1 }); return { body: 'x' }`,
  incident: 'forged',
  check: wasEnded,
})

// Using up what is there

testEscape('a loop without an end', { attempt: 'for (;;);', incident: 'loop', check: wasEnded })
testEscape('a loop at the top of a module', {
  modules: { 'main.js': 'for (;;);\nexport default {}' },
  incident: 'loop',
  check: ({ fault }) => assert.equal(fault?.code, 'unavailable.ended'),
})
testEscape('memory without an end', {
  attempt: 'const a = []; for (;;) a.push(new Array(1e5).fill(a.length))',
  incident: 'memory',
  limits: { turnMsMax: 5000 },
  check: wasEnded,
})
testEscape('memory without an end, its errors caught', {
  attempt:
    'const a = []; for (let i = 0; i < 200; i += 1) try { a.push(new Uint8Array(1e6)) } catch {} return carry(a.length)',
  incident: 'memory',
  check: wasEnded,
})
testEscape('a string of half a gigabyte', {
  attempt: "let s = 'xxxxxxxx'.repeat(1e6); for (;;) { s += s + 'y'; s.charCodeAt(5) }",
  incident: 'memory',
  limits: { turnMsMax: 5000 },
  check: wasEnded,
})
testEscape('a message that is too large', {
  attempt: "return { body: 'x'.repeat(2e6) }",
  incident: 'oversized',
  limits: { messageBytesMax: 1e6 },
  check: wasEnded,
})
testEscape('recursion without an end', {
  attempt: 'const f = () => f() + 1; f()',
  incident: 'recursion',
  check: wasEnded,
})
testEscape('recursion inside the engine: sort, replace, JSON and proxies that call themselves', {
  attempt: `const tries = [() => { const f = () => [1, 2].sort(f); f() }, () => { const f = () => 'a'.replace('a', f); f() },
      () => JSON.parse('['.repeat(1e6)), () => { let p = {}; for (let i = 0; i < 1e5; i += 1) p = new Proxy(p, {}); p.x }]
    return carry(tries.map((one) => { try { one(); return 'ran' } catch (e) { return e.name } }))`,
  incident: 'refused',
  limits: { turnMsMax: 5000 },
  check: ({ loot, fault }) => {
    assert.equal(fault, undefined)
    for (const name of loot as string[]) assert.match(name, /Error$/)
  },
})
testEscape('a pattern that backtracks for ever', {
  attempt: "return { body: String(/^(\\w+\\s?)*$/.test('a'.repeat(50) + '!')) }",
  incident: 'loop',
  check: wasEnded,
})
testEscape('a search of nine thousand million million places, where the engine itself never looks up', {
  attempt: 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)',
  incident: 'loop',
  check: (outcome) => {
    wasEnded(outcome)
    assert.match(outcome.fault?.message ?? '', /from outside/)
  },
})
testEscape('a number with too many digits', {
  attempt: 'let n = 3n ** 50000n; for (;;) n = (n * n) % (2n ** 200000n)',
  incident: 'loop',
  check: wasEnded,
})
testEscape('promises without an end', {
  attempt: 'const go = () => { Promise.resolve().then(go) }; go()',
  incident: 'loop',
  check: wasEnded,
})
testEscape('an async iterator without an end', {
  attempt: 'async function* g() { for (;;) yield 1 } for await (const _ of g());',
  incident: 'loop',
  check: wasEnded,
})
testEscape('a hundred thousand calls at once', {
  attempt: 'await Promise.all(Array.from({ length: 1e5 }, () => anarq.given.echo(1).catch(() => {})))',
  incident: 'flood',
  limits: { turnMsMax: 5000 },
  check: wasEnded,
})
testEscape('an async iterator that calls without an end', {
  attempt: `async function* g() { for (;;) yield anarq.given.echo(1).catch((e) => e.code) } for await (const _ of g());`,
  incident: 'flood',
  limits: { callsPerSecondMax: 50, callsRefusedPerSecondMax: 50 },
  check: wasEnded,
})
testEscape('more calls that wait than may wait', {
  attempt: `const ends = await Promise.all(Array.from({ length: 100 }, () => anarq.sleep(100).then(() => 'slept', (e) => e.code)))
    return { body: ends.filter((one) => one === 'limit.calls').length + ' refused' }`,
  incident: 'flood',
  check: ({ text }) => assert.equal(text, '36 refused'),
})
testEscape('a log without an end', {
  attempt: "for (;;) console.log('x'.repeat(5000))",
  incident: 'flood',
  limits: { turnMsMax: 5000 },
  check: (outcome) => {
    wasEnded(outcome)
    const kept = outcome.backend?.log().reduce((sum, { text }) => sum + text.length, 0) ?? 0
    assert.ok(kept <= 64 * 1024)
  },
})
testEscape('output without an end, a little at a time', {
  attempt: "for (;;) await anarq.given.echo('x'.repeat(1e5)).catch(() => {})",
  incident: 'flood',
  limits: { outputBytesPerMinuteMax: 2e6 },
  check: wasEnded,
})
testEscape('waiting for ever', {
  attempt: 'await new Promise(() => {})',
  incident: 'silent',
  limits: { requestMsMax: 300 },
  check: ({ fault }) => assert.equal(fault?.code, 'unavailable.silent'),
})
testEscape('a thenable that never calls back', {
  attempt: 'return { then() {} }',
  incident: 'silent',
  limits: { requestMsMax: 300 },
  check: ({ fault }) => assert.equal(fault?.code, 'unavailable.silent'),
})
testEscape('a thenable that loops', {
  attempt: 'return { then() { for (;;); } }',
  incident: 'loop',
  check: wasEnded,
})
testEscape('a thenable that resolves to itself', {
  attempt: 'const self = { then: (resolve) => resolve(self) }; return self',
  incident: 'loop',
  check: wasEnded,
})
testEscape('an error whose message loops', {
  attempt: 'throw { name: "Error", get message() { for (;;); } }',
  incident: 'loop',
  check: wasEnded,
})
testEscape('an error whose message throws, and one of ten megabytes', {
  attempt: `const odd = await anarq.given.echo({ get a() { throw { get message() { throw 1 } } } }).catch((e) => typeof e)
    await carry(odd)
    throw new Error('x'.repeat(1e7))`,
  incident: 'refused',
  check: ({ fault, loot }) => {
    assert.equal(loot, 'object')
    assert.equal(fault?.code, 'unavailable.failed')
    assert.ok((fault?.message.length ?? 0) < 2100)
  },
})
testEscape('a finalizer that loops', {
  attempt: `globalThis.kept = new FinalizationRegistry(() => { for (;;); })
    for (let i = 0; i < 1000; i += 1) { const a = { i }; a.self = a; kept.register(a, i) }
    for (let i = 0; i < 200000; i += 1) { const b = { i }; b.self = b }
    await anarq.given.echo(1)
    await anarq.given.echo(2)
    return {}`,
  incident: 'loop',
  limits: { turnMsMax: 1000 },
  check: wasEnded,
})
testEscape('waiting on shared memory', {
  attempt: `return carry([typeof Atomics, typeof SharedArrayBuffer, (() => { try { return String(new Uint8Array(1).buffer.constructor.name) } catch { return '' } })()])`,
  incident: 'probe',
  check: foundOnly(['undefined', 'undefined', 'ArrayBuffer']),
})
testEscape('buffers that grow, shrink and move while they are passed on', {
  attempt: `const b = new ArrayBuffer(8, { maxByteLength: 64 }); const u = new Uint8Array(b)
    const tricky = { get first() { try { b.resize(1) } catch {} ; return u }, second: u, get third() { try { b.transfer() } catch {} ; return u } }
    const { body } = await carry(tricky)
    return { body: body ?? (await carry('it failed')).body }`,
  incident: 'refused',
  check: ({ text }) => assert.equal(text, 'refused.permission'),
})
testEscape('chance for a gigabyte, and a sleep of a year', {
  attempt: `const ask = (p) => p.then(() => 'given', (e) => e.code)
    return carry([await ask(anarq.random(1e9)), await ask(anarq.sleep(3e10)), await ask(anarq.sleep(-1)), (await anarq.random(8)).length])`,
  incident: 'refused',
  check: foundOnly(['invalid.params', 'invalid.params', 'invalid.params', 8]),
})
