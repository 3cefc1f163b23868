import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { Fault } from '@anarq/fault'
import { type Answer, json, jsonOf, send } from './http-world.ts'
import { codeOf, type McpWorld, openMcpWorld } from './mcp-world.ts'

let mcp: McpWorld
/** While it is there, calls of the SDK wait for it. */
let held: Promise<void> | undefined
const signals: (AbortSignal | undefined)[] = []
before(async () => {
  mcp = await openMcpWorld((dispatcher) => ({
    async call(caller, method, params, signal) {
      signals.push(signal)
      await held
      if (method === 'storage.versions') throw new TypeError('/etc/passwd is not iterable')
      return dispatcher.call(caller, method, params, signal)
    },
  }))
  mcp.keys.set('reader', { folder: '/', rights: 'read', name: 'reader' })
  mcp.keys.set('other', { folder: '/', rights: 'read', name: 'other' })
})
after(() => mcp.close())

const protocol = { ...json, accept: 'application/json, text/event-stream', authorization: 'Bearer reader' }

function post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  return ask('POST', { body, headers: { ...protocol, ...headers } })
}
function ask(method: string, asked: Parameters<typeof send>[3]): Promise<Answer> {
  return send(new URL(mcp.address).origin, method, '/mcp', asked)
}
function message(method: string, params: object = {}, id = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}
function sentenceOf(answer: Answer): string {
  return (jsonOf(answer).error as { message: string }).message
}

test('who brings no key, a wrong one, or one in another place gets 401 and is told what kind is wanted', async () => {
  const { authorization: _, ...bare } = protocol
  const none = await ask('POST', { body: message('tools/list'), headers: bare })
  assert.equal(none.status, 401)
  assert.equal(none.headers['www-authenticate'], 'Bearer realm="AnarQ"')
  assert.match(sentenceOf(none), /Bring a key/)
  for (const authorization of [
    'Bearer nobody',
    'Basic cmVhZGVyOnJlYWRlcg==',
    'Bearer',
    'Bearer a b',
    `Bearer ${'x'.repeat(600)}`,
  ]) {
    const wrong = await post(message('tools/list'), { authorization })
    assert.equal(wrong.status, 401, authorization)
    assert.match(String(wrong.headers['www-authenticate']), /error="invalid_token"/)
  }
  const inAddress = await send(new URL(mcp.address).origin, 'POST', '/mcp?access_token=reader', {
    body: message('tools/list'),
    headers: bare,
  })
  assert.equal(inAddress.status, 401)
})

