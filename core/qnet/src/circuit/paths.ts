import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Hop } from './client.ts'
import type { GuardState } from './guards.ts'
import {
  type Choice,
  type Directory,
  dropOld,
  endsOf,
  firstCandidates,
  type Known,
  known,
  lastCandidates,
  type Place,
  pickFirst,
  pickSeconds,
  secondCandidates,
} from './path-choice.ts'
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

export function createPaths({ world, relays, guards, settings }: PathOptions): Paths {
  const all = { ...settingsDefault, ...settings }
  const measures = createMeasures()
  const failures = createFailures(world, all)
  const read = (): Directory =>
    new Map(relays().map((facts) => [facts.hop.node, { facts, groups: groupsOf(facts) }]))
  const spread = (candidates: readonly Known[], place: Place): number[] =>
    sharesOf(weightsOf(candidates, place, measures, all.halvingMs), all)
  const choice: Choice = {
    world,
    settings: all,
    guards: { first: guards?.first ?? [], second: guards?.second ?? [] },
    isUsable: failures.isUsable,
    draw: (candidates, place) => candidates[drawPlace(spread(candidates, place), world.random)],
  }

  return {
    choose(wanted) {
      dropOld(choice)
      const directory = read()
      const goal = wanted && { facts: wanted, groups: groupsOf(wanted) }
      const ends = endsOf(choice, directory, goal)
      const guard = pickFirst(choice, directory, ends)
      if (guard === undefined) return undefined
      const seconds = pickSeconds(choice, directory, guard, ends)
      const last = goal ?? choice.draw(lastCandidates(choice, directory, guard, seconds), 'last')
      if (last === undefined) return undefined
      const apart = seconds.filter(({ groups }) => areApart(groups, last.groups))
      const middle = choice.draw(apart, 'second')
      return middle && [guard, middle, last].map(({ facts }) => facts.hop)
    },
    measured(path, { rttMs, bytesPerSecond }) {
      const nodes = path.map(({ node }) => node)
      if (rttMs !== undefined) measures.latency(nodes, rttMs)
      if (bytesPerSecond !== undefined) measures.rate(nodes, bytesPerSecond)
    },
    failed: failures.failed,
    answered(path) {
      for (const { node } of path) failures.answered(node)
    },
    report() {
      const directory = read()
      const isUsable = ({ facts }: Known): boolean => choice.isUsable(facts.hop.node)
      const guard = known(choice.guards.first, directory).find(isUsable)
      const seconds = known(choice.guards.second, directory).filter(isUsable)
      // Before there are guards, any exit may be the last.
      const lasts =
        guard === undefined || seconds.length === 0
          ? endsOf(choice, directory, undefined)
          : lastCandidates(choice, directory, guard, seconds)
      const of = (candidates: readonly Known[], place: Place): Spread =>
        spreadOf(spread(candidates, place), all)
      return {
        first: of(firstCandidates(choice, directory), 'first'),
        second: of(secondCandidates(choice, directory, guard), 'second'),
        last: of(lasts, 'last'),
      }
    },
    get guards() {
      return { ...choice.guards }
    },
  }
}

type Failures = {
  isUsable(node: NodeId): boolean
  failed(node: NodeId): void
  answered(node: NodeId): void
}

/** Relays that did not answer, each left alone for a while, longer each time. */
function createFailures(
  { clock }: World,
  { failedMs, failedMsMax }: Pick<PathSettings, 'failedMs' | 'failedMsMax'>,
): Failures {
  const failures = new Map<NodeId, { times: number; atMs: number; forMs: number }>()
  return {
    isUsable(node) {
      const failure = failures.get(node)
      // A clock that was set back does not keep a relay away for longer.
      return failure === undefined || Math.abs(clock.nowMs() - failure.atMs) >= failure.forMs
    },
    failed(node) {
      const times = (failures.get(node)?.times ?? 0) + 1
      const forMs = Math.min(failedMsMax, failedMs * 2 ** Math.min(30, times - 1))
      failures.delete(node)
      failures.set(node, { times, atMs: clock.nowMs(), forMs })
      if (failures.size > failuresMax) failures.delete(failures.keys().next().value as NodeId)
    },
    answered: (node) => void failures.delete(node),
  }
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
