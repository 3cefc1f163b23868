import type { DatagramEvents, Datagrams, Flow, FlowEvents, StreamEnd, Target } from '../flow.ts'
import type { World } from '../world.ts'
import type { Circuit, Client, Hop } from './client.ts'
import type { Paths } from './paths.ts'
import { openPooled } from './pool-stream.ts'

/**
 * Circuits for streams: one for each isolation key, a fresh one for new streams after ten minutes, another path where one fails or
 * slows. A stream that was not connected yet is asked for again on another circuit; one that was is told that it is lost.
 */
export type Pool = {
  /** Bytes may be written before `connected`. */
  open(target: Target, isolation: string, events: FlowEvents): Flow
  associate(isolation: string, events: DatagramEvents): Datagrams
  /** None where there is none, or no circuit either. */
  resolve(host: string, isolation: string, done: (addresses: readonly string[]) => void): void
  /** Built and being built. */
  readonly circuits: number
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
const sweepMs = 5000
/** A circuit that carried less says nothing of how much it could. */
const rateBytesMin = 1024 * 1024

/** One circuit, and what it has shown. */
export type Held = {
  readonly circuit: Circuit
  /** No new streams. */
  retire(): void
  /** So many bytes came or went. */
  carried(bytes: number): void
}
/** Who waits for a circuit. False: this one takes no more streams. */
export type Waiter = { attach(held: Held): boolean; fail(reason: StreamEnd): void }

type Lane = { readonly key: string; current?: Held; isBuilding: boolean; tries: number; waiting: Waiter[] }
type Facts = {
  readonly held: Held
  readonly path: readonly Hop[]
  bestMs: number
  isRetired: boolean
  idleSweeps: number
  bytes: number
  peak: number
  total: number
}

export function createPool({ world, client, paths, settings }: PoolOptions): Pool {
  const all = { ...settingsDefault, ...settings }
  const lanes = new Map<string, Lane>()
  const built = new Set<Facts>()
  let building = 0
  let cancelSweep: (() => void) | undefined
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
    const path = built.size + building < all.circuitsMax ? paths.choose() : []
    if (path === undefined || path.length === 0) {
      failAll(lane, path === undefined ? 'unreachable' : 'resources')
      return
    }
    lane.isBuilding = true
    building += 1
    let facts: Facts | undefined
    const circuit = client.build(path, {
      ready() {
        lane.isBuilding = false
        building -= 1
        lane.tries = 0
        if (isClosed) {
          circuit.end()
          return
        }
        facts = hold(lane, circuit, path)
        serve(lane)
      },
      over(reason, hops) {
        if (facts === undefined) {
          // Closed while it was built, it was counted off with all the others.
          if (lane.isBuilding) notBuilt(lane, path, reason === 'resources' && hops === 0 ? path.length : hops)
          return
        }
        measureRate(facts)
        built.delete(facts)
        if (lane.current === facts.held) delete lane.current
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
    if (isClosed || lane.tries >= all.buildTriesMax) failAll(lane, 'unreachable')
    else build(lane)
  }
  const hold = (lane: Lane, circuit: Circuit, path: readonly Hop[]): Facts => {
    // A build is round trips over one, two and three hops: twice one over all.
    const rttMs = (circuit.buildMs ?? 0) / 2
    paths.answered(path)
    paths.measured(path, { rttMs })
    let cancel: (() => void) | undefined
    const held: Held = {
      circuit,
      retire() {
        cancel?.()
        facts.isRetired = true
        if (lane.current === held) delete lane.current
        endIfUnused(facts)
        forget(lane)
      },
      carried(bytes) {
        facts.bytes += bytes
      },
    }
    const facts: Facts = {
      ...{ held, path, bestMs: rttMs },
      ...{ isRetired: false, idleSweeps: 0, bytes: 0, peak: 0, total: 0 },
    }
    cancel = world.after(all.freshMs, held.retire)
    lane.current = held
    built.add(facts)
    cancelSweep ??= world.after(sweepMs, sweep)
    return facts
  }
  const endIfUnused = ({ isRetired, held }: Facts): void => {
    if (isRetired && held.circuit.streams === 0) held.circuit.end()
  }
  const measureRate = ({ path, peak, total }: Facts): void => {
    if (total >= rateBytesMin) paths.measured(path, { bytesPerSecond: peak })
  }
  const sweep = (): void => {
    cancelSweep = undefined
    for (const facts of [...built]) {
      const { circuit, retire } = facts.held
      const { rttMs } = circuit
      facts.total += facts.bytes
      facts.peak = Math.max(facts.peak, (facts.bytes * 1000) / sweepMs)
      if (rttMs !== undefined && facts.bytes > 0) {
        paths.measured(facts.path, { rttMs })
        facts.bestMs = Math.min(facts.bestMs, rttMs)
        if (rttMs > Math.max(all.slowMs, all.slowFactor * facts.bestMs)) retire()
      }
      facts.bytes = 0
      facts.idleSweeps = circuit.streams > 0 ? 0 : facts.idleSweeps + 1
      if (facts.idleSweeps * sweepMs >= all.idleMs) retire()
      endIfUnused(facts)
    }
    if (built.size > 0) cancelSweep ??= world.after(sweepMs, sweep)
  }

  const ask = (key: string, waiter: Waiter): void => {
    const lane = lanes.get(key) ?? { key, isBuilding: false, tries: 0, waiting: [] }
    if (isClosed || lane.waiting.length >= all.waitingMax) {
      // Whoever asks must have its stream in hand before it hears of it.
      queueMicrotask(() => waiter.fail('resources'))
      return
    }
    lanes.set(key, lane)
    lane.waiting.push(waiter)
    queueMicrotask(() => serve(lane))
  }

  return {
    open: (target, isolation, events) =>
      openPooled({ world, ask: (waiter) => ask(isolation, waiter), settings: all, target, events }),
    associate(isolation, events) {
      let inner: Datagrams | undefined
      let isOver = false
      ask(isolation, {
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
    },
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
      return built.size + building
    },
    close() {
      isClosed = true
      cancelSweep?.()
      for (const lane of [...lanes.values()]) failAll(lane, 'cancelled')
      for (const { held } of [...built]) held.circuit.end()
    },
  }
}
