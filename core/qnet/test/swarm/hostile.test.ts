import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '@anarq/qnet'
import fc from 'fast-check'
import { createNet, disagreements, type Node } from './net.ts'

test('no bytes from a peer throw through the node, change who its neighbours are, or go unblamed', () => {
  const net = createNet(21)
  const nodes = net.grow(4)
  const target = nodes[0] as Node
  const peer = nodes[1]?.card.id as NodeId
  const seen: Uint8Array[] = []
  for (const node of nodes)
    node.twist = (_to, message) => {
      if (seen.length < 400) seen.push(message)
      return message
    }
  net.add([peer])
  net.run(60_000)
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
