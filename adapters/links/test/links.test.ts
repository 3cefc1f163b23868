import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { toUtf8 } from '@anarq/bytes'
import {
  type Carrier,
  createLinks,
  createMemoryCarrier,
  createSystemWorld,
  createTcpCarrier,
  createWebSocketCarrier,
  type Links,
  type LinksOptions,
  type PeerContact,
  type Pipe,
  type PipeEvents,
} from '@anarq/links'
import { primitives } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import type { CloseReport, StreamEvents } from '@anarq/qnet/link'
import { skipWithoutIpv6 } from '../../../tools/ipv6.ts'
import { sayBack } from './say-back.ts'

type Node = {
  readonly id: NodeId
  readonly links: Links
  readonly contact: { addresses: string[]; readonly agreementKey: Uint8Array }
  readonly ups: NodeId[]
  readonly downs: { readonly peer: NodeId; readonly report: CloseReport }[]
  readonly messages: string[]
  readonly cells: Uint8Array[]
  readonly streams: Uint8Array[][]
}

const world = createSystemWorld()
const carriers: readonly (readonly [string, () => Carrier, string])[] = [
  ['TCP', createTcpCarrier, 'tcp://127.0.0.1:0'],
  ['WebSocket', createWebSocketCarrier, 'ws://127.0.0.1:0/qnet'],
  ['memory', shared(createMemoryCarrier(world)), 'memory://node:0'],
]
let seeds = 10

for (const [name, carrier, address] of carriers) {
  test(`[QN-PRF-2] ${name}: messages, cells and many streams go over one link, which opens when it is needed`, async () => {
    await using net = await network([carrier(), carrier()], address)
    const [a, b] = net.nodes as [Node, Node]
    a.links.send(b.id, text('first'))
    a.links.send(b.id, text('second'))
    const streams = await Promise.all(
      [...Array(20).keys()].map((i) =>
        a.links.openStream(
          b.id,
          echo((bytes) => got[i]!.push(bytes)),
        ),
      ),
    )
    const got: Uint8Array[][] = streams.map(() => [])
    for (const [i, stream] of streams.entries()) {
      stream.write(new Uint8Array(100_000).fill(i))
      stream.end()
    }
    assert.ok(a.links.sendCell(b.id, new Uint8Array(4096).fill(5)))
    await until(() => got.every((parts) => size(parts) === 100_000))
    b.links.send(a.id, text('back'))
    await until(() => a.messages.length === 1 && b.cells.length === 1)
    assert.deepEqual(b.messages, ['first', 'second'])
    assert.deepEqual([a.ups, b.ups], [[b.id], [a.id]])
    assert.deepEqual([a.links.peers().length, b.links.peers().length], [1, 1])
    assert.equal(got[7]?.[0]?.[0], 7)
  })

  test(`${name}: two that dial each other at once settle on one link, and nothing that was sent is lost`, async () => {
    await using net = await network([carrier(), carrier()], address)
    const [a, b] = net.nodes as [Node, Node]
    for (let i = 0; i < 50; i += 1) {
      a.links.send(b.id, text(`a${i}`))
      b.links.send(a.id, text(`b${i}`))
    }
    await Promise.all([a.links.connect(b.id), b.links.connect(a.id)])
    await until(() => a.messages.length === 50 && b.messages.length === 50)
    await until(() => a.links.peers()[0]?.isInitiator !== b.links.peers()[0]?.isInitiator)
    assert.deepEqual([a.ups.length, b.ups.length, a.downs.length, b.downs.length], [1, 1, 0, 0])
    a.links.send(b.id, text('after'))
    await until(() => b.messages.length === 51)
  })

  test(`${name}: whoever leaves is missed at once, and found again`, async () => {
    await using net = await network([carrier(), carrier()], address)
    const [a, b] = net.nodes as [Node, Node]
    await a.links.connect(b.id)
    // Whoever dialled is half a round trip ahead.
    await until(() => b.ups.length === 1)
    b.links.disconnect(a.id)
    await until(() => a.downs.length === 1 && b.downs.length === 1)
    assert.deepEqual([a.downs[0]?.report.reason, a.downs[0]?.report.isByPeer], ['done', true])
    assert.deepEqual(a.links.peers(), [])
    assert.equal(a.links.sendCell(b.id, new Uint8Array(4096)), false)
    await a.links.connect(b.id)
    assert.equal(a.links.peers().length, 1)
  })
}

