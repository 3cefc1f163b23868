import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { Fault, type Outcome, unwrap } from '@anarq/fault'
import { encodeCbor } from '@anarq/ipld'
import type { NodeId } from '@anarq/qnet'
import {
  type Chain,
  type Entry,
  electorsOf,
  encodeChain,
  hashOfEntry,
  lastOf,
  numberOf,
  parseReference,
  referenceOf,
  writeEntry,
} from '@anarq/qnet/registers'
import type { Elector } from '@anarq/qnet/swarm'
import { create, createWorld, type Peer, run, type World } from './net.ts'

test('[SW-CON-1] a private register is its owner’s alone: its change is done before anybody else hears of it', () => {
  const world = createWorld({ seed: 1, size: 7 })
  const [owner] = world.peers as [Peer, ...Peer[]]
  for (const other of world.peers.slice(1)) other.node.isDown = true
  const first = create(world, owner, 'private', 'one', 0)
  assert.equal(contentOf(first), 'one')
  const second = change(world, owner, first, 'two', 0)
  assert.equal(contentOf(second), 'two')
  assert.equal(lastOf(second)?.certificate, undefined)
})

test('[SW-CON-1] the neighbours keep copies of a private register, and anybody reads it by its reference', () => {
  const world = createWorld({ seed: 2, size: 9 })
  const [owner] = world.peers as [Peer]
  const chain = create(world, owner, 'private', 'mine')
  world.net.run(10_000)
  const keeping = world.peers.filter(({ faces }) => faces[0]?.held(chain.id) !== undefined)
  assert.equal(keeping.length, 6)
  owner.node.isDown = true
  const reader = world.peers.find((peer) => !keeping.includes(peer)) as Peer
  assert.equal(contentOf(read(world, reader, referenceOf(chain))), 'mine')
})

test('[SW-CON-2] a write to a private register by anybody but its owner is refused by every node', () => {
  const world = createWorld({ seed: 3, size: 5 })
  const [owner, thief] = world.peers as [Peer, Peer]
  const chain = create(world, owner, 'private', 'mine')
  world.net.run(10_000)
  const outcome = run<Chain>(world, (then) =>
    thief.faces[0]?.change({ id: chain.id, value: fromUtf8('stolen'), key: thief.key }, then),
  )
  assert.ok(!outcome.ok && outcome.fault.code === 'refused.register-writer')
  // Nor does it help to leave one's own node out of it.
  const previous = hashOfEntry(lastOf(chain)?.entry as Entry)
  const fields = { version: 2, previous, value: fromUtf8('stolen'), atMs: 0 }
  const forged = {
    ...chain,
    versions: [...chain.versions, { entry: writeEntry(chain, fields, thief.key), certificate: undefined }],
  }
  for (const { faces } of world.peers)
    faces[0]?.receive('thief' as NodeId, encodeCbor(['state', encodeChain(forged)]))
  assert.ok(world.peers.every(({ blamed }) => blamed.join() === 'refused.register'))
  world.net.run(10_000)
  for (const { faces } of world.peers) assert.equal(contentOf(faces[0]?.held(chain.id) as Chain), 'mine')
})

for (const kind of ['protected', 'public'] as const)
  test(`[SW-CON-3] [SW-CON-4] [SW-CON-5] a ${kind} register has one history, which its electors signed and all who keep it hold`, () => {
    const world = createWorld({ seed: 4, size: 7 })
    const [owner] = world.peers as [Peer]
    let chain = create(world, owner, kind, 'one')
    for (const value of ['two', 'three']) chain = change(world, owner, chain, value)
    assert.equal(chain.descriptor.class, kind)
    assert.deepEqual(
      chain.versions.map(({ entry }) => toUtf8(entry.value)),
      ['one', 'two', 'three'],
    )
    for (const { certificate } of chain.versions) assert.ok((certificate?.votes.length ?? 0) >= 5)
    world.net.run(30_000)
    for (const { faces } of world.peers) assert.equal(contentOf(faces[0]?.held(chain.id) as Chain), 'three')
    assertOneHistory(world)
  })

