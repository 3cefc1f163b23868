import type { DatagramEvents, Datagrams, Flow, FlowEvents, StreamEnd, Target } from '../flow.ts'
import type { World } from '../world.ts'
import type { Client, Hop } from './client.ts'
import type { Paths } from './paths.ts'
import { createShelf, type Held } from './pool-shelf.ts'
import { openPooled } from './pool-stream.ts'
import type { RelayFacts } from './relay-facts.ts'

/**
 * Circuits for streams: one for each isolation key, a fresh one for new streams after ten minutes, another path where one fails or
 * slows. A stream that was not connected yet is asked for again on another circuit; one that was is told that it is lost.
 */
export type Pool = {
  /** Bytes may be written before `connected`. */
  open(target: Target, isolation: string, events: FlowEvents): Flow
  /**
   * A stream to a service of one node, which goes on by byte offset over another circuit where one is lost. `last` is asked anew for
   * each circuit, since onion keys change; undefined where nobody knows that node now. `lost` when no circuit comes back to
   * it in time.
   */
  openKept(service: string, last: () => RelayFacts | undefined, isolation: string, events: FlowEvents): Flow
  associate(isolation: string, events: DatagramEvents): Datagrams
  /** None where there is none, or no circuit either. */
  resolve(host: string, isolation: string, done: (addresses: readonly string[]) => void): void
  /** Built and being built. */
  readonly circuits: number
  /** Those that are built, the oldest first. */
  list(): readonly PooledCircuit[]
  close(): void
}
export type PoolSettings = {
  /** A circuit takes new streams for so long (as Tor's MaxCircuitDirtiness). */
  readonly freshMs: number
  /** A stream that is not connected by then is asked for on another circuit, and this one takes no more. */
  readonly connectMs: number
  readonly streamTriesMax: number
  /** Circuits built in vain, one after the other, before those who wait are told. */
  readonly buildTriesMax: number
  readonly circuitsMax: number
  readonly waitingMax: number
  /** A circuit whose round trip is so many times its best, and above `slowMs`, takes no new streams. */
  readonly slowFactor: number
  readonly slowMs: number
  /** Without a stream for so long a circuit ends. */
  readonly idleMs: number
}
export type PoolOptions = {
  readonly world: World
  readonly client: Client
  readonly paths: Paths
  readonly settings?: Partial<PoolSettings>
}

/** A circuit as a person may see it. */
export type PooledCircuit = {
  readonly path: readonly Hop[]
  readonly ageMs: number
  readonly streams: number
  readonly rttMs: number | undefined
  /** It takes no new streams and ends with those that it has. */
  readonly isRetired: boolean
  /** Carried so far, both ways. */
  readonly bytes: number
}

const settingsDefault: PoolSettings = {
  freshMs: 600_000,
  connectMs: 20_000,
  streamTriesMax: 3,
  buildTriesMax: 5,
  circuitsMax: 256,
  waitingMax: 256,
  slowFactor: 4,
  slowMs: 1500,
  idleMs: 240_000,
}
/** Who waits for a circuit. False: this one takes no more streams. */
export type Waiter = { attach(held: Held): boolean; fail(reason: StreamEnd): void }

type Lane = {
  readonly key: string
  /** Where its circuits end; absent: at any exit. */
  readonly last: (() => RelayFacts | undefined) | undefined
  current?: Held
  isBuilding: boolean
  tries: number
  waiting: Waiter[]
}

export function createPool({ world, client, paths, settings }: PoolOptions): Pool {
  const all = { ...settingsDefault, ...settings }
  const lanes = createLanes({ world, client, paths, settings: all })
  const ask = (key: string, waiter: Waiter): void => lanes.ask(`exit ${key}`, undefined, waiter)
  return {
    open(target, isolation, events) {
      return openPooled({
        ...{ world, settings: all, events, ask: (waiter) => ask(isolation, waiter) },
        isEarly: target.kind === 'host' && target.isEarly === true,
        begin({ circuit }, heard) {
          const flow = circuit.open(target, heard)
          return flow && { flow }
        },
      })
    },
    openKept(service, last, isolation, events) {
      const key = `${last()?.hop.node} ${isolation}`
      return openPooled({
        ...{ world, settings: all, events, ask: (waiter) => lanes.ask(key, last, waiter) },
        begin({ circuit }, heard) {
          const kept = circuit.openKept(service, heard)
          return kept && { flow: kept.flow, kept }
        },
      })
    },
    associate: (isolation, events) => associate((waiter) => ask(isolation, waiter), events),
    resolve(host, isolation, done) {
      ask(isolation, {
        attach({ circuit }) {
          circuit.resolve(host, done)
          return true
        },
        fail: () => done([]),
      })
    },
    get circuits() {
      return lanes.circuits
    },
    list: lanes.list,
    close: lanes.close,
  }
}

