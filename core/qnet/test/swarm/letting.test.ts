import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import { createFeedKey, type FeedKey, homeOfFeed, readKeptList, writeKeptList } from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createNet, type Net, type Node } from './net.ts'

const hourMs = 3_600_000
const settings = { graceMs: 10 * 60_000, marginMs: 60_000 }
const random = createSeededRandom(8)
const startMs = 1_767_225_600_000

function holders(nodes: readonly Node[], feed: Uint8Array, bytes: Uint8Array): number {
  const at = { key: hashBlake3(bytes), home: homeOfFeed(feed) }
  return nodes.filter(({ store }) => store.find(at) !== undefined).length
}

function put(net: Net, node: Node, feed: Uint8Array, blocks: readonly Uint8Array[]): void {
  for (const bytes of blocks) node.swarm.replicas.put(homeOfFeed(feed), bytes, 6, () => {})
  net.run(20_000)
}

/** As an owner does: the list as a block, then where it is. Resolves to how many others took that. */
function list(net: Net, node: Node, key: FeedKey, atMs: number, blocks: readonly Uint8Array[]): number {
  const bytes = writeKeptList(
    blocks.map((block) => hashBlake3(block)),
    blocks.length,
    random,
  )
  let copies = 0
  put(net, node, key.feed, [bytes])
  node.swarm.replicas.lists.put(key.feed, key.signList(atMs, hashBlake3(bytes)), (count) => {
    copies = count
  })
  net.run(20_000)
  return copies
}

test('a list knows all that is in it, and little else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer(), (count, seed) => {
      const own = createSeededRandom(seed)
      const listed = Array.from({ length: count }, () => own.bytes(32))
      const has = readKeptList(writeKeptList(listed, count, own))
      assert.ok(listed.every(has))
      const others = Array.from({ length: 400 }, () => own.bytes(32))
      assert.ok(others.filter(has).length < 12)
    }),
    { seed: 1, numRuns: 40 },
  )
})

test('bytes that are no list are none, and an empty one lets nobody let go of everything', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.throws(() => readKeptList(bytes), /./)
    }),
    { seed: 2, numRuns: 500 },
  )
})

test('what its owner does not list any more goes after the time of grace; the rest stays, and who was away learns it later', () => {
  const net = createNet(5, settings)
  const nodes = net.grow(7)
  const [owner, away] = [nodes[0] as Node, nodes[3] as Node]
  using key = createFeedKey(random.bytes(32))
  using other = createFeedKey(random.bytes(32))
  const blocks = Array.from({ length: 6 }, () => random.bytes(900))
  const [kept, gone] = [blocks.slice(0, 3), blocks.slice(3)]
  put(net, owner, key.feed, blocks)
  // Another index stands on one of them, too.
  put(net, owner, other.feed, gone.slice(0, 1))
  net.run(120_000)
  away.side = 1
  assert.ok(list(net, owner, key, startMs + hourMs, kept) >= 4)
  away.side = 0
  net.run(60_000)
  for (const bytes of blocks) assert.ok(holders(nodes, key.feed, bytes) >= 5, 'nothing goes before its time')
  net.run(40 * 60_000)
  for (const bytes of gone) assert.equal(holders(nodes, key.feed, bytes), 0)
  for (const bytes of kept) assert.ok(holders(nodes, key.feed, bytes) >= 6)
  assert.ok(
    holders(nodes, other.feed, gone[0] as Uint8Array) >= 6,
    'what another index stands on stays for that',
  )
  assert.ok(nodes.some(({ swarm }) => swarm.replicas.letGo().blocks >= 3))
  // The same again comes as if it had never been there.
  put(net, owner, key.feed, gone.slice(1, 2))
  assert.ok(holders(nodes, key.feed, gone[1] as Uint8Array) >= 5)
})

test('lies about deletion: an older list, one of another key, one from the future and one that is no list take nothing', () => {
  const net = createNet(6, settings)
  const nodes = net.grow(6)
  const [owner, liar] = [nodes[0] as Node, nodes[2] as Node]
  using key = createFeedKey(random.bytes(32))
  using thief = createFeedKey(random.bytes(32))
  const blocks = Array.from({ length: 4 }, () => random.bytes(700))
  put(net, owner, key.feed, blocks)
  net.run(120_000)
  // Signed long ago, when the index stood on other things.
  const old = startMs + 30_000
  list(net, owner, key, startMs + hourMs, blocks)
  assert.equal(list(net, liar, key, old, []), 5, 'it is taken for what is known already')
  const none = hashBlake3(writeKeptList([random.bytes(32)], 1, random))
  const forged = { ...thief.signList(startMs + 2 * hourMs, none) }
  const answers: number[] = []
  liar.swarm.replicas.lists.put(key.feed, forged, (count) => answers.push(count))
  liar.swarm.replicas.lists.put(key.feed, key.signList(startMs + 99 * hourMs, none), (count) =>
    answers.push(count),
  )
  net.run(60_000)
  assert.deepEqual(answers, [0, 0])
  const noList = random.bytes(200)
  put(net, liar, key.feed, [noList])
  liar.swarm.replicas.lists.put(key.feed, key.signList(startMs + hourMs + 1, hashBlake3(noList)), () => {})
  net.run(40 * 60_000)
  for (const bytes of blocks) assert.ok(holders(nodes, key.feed, bytes) >= 5)
})

test('who stole the key of a feed takes nothing from an owner whose node comes by within the time of grace', () => {
  const net = createNet(7, settings)
  const nodes = net.grow(6)
  const [owner, thief] = [nodes[0] as Node, nodes[4] as Node]
  using key = createFeedKey(random.bytes(32))
  const blocks = Array.from({ length: 3 }, () => random.bytes(600))
  put(net, owner, key.feed, blocks)
  net.run(120_000)
  let atMs = startMs + hourMs
  for (let day = 0; day < 4; day += 1) {
    list(net, thief, key, atMs, [random.bytes(10)])
    net.run(6 * 60_000)
    list(net, owner, key, atMs + 1, blocks)
    net.run(2 * 60_000)
    atMs += 600_000
  }
  for (const bytes of blocks) assert.ok(holders(nodes, key.feed, bytes) >= 5)
  // An owner that never comes again loses to whoever can sign for it.
  list(net, thief, key, atMs, [random.bytes(10)])
  net.run(40 * 60_000)
  for (const bytes of blocks) assert.equal(holders(nodes, key.feed, bytes), 0)
})
