import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeIdOf } from '@anarq/qnet'
import { createTestNet } from '@anarq/qnet/testing'

const ids = [1, 2, 3].map((n) => nodeIdOf(new Uint8Array(32).fill(n)))
const [a, b, c] = ids as [(typeof ids)[0], (typeof ids)[0], (typeof ids)[0]]

function talk(seed: number, loss = 0): string[] {
  const net = createTestNet({ seed, loss })
  const heard: string[] = []
  for (const id of ids) {
    const node = net.add(id)
    node.receive = (from, message) => {
      heard.push(`${net.clock.nowMs()} ${ids.indexOf(from)}→${ids.indexOf(id)} ${message[0]}`)
      if ((message[0] as number) < 20) node.wire.send(from, Uint8Array.of((message[0] as number) + 1))
    }
  }
  for (const to of [b, c]) net.node(a)?.wire.send(to, Uint8Array.of(0))
  net.run(10_000)
  return heard
}

test('one seed gives one history, another seed another', () => {
  assert.deepEqual(talk(7), talk(7))
  assert.notDeepEqual(talk(7), talk(8))
  assert.equal(talk(7).length, 42)
  assert.ok(talk(7, 0.5).length < 42)
})

test('two sides of a partition hear nothing of each other until it heals; what is down neither speaks nor wakes', () => {
  const net = createTestNet({ seed: 1 })
  let heard = 0
  for (const id of ids) net.add(id).receive = () => (heard += 1)
  net.partition([a], [b])
  net.node(a)?.wire.send(b, Uint8Array.of(1))
  net.node(a)?.wire.send(c, Uint8Array.of(1))
  net.run(1000)
  assert.equal(heard, 1)
  net.heal()
  net.node(a)?.wire.send(b, Uint8Array.of(1))
  assert.ok((net.runUntil(() => heard === 2, 1000) ?? 1000) <= 66)
  const node = net.node(b)
  assert.ok(node)
  node.world.after(10, () => (heard += 100))
  node.isDown = true
  node.wire.send(a, Uint8Array.of(1))
  net.run(1000)
  assert.equal(heard, 2)
  assert.equal(
    net.runUntil(() => heard === 3, 1000),
    undefined,
  )
  assert.deepEqual(net.stats, { sent: 3, delivered: 2, lost: 1, bytes: 3 })
})

test('messages between two nodes keep their order, timers run by time and can be called off, clocks can be wrong', () => {
  const net = createTestNet({ seed: 3, latencyMs: [1, 500] })
  const [one, other] = [net.add(a), net.add(b)]
  const heard: number[] = []
  other.receive = (_, message) => heard.push(message[0] as number)
  for (let i = 0; i < 50; i += 1) one.wire.send(b, Uint8Array.of(i))
  net.run(2000)
  assert.deepEqual(
    heard,
    [...heard].sort((x, y) => x - y),
  )
  assert.equal(heard.length, 50)
  other.clockOffsetMs = -7_200_000
  assert.equal(one.world.clock.nowMs() - other.world.clock.nowMs(), 7_200_000)
  const woken: number[] = []
  one.world.after(30, () => woken.push(30))
  one.world.after(10, () => woken.push(10))
  one.world.after(20, () => woken.push(20))()
  net.run(100)
  assert.deepEqual(woken, [10, 30])
})
