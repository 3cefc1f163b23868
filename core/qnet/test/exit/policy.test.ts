import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIpv4, parseIpv6, textOfAddress } from '../../src/exit/address.ts'
import { createExit, createExitPolicy, type Outside } from '../../src/exit/index.ts'
import type { Flow, FlowEvents } from '../../src/flow.ts'

const policy = createExitPolicy({ ownAddresses: () => ['93.184.216.99', '2606:4700::99', 'nonsense'] })

/** What must not be reached, spelled as resolvers, browsers and socket libraries understand it. */
const refused = [
  // loopback
  ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '2130706433', '0x7f000001', '0x7F.1', '0177.0.0.1'],
  ...['017700000001', '127.0.0.1.', '127.0.0.1..', '[127.0.0.1]', '0x7f.0x0.0x0.0x1', '00000000177.0.0.1'],
  ...[
    '１２７.０.０.１',
    '127。0。0。1',
    '①②⑦.0.0.1',
    '127．0．0．1',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::0001',
  ],
  ...[
    '[::1%25eth0]',
    '::1%lo',
    '0000:0000:0000:0000:0000:0000:0000:0001',
    'LOCALHOST',
    'localhost.',
    'LocalHost',
  ],
  ...['foo.localhost', 'ｌｏｃａｌｈｏｓｔ', 'localhost.localdomain', 'ip6-localhost'],
  // unspecified
  ...['0', '0.0.0.0', '0.1.2.3', '00', '0x0', '::', '[::]', '::0'],
  // private, carrier, link-local
  ...[
    '10.0.0.1',
    '10.1',
    '167772161',
    '0xa000001',
    '012.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
  ],
  ...[
    '192.168.257',
    '3232235777',
    '0xc0a80101',
    '100.64.0.1',
    '100.127.255.255',
    '169.254.169.254',
    '2852039166',
  ],
  ...['0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518', 'fe80::1', 'fe80::1%eth0', 'FE80::A', 'febf::1'],
  ...['fc00::1', 'fd12:3456::1', 'fec0::1'],
  // multicast, reserved, broadcast, documentation, benchmarks
  ...['224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255', '4294967295', 'ff02::1', 'ff0e::1'],
  ...['192.0.2.1', '198.51.100.7', '203.0.113.9', '198.18.0.1', '192.0.0.8', '192.88.99.1', '2001:db8::1'],
  ...['3fff::1', '2001:2::1', '100::1'],
  // mapped, compatible, translated, tunnelled
  ...[
    '::ffff:127.0.0.1',
    '::FFFF:7f00:1',
    '0:0:0:0:0:ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '::7f00:1',
  ],
  ...['64:ff9b::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2002:c0a8:101::1'],
  ...[
    '2001:0:7f00:1::',
    '2001::1',
    '::ffff:0:127.0.0.1',
    '2606:4700::5efe:10.0.0.1',
    '2606:4700::200:5efe:a00:1',
  ],
  // this node itself
  ...['93.184.216.99', '0x5db8d863', '2606:4700::99', '2606:4700:0::0:99'],
  // names that are of no one, or of a house
  ...[
    'printer.local',
    'router.lan',
    'db.internal',
    'x.home.arpa',
    '1.0.0.127.in-addr.arpa',
    'router',
    'nas.home',
  ],
  ...['abc.onion', 'a.test', 'münchen.de', 'exa mple.org', 'a..b.org', '-a.org', `${'a'.repeat(64)}.org`],
  ...[
    '1.2.3.4.5',
    '256.1.1.1',
    '0x7f.1.org.0x1',
    'example.org.1',
    '08.8.8.8',
    '127.0.0.1:80',
    '',
    '.',
    '[::1',
  ],
  ...[
    'user@127.0.0.1',
    '127.0.0.1/8',
    '127.0.0.1#',
    '127.0.0.1\0.org',
    'http://127.0.0.1',
    '%31%32%37.0.0.1',
  ],
]
test(`${refused.length} spellings of what must not be reached are refused`, () => {
  assert.ok(refused.length >= 40)
  for (const host of refused) assert.equal(policy.judgeHost(host, 443), undefined, JSON.stringify(host))
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
  let lookups = 0
  const outside: Outside = {
    lookup(_name, done) {
      done(answers[Math.min(lookups, answers.length - 1)] ?? [])
      lookups += 1
    },
    dial(address, port, events) {
      dialled.push(`${address}:${port}`)
      queueMicrotask(() => (address.startsWith('9.9.') ? events.closed('unreachable') : events.connected()))
      return idle
    },
    datagrams: () => ({ send: (address, port) => dialled.push(`udp ${address}:${port}`), close() {} }),
  }
  return { outside, dialled, lookups: () => lookups }
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
