import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCbor } from '@anarq/ipld'
import type { NodeId } from '@anarq/qnet'
import { createBail, createFeedKey, homeOfFeed } from '@anarq/qnet/swarm'
import fc from 'fast-check'
import { createNet, disagreements, type Node } from './net.ts'

test('no bytes from a peer throw through the node, change who its neighbours are, or go unblamed', () => {
  const net = createNet(21)
  const nodes = net.grow(4)
  const target = nodes[0] as Node
  const peer = nodes[1]?.card.id as NodeId
  const seen: Uint8Array[] = []
  const kinds = new Map<string, number>()
  for (const node of nodes)
    node.twist = (_to, message) => {
      // Each kind in its turn: probes are by far the most.
      const kind = String((decodeCbor(message) as unknown[])[1])
      const count = kinds.get(kind) ?? 0
      kinds.set(kind, count + 1)
      if (count < 40) seen.push(message)
      return message
    }
  net.add([peer])
  using key = createFeedKey(new Uint8Array(32).fill(3))
  const { replicas } = (nodes[2] as Node).swarm
  const { signing } = nodes[2] as Node
  replicas.bails.put(key.feed, createBail(signing, '', key.feed, 1), () => {})
  replicas.put(homeOfFeed(key.feed), new Uint8Array(100), 6, () => {})
  replicas.lists.put(key.feed, key.signList(1, new Uint8Array(32)), () => {})
  replicas.lists.find(key.feed, () => {})
  net.run(60_000)
  for (const kind of ['store', 'stored', 'have', 'list', 'listed', 'lists?', 'bail'])
    assert.ok(kinds.has(kind), kind)
  const before = target.swarm.view()?.members.length
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      target.swarm.receive(peer, bytes)
    }),
    { seed: 1, numRuns: 2000 },
  )
  assert.ok(target.blamed.length > 1900)
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(255), fc.boolean(), (which, where, how, isCut) => {
      const message = (seen[which % seen.length] as Uint8Array).slice()
      message[where % message.length] = how
      target.swarm.receive(peer, isCut ? message.subarray(0, where % message.length) : message)
    }),
    { seed: 2, numRuns: 3000 },
  )
  net.run(60_000)
  assert.equal(target.swarm.view()?.members.length, before)
  assert.deepEqual(disagreements(net.nodes.values()), [])
})
