import type { Rules } from './rules.ts'

/**
 * How often one identity does one thing: events in the running window, and what the windows before taught.
 * Windows without events are not learned, so that a night's sleep does not make the morning look like an attack.
 */
export type Baseline = {
  readonly windowStartMs: number
  readonly events: number
  readonly windows: number
  readonly mean: number
  readonly variance: number
  /** More events than this in the running window are unlike what was learned. */
  readonly limit: number
}

export type Counted = {
  readonly baseline: Baseline
  /** Set when this event is the one too many; it is set again when the events have doubled. */
  readonly isUnlike: boolean
}

/** The baseline with one more event in it. */
export function countEvent(before: Baseline | undefined, nowMs: number, rules: Rules['rate']): Counted {
  if (before === undefined) return { baseline: newWindow(noBaseline, nowMs, rules), isUnlike: false }
  const ageMs = nowMs - before.windowStartMs
  if (ageMs < 0 || ageMs >= rules.windowMs) {
    return { baseline: newWindow(learn(before, rules), nowMs, rules), isUnlike: false }
  }
  const events = before.events + 1
  const isUnlike = events > before.limit
  const { windowStartMs, windows, mean, variance } = before
  const limit = isUnlike ? events * 2 : before.limit
  return { baseline: { windowStartMs, events, windows, mean, variance, limit }, isUnlike }
}

/** What is still like this identity, in events a window. Infinite until it is known well enough. */
export function usualLimit(
  { windows, mean, variance }: Pick<Baseline, 'windows' | 'mean' | 'variance'>,
  rules: Rules['rate'],
): number {
  if (windows < rules.warmWindows) return Number.POSITIVE_INFINITY
  // Counts scatter at least as a Poisson process does, whatever the few windows seen so far say.
  const deviation = Math.sqrt(Math.max(variance, mean))
  return Math.max(rules.eventsMin, mean + rules.deviations * deviation)
}

/**
 * Exponentially weighted mean and variance: T. Finch, "Incremental calculation of weighted mean and variance"
 * (2009), section 9. An unusual window is learned only up to the limit, so that a flood does not become usual by itself.
 */
function learn(before: Baseline, rules: Rules['rate']): Baseline {
  const usual = usualLimit(before, rules)
  const events = Math.min(before.events, usual)
  if (before.windows === 0) return { ...before, windows: 1, mean: events, variance: 0 }
  const alpha = 2 / (rules.learnWindows + 1)
  const difference = events - before.mean
  const step = alpha * difference
  return {
    ...before,
    windows: before.windows + 1,
    mean: before.mean + step,
    variance: (1 - alpha) * (before.variance + difference * step),
  }
}

const noBaseline: Baseline = { windowStartMs: 0, events: 0, windows: 0, mean: 0, variance: 0, limit: 0 }

function newWindow({ windows, mean, variance }: Baseline, nowMs: number, rules: Rules['rate']): Baseline {
  return {
    windowStartMs: nowMs,
    events: 1,
    windows,
    mean,
    variance,
    limit: usualLimit({ windows, mean, variance }, rules),
  }
}
