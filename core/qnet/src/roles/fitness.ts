/** What one node knows of what another, or itself, can do for others. */
export type FitnessFacts = {
  /** `reached`: at its own address. `answering`: over a link that it opened itself. `unknown`: nobody here has seen it. */
  readonly reach: 'answering' | 'reached' | 'unknown'
  /** Of the time it was there, from 0 to 1, as MasterNodes measured; absent: nobody did. */
  readonly uptime?: number
  /** There and back. */
  readonly latencyMs?: number
  /** 0 to 15: doublings of 1 MB/s, as it says itself. */
  readonly capacity: number
}

export type FitnessPart = {
  readonly of: 'capacity' | 'latency' | 'reach' | 'uptime'
  /** 0 to 100; absent: not measured, and left out of the rate. */
  readonly points?: number
  readonly weight: number
}

export type Fitness = {
  /** 0 to 100: the mean of the parts that are known, by their weights. */
  readonly rate: number
  readonly parts: readonly FitnessPart[]
}

/** To be there nine tenths of the time or less is worth nothing, all of the time everything. */
const uptimeLeast = 0.9
/** So near that nobody notices, and so far that nobody waits. */
const latencyBestMs = 20
const latencyWorstMs = 500
/** 1 GB/s, which few lines have: ten doublings. */
const capacityBest = 10

/**
 * How fit a node is for serving others, in the eyes of the node that computes it: a guide for people and not a vote, since nobody's
 * figure binds anybody else. What is measured weighs more than what a node says of itself.
 */
export function fitnessOf({ reach, uptime, latencyMs, capacity }: FitnessFacts): Fitness {
  const part = (of: FitnessPart['of'], weight: number, points: number | undefined): FitnessPart => ({
    of,
    weight,
    ...(points === undefined ? {} : { points: Math.round(Math.min(100, Math.max(0, points))) }),
  })
  const parts = [
    part('reach', 3, { reached: 100, answering: 40, unknown: 0 }[reach]),
    part('uptime', 4, uptime && (100 * (uptime - uptimeLeast)) / (1 - uptimeLeast)),
    part('latency', 2, latencyMs === undefined ? undefined : latencyPoints(latencyMs)),
    part('capacity', 1, (100 * capacity) / capacityBest),
  ]
  const known = parts.filter(({ points }) => points !== undefined)
  const weights = known.reduce((sum, { weight }) => sum + weight, 0)
  const sum = known.reduce((total, { weight, points = 0 }) => total + weight * points, 0)
  return { rate: Math.round(sum / weights), parts }
}

/** By its logarithm: from 20 to 40 ms is as much as from 200 to 400. */
function latencyPoints(latencyMs: number): number {
  const share = Math.log(latencyMs / latencyBestMs) / Math.log(latencyWorstMs / latencyBestMs)
  return 100 * (1 - share)
}
