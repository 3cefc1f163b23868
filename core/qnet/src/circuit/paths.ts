import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Hop } from './client.ts'
import { firstGuard, type Guard, type GuardState, guardsMax, isOver, secondGuard } from './guards.ts'
import {
  areApart,
  createMeasures,
  groupsOf,
  type Measures,
  medianOf,
  type RelayFacts,
} from './relay-facts.ts'
import { drawPlace, type Spread, type SpreadSettings, sharesOf, spreadOf } from './spread.ts'

/**
 * Which relays a circuit goes by. The first is a guard that stays for months, the second one of two that stay for days, and the
 * last is drawn for each circuit, by measured bandwidth and latency. No two of them share a network, an
 * operator or a neighbourhood; no relay has more than its capped share; and a draw is never less uncertain than the floor.
 */
export type Paths = {
  /** Three hops, to an exit or to `last`. Undefined: there are not enough relays apart from each other. */
  choose(last?: RelayFacts): readonly Hop[] | undefined
  /** A circuit over this path carried so much, or its round trip took so long. */
  measured(path: readonly Hop[], figures: { readonly rttMs?: number; readonly bytesPerSecond?: number }): void
  /** This hop did not answer: it is left alone for a while, longer each time. */
  failed(node: NodeId): void
  /** It did: what it failed before is forgotten. */
  answered(path: readonly Hop[]): void
  /** How uncertain the draws are just now, as they would be made. */
  report(): PathReport
  /** To keep, and to begin with next time. */
  readonly guards: GuardState
}
export type PathReport = { readonly first: Spread; readonly second: Spread; readonly last: Spread }
export type PathSettings = SpreadSettings & {
  /** So much more latency halves a relay's weight. */
  readonly halvingMs: number
  /** First guards that are ever tried, while the earlier ones live: who blocks guards moves nobody far down the list. */
  readonly firstMax: number
  /** Second-layer guards in use, and kept. */
  readonly secondUsed: number
  readonly secondMax: number
  /** A guard has been there for so long. Waived where there is none. */
  readonly guardAgeMs: number
  readonly failedMs: number
  readonly failedMsMax: number
}
export type PathOptions = {
  readonly world: World
  /** All that may be used now. */
  readonly relays: () => readonly RelayFacts[]
  readonly guards?: GuardState
  readonly settings?: Partial<PathSettings>
}

const settingsDefault: PathSettings = {
  shareMax: 0.1,
  evennessMin: 0.8,
  halvingMs: 100,
  firstMax: 8,
  secondUsed: 2,
  secondMax: 8,
  guardAgeMs: 86_400_000,
  failedMs: 10_000,
  failedMsMax: 3_600_000,
}
const failuresMax = 8192
/** No latency makes a relay's weight smaller than this part of it. */
const latencyPartMin = 1 / 16

type Known = { readonly facts: RelayFacts; readonly groups: ReadonlySet<string> }
type Failure = { readonly times: number; readonly atMs: number; readonly forMs: number }
type Directory = ReadonlyMap<NodeId, Known>

