import type { Clock } from '@anarq/clock'
import type { Timers } from './timers.ts'

export type ManualTime = {
  readonly clock: Clock
  readonly timers: Timers
  /** Moves the clock and runs what is due, in order. */
  advance(ms: number): void
  /** Sets the clock, as somebody does who corrects it: no timer notices. */
  set(ms: number): void
}

/** Time that passes only when told to, for tests. */
export function createManualTime(startMs: number = Date.UTC(2026, 0, 1)): ManualTime {
  const due = new Set<{ readonly atMs: number; readonly run: () => void }>()
  let wallMs = startMs
  let passedMs = 0
  return {
    clock: { nowMs: () => wallMs },
    timers: {
      after(ms, run) {
        const timer = { atMs: passedMs + ms, run }
        due.add(timer)
        return () => due.delete(timer)
      },
    },
    advance(ms) {
      const untilMs = passedMs + ms
      for (;;) {
        const [next] = [...due].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
        if (next === undefined) break
        due.delete(next)
        wallMs += next.atMs - passedMs
        passedMs = next.atMs
        next.run()
      }
      wallMs += untilMs - passedMs
      passedMs = untilMs
    },
    set(ms) {
      wallMs = ms
    },
  }
}