test('[SW-CON-3] [SW-TOP-7] a protected change needs more than two thirds, and comes to be when they are there again', () => {
  const world = createWorld({ seed: 5, size: 7 })
  const [owner, , , ...others] = world.peers as [Peer, Peer, Peer, ...Peer[]]
  const chain = create(world, owner, 'protected', 'one')
  for (const { node } of others.slice(0, 3)) node.isDown = true
  let outcome: Outcome<Chain> | undefined
  owner.faces[0]?.change({ id: chain.id, value: fromUtf8('two'), key: owner.key }, (one) => {
    outcome = one
  })
  world.net.run(30_000)
  assert.equal(outcome, undefined, 'four of seven decide nothing')
  ;(others[0] as Peer).node.isDown = false
  ;(others[0] as Peer).restart()
  assert.ok(world.net.runUntil(() => outcome !== undefined, 60_000))
  assert.equal(contentOf(unwrap(outcome as unknown as Outcome<Chain>)), 'two')
})

test('[SW-TOP-3] a neighbourhood that is cut off from all others goes on deciding about its own registers', () => {
  const world = createWorld({ seed: 6, size: 12 })
  const near = world.peers.slice(0, 7)
  world.view = near.map(({ elector }) => elector)
  world.net.partition(
    near.map(({ id }) => id),
    world.peers.slice(7).map(({ id }) => id),
  )
  const [owner] = near as [Peer]
  const chain = change(world, owner, create(world, owner, 'protected', 'one'), 'two')
  assert.equal(contentOf(chain), 'two')
  world.net.heal()
  const far = world.peers.at(-1) as Peer
  assert.equal(
    contentOf(read(world, far, referenceOf(chain))),
    'two',
    '[SW-TOP-4] and all others read it afterwards',
  )
})

test('[SW-CON-7] two writers of a public register at once: one change stands everywhere, and the other is told so', () => {
  const world = createWorld({ seed: 7, size: 7 })
  const [owner, writer] = world.peers as [Peer, Peer]
  const founded = unwrap(
    run<Chain>(world, (then) =>
      owner.faces[0]?.create(
        {
          class: 'public',
          name: fromUtf8('name'),
          value: fromUtf8('one'),
          key: owner.key,
          writers: [writer.key.publicKey],
        },
        then,
      ),
    ),
  )
  assert.ok(world.net.runUntil(() => writer.faces[0]?.held(founded.id) !== undefined, 30_000) !== undefined)
  const outcomes: Outcome<Chain>[] = []
  for (const peer of [owner, writer])
    peer.faces[0]?.change({ id: founded.id, value: fromUtf8(`of ${peer === owner}`), key: peer.key }, (one) =>
      outcomes.push(one),
    )
  assert.ok(world.net.runUntil(() => outcomes.length === 2, 60_000) !== undefined)
  assert.equal(outcomes.filter((one) => one.ok).length, 1)
  assert.ok(outcomes.some((one) => !one.ok && one.fault.code === 'conflict.register'))
  world.net.run(30_000)
  const ends = new Set(world.peers.map(({ faces }) => contentOf(faces[0]?.held(founded.id) as Chain)))
  assert.equal(ends.size, 1)
  assertOneHistory(world)
})

test('electors that go are replaced by a step that those before them decided, and the whole way is proved', () => {
  const world = createWorld({ seed: 8, size: 10 })
  world.view = world.peers.slice(0, 7).map(({ elector }) => elector)
  const [owner] = world.peers as [Peer]
  const chain = create(world, owner, 'protected', 'one')
  for (const { node } of world.peers.slice(5, 7)) node.isDown = true
  world.view = [...world.peers.slice(0, 5), ...world.peers.slice(7)].map(({ elector }) => elector)
  world.net.run(30_000)
  const moved = change(world, owner, chain, 'two')
  assert.equal(moved.links.length, 1)
  assert.equal(numberOf(moved), 3)
  const newcomer = world.peers[9] as Peer
  assert.ok(
    world.net.runUntil(() => numberOf(newcomer.faces[0]?.held(chain.id) ?? chain) === 3, 30_000) !==
      undefined,
  )
  assertOneHistory(world)
})