test('a page of another site, and a name that is rebound to this address, are turned away before the key is looked at', async () => {
  const { host } = new URL(mcp.address)
  const cases: [Record<string, string>, number][] = [
    [{}, 200],
    [{ origin: `http://${host}` }, 200],
    [{ host: 'node.example', origin: 'https://node.example' }, 200],
    [{ host: 'localhost:4600' }, 200],
    [{ host: '[::1]:4600' }, 200],
    [{ origin: 'http://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://127.0.0.1:1' }, 403],
    [{ host: 'evil.example' }, 403],
    [{ host: 'evil.example', origin: 'http://evil.example' }, 403],
    [{ host: 'localhost.evil.example' }, 403],
    [{ host: 'localhost@evil.example' }, 403],
  ]
  for (const [headers, status] of cases) {
    const answer = await post(message('tools/list'), headers)
    assert.equal(answer.status, status, JSON.stringify(headers))
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
})

test('what is no message of the protocol is refused, and sessions are not kept', async () => {
  for (const method of ['GET', 'DELETE', 'PUT']) {
    const answer = await ask(method, { headers: protocol })
    assert.equal(answer.status, 405, method)
    assert.equal(answer.headers.allow, 'POST')
  }
  for (const body of ['', '{', 'nothing', Uint8Array.of(0x22, 0xff, 0x22)]) {
    const answer = await post(body)
    assert.equal(answer.status, 400, String(body))
    assert.equal((jsonOf(answer).error as { code: number }).code, -32700)
  }
  assert.equal((await post('[]')).status, 400)
  assert.equal((await post('{"a":1}')).status, 400)
  assert.equal((await post(message('tools/list'), { 'content-type': 'text/plain' })).status, 415)
  const many = JSON.stringify(Array.from({ length: 17 }, (_, i) => JSON.parse(message('tools/list', {}, i))))
  assert.match(sentenceOf(await post(many)), /At most 16/)
  const answer = await post(message('tools/list'))
  assert.equal(answer.headers['mcp-session-id'], undefined)
  assert.equal(answer.headers['cache-control'], 'no-store')
})

test('a body that is too large is refused, whether it says so or not', async () => {
  const announced = await post('', { 'content-length': String(6 * 1024 * 1024 + 1) })
  assert.equal(announced.status, 413)
  assert.equal(announced.headers.connection, 'close')
  // The answer comes while the client still sends, which may then find the connection closed before it reads it.
  const large = Buffer.alloc(6 * 1024 * 1024 + 1, 0x20)
  const sent = await post(large, { 'transfer-encoding': 'chunked' }).catch((error: { code: string }) => error)
  if ('status' in sent) assert.equal(sent.status, 413)
  else assert.match(sent.code, /^(?:EPIPE|ECONNRESET)$/)
  assert.equal((await post(message('tools/list'))).status, 200)
})

test('a key has at most eight calls at once, and another key is not held up by them', async () => {
  const client = await mcp.connect('reader')
  const other = await mcp.connect('other')
  let release = (): void => {}
  held = new Promise((resolve) => {
    release = resolve
  })
  const calls = Array.from({ length: 9 }, () => client.callTool({ name: 'identity_current' }))
  const first = await Promise.race(calls)
  assert.equal(codeOf(first), 'limit.rate')
  const others = other.callTool({ name: 'identity_current' })
  release()
  held = undefined
  const answers = await Promise.all(calls)
  assert.equal(answers.filter((answer) => codeOf(answer) === undefined).length, 8)
  assert.equal(codeOf(await others), undefined)
})

test('a call whose client goes away is told to stop', async () => {
  let release = (): void => {}
  held = new Promise((resolve) => {
    release = resolve
  })
  const going = new AbortController()
  const before = signals.length
  const asking = fetch(mcp.address, {
    method: 'POST',
    headers: protocol,
    body: message('tools/call', { name: 'storage_list', arguments: { path: '/' } }),
    signal: going.signal,
  }).then((answer) => answer.text())
  while (signals.length === before) await new Promise((resolve) => setTimeout(resolve, 5))
  going.abort()
  await assert.rejects(asking)
  const signal = signals.at(-1)
  while (signal?.aborted === false) await new Promise((resolve) => setTimeout(resolve, 5))
  release()
  held = undefined
  assert.equal(signal?.aborted, true)
})

test('a client that goes in the middle of its request is no defect', async () => {
  const { hostname, port } = new URL(mcp.address)
  for (let i = 0; i < 5; i += 1) {
    const socket = connect(Number(port), hostname)
    const head = Object.entries({ host: 'localhost', ...protocol, 'content-length': '1000' })
    socket.write(
      `POST /mcp HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n{"json`,
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.destroy()
  }
  assert.equal((await post(message('tools/list'), { host: '[::1]:99999' })).status, 200)
  assert.deepEqual(mcp.faults, [])
})

test('a defect of ours is told to the node and not described to the client', async () => {
  const client = await mcp.connect('reader')
  const answer = await client.callTool({ name: 'storage_versions', arguments: { path: '/x' } })
  assert.equal(codeOf(answer), 'internal.unexpected')
  assert.doesNotMatch(JSON.stringify(answer), /passwd|iterable|TypeError/)
  assert.deepEqual(
    mcp.faults.map(({ code }) => code),
    ['internal.unexpected'],
  )
})

test('a node that cannot say what a key opens because it is locked says that', async () => {
  const { get } = mcp.keys
  mcp.keys.get = () => {
    throw new Fault('refused.locked', 'AnarQ is locked. Unlock it first.')
  }
  const locked = await post(message('tools/list'))
  assert.equal(locked.status, 423)
  assert.equal(sentenceOf(locked), 'AnarQ is locked. Unlock it first.')
  mcp.keys.get = () => {
    throw new TypeError('/etc/passwd is not iterable')
  }
  const broken = await post(message('tools/list'))
  assert.equal(broken.status, 500)
  assert.doesNotMatch(sentenceOf(broken), /passwd/)
  mcp.keys.get = get
})