export function createPaths({ world, relays, guards, settings }: PathOptions): Paths {
  const all = { ...settingsDefault, ...settings }
  const measures = createMeasures()
  const failures = new Map<NodeId, Failure>()
  let first: readonly Guard[] = guards?.first ?? []
  let second: readonly Guard[] = guards?.second ?? []

  const isUsable = (node: NodeId): boolean => {
    const failure = failures.get(node)
    // A clock that was set back does not keep a relay away for longer.
    return failure === undefined || Math.abs(world.clock.nowMs() - failure.atMs) >= failure.forMs
  }
  const read = (): Directory =>
    new Map(relays().map((facts) => [facts.hop.node, { facts, groups: groupsOf(facts) }]))
  const spread = (candidates: readonly Known[], place: Place): number[] =>
    sharesOf(weightsOf(candidates, place, measures, all.halvingMs), all)
  const draw = (candidates: readonly Known[], place: Place): Known | undefined =>
    candidates[drawPlace(spread(candidates, place), world.random)]

  const dropOld = (): void => {
    const nowMs = world.clock.nowMs()
    first = first.filter((guard) => !isOver(guard, nowMs))
    second = second.filter((guard) => !isOver(guard, nowMs))
  }
  const known = (list: readonly Guard[], directory: Directory): Known[] =>
    list.map(({ node }) => directory.get(node)).filter((one) => one !== undefined)
  const firstCandidates = (directory: Directory): Known[] => {
    const taken = known(first, directory)
    const free = [...directory.values()].filter(
      (one) => isUsable(one.facts.hop.node) && isApartFrom(one, taken) && !holds(first, one),
    )
    const bornMs = world.clock.nowMs() - all.guardAgeMs
    const old = free.filter(({ facts }) => facts.sinceMs <= bornMs)
    return old.length > 0 ? old : free
  }
  const secondCandidates = (directory: Directory, guard: Known | undefined): Known[] => {
    const taken = [...known(second, directory), ...(guard === undefined ? [] : [guard])]
    return [...directory.values()].filter(
      (one) => isUsable(one.facts.hop.node) && isApartFrom(one, taken) && !holds(second, one),
    )
  }
  const lastCandidates = (directory: Directory, guard: Known, seconds: readonly Known[]): Known[] =>
    [...directory.values()].filter(
      (one) =>
        one.facts.isExit &&
        isUsable(one.facts.hop.node) &&
        isApartFrom(one, [guard]) &&
        seconds.some((middle) => areApart(middle.groups, one.groups)),
    )

  /** The first guard on the list that answers and is not the last hop's neighbour; a new one where none does. */
  const pickFirst = (directory: Directory, last: Known | undefined): Known | undefined => {
    const fits = (one: Known): boolean =>
      isUsable(one.facts.hop.node) && (last === undefined || areApart(one.groups, last.groups))
    const kept = known(first, directory).find(fits)
    // Guards that left the network hold no place; those that are blocked do.
    const held = known(first, directory).length
    if (kept !== undefined || held >= all.firstMax || first.length >= guardsMax) return kept
    const drawn = draw(firstCandidates(directory).filter(fits), 'first')
    if (drawn !== undefined) first = [...first, firstGuard(drawn.facts.hop.node, world)]
    return drawn
  }
  const pickSeconds = (directory: Directory, guard: Known, last: Known | undefined): Known[] => {
    const fits = (one: Known): boolean =>
      isUsable(one.facts.hop.node) &&
      areApart(one.groups, guard.groups) &&
      (last === undefined || areApart(one.groups, last.groups))
    const usable = known(second, directory).filter(fits)
    const hasRoom = (): boolean =>
      known(second, directory).length < all.secondMax && second.length < guardsMax
    while (usable.length < all.secondUsed && hasRoom()) {
      const drawn = draw(secondCandidates(directory, guard).filter(fits), 'second')
      if (drawn === undefined) break
      usable.push(drawn)
      second = [...second, secondGuard(drawn.facts.hop.node, world)]
    }
    return usable.slice(0, all.secondUsed)
  }

  return {
    choose(wanted) {
      dropOld()
      const directory = read()
      const goal = wanted && { facts: wanted, groups: groupsOf(wanted) }
      const guard = pickFirst(directory, goal)
      if (guard === undefined) return undefined
      const seconds = pickSeconds(directory, guard, goal)
      const last = goal ?? draw(lastCandidates(directory, guard, seconds), 'last')
      if (last === undefined) return undefined
      const middle = draw(
        seconds.filter(({ groups }) => areApart(groups, last.groups)),
        'second',
      )
      return middle && [guard, middle, last].map(({ facts }) => facts.hop)
    },
    measured(path, { rttMs, bytesPerSecond }) {
      const nodes = path.map(({ node }) => node)
      if (rttMs !== undefined) measures.latency(nodes, rttMs)
      if (bytesPerSecond !== undefined) measures.rate(nodes, bytesPerSecond)
    },
    failed(node) {
      const times = (failures.get(node)?.times ?? 0) + 1
      const forMs = Math.min(all.failedMsMax, all.failedMs * 2 ** Math.min(30, times - 1))
      failures.delete(node)
      failures.set(node, { times, atMs: world.clock.nowMs(), forMs })
      if (failures.size > failuresMax) failures.delete(failures.keys().next().value as NodeId)
    },
    answered(path) {
      for (const { node } of path) failures.delete(node)
    },
    report() {
      const directory = read()
      const guard = known(first, directory).find(({ facts }) => isUsable(facts.hop.node))
      const seconds = known(second, directory).filter(({ facts }) => isUsable(facts.hop.node))
      const lasts = guard === undefined ? [] : lastCandidates(directory, guard, seconds)
      const of = (candidates: readonly Known[], place: Place): Spread =>
        spreadOf(spread(candidates, place), all)
      return {
        first: of(firstCandidates(directory), 'first'),
        second: of(secondCandidates(directory, guard), 'second'),
        last: of(lasts, 'last'),
      }
    },
    get guards() {
      return { first, second }
    },
  }
}

type Place = 'first' | 'second' | 'last'

function isApartFrom({ groups }: Known, others: readonly Known[]): boolean {
  return others.every((other) => areApart(groups, other.groups))
}

function holds(list: readonly Guard[], { facts }: Known): boolean {
  return list.some(({ node }) => node === facts.hop.node)
}

/**
 * Bandwidth times what latency leaves of it. A rate that nobody measured counts as the median of those that were, at most: saying
 * much draws no traffic. A latency that nobody measured counts as the median.
 */
function weightsOf(
  candidates: readonly Known[],
  place: Place,
  measures: Measures,
  halvingMs: number,
): number[] {
  const { rateMedian = Number.POSITIVE_INFINITY, latencyMedian } = measures
  // A first hop has its own link, which is measured without any circuit.
  const seen = candidates.map(({ facts }) =>
    place === 'first' ? facts.linkRttMs : measures.latencyOf(facts.hop.node),
  )
  const usual = place === 'first' ? medianOf(seen.filter((one) => one !== undefined)) : latencyMedian
  const latencies = seen.map((one) => one ?? usual ?? 0)
  const least = Math.min(...latencies)
  return candidates.map(({ facts }, at) => {
    const rate = measures.rateOf(facts.hop.node) ?? Math.min(facts.declaredRate, rateMedian)
    const part = 2 ** -(((latencies[at] as number) - least) / halvingMs)
    return rate * Math.max(latencyPartMin, part)
  })
}
