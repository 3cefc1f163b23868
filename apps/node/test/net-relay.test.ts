/** The parts of a relayed way, each alone: its pipe, where one may be sent, what leads to whom. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Pipe, PipeEvents } from '@anarq/links'
import { createSystemWorld } from '@anarq/links'
import type { NodeId } from '@anarq/qnet'
import { createMeets } from '../src/net/meets.ts'
import { createRelayPipe, type RelayPipe } from '../src/net/relay-pipe.ts'
import { everywhere, hostsAt, isElsewhere, scopeOf } from '../src/net/scope.ts'

const world = createSystemWorld()

function openPipe(bytesPerSecond: number): {
  pipe: RelayPipe
  sent: Uint8Array[]
  told: string[]
  events: PipeEvents
} {
  const sent: Uint8Array[] = []
  const told: string[] = []
  const pipe = createRelayPipe({
    ...{ world, bytesPerSecond },
    send: (bytes) => void sent.push(bytes),
    ended: () => void told.push('ended'),
  })
  const events: PipeEvents = {
    onData: (bytes) => void told.push(`data ${bytes.length}`),
    onDrain: () => void told.push('drain'),
    onClosed: () => void told.push('closed'),
  }
  return { pipe, sent, told, events }
}

const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0)

test('a relayed pipe sends in order and no faster than its share of the broker’s pace, and asks its writer to wait', async () => {
  const { pipe, sent, told, events } = openPipe(400_000)
  pipe.start(events)
  const bytes = Uint8Array.from({ length: 150_000 }, (_, at) => at % 251)
  const startMs = performance.now()
  assert.equal(pipe.write(bytes), false)
  const atOnce = sizeOf(sent)
  const perMs = 400 * 0.45
  const burst = 250 * perMs
  assert.ok(atOnce <= burst, `${atOnce} at once`)
  pipe.end()
  assert.equal(pipe.write(bytes), true, 'what comes behind the end is nobody’s')
  while (!told.includes('ended')) await setTimeout(10)
  const tookMs = performance.now() - startMs
  assert.ok(tookMs >= (150_000 - burst) / perMs - 10, `${tookMs} ms`)
  assert.ok(Buffer.concat(sent).equals(bytes))
  await setTimeout(10)
  assert.deepEqual(told, ['drain', 'ended', 'closed'])
})

test('what comes before the link listens is kept up to a limit, and whoever ends it is told of once', async () => {
  const early = openPipe(400_000)
  early.pipe.take(new Uint8Array(100))
  early.pipe.start(early.events)
  early.pipe.take(new Uint8Array(7))
  early.pipe.closed()
  early.pipe.closed()
  early.pipe.take(new Uint8Array(9))
  assert.equal(early.pipe.write(new Uint8Array(5)), true)
  await setTimeout(5)
  assert.deepEqual(early.told, ['data 100', 'data 7', 'closed'])

  const flooded = openPipe(400_000)
  for (let at = 0; at < 10; at += 1) flooded.pipe.take(new Uint8Array(20_000))
  assert.deepEqual(flooded.told, ['ended'])
  flooded.pipe.start(flooded.events)
  await setTimeout(5)
  assert.ok(flooded.told.includes('closed'))
})

test('[SW-SEC-3] another node’s word sends this one to no address of a house or a machine, unless it is of one itself', () => {
  const dialled = (seenAt: readonly string[]): readonly string[] => {
    const to: string[] = []
    const meets = createMeets({
      world,
      links: { take: () => Promise.resolve() },
      tcp: {
        meet(address) {
          to.push(address)
          return new Promise<Pipe>(() => {})
        },
      },
      targetOf: () => undefined,
      seenAt: () => seenAt,
    })
    const at = (host: string) => ({ transport: 'tcp' as const, host, port: 22 })
    for (const hosts of [
      ['127.0.0.1', '::1', '10.0.0.7', '192.168.1.1'],
      ['169.254.169.254', '172.20.0.1', 'fd00::1', 'fe80::1'],
      ['0.0.0.0', '224.0.0.1', '::', '255.255.255.255'],
      ['198.51.100.4', '2001:db8::4', '100.64.0.1', '172.32.0.1'],
    ])
      meets.dial('peer' as NodeId, hosts.map(at), false)
    meets.close()
    return to.map((address) => address.slice(6, -3))
  }
  const everywhere = ['198.51.100.4', '[2001:db8::4]', '172.32.0.1']
  assert.deepEqual(dialled(['198.51.100.9']), everywhere)
  assert.deepEqual(dialled(['198.51.100.9', '192.168.1.9']).length, everywhere.length + 7)
  assert.deepEqual(dialled(['127.0.0.1']), ['127.0.0.1', '[::1]', ...everywhere])
})

test('whoever listens everywhere is reached at addresses that others can dial, of both families where both may come in', () => {
  const at = (address: string, more: object = {}) => ({
    ...{ address, netmask: '', mac: '', cidr: null, internal: false, scopeid: 0 },
    family: address.includes(':') ? 'IPv6' : 'IPv4',
    ...more,
  })
  const of = {
    lo: [at('127.0.0.1', { internal: true }), at('::1', { internal: true })],
    eth0: [at('192.168.1.7'), at('2001:db8::7'), at('fe80::7', { scopeid: 2 })],
    more: ['10.1.0.1', '10.2.0.1', '10.3.0.1', '10.4.0.1', 'fd00::7', 'fd01::7'].map((one) => at(one)),
  } as Parameters<typeof hostsAt>[1]
  assert.deepEqual(hostsAt('0.0.0.0', of), ['192.168.1.7', '10.1.0.1', '10.2.0.1', '10.3.0.1'])
  assert.deepEqual(hostsAt('::', of), ['192.168.1.7', '10.1.0.1', '2001:db8::7', 'fd00::7'])
  assert.deepEqual(hostsAt('::1', of), ['::1'])
  assert.equal(everywhere(of), '[::]')
  assert.equal(everywhere({ eth0: [at('192.168.1.7')] } as typeof of), '0.0.0.0')
  assert.ok(isElsewhere('fd5c:93a1:77e2::1'))
})

test('the scope of an address says from where it is reached', () => {
  for (const [host, scope] of [
    ['node.example.org', 'everywhere'],
    ['203.0.113.7', 'everywhere'],
    ['172.15.0.1', 'everywhere'],
    ['172.16.0.1', 'house'],
    ['100.127.0.1', 'house'],
    ['100.128.0.1', 'everywhere'],
    ['127.9.9.9', 'machine'],
    ['::1', 'machine'],
    ['::ffff:127.0.0.1', 'nowhere'],
    ['localhost', 'nowhere'],
    ['239.1.1.1', 'nowhere'],
  ] as const)
    assert.equal(scopeOf(host), scope, host)
})
