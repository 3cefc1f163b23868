import type { AgreementKey } from '@anarq/qlock'
import type { Exit, Services } from '../flow.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { handshakeOf } from './cell.ts'
import { createKept } from './kept.ts'
import { acceptCircuit, failCircuit, type RelayedCircuit, type RelayInside } from './relay-circuit.ts'
import type { Switch } from './switch.ts'
import { createTerminal } from './terminal.ts'

/**
 * A hop of other people's circuits. It knows its two neighbours of each, and the keys of its own layer; who began a circuit
 * and where it goes on after the next node is in nothing that it holds. What may end at it is what it is given: an
 * exit, services of its own, or neither.
 */
export type Relay = {
  readonly circuits: number
  /** Ends all circuits and erases their keys. */
  close(): void
}
export type RelayOptions = {
  readonly world: World
  readonly self: NodeId
  readonly circuits: Switch
  /** X25519, today's first; yesterday's as long as a record may still name it. */
  readonly onionKeys: () => readonly AgreementKey[]
  readonly exit?: Exit
  readonly services?: Services
  readonly settings?: Partial<RelaySettings>
}
export type RelaySettings = {
  readonly circuitsMax: number
  /** CREATEs that one neighbour may send in a burst, and in a second after it: each costs about a millisecond. */
  readonly createsBurst: number
  readonly createsPerSecond: number
  readonly extendTimeoutMs: number
  /** Without a cell for so long, the circuit ends. */
  readonly idleMs: number
  /** Keys of this age without a new handshake: the circuit ends (QN-CRY-2). */
  readonly keyAgeMs: number
}

const settingsDefault: RelaySettings = {
  circuitsMax: 65_536,
  createsBurst: 200,
  createsPerSecond: 50,
  extendTimeoutMs: 8000,
  idleMs: 300_000,
  keyAgeMs: 600_000,
}
const sweepMs = 10_000

export function createRelay(options: RelayOptions): Relay {
  const { world, self, onionKeys, circuits: board } = options
  const settings = { ...settingsDefault, ...options.settings }
  const kept = createKept(world)
  const circuits = new Set<RelayedCircuit>()
  const buckets = createBuckets(world, settings)
  const inside: RelayInside = {
    ...{ world, self, board, onionKeys, circuits, extendTimeoutMs: settings.extendTimeoutMs },
    createTerminal: (send) =>
      createTerminal({ world, kept, send, exit: options.exit, services: options.services }),
  }
  let cancelSweep: (() => void) | undefined

  const sweep = (): void => {
    cancelSweep = undefined
    for (const circuit of circuits) {
      circuit.ticksIdle += 1
      circuit.ticksOfKey += 1
      if (circuit.ticksIdle * sweepMs > settings.idleMs) failCircuit(inside, circuit, 'done')
      else if (circuit.ticksOfKey * sweepMs > settings.keyAgeMs) failCircuit(inside, circuit, 'expired')
    }
    buckets.sweep()
    if (circuits.size > 0) cancelSweep = world.after(sweepMs, sweep)
  }

  board.onCreate((prev, cell) => {
    const hello = handshakeOf(cell)
    if (hello === undefined || circuits.size >= settings.circuitsMax || !buckets.take(prev.peer))
      return undefined
    const events = acceptCircuit(inside, prev, hello)
    if (events !== undefined) cancelSweep ??= world.after(sweepMs, sweep)
    return events
  })

  return {
    get circuits() {
      return circuits.size
    },
    close() {
      cancelSweep?.()
      for (const circuit of [...circuits]) failCircuit(inside, circuit, 'done')
    },
  }
}

/** How many CREATEs each neighbour may send now. */
function createBuckets(world: World, { createsBurst, createsPerSecond }: RelaySettings) {
  const buckets = new Map<NodeId, { left: number; atMs: number }>()
  return {
    take(peer: NodeId): boolean {
      const nowMs = world.clock.nowMs()
      const bucket = buckets.get(peer) ?? { left: createsBurst, atMs: nowMs }
      // A clock that goes back gives nothing.
      const elapsedMs = Math.max(0, nowMs - bucket.atMs)
      bucket.left = Math.min(createsBurst, bucket.left + (elapsedMs / 1000) * createsPerSecond)
      bucket.atMs = nowMs
      buckets.set(peer, bucket)
      if (bucket.left < 1) return false
      bucket.left -= 1
      return true
    },
    /** Who had no turn for long enough to be full again is forgotten. */
    sweep(): void {
      const fullAfterMs = (createsBurst / createsPerSecond) * 1000
      for (const [peer, { atMs }] of buckets)
        if (world.clock.nowMs() - atMs > fullAfterMs) buckets.delete(peer)
    },
  }
}