test('[SW-CON-4] a public register goes to the committee of the period when it is changed, and not for a new period alone', () => {
  const world = createWorld({ seed: 12, size: 12 })
  const electors = world.peers.map(({ elector }) => elector)
  const [owner] = world.peers as [Peer]
  world.committee = electors.slice(0, 7)
  const chain = create(world, owner, 'public', 'one')
  world.committee = electors.slice(5)
  world.net.run(60_000)
  assert.equal(owner.faces[0]?.held(chain.id)?.links.length, 0)
  const changed = change(world, owner, chain, 'two')
  const names = (some: readonly Elector[]): string[] => some.map(({ id }) => id).sort()
  assert.deepEqual(names(changed.links[0]?.electors ?? []), names(world.committee))
  assert.deepEqual(names(electorsOf(changed)), names(world.committee))
  world.net.run(30_000)
  for (const { faces } of world.peers) assert.equal(contentOf(faces[0]?.held(chain.id) as Chain), 'two')
  assertOneHistory(world)
})

test('[SW-CON-4] while nobody can be drawn a new public register is refused, and one that stands is changed by those who decide on it', () => {
  const world = createWorld({ seed: 13, size: 9 })
  const [owner] = world.peers as [Peer]
  const chain = create(world, owner, 'public', 'one')
  world.committee = undefined
  const founding = { class: 'public', name: fromUtf8('other'), value: fromUtf8('x'), key: owner.key } as const
  const refused = run<Chain>(world, (then) => owner.faces[0]?.create(founding, then))
  assert.equal(refused.ok ? undefined : refused.fault.code, 'unavailable.electors')
  const changed = change(world, owner, chain, 'two')
  assert.deepEqual([changed.links.length, contentOf(changed)], [0, 'two'])
  assertOneHistory(world)
})

test('[SW-CON-6] a change costs more messages and bytes the more must agree: private, protected, public', () => {
  const costs = (['private', 'protected', 'public'] as const).map((kind) => {
    const world = createWorld({ seed: 11, size: 30, settings: { tickMs: 3_600_000 } })
    world.view = world.peers.slice(0, 25).map(({ elector }) => elector)
    const [owner] = world.peers as [Peer]
    const chain = create(world, owner, kind, 'one')
    world.net.run(20_000)
    const before = { ...world.net.stats }
    change(world, owner, chain, 'two')
    world.net.run(20_000)
    return { sent: world.net.stats.sent - before.sent, bytes: world.net.stats.bytes - before.bytes }
  })
  const [own, near, all] = costs as [(typeof costs)[0], (typeof costs)[0], (typeof costs)[0]]
  assert.ok(own.sent * 10 < near.sent && near.sent < all.sent, JSON.stringify(costs))
  assert.ok(own.bytes * 10 < near.bytes && near.bytes < all.bytes, JSON.stringify(costs))
})

test('what is no message is blamed on its sender and changes nothing', () => {
  const world = createWorld({ seed: 9, size: 3 })
  const [peer, other] = world.peers as [Peer, Peer]
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0xff), fromUtf8('nonsense')])
    peer.faces[0]?.receive(other.id, bytes)
  assert.equal(peer.blamed.length, 3)
  assert.deepEqual([...(peer.faces[0]?.all() ?? [])], [])
})

test('a reference is one spelling of a class and an id', () => {
  const world = createWorld({ seed: 10, size: 1 })
  const chain = create(world, world.peers[0] as Peer, 'protected', 'alone')
  const text = referenceOf(chain)
  assert.deepEqual(parseReference(text).id, chain.id)
  assert.equal(parseReference(text).class, 'protected')
  for (const bad of [text.slice(0, -1), `${text}a`, text.replace('anarq-register:', ''), ''])
    assert.throws(
      () => parseReference(bad),
      (error) => error instanceof Fault && error.code === 'invalid.reference',
    )
})

function change(world: World, peer: Peer, { id }: Chain, value: string, withinMs?: number): Chain {
  return unwrap(
    run<Chain>(
      world,
      (then) => peer.faces[0]?.change({ id, value: fromUtf8(value), key: peer.key }, then),
      withinMs,
    ),
  )
}

function read(world: World, peer: Peer, reference: string): Chain {
  return unwrap(run<Chain>(world, (then) => peer.faces[0]?.read(parseReference(reference), then)))
}

function contentOf(chain: Chain): string {
  return toUtf8(lastOf(chain)?.entry.value as Uint8Array)
}

function assertOneHistory({ decided }: World): void {
  assert.ok(decided.size > 0)
  for (const [step, ways] of decided) assert.equal(ways.size, 1, step)
}
