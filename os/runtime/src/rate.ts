import type { Clock } from '@anarq/clock'

/** Counts within windows that lie one after another. A clock that is set back begins a new one. */
export type Rate = {
  /** What this window holds with this amount in it. */
  add(amount: number): number
}

export function createRate(clock: Clock, windowMs: number): Rate {
  let sinceMs = clock.nowMs()
  let sum = 0
  return {
    add(amount) {
      const nowMs = clock.nowMs()
      if (nowMs < sinceMs || nowMs - sinceMs >= windowMs) {
        sinceMs = nowMs
        sum = 0
      }
      sum += amount
      return sum
    },
  }
}
