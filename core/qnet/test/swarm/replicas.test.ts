import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import {
  createMemoryStore,
  createSigning,
  homeOfFeed,
  type Placed,
  receiptStatement,
  type SignedHead,
  type Store,
} from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import { createNet, disagreements, type Net, type Node } from './net.ts'

const feed = new Uint8Array(32).fill(5)
const home = homeOfFeed(feed)
const random = createSeededRandom(4)

function put(net: Net, node: Node, bytes: Uint8Array, copies = 6): Placed {
  let placed: Placed | undefined
  node.swarm.replicas.put(home, bytes, copies, (result) => {
    placed = result
  })
  net.run(60_000)
  assert.ok(placed, 'an answer')
  return placed
}

function get(net: Net, node: Node, key: Uint8Array): Uint8Array | undefined {
  let got: Uint8Array | undefined
  node.swarm.replicas.get(home, key, (bytes) => {
    got = bytes
  })
  net.run(60_000)
  return got
}

test('a put says which guarantee holds: alone, fewer, full; each copy elsewhere is receipted', () => {
  const net = createNet(3)
  const first = net.add()
  net.run(10_000)
  const bytes = random.bytes(1000)
  assert.equal(put(net, first, bytes).guarantee, 'alone')
  net.grow(3)
  assert.equal(put(net, first, bytes).guarantee, 'fewer')
  net.grow(9)
  const placed = put(net, first, bytes)
  assert.equal(placed.guarantee, 'full')
  const { verify } = createSigning(new Uint8Array(32))
  for (const { holder, epoch, signature } of placed.receipts) {
    assert.notEqual(holder.id, first.card.id)
    assert.ok(verify(holder.publicKey, receiptStatement('', hashBlake3(bytes), epoch), signature))
  }
})

test('[SW-TOP-5] [AQ-QNET-7] [AQ-VIS-5] after any 5 of 25 are lost nothing is, and six copies are there again', () => {
  const net = createNet(5)
  const nodes = net.grow(25)
  const blocks = Array.from({ length: 40 }, () => random.bytes(2000))
  for (const bytes of blocks) nodes[0]?.swarm.replicas.put(home, bytes, 6, () => {})
  net.run(20_000)
  for (const node of nodes.slice(0, 5)) node.isDown = true
  net.run(600_000)
  const live = nodes.slice(5)
  assert.deepEqual(disagreements(nodes), [])
  for (const bytes of blocks) {
    const copies = live.filter(
      ({ store }) => store.find({ key: hashBlake3(bytes), home }) !== undefined,
    ).length
    assert.ok(copies >= 6, `${copies} copies`)
  }
  assert.deepEqual(get(net, live[9] as Node, hashBlake3(blocks[7] as Uint8Array)), blocks[7])
})

test('a head survives the loss of its owner’s disk and is found from the name of its index alone', () => {
  const net = createNet(6)
  const nodes = net.grow(8)
  const head = (sequence: number): SignedHead => ({
    sequence,
    head: hashBlake3(Uint8Array.of(sequence)),
    signature: Uint8Array.of(feed[0] as number, sequence),
  })
  const copies: number[] = []
  for (const sequence of [1, 2, 3])
    nodes[0]?.swarm.replicas.heads.put(feed, head(sequence), (count) => copies.push(count))
  net.run(30_000)
  assert.ok(copies.every((count) => count >= 6) && copies.length === 3)
  ;(nodes[0] as Node).isDown = true
  const fresh = net.add([nodes[4]?.card.id as never])
  net.run(60_000)
  let found: readonly SignedHead[] = []
  fresh.swarm.replicas.heads.find(feed, (heads) => {
    found = heads
  })
  net.run(30_000)
  assert.deepEqual(found, [head(3), head(2), head(1)])
})

test('a head that its owner did not sign is kept by nobody', () => {
  const net = createNet(6)
  const nodes = net.grow(4)
  const forged = { sequence: 9, head: new Uint8Array(32), signature: Uint8Array.of(1, 1) }
  nodes[0]?.swarm.replicas.heads.put(feed, forged, () => {})
  net.run(30_000)
  for (const { swarm } of nodes) assert.deepEqual(swarm.replicas.heads.kept(feed), [])
})

test('[SW-TOP-8] who says to hold blocks and does not is found out by its neighbours and loses its seat', () => {
  const net = createNet(8, { auditTicks: 1, copies: 6 })
  const nodes = net.grow(7)
  const liar = net.add([nodes[0]?.card.id as never], createForgetfulStore())
  net.run(30_000)
  assert.equal(nodes[0]?.swarm.view()?.members.length, 8)
  for (let i = 0; i < 30; i += 1) nodes[0]?.swarm.replicas.put(home, random.bytes(500), 6, () => {})
  net.run(900_000)
  assert.ok(nodes.every(({ swarm }) => !swarm.view()?.members.some(({ id }) => id === liar.card.id)))
  assert.ok(nodes.every(({ swarm }) => swarm.membership.accusations.out().get(liar.card.id) === 'no-block'))
  assert.deepEqual(
    disagreements(nodes).filter((text) => text.startsWith('two')),
    [],
  )
})

test('a block that is not what its key names comes from nobody', () => {
  const net = createNet(9)
  const nodes = net.grow(4)
  const bytes = random.bytes(700)
  put(net, nodes[0] as Node, bytes, 3)
  for (const node of nodes.slice(1, 3)) node.twist = (_to, message) => twisted(message)
  const asker = net.add([nodes[0]?.card.id as never])
  net.run(20_000)
  assert.deepEqual(get(net, asker, hashBlake3(bytes)), bytes)
})

/** Says that it has what it was given, and has nothing. */
function createForgetfulStore(): Store {
  const honest = createMemoryStore()
  return { ...honest, get: (_key, then) => then(undefined) }
}

function twisted(message: Uint8Array): Uint8Array {
  const [network, kind, number, bytes] = decodeCbor(message) as unknown[]
  return kind === 'block' && bytes instanceof Uint8Array
    ? encodeCbor([network, kind, number, bytes.map((byte) => byte ^ 1)])
    : message
}