test('[WX-L2-2] where one kind of transport leads nowhere, another is taken', async () => {
  await using net = await network([createTcpCarrier(), createTcpCarrier()], 'tcp://127.0.0.1:0', {
    more: [createWebSocketCarrier()],
  })
  const [a, b] = net.nodes as [Node, Node]
  const { address } = await b.links.listen('ws://127.0.0.1:0/qnet')
  b.contact.addresses = ['udp://127.0.0.1:9', 'tcp://127.0.0.1:1', 'nonsense', address]
  await a.links.connect(b.id)
  a.links.send(b.id, text('by the other way'))
  await until(() => b.messages.length === 1)
})

test('whoever comes by IPv4 where both families come in has its IPv4 address', {
  skip: skipWithoutIpv6,
}, async () => {
  for (const [scheme, carrier] of [
    ['tcp', createTcpCarrier],
    ['ws', createWebSocketCarrier],
  ] as const) {
    await using net = await network([carrier(), carrier()], `${scheme}://[::]:0`)
    const [a, b] = net.nodes as [Node, Node]
    b.contact.addresses = b.contact.addresses.map((address) => address.replace('[::]', '127.0.0.1'))
    await a.links.connect(b.id)
    await until(() => b.ups.length === 1)
    assert.equal(b.links.peer(a.id)?.address, '127.0.0.1', scheme)
  }
})

test('a node that is not there, or is another than it should be, is unavailable, and is left alone for a while', async () => {
  await using net = await network([createTcpCarrier(), createTcpCarrier()], 'tcp://127.0.0.1:0')
  const [a, b] = net.nodes as [Node, Node]
  const stranger = nodeIdOf(primitives.ed25519Public(new Uint8Array(32).fill(99)))
  net.contacts.set(stranger, b.contact)
  await assert.rejects(a.links.connect(stranger), { code: 'unavailable.peer' })
  net.contacts.set(stranger, { ...b.contact, addresses: ['tcp://127.0.0.1:1'] })
  await assert.rejects(a.links.connect(stranger), { code: 'unavailable.peer' })
  net.contacts.delete(stranger)
  await assert.rejects(a.links.openStream(stranger, echo()), { code: 'unavailable.peer' })
  await assert.rejects(a.links.connect(a.id), { code: 'unavailable.peer' })
  a.links.send(stranger, text('lost'))
  a.links.send(a.id, text('lost'))
  assert.equal(b.ups.length, 0)
})

