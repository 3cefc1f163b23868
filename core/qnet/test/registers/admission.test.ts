import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { encodeCbor } from '@anarq/ipld'
import { type Chain, encodeChain, numberOf } from '@anarq/qnet/registers'
import { create, createWorld, type Peer, run } from './net.ts'

test('a stranger makes nobody keep anything: what is private or protected comes from neighbours alone', () => {
  const world = createWorld({ seed: 31, size: 8, settings: { copies: 0 } })
  world.view = world.peers.slice(0, 7).map(({ elector }) => elector)
  const [owner, neighbour] = world.peers as [Peer, Peer]
  const chain = create(world, owner, 'private', 'mine')
  show(neighbour, world.peers[7] as Peer, chain)
  assert.equal(keptBy(neighbour), 0)
  show(neighbour, owner, chain)
  assert.equal(keptBy(neighbour), 1)
})

test('a neighbour fills no more than its share, and the owner’s own has room however full it is', () => {
  const world = createWorld({ seed: 32, size: 4, settings: { perMemberMax: 3 } })
  const [greedy, other, third] = world.peers as [Peer, Peer, Peer]
  for (let i = 0; i < 6; i += 1) create(world, greedy, 'private', `one ${i}`)
  world.net.run(20_000)
  assert.equal(keptBy(other), 3)
  create(world, third, 'private', 'mine')
  world.net.run(20_000)
  assert.equal(keptBy(other), 4, 'others have room beside it')
  assert.equal(keptBy(greedy), 7)
})

test('a full node takes nothing new and goes on with what it has', () => {
  const world = createWorld({ seed: 33, size: 4, settings: { registersMax: 2 } })
  const [owner, other] = world.peers as [Peer, Peer]
  const first = create(world, owner, 'protected', 'one')
  create(world, owner, 'protected', 'two')
  world.net.run(10_000)
  const outcome = run<Chain>(
    world,
    (then) =>
      owner.faces[0]?.create(
        { class: 'protected', name: fromUtf8('third'), value: fromUtf8('x'), key: owner.key },
        then,
      ),
    120_000,
  )
  assert.ok(!outcome.ok && outcome.fault.code === 'unavailable.quorum')
  assert.equal(keptBy(other), 2)
  const changed = run<Chain>(world, (then) =>
    owner.faces[0]?.change({ id: first.id, value: fromUtf8('again'), key: owner.key }, then),
  )
  assert.ok(changed.ok)
})

test('a name without the work that its class asks for is kept by nobody', () => {
  const world = createWorld({ seed: 34, size: 4 })
  const rich = createWorld({
    seed: 34,
    size: 4,
    settings: { workBits: { private: 6, protected: 8, public: 10 } },
  })
  const cheap = create(world, world.peers[0] as Peer, 'public', 'cheap')
  show(rich.peers[1] as Peer, rich.peers[0] as Peer, cheap)
  const paid = create(rich, rich.peers[0] as Peer, 'public', 'paid')
  rich.net.run(5000)
  assert.deepEqual(
    [...(rich.peers[1]?.faces[0]?.all() ?? [])].map(({ id }) => id.toHex()),
    [paid.id.toHex()],
  )
  assert.equal(paid.id[0], 0, 'the work is in the id')
})

test('founders who are friends of the owner, and no neighbours, are believed by no neighbour', () => {
  for (const kind of ['protected', 'public'] as const) {
    const friends = createWorld({ seed: 35, size: 7 })
    const chain = create(friends, friends.peers[0] as Peer, kind, 'we all agree')
    const world = createWorld({ seed: 36, size: 7 })
    const [neighbour, liar] = world.peers as [Peer, Peer]
    show(neighbour, liar, chain)
    assert.equal(keptBy(neighbour), 0)
    assert.deepEqual(neighbour.blamed, [], 'who passes it on may not know')
  }
})

test('a register that never came to a version is let go where nobody voted for it', () => {
  const world = createWorld({ seed: 37, size: 7 })
  const [owner, other] = world.peers as [Peer, Peer]
  for (const { node } of world.peers.slice(2)) node.isDown = true
  const outcome = run<Chain>(
    world,
    (then) =>
      owner.faces[0]?.create(
        { class: 'protected', name: fromUtf8('x'), value: fromUtf8('x'), key: owner.key },
        then,
      ),
    120_000,
  )
  assert.ok(!outcome.ok && outcome.fault.code === 'unavailable.quorum')
  world.net.run(200_000)
  for (const peer of [owner, other])
    for (const chain of peer.faces[0]?.all() ?? []) assert.equal(numberOf(chain), 0)
})

function keptBy(peer: Peer): number {
  return [...(peer.faces[0]?.all() ?? [])].length
}

function show(to: Peer, from: Peer, chain: Chain): void {
  to.faces[0]?.receive(from.id, encodeCbor(['state', encodeChain(chain)]))
}
