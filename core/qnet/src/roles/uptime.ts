import type { NodeId } from '../node-id.ts'
import type { Report } from './report.ts'
import type { RolesSettings } from './settings.ts'

/** Shares of time are whole millionths, so that everybody computes the same ones. */
export const whole = 1_000_000

/**
 * How many of so many MasterNodes have to have reported: more than twice as many as may lie, a third, so that liars are the
 * lesser half of any that suffice.
 */
export function reportsNeeded(masters: number): number {
  return masters === 0 ? 1 : 2 * Math.floor((masters - 1) / 3) + 1
}

/**
 * What an Operator's uptime in a period was: the median of what its MasterNodes saw, of which none counts for itself. It lies between
 * what two honest ones saw as long as less than a third of the drawn lie. `undefined` where too few reported.
 */
export function uptimeOf(
  operator: NodeId,
  masters: readonly NodeId[],
  reports: Iterable<Report>,
  askedMin: number,
): number | undefined {
  const judges = new Set(masters)
  judges.delete(operator)
  const shares: number[] = []
  for (const { id, seen } of reports) {
    const row = judges.has(id) ? seen.find((one) => one.operator === operator) : undefined
    if (row !== undefined && row.asked >= askedMin)
      shares.push(Math.floor((row.answered * whole) / row.asked))
  }
  if (shares.length < reportsNeeded(judges.size)) return undefined
  shares.sort((a, b) => a - b)
  const [low, high] = [shares[(shares.length - 1) >> 1], shares[shares.length >> 1]] as [number, number]
  return Math.floor((low + high) / 2)
}

export type OperatorStanding = {
  /** `new`: too little measured yet, the role is had on its word. `lost`: below its guarantee. */
  readonly state: 'held' | 'lost' | 'new'
  /** Millionths of the time; absent: nothing was measured. */
  readonly uptime?: number
  /** In how many periods of the window. */
  readonly measured: number
}

/**
 * Whether it has its role in a period: of what was measured in the window before (the last period but one and back, so that reports had
 * a period to arrive) the mean is at least its guarantee, or that of the clean time is. No memory but the reports goes into it: whoever
 * has the same ones says the same, whenever it came.
 */
export function standingOf(
  guarantee: number,
  measured: (period: number) => number | undefined,
  now: number,
  { windowPeriods, newPeriods, cleanPeriods }: RolesSettings,
): OperatorStanding {
  let [sum, count, cleanSum, cleanCount] = [0, 0, 0, 0]
  for (let back = 2; back < windowPeriods + 2; back += 1) {
    const uptime = measured(now - back)
    if (uptime === undefined) continue
    sum += uptime
    count += 1
    if (back >= cleanPeriods + 2) continue
    cleanSum += uptime
    cleanCount += 1
  }
  if (count === 0) return { state: 'new', measured: 0 }
  const wanted = guarantee * (whole / 10_000)
  const uptime = Math.floor(sum / count)
  if (count < newPeriods) return { state: 'new', uptime, measured: count }
  const isClean = 2 * cleanCount >= cleanPeriods && cleanSum >= wanted * cleanCount
  return { state: sum >= wanted * count || isClean ? 'held' : 'lost', uptime, measured: count }
}
