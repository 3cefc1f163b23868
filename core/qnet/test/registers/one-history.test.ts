import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { encodeCbor } from '@anarq/ipld'
import type { NodeId } from '@anarq/qnet'
import {
  type Chain,
  encodeChain,
  lastOf,
  numberOf,
  type RegisterClass,
  type Registers,
} from '@anarq/qnet/registers'
import { faultsOf } from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createWorld, type Peer, type World } from './net.ts'

const stormMs = 60_000

type Plan = {
  readonly seed: number
  readonly size: number
  readonly loss: number
  readonly class: RegisterClass
  readonly lies: boolean
  readonly isCut: boolean
  readonly crashes: number
  /** Others come to those who decide, while all this goes on. */
  readonly grows: boolean
}

/**
 * Liars are twins (Bano et al., "Twins: BFT systems made robust", 2020): two whole nodes with one key and a store each, each heard
 * by a half of the others. So they vote twice, lead twice and forget, and the owner, who is one of them, signs two values for
 * one version.
 */
test('[SW-CON-7] [SW-TOP-7] [SW-TOP-8] whatever is lost, cut, late or down, and whoever of less than a third lies, there is one history', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer({ min: 1, max: 1e6 }),
        size: fc.constantFrom(4, 7),
        loss: fc.integer({ min: 0, max: 30 }),
        class: fc.constantFrom<RegisterClass>('protected', 'public'),
        lies: fc.boolean(),
        isCut: fc.boolean(),
        crashes: fc.integer({ min: 0, max: 8 }),
        grows: fc.boolean(),
      }),
      storm,
    ),
    { seed: 5, numRuns: 12 },
  )
  assert.ok(
    steps.reduce((sum, count) => sum + count) > 3 * steps.length,
    'in spite of it all changes come to be',
  )
  assert.ok(moved.some((count) => count > 0))
})

const steps: number[] = []
const moved: number[] = []

function storm(plan: Plan): void {
  const size = plan.grows ? 7 : plan.size
  const begun = plan.grows ? 4 : size
  const liars = plan.lies ? faultsOf(begun) : 0
  const world = createWorld({ seed: plan.seed, size, liars, loss: plan.loss / 100, diskMs: 20 })
  const random = createSeededRandom(plan.seed + 1)
  const draw = (below: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % below
  const [owner] = world.peers as [Peer]
  const honest = world.peers.slice(liars)
  const electors = world.peers.map(({ elector }) => elector)
  world.view = electors.slice(0, begun)
  world.committee = world.view
  const chain = found(world, owner, plan.class)
  world.net.after(draw(stormMs), () => {
    world.view = electors
    world.committee = electors
  })
  const { id } = chain

  for (let i = 0; i < 12; i += 1) world.net.after(draw(stormMs), () => proposeTwice(owner, chain, i))
  if (plan.isCut)
    world.net.after(draw(stormMs / 2), () =>
      world.net.partition(
        world.peers.filter((_, i) => i % 2 === 0).map(({ id }) => id),
        world.peers.filter((_, i) => i % 2 === 1).map(({ id }) => id),
      ),
    )
  for (let i = 0; i < plan.crashes; i += 1) {
    const peer = honest[draw(honest.length)] as Peer
    const downMs = draw(5000)
    world.net.after(draw(stormMs), () => {
      peer.node.isDown = true
      world.net.after(downMs, () => {
        peer.node.isDown = false
        peer.restart()
      })
    })
  }
  world.net.run(stormMs + 6000)
  world.net.heal()
  world.net.run(180_000)

  for (const [step, ways] of world.decided) assert.equal(ways.size, 1, `${step}: ${[...ways]}`)
  const ends = new Set(
    honest.map(({ faces }) => {
      const held = faces[0]?.held(id)
      const signature = held && lastOf(held)?.entry.signature.toHex()
      return signature === undefined ? 'nothing' : `${numberOf(held as Chain)} ${signature}`
    }),
  )
  assert.equal(ends.size, 1, 'all honest nodes end equal')
  const ways = [...world.decided.values()].flatMap((one) => [...one])
  const moves = ways.filter((way) => way.startsWith('move')).length
  assert.ok(moves <= Number(plan.grows))
  moved.push(moves)
  steps.push(world.decided.size)
}

/** One register; a face that did not make it is shown it, so that both write to it. */
function found(world: World, owner: Peer, of: RegisterClass): Chain {
  const [face, ...twins] = owner.faces as [Registers, ...Registers[]]
  const founding = { class: of, name: fromUtf8('name'), value: fromUtf8('first'), key: owner.key }
  face.create(founding, () => {})
  world.net.runUntil(() => [...face.all()].length > 0, 5000)
  const made = [...face.all()][0] as Chain
  for (const twin of twins) twin.receive('a twin' as NodeId, encodeCbor(['state', encodeChain(made)]))
  return made
}

/** A face that did not see what the other did signs another value for the same version. */
function proposeTwice(owner: Peer, { id }: Chain, i: number): void {
  for (const [face, one] of owner.faces.entries())
    if (one.held(id) !== undefined)
      one.change({ id, value: fromUtf8(`change ${i} of face ${face}`), key: owner.key }, () => {})
}