type Lanes = {
  ask(key: string, last: Lane['last'], waiter: Waiter): void
  list(): readonly PooledCircuit[]
  readonly circuits: number
  close(): void
}

type LanesOptions = Omit<PoolOptions, 'settings'> & { readonly settings: PoolSettings }

/** Circuits by what may share them, and who waits for one. */
function createLanes({ world, client, paths, settings }: LanesOptions): Lanes {
  const lanes = new Map<string, Lane>()
  const shelf = createShelf({ world, paths, settings })
  let building = 0
  let isClosed = false

  const forget = (lane: Lane): void => {
    const isUnused = lane.current === undefined && !lane.isBuilding && lane.waiting.length === 0
    // A later lane of the same key may stand there.
    if (isUnused && lanes.get(lane.key) === lane) lanes.delete(lane.key)
  }
  const failAll = (lane: Lane, reason: StreamEnd): void => {
    lane.tries = 0
    for (const waiter of lane.waiting.splice(0)) waiter.fail(reason)
    forget(lane)
  }
  const leave = (lane: Lane, held: Held): void => {
    if (lane.current === held) delete lane.current
    forget(lane)
  }
  const serve = (lane: Lane): void => {
    while (lane.current !== undefined && lane.waiting.length > 0) {
      const waiter = lane.waiting.shift() as Waiter
      if (waiter.attach(lane.current)) continue
      lane.waiting.unshift(waiter)
      lane.current.retire()
    }
    if (lane.waiting.length > 0) build(lane)
  }
  const build = (lane: Lane): void => {
    if (lane.isBuilding || isClosed) return
    const path = shelf.size + building < settings.circuitsMax ? pathOf(lane, paths) : []
    if (path === undefined || path.length === 0) {
      failAll(lane, path === undefined ? 'unreachable' : 'resources')
      return
    }
    lane.isBuilding = true
    building += 1
    let held: Held | undefined
    const circuit = client.build(path, {
      ready() {
        lane.isBuilding = false
        building -= 1
        lane.tries = 0
        if (isClosed) {
          circuit.end()
          return
        }
        held = shelf.add(circuit, path, (one) => leave(lane, one))
        lane.current = held
        serve(lane)
      },
      over(reason, hops) {
        if (held === undefined) {
          // Closed while it was built, it was counted off with all the others.
          if (lane.isBuilding) notBuilt(lane, path, reason === 'resources' && hops === 0 ? path.length : hops)
          return
        }
        if (lane.current === held) delete lane.current
        shelf.remove(held)
        if (lane.waiting.length > 0) build(lane)
        forget(lane)
      },
    })
  }
  const notBuilt = (lane: Lane, path: readonly Hop[], hops: number): void => {
    lane.isBuilding = false
    building -= 1
    lane.tries += 1
    // Those before it have answered: this is the one in doubt. Too many circuits are nobody's fault.
    const doubtful = path[hops]
    if (doubtful !== undefined) paths.failed(doubtful.node)
    paths.answered(path.slice(0, hops))
    if (isClosed || lane.tries >= settings.buildTriesMax) failAll(lane, 'unreachable')
    else build(lane)
  }

  return {
    ask(key, last, waiter) {
      const lane = lanes.get(key) ?? { key, last, isBuilding: false, tries: 0, waiting: [] }
      if (isClosed || lane.waiting.length >= settings.waitingMax) {
        // Whoever asks must have its stream in hand before it hears of it.
        queueMicrotask(() => waiter.fail('resources'))
        return
      }
      lanes.set(key, lane)
      lane.waiting.push(waiter)
      queueMicrotask(() => serve(lane))
    },
    list: shelf.list,
    get circuits() {
      return shelf.size + building
    },
    close() {
      isClosed = true
      for (const lane of [...lanes.values()]) failAll(lane, 'cancelled')
      shelf.close()
    },
  }
}

function pathOf({ last }: Lane, paths: Paths): readonly Hop[] | undefined {
  if (last === undefined) return paths.choose()
  const end = last()
  return end && paths.choose(end)
}

function associate(ask: (waiter: Waiter) => void, events: DatagramEvents): Datagrams {
  let inner: Datagrams | undefined
  let isOver = false
  ask({
    attach({ circuit }) {
      if (isOver) return true
      inner = circuit.associate(events)
      return inner !== undefined
    },
    fail: (reason) => isOver || events.closed(reason),
  })
  return {
    send: (host, port, bytes) => inner?.send(host, port, bytes),
    close() {
      isOver = true
      inner?.close()
    },
  }
}
