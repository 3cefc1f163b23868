import type { Clock } from './index.ts'

export type ManualClock = Clock & { advance(ms: number): void; set(ms: number): void }

/** A clock that moves only when told to. */
export function createManualClock(startMs: number = Date.UTC(2026, 0, 1)): ManualClock {
  let now = startMs
  return {
    nowMs: () => now,
    advance(ms) {
      now += ms
    },
    set(ms) {
      now = ms
    },
  }
}
