import { fromUtf8 } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '@anarq/qnet'
import type { NodeKeys } from '@anarq/qnet/record'
import { createRoles, type Offer, type Roles, type RolesSettings, type TermState } from '@anarq/qnet/roles'
import { createTestNet, type TestNet, type TestNode } from '@anarq/qnet/testing'
import { eldersOf, hashOfSet, linkOf, ownSet, sortIds } from '../../src/state-set.ts'
import { keysOf } from '../record/fixture.ts'

export const minuteMs = 60_000
/** Short periods and a short window, so that a test has many of them; all else is the product's. */
export const townRoles: Partial<RolesSettings> = {
  periodMs: 20 * minuteMs,
  masters: 5,
  probesPerPeriod: 60,
  askedMin: 6,
  windowPeriods: 30,
  newPeriods: 3,
  cleanPeriods: 6,
}
export const periodMs: number = 20 * minuteMs
const firstPeriod = 1_000_000

export type Citizen = {
  readonly keys: NodeKeys
  readonly node: TestNode
  roles: Roles
  readonly blamed: unknown[]
  /** As a disk would have it. */
  readonly disk: Uint8Array[]
  /** Changes a message on its way out, or drops it with `undefined`. */
  twist: ((to: NodeId, message: Uint8Array) => Uint8Array | undefined) | undefined
}

export type Town = {
  readonly net: TestNet
  readonly citizens: readonly Citizen[]
  readonly operators: Offer[]
  stateOf(period: number): TermState
  period(): number
  /** The same node with nothing but its keys and its disk. */
  restart(citizen: Citizen): void
  runPeriods(count: number): void
}

/**
 * Nodes that know each other and agree on every period: what discovery does, given. The network's time is the true one, whatever a
 * machine's clock says.
 */
export function createTown(seed: number, count: number, settings: Partial<RolesSettings> = {}): Town {
  const net = createTestNet({ seed, latencyMs: [5, 40], startMs: firstPeriod * periodMs })
  const citizens: Citizen[] = []
  const operators: Offer[] = []
  const ids = (): NodeId[] => citizens.map(({ keys }) => keys.id)
  const states = new Map<number, TermState>()
  const period = (): number => Math.floor(net.clock.nowMs() / periodMs)
  const stateOf = (of: number): TermState => {
    const held = states.get(of)
    if (held !== undefined) return held
    const isFirst = of <= firstPeriod
    const base = isFirst ? ownSet(sortIds(ids())) : stateOf(of - 1)
    const set = {
      period: of,
      seed: hashBlake3(fromUtf8(`${seed} ${of}`)),
      before: hashOfSet(base),
      ids: sortIds(ids()),
      came: ids().filter((id) => !base.ids.includes(id)),
    }
    const state = { ...set, elders: eldersOf(set), link: linkOf(set, base) }
    states.set(of, state)
    return state
  }
  const make = (citizen: Citizen): Roles =>
    createRoles({
      keys: citizen.keys,
      world: citizen.node.world,
      wire: {
        send(to, message) {
          const sent = citizen.twist === undefined ? message : citizen.twist(to, message)
          if (sent !== undefined) citizen.node.wire.send(to, sent)
        },
      },
      settings: { ...townRoles, ...settings },
      nowMs: () => citizen.node.world.clock.nowMs() - citizen.node.clockOffsetMs,
      state: () => stateOf(period()),
      operators: () => operators,
      known: () => ids().filter((id) => id !== citizen.keys.id),
      kept: citizen.disk.map((record) => record.slice()),
      keep(record, done) {
        citizen.disk.push(record)
        done()
      },
      blamed: (_, error) => citizen.blamed.push(error),
    })
  for (let n = 0; n < count; n += 1) {
    const keys = keysOf(9000 + n)
    const node = net.add(keys.id)
    const citizen = { keys, node, blamed: [], disk: [], twist: undefined } as unknown as Citizen
    citizen.roles = make(citizen)
    node.receive = (from, message) => citizen.roles.receive(from, message)
    citizens.push(citizen)
  }
  return {
    ...{ net, citizens, operators, stateOf, period },
    restart(citizen) {
      citizen.roles.stop()
      citizen.node.isDown = false
      citizen.roles = make(citizen)
    },
    runPeriods: (more) => net.run(more * periodMs),
  }
}
