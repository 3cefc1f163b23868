import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import { createBail, createMemoryStore, homeOfFeed } from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createHolding, type Refusal } from '../../src/swarm/holding.ts'
import { createNet, type Net, type Node } from './net.ts'

const random = createSeededRandom(12)
const bytesMax = 64 * 1024
const startMs = 1_767_225_600_000
const settings = { heldBytesMax: bytesMax }

function stand(net: Net, node: Node, feed: Uint8Array): number {
  let copies = 0
  node.swarm.replicas.bails.put(feed, createBail(node.signing, '', feed, startMs), (count) => {
    copies = count
  })
  net.run(10_000)
  return copies
}

function put(net: Net, node: Node, feed: Uint8Array, count: number) {
  const refused = { full: 0, share: 0 }
  let copies = 0
  for (let i = 0; i < count; i += 1)
    node.swarm.replicas.put(homeOfFeed(feed), random.bytes(1024), 6, (placed) => {
      copies += placed.copies
      refused.full += placed.refused.full
      refused.share += placed.refused.share
    })
  net.run(60_000)
  return { copies, refused }
}

test('[AQ-QNET-7] a flood of indexes without a seat fills an eighth of each neighbour, and who gives keeps its place', () => {
  const net = createNet(14, settings)
  const nodes = net.grow(8)
  const owner = nodes[0] as Node
  const feed = random.bytes(32)
  assert.ok(stand(net, owner, feed) >= 5)
  // Nobody stands for these: each new one is another name for the same stranger.
  for (let i = 0; i < 40; i += 1) put(net, nodes[1] as Node, random.bytes(32), 4)
  for (const { swarm } of nodes)
    assert.ok(swarm.replicas.heldBytes() <= bytesMax / 8 + 1024, `${swarm.replicas.heldBytes()}`)
  const { copies, refused } = put(net, owner, feed, 6)
  assert.equal(copies, 36)
  assert.deepEqual(refused, { full: 0, share: 0 })
})

test('one node with a seat has a share and no more, and is told that it has', () => {
  const net = createNet(15, settings)
  const nodes = net.grow(7)
  const greedy = nodes[2] as Node
  const feeds = Array.from({ length: 3 }, () => random.bytes(32))
  for (const feed of feeds) assert.ok(stand(net, greedy, feed) >= 4)
  let refusals = 0
  for (const feed of feeds) refusals += put(net, greedy, feed, 20).refused.share
  assert.ok(refusals > 0)
  for (const { swarm } of nodes) assert.ok(swarm.replicas.heldBytes() <= bytesMax / 8)
})

test('nobody spends the share of another: who stands for an index signs it itself', () => {
  const net = createNet(16, settings)
  const nodes = net.grow(5)
  const [victim, liar] = [nodes[0] as Node, nodes[1] as Node]
  const feed = random.bytes(32)
  const { sign } = liar.signing
  const bail = createBail({ publicKey: victim.signing.publicKey, sign }, '', feed, startMs)
  let copies = -1
  liar.swarm.replicas.bails.put(feed, bail, (count) => {
    copies = count
  })
  net.run(20_000)
  assert.equal(copies, 0)
  // Nor does anybody take an index over whose node has a seat, in whatever time.
  assert.ok(stand(net, victim, feed) >= 3)
  liar.swarm.replicas.bails.put(feed, createBail(liar.signing, '', feed, startMs + 1000), (count) => {
    copies = count
  })
  net.run(20_000)
  assert.equal(copies, 0)
})

test('[SW-TOP-5] whatever is put and whoever puts it, no share and no limit is passed, and those with a seat lose nothing', () => {
  const accounts = [
    '',
    'a',
    'b',
    'seat 1',
    'seat 2',
    'seat 3',
    'seat 4',
    'seat 5',
    'seat 6',
    'seat 7',
    'seat 8',
    'seat 9',
  ]
  const homes = accounts.map((_, i) => hashBlake3(Uint8Array.of(i)))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(accounts.length - 1), fc.integer({ min: 1, max: 900 })), { maxLength: 300 }),
      (puts) => {
        const store = createMemoryStore()
        const nameOf = (home: Uint8Array): string =>
          accounts[homes.findIndex((one) => one.toHex() === home.toHex())] as string
        const standing = {
          accountOf: (home: Uint8Array) => ({
            name: nameOf(home),
            isSeated: nameOf(home).startsWith('seat'),
          }),
        }
        const world = { clock: { nowMs: () => 1000 } } as never
        const max = 16_384
        const holding = createHolding({ world, store, standing, bytesMax: max, seatedPart: 8 })
        const given = new Map<string, number>()
        puts.forEach(([who, length], i) => {
          const bytes = createSeededRandom(i).bytes(length)
          let why: Refusal | undefined = 'disk'
          holding.keep(homes[who] as Uint8Array, hashBlake3(bytes), bytes, (told) => {
            why = told
          })
          if (why === undefined && accounts[who]?.startsWith('seat'))
            given.set(accounts[who] as string, (given.get(accounts[who] as string) ?? 0) + length)
        })
        const held = new Map<string, number>()
        let sum = 0
        for (const { home, bytes } of store.notes()) {
          held.set(nameOf(home), (held.get(nameOf(home)) ?? 0) + bytes)
          sum += bytes
        }
        assert.equal(holding.bytes(), sum)
        assert.ok(sum <= max)
        for (const [name, bytes] of held) assert.ok(bytes <= max / (name.startsWith('seat') ? 8 : 64))
        for (const [name, bytes] of given) assert.equal(held.get(name), bytes)
      },
    ),
    { seed: 3, numRuns: 60 },
  )
})