test('[WX-NET-1] who learns where a node is now while where it was is being dialled reaches it by the same attempt', async () => {
  const tcp = createTcpCarrier()
  const gone: (() => void)[] = []
  const slow: Carrier = {
    scheme: 'slow',
    dial: () => new Promise((_, reject) => gone.push(() => reject(new Error('nobody there')))),
  }
  await using net = await network([slow, tcp], 'tcp://127.0.0.1:0', { more: [tcp] })
  const [a, b] = net.nodes as [Node, Node]
  const { addresses } = b.contact
  b.contact.addresses = ['slow://before']
  a.links.send(b.id, text('sent before'))
  const connecting = a.links.connect(b.id)
  b.contact.addresses = ['slow://before', ...addresses]
  assert.equal(gone.length, 1)
  gone[0]?.()
  await connecting
  await until(() => b.messages.length === 1)
  // One that never leads anywhere ends, whatever is said of it meanwhile.
  const stranger = nodeIdOf(primitives.ed25519Public(new Uint8Array(32).fill(98)))
  const restless = { ...b.contact, addresses: ['slow://0'] }
  net.contacts.set(stranger, restless)
  const failing = assert.rejects(a.links.connect(stranger), { code: 'unavailable.peer' })
  for (let i = 1; i < 100 && gone.length > i; i += 1) {
    restless.addresses = [`slow://${i}`]
    gone[i]?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await failing
  assert.equal(gone.length, 17)
})

test('a connection that breaks, or says something else, before anybody listened to it leaves nothing behind', async () => {
  for (const begin of [
    (events: PipeEvents) => events.onClosed(),
    (events: PipeEvents) => events.onData(text('HTTP/1.1 400 Bad Request')),
  ]) {
    const pipe: Pipe = { remoteAddress: '', start: begin, write: () => true, end() {} }
    const carrier: Carrier = { scheme: 'broken', dial: async () => pipe }
    await using net = await network([carrier, createTcpCarrier()], 'tcp://127.0.0.1:0')
    const [a, b] = net.nodes as [Node, Node]
    b.contact.addresses = ['broken://there']
    await assert.rejects(a.links.connect(b.id), { code: 'unavailable.peer' })
    assert.deepEqual([a.links.peers(), a.ups, a.downs], [[], [], []])
  }
})

test('strangers who say nothing, say it slowly or say something else are gone after the handshake\u2019s time', async () => {
  await using net = await network([createTcpCarrier(), createTcpCarrier()], 'tcp://127.0.0.1:0', {
    linkLimits: { handshakeMsMax: 300 },
  })
  const [a, b] = net.nodes as [Node, Node]
  const port = Number(new URL(b.contact.addresses[0]!).port)
  const silent = connect(port, '127.0.0.1')
  const slow = connect(port, '127.0.0.1')
  const drip = setInterval(() => slow.write(Uint8Array.of(0)), 20)
  const rude = connect(port, '127.0.0.1').on('connect', function (this: { write(text: string): void }) {
    this.write('GET / HTTP/1.1\r\n\r\n')
  })
  const startedMs = performance.now()
  for (const socket of [silent, slow, rude]) socket.on('error', () => {}).resume()
  await once(rude, 'close')
  assert.ok(performance.now() - startedMs < 280, 'the first three bytes are enough')
  await Promise.all([once(silent, 'close'), once(slow, 'close')])
  clearInterval(drip)
  await a.links.connect(b.id)
})

test('an address has so many links and handshakes and no more, whoever comes', async () => {
  await using net = await network([createTcpCarrier(), createTcpCarrier()], 'tcp://127.0.0.1:0', {
    limits: { linksPerAddressMax: 3, burstPerAddress: 5, perSecondPerAddress: 0.001 },
  })
  const b = net.nodes[1] as Node
  const port = Number(new URL(b.contact.addresses[0]!).port)
  const knock = () => {
    const socket = connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume()
    return { socket, closed: once(socket, 'close') }
  }
  const held = [knock(), knock(), knock()]
  await new Promise((resolve) => setTimeout(resolve, 50))
  await knock().closed
  for (const { socket } of held) socket.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const more = [knock(), knock()]
  await new Promise((resolve) => setTimeout(resolve, 50))
  await knock().closed
  for (const { socket } of more) assert.equal(socket.destroyed, false)
  for (const { socket } of more) socket.destroy()
})

test('when a node is stopped every peer is told, and what was queued arrives', async () => {
  await using net = await network([createTcpCarrier(), createTcpCarrier()], 'tcp://127.0.0.1:0')
  const [a, b] = net.nodes as [Node, Node]
  await a.links.connect(b.id)
  for (let i = 0; i < 100; i += 1) a.links.send(b.id, text(`${i}`))
  await a.links.close()
  await until(() => b.downs.length === 1)
  assert.equal(b.downs[0]?.report.reason, 'goingAway')
  assert.equal(b.messages.length, 100)
  await assert.rejects(a.links.connect(b.id), { code: 'unavailable.peer' })
})

type Network = AsyncDisposable & { nodes: Node[]; contacts: Map<NodeId, PeerContact> }

async function network(
  list: readonly Carrier[],
  address: string,
  { more = [], ...options }: Partial<LinksOptions> & { more?: readonly Carrier[] } = {},
): Promise<Network> {
  const contacts = new Map<NodeId, PeerContact>()
  const nodes = list.map((carrier) => createNode([carrier, ...more], contacts, options))
  for (const node of nodes) {
    contacts.set(node.id, node.contact)
    const listener = await node.links.listen(address).catch(() => undefined)
    if (listener !== undefined) node.contact.addresses.push(listener.address)
  }
  return {
    nodes,
    contacts,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(({ links }) => links.close()))
    },
  }
}

function createNode(
  list: readonly Carrier[],
  contacts: ReadonlyMap<NodeId, PeerContact>,
  options: Partial<LinksOptions>,
): Node {
  seeds += 1
  const node = primitives.ed25519Key(new Uint8Array(32).fill(seeds))
  const agreement = primitives.x25519Key(new Uint8Array(32).fill(seeds))
  const heard = {
    ups: [] as NodeId[],
    downs: [] as { peer: NodeId; report: CloseReport }[],
    messages: [] as string[],
    cells: [] as Uint8Array[],
    streams: [] as Uint8Array[][],
  }
  const links = createLinks({
    world,
    identity: { node, agreement },
    carriers: list,
    find: (peer) => contacts.get(peer),
    events: {
      onUp: (peer) => void heard.ups.push(peer),
      onDown: (peer, report) => void heard.downs.push({ peer, report }),
      onMessage: (_, message) => void heard.messages.push(toUtf8(message)),
      onCell: (_, cell) => void heard.cells.push(cell),
      onStream: (_, stream) => sayBack(stream),
    },
    ...options,
  })
  return {
    id: nodeIdOf(node.publicKey),
    links,
    contact: { addresses: [], agreementKey: agreement.publicKey },
    ...heard,
  }
}

function echo(take: (bytes: Uint8Array) => void = () => {}): StreamEvents {
  return { onData: take, onEnd() {}, onReset() {}, onDrain() {} }
}

function shared(carrier: Carrier): () => Carrier {
  return () => carrier
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function size(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.fail('it did not come to pass in five seconds')
}
