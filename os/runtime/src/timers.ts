/** Waiting, as an argument: with a clock of its own a test owns all time there is. */
export type Timers = {
  /** Runs it once after so long, unless what is returned is called before. `isIdle`: the process may end first. */
  after(ms: number, run: () => void, isIdle?: boolean): () => void
}

export const systemTimers: Timers = {
  after(ms, run, isIdle = false) {
    const timer: ReturnType<typeof setTimeout> & { unref?(): void } = setTimeout(run, ms)
    if (isIdle) timer.unref?.()
    return () => clearTimeout(timer)
  },
}
