import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { type Chain, electorsOf, encodeEntry, hashOfEntry, lastOf, writeEntry } from '@anarq/qnet/registers'
import { rankFor } from '@anarq/qnet/swarm'
import { create, createWorld, type Peer, type World } from './net.ts'

/** One honest elector, and three that say whatever a test has them say. */
type Stage = {
  readonly world: World
  readonly disks: { areBroken: boolean }
  readonly honest: Peer
  /** Who leads in which round; the honest one is the last. */
  readonly leaders: readonly Peer[]
  /** A step that would come next, as it is agreed on. */
  value(content: string, atMs?: number): Uint8Array
  say(from: Peer, part: readonly unknown[]): void
  propose(round: number, value: Uint8Array, justification?: unknown): void
  prepare(round: number, value: Uint8Array): readonly unknown[]
  /** What the honest one voted for so far: phase, round and value. */
  votes(): readonly string[]
}

test('an elector votes once in a round, whatever its leader proposes', () => {
  const { propose, value, votes, world } = stage({ seed: 21 })
  propose(0, value('a'))
  propose(0, value('b'))
  world.net.run(500)
  assert.deepEqual(votes(), ['prepare 0 a'])
})

test('an elector that crashed knows what it voted, and does not vote against it', () => {
  const { propose, value, votes, world, honest } = stage({ seed: 22, diskMs: 20 })
  propose(0, value('a'))
  world.net.run(500)
  assert.deepEqual(votes(), ['prepare 0 a'])
  honest.restart()
  propose(0, value('b'))
  world.net.run(500)
  assert.deepEqual(votes(), ['prepare 0 a'])
})

test('a vote that is not durable is not sent', () => {
  const { propose, value, votes, world, honest } = stage({ seed: 23, diskMs: 400 })
  propose(0, value('a'))
  world.net.run(300)
  assert.deepEqual(votes(), [])
  honest.restart()
  world.net.run(5000)
  assert.deepEqual(votes(), [], 'what the crash took was never said')
})

test('an elector whose disk fails votes for nothing', () => {
  const { propose, value, votes, world, disks } = stage({ seed: 26 })
  disks.areBroken = true
  propose(0, value('a'))
  world.net.run(5000)
  assert.deepEqual(votes(), [])
})

test('an elector that saw a step prepared is held to it, after a crash too', () => {
  const { propose, prepare, say, leaders, value, votes, world, honest } = stage({ seed: 24, diskMs: 20 })
  const [a, b] = [value('a'), value('b')]
  propose(0, a)
  world.net.run(300)
  say(leaders[0] as Peer, ['prepared', prepare(0, a), null])
  world.net.run(300)
  assert.deepEqual(votes(), ['prepare 0 a', 'commit 0 a'])
  for (const isAfterCrash of [false, true]) {
    if (isAfterCrash) honest.restart()
    propose(1, b)
    propose(1, b, prepare(0, b).with(0, 'commit'))
    world.net.run(300)
    assert.deepEqual(votes(), ['prepare 0 a', 'commit 0 a'], 'not for what was not prepared later')
  }
  propose(2, b, prepare(1, b))
  world.net.run(300)
  assert.deepEqual(votes(), ['prepare 0 a', 'commit 0 a', 'prepare 2 b'], 'what was prepared later frees it')
})

test('an elector votes for nothing that does not follow, or that nobody who may write wrote', () => {
  const { propose, votes, world, leaders, value } = stage({ seed: 25 })
  const [thief] = leaders as [Peer]
  const parts = decodeCbor(value('a')) as unknown[]
  const entry = parts[4] as unknown[]
  const entryAt = (atMs: number): unknown => (decodeCbor(value('late', atMs)) as unknown[])[4]
  const wrong = [
    entry.with(0, 3),
    entry.with(1, new Uint8Array(32)),
    entry.with(2, fromUtf8('b')),
    entry.with(4, thief.key.publicKey),
    entry.with(5, new Uint8Array(64)),
    entryAt(1_767_225_600_000 + 3_600_000),
    entryAt(1_767_225_600_000 - 3_600_000),
  ]
  for (const one of wrong) propose(0, encodeCbor(parts.with(4, one)))
  propose(0, encodeCbor(parts.with(2, 3)))
  propose(0, encodeCbor(parts.with(1, new Uint8Array(32))))
  propose(0, encodeCbor([1, parts[1], 2, 'move', [thief.signing.publicKey]]))
  world.net.run(500)
  assert.deepEqual(votes(), [])
})

function stage({ seed, diskMs = 0 }: { seed: number; diskMs?: number }): Stage {
  const disks = { areBroken: false }
  const world = createWorld({ seed, size: 4, diskMs, disks })
  const founder = world.peers[0] as Peer
  const chain = create(world, founder, 'protected', 'first')
  world.net.run(10_000)
  const topic = concatBytes(fromUtf8('anarq register step v1\n'), chain.id)
  const order = rankFor(labelled('leader', [topic, 2]), electorsOf(chain))
  const leaders = order.map(({ id }) => world.peers.find((peer) => peer.id === id) as Peer)
  const honest = leaders.at(-1) as Peer
  const names = new Map<string, string>()
  const seen: string[] = []
  for (const peer of leaders.slice(0, -1)) {
    for (const face of peer.faces) face.stop()
    peer.node.receive = (from, message) => {
      const [kind, , , part] = decodeCbor(message) as [string, Uint8Array, number, unknown[]]
      if (from !== honest.id || kind !== 'agree' || part[0] !== 'vote') return
      seen.push(`${part[1]} ${part[2]} ${names.get((part[3] as Uint8Array).toHex())}`)
    }
  }
  const say = (from: Peer, part: readonly unknown[]): void =>
    from.node.wire.send(honest.id, encodeCbor(['agree', chain.id, 2, part]))
  return {
    world,
    disks,
    honest,
    leaders,
    say,
    votes: () => seen,
    value(content, atMs) {
      const value = stepOf(chain, founder, content, atMs)
      names.set(hashBlake3(value).toHex(), content)
      return value
    },
    propose(round, value, justification = null) {
      const leader = leaders[round] as Peer
      const signature = leader.signing.sign(labelled('proposal', [topic, 2, round, hashBlake3(value)]))
      say(leader, ['propose', round, value, signature, justification])
    },
    prepare(round, value) {
      const hash = hashBlake3(value)
      const statement = labelled('vote', [topic, 2, 'prepare', round, hash])
      const votes = electorsOf(chain).flatMap(({ id }, index) => {
        const voter = leaders.slice(0, 3).find((peer) => peer.id === id)
        return voter === undefined ? [] : [[index, voter.signing.sign(statement)]]
      })
      return ['prepare', round, hash, votes]
    },
  }
}

function stepOf(chain: Chain, owner: Peer, content: string, atMs?: number): Uint8Array {
  const last = lastOf(chain)?.entry as NonNullable<ReturnType<typeof lastOf>>['entry']
  const fields = {
    version: 2,
    previous: hashOfEntry(last),
    value: fromUtf8(content),
    atMs: atMs ?? last.atMs,
  }
  return encodeCbor([1, chain.id, 2, 'set', encodeEntry(writeEntry(chain, fields, owner.key))])
}

function labelled(label: string, parts: readonly unknown[]): Uint8Array {
  return concatBytes(fromUtf8(`anarq swarm ${label} v1\n`), encodeCbor(parts))
}
