import type { World } from '../world.ts'
import type { Circuit, Hop } from './client.ts'
import type { Paths } from './paths.ts'
import type { PooledCircuit, PoolSettings } from './pool.ts'

/** One circuit of a pool. */
export type Held = {
  readonly circuit: Circuit
  /** No new streams. */
  retire(): void
  /** So many bytes came or went. */
  carried(bytes: number): void
  /** Called when the circuit is over, unless the returned function was before. */
  onOver(hear: () => void): () => void
}

/** The circuits that are built, and what they have shown. */
export type Shelf = {
  /** `onRetired`: it takes no new streams from now on. */
  add(circuit: Circuit, path: readonly Hop[], onRetired: (held: Held) => void): Held
  /** Its circuit is over. */
  remove(held: Held): void
  list(): readonly PooledCircuit[]
  readonly size: number
  close(): void
}
export type ShelfOptions = {
  readonly world: World
  readonly paths: Paths
  readonly settings: Pick<PoolSettings, 'freshMs' | 'slowFactor' | 'slowMs' | 'idleMs'>
}

const sweepMs = 5000
/** A circuit that carried less says nothing of how much it could. */
const rateBytesMin = 1024 * 1024

type Facts = {
  readonly held: Held
  readonly path: readonly Hop[]
  readonly readyMs: number
  readonly hearers: Set<() => void>
  readonly cancelFresh: () => void
  bestMs: number
  isRetired: boolean
  idleSweeps: number
  bytes: number
  peak: number
  total: number
}

export function createShelf({ world, paths, settings }: ShelfOptions): Shelf {
  const built = new Map<Held, Facts>()
  let cancelSweep: (() => void) | undefined

  const endIfUnused = ({ isRetired, held }: Facts): void => {
    if (isRetired && held.circuit.streams === 0) held.circuit.end()
  }
  const sweepOne = (facts: Facts): void => {
    const { circuit, retire } = facts.held
    const { rttMs } = circuit
    facts.total += facts.bytes
    facts.peak = Math.max(facts.peak, (facts.bytes * 1000) / sweepMs)
    if (rttMs !== undefined && facts.bytes > 0) {
      paths.measured(facts.path, { rttMs })
      facts.bestMs = Math.min(facts.bestMs, rttMs)
      if (rttMs > Math.max(settings.slowMs, settings.slowFactor * facts.bestMs)) retire()
    }
    facts.bytes = 0
    facts.idleSweeps = circuit.streams > 0 ? 0 : facts.idleSweeps + 1
    if (facts.idleSweeps * sweepMs >= settings.idleMs) retire()
    endIfUnused(facts)
  }
  const sweep = (): void => {
    cancelSweep = undefined
    for (const facts of [...built.values()]) sweepOne(facts)
    if (built.size > 0) cancelSweep ??= world.after(sweepMs, sweep)
  }

  return {
    add(circuit, path, onRetired) {
      // A build is round trips over one, two and three hops: twice one over all.
      const rttMs = (circuit.buildMs ?? 0) / 2
      paths.answered(path)
      paths.measured(path, { rttMs })
      const hearers = new Set<() => void>()
      const held: Held = {
        circuit,
        retire() {
          facts.cancelFresh()
          facts.isRetired = true
          onRetired(held)
          endIfUnused(facts)
        },
        carried(bytes) {
          facts.bytes += bytes
        },
        onOver(hear) {
          hearers.add(hear)
          return () => hearers.delete(hear)
        },
      }
      const facts: Facts = {
        ...{ held, path, hearers, readyMs: world.clock.nowMs(), bestMs: rttMs },
        cancelFresh: world.after(settings.freshMs, held.retire),
        ...{ isRetired: false, idleSweeps: 0, bytes: 0, peak: 0, total: 0 },
      }
      built.set(held, facts)
      cancelSweep ??= world.after(sweepMs, sweep)
      return held
    },
    remove(held) {
      const facts = built.get(held)
      if (facts === undefined) return
      built.delete(held)
      facts.cancelFresh()
      if (facts.total >= rateBytesMin) paths.measured(facts.path, { bytesPerSecond: facts.peak })
      for (const hear of facts.hearers) hear()
    },
    list: () => [...built.values()].map((facts) => pictureOf(facts, world.clock.nowMs())),
    get size() {
      return built.size
    },
    close() {
      cancelSweep?.()
      for (const { circuit } of [...built.keys()]) circuit.end()
    },
  }
}

function pictureOf({ held, path, readyMs, isRetired, total, bytes }: Facts, nowMs: number): PooledCircuit {
  const { streams, rttMs } = held.circuit
  return { path, ageMs: Math.max(0, nowMs - readyMs), streams, rttMs, isRetired, bytes: total + bytes }
}
