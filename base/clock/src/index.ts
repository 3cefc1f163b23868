/** The time, as an argument: whoever needs it takes a `Clock`, so that a test or a simulation can own it. */
export type Clock = {
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump when the machine's clock is set. */
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now() }
