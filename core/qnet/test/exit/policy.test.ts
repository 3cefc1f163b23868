import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIpv4, parseIpv6, textOfAddress } from '../../src/exit/address.ts'
import { createExit, createExitPolicy, type Outside } from '../../src/exit/index.ts'
import { refusedHosts } from '../../src/exit/testing.ts'
import type { Flow, FlowEvents } from '../../src/flow.ts'

const policy = createExitPolicy({ ownAddresses: () => ['93.184.216.99', '2606:4700::99', 'nonsense'] })

test('what leads to the exit itself is refused, public as its addresses are', () => {
  for (const host of ['93.184.216.99', '0x5db8d863', '2606:4700::99', '2606:4700:0::0:99'])
    assert.equal(policy.judgeHost(host, 443), undefined, host)
})

test(`${refusedHosts.length} spellings of what must not be reached are refused`, () => {
  assert.ok(refusedHosts.length >= 40)
  for (const host of refusedHosts) assert.equal(policy.judgeHost(host, 443), undefined, JSON.stringify(host))
})

test('public addresses and names are let out, in one spelling', () => {
  const allowed: [string, string][] = [
    ['8.8.8.8', '8.8.8.8'],
    ['134744072', '8.8.8.8'],
    ['0x08.010.8.8', '8.8.8.8'],
    ['1.2.3', '1.2.0.3'],
    ['172.15.255.255', '172.15.255.255'],
    ['172.32.0.1', '172.32.0.1'],
    ['100.63.255.255', '100.63.255.255'],
    ['100.128.0.1', '100.128.0.1'],
    ['223.255.255.255', '223.255.255.255'],
    ['[2606:4700::1111]', '2606:4700:0:0:0:0:0:1111'],
    ['2A00:1450:4001::8.8.8.8', '2a00:1450:4001:0:0:0:808:808'],
  ]
  for (const [host, address] of allowed)
    assert.deepEqual(policy.judgeHost(host, 443), { kind: 'address', address }, host)
  for (const [host, name] of [
    ['Example.ORG.', 'example.org'],
    ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
    ['a_b.c-d.co', 'a_b.c-d.co'],
    ['localhost.example.com', 'localhost.example.com'],
  ])
    assert.deepEqual(policy.judgeHost(host as string, 80), { kind: 'name', name })
})

test('ports of mail and file sharing are closed, and what is no port is', () => {
  for (const port of [0, -1, 25, 135, 139, 445, 6881, 6999, 65_536, 1.5, Number.NaN])
    assert.equal(policy.judgeHost('8.8.8.8', port), undefined, `${port}`)
  for (const port of [1, 80, 443, 587, 993, 8080, 65_535])
    assert.ok(policy.judgeHost('8.8.8.8', port), `${port}`)
})

test('no text makes the policy throw, and every address it lets out is one it would let out again', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.ipV4Extended(),
        fc.ipV6(),
        fc.stringMatching(/^[0-9a-fx:.%[\]]{0,40}$/),
      ),
      (host) => {
        const judged = policy.judgeHost(host, 443)
        if (judged?.kind === 'address') assert.deepEqual(policy.judgeHost(judged.address, 443), judged)
        if (judged?.kind === 'name')
          assert.match(judged.name, /^[a-z0-9_.-]+\.[a-z0-9_-]*[a-z_-][a-z0-9_-]*$/)
      },
    ),
    { numRuns: 2000 },
  )
})

test('addresses come back from their text as they were', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
      ),
      (bytes) => {
        const text = textOfAddress(bytes)
        assert.deepEqual(bytes.length === 4 ? parseIpv4(text) : parseIpv6(text), bytes)
      },
    ),
  )
})

const idle: Flow = { write() {}, consumed() {}, end() {}, reset() {} }

function createWorldOutside(answers: readonly (readonly string[])[]) {
  const dialled: string[] = []
  const written: string[] = []
  let lookups = 0
  const outside: Outside = {
    lookup(_name, done) {
      done(answers[Math.min(lookups, answers.length - 1)] ?? [])
      lookups += 1
    },
    dial(address, port, events) {
      dialled.push(`${address}:${port}`)
      queueMicrotask(() => (address.startsWith('9.9.') ? events.closed('unreachable') : events.connected()))
      return { ...idle, write: (bytes) => void written.push(`${address} ${new TextDecoder().decode(bytes)}`) }
    },
    datagrams: () => ({ send: (address, port) => dialled.push(`udp ${address}:${port}`), close() {} }),
  }
  return { outside, dialled, written, lookups: () => lookups }
}

const listen = (log: string[]): FlowEvents => ({
  connected: () => log.push('connected'),
  data() {},
  written() {},
  ended() {},
  closed: (reason) => log.push(reason),
})

test('a name is looked up once and the judged address dialled: a second answer changes nothing', async () => {
  const log: string[] = []
  const { outside, dialled, lookups } = createWorldOutside([['8.8.4.4', '10.0.0.1'], ['127.0.0.1']])
  const exit = createExit({ policy, outside })
  exit.connect('rebind.example.com', 80, listen(log))
  await Promise.resolve()
  assert.deepEqual([log, dialled, lookups()], [['connected'], ['8.8.4.4:80'], 1])
  exit.connect('rebind.example.com', 80, listen(log))
  assert.deepEqual([log.at(-1), dialled.length], ['refused', 1])
  const datagrams = exit.datagrams({ connected() {}, datagram() {}, closed() {} })
  datagrams.send('rebind.example.com', 53, new Uint8Array(1))
  datagrams.send('10.0.0.1', 53, new Uint8Array(1))
  datagrams.send('1.1.1.1', 53, new Uint8Array(1))
  assert.deepEqual(dialled.slice(1), ['udp 1.1.1.1:53'])
})

test('a name of private addresses alone is refused, one of none is not found, a dead address gives way to the next', async () => {
  for (const [answers, expected] of [
    [['10.0.0.1', '::1'], 'refused'],
    [[], 'unresolved'],
    [['9.9.0.1', '9.9.0.2', '8.8.8.8'], 'connected'],
    [['9.9.0.1', '9.9.0.2', '9.9.0.3', '8.8.8.8'], 'unreachable'],
  ] as const) {
    const log: string[] = []
    const { outside } = createWorldOutside([answers])
    createExit({ policy, outside }).connect('name.example.com', 443, listen(log))
    for (let i = 0; i < 9; i += 1) await Promise.resolve()
    assert.deepEqual(log, [expected], answers.join())
    const resolved: string[][] = []
    createExit({ policy, outside }).resolve('name.example.com', (found) => resolved.push([...found]))
    assert.deepEqual(resolved, [expected === 'refused' || expected === 'unresolved' ? [] : [...answers]])
  }
})

test('what comes before a host is connected waits for the address that connects, and goes there alone', async () => {
  const { outside, written } = createWorldOutside([['9.9.0.1', '8.8.8.8']])
  const flow = createExit({ policy, outside }).connect('name.example.com', 443, listen([]))
  for (const word of ['one', 'two']) flow.write(new TextEncoder().encode(word))
  for (let i = 0; i < 9; i += 1) await Promise.resolve()
  flow.write(new TextEncoder().encode('three'))
  assert.deepEqual(written, ['8.8.8.8 one', '8.8.8.8 two', '8.8.8.8 three'])
})
