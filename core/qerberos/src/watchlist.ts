import { Fault } from '@anarq/fault'
import type { Baseline } from './baseline.ts'
import type { GuardianLimits } from './limits.ts'
import { createRing, type Ring } from './ring.ts'
import { noRisk, type Risk, type RiskLevel } from './risk.ts'
import type { Mode } from './rules.ts'
import type { StageReport } from './stages.ts'
import type { Bucket, Loop } from './throttle.ts'

/** All that is kept of one identity; each map holds few entries, the oldest going first. */
export type Watched = {
  readonly identity: string
  readonly sinceMs: number
  lastMs: number
  risk: Risk
  level: RiskLevel
  mode: Mode
  modeUntilMs: number
  readonly baselines: Map<string, Baseline>
  readonly buckets: Map<string, Bucket>
  readonly loops: Map<string, Loop>
  /** Until when an alert about a thing is only counted, and how many were. */
  readonly quiet: Map<string, { untilMs: number; repeats: number }>
  readonly steps: Ring<StageReport>
}

/** The identities that are being watched, never more than `identitiesMax`. */
export type Watchlist = {
  /** The identity's record, made when it is new. */
  of(identity: string, nowMs: number): Watched
  peek(identity: string): Watched | undefined
  forget(identity: string): void
  size(): number
  list(): readonly Watched[]
}

export type WatchlistOptions = {
  limits: GuardianLimits
  /** How much it would be missed: the least is forgotten first. */
  weightOf(watched: Watched, nowMs: number): number
}

/** One in so many is forgotten at a time, so that the search for them is paid once for many newcomers. */
const forgottenPart = 4

export function createWatchlist({ limits, weightOf }: WatchlistOptions): Watchlist {
  const all = new Map<string, Watched>()

  function makeRoom(nowMs: number): void {
    const weighed = [...all.values()].map((watched) => ({ watched, weight: weightOf(watched, nowMs) }))
    weighed.sort((a, b) => a.weight - b.weight || a.watched.lastMs - b.watched.lastMs)
    const forgotten = Math.ceil(limits.identitiesMax / forgottenPart)
    for (const { watched } of weighed.slice(0, forgotten)) all.delete(watched.identity)
  }

  return {
    of(identity, nowMs) {
      const known = all.get(identity)
      if (known !== undefined) {
        known.lastMs = nowMs
        return known
      }
      checkName(identity, limits.textMax)
      if (all.size >= limits.identitiesMax) makeRoom(nowMs)
      const watched = newWatched(identity, nowMs, limits.stepsMax)
      all.set(identity, watched)
      return watched
    },
    peek: (identity) => all.get(identity),
    forget(identity) {
      all.delete(identity)
    },
    size: () => all.size,
    list: () => [...all.values()],
  }
}

/** Sets, and forgets the entry that was set first when there are too many. */
export function setBounded<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  if (map.size >= max && !map.has(key)) {
    const oldest = map.keys().next()
    if (oldest.done === false) map.delete(oldest.value)
  }
  map.set(key, value)
}

/** Names go into lines and messages: `invalid.name` when empty, too long, or with control characters or spaces. */
export function checkName(name: string, max: number): void {
  if (name.length > 0 && name.length <= max && !/[\u0000-\u0020\u007f]/.test(name)) return
  throw new Fault(
    'invalid.name',
    `The guardian counts under names of 1 to ${max} characters without spaces; "${name.slice(0, 40)}" is none.`,
  )
}

/** One refused thing of one identity. */
export function loopKey(action: string, object: string | undefined): string {
  return `${action}\n${object ?? ''}`
}

/** Of whom nothing is known. */
export const stranger: Watched = newWatched('stranger', 0, 1)

function newWatched(identity: string, nowMs: number, stepsMax: number): Watched {
  return {
    identity,
    sinceMs: nowMs,
    lastMs: nowMs,
    risk: noRisk,
    level: 'low',
    mode: 'normal',
    modeUntilMs: 0,
    baselines: new Map(),
    buckets: new Map(),
    loops: new Map(),
    quiet: new Map(),
    steps: createRing(stepsMax),
  }
}
