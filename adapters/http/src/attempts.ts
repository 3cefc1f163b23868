import { createTurns } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'

/** Guesses at the passphrase that come by the port: one at a time, and slower after each wrong one. */
export type Attempts = {
  /** Runs a check of the passphrase; `limit.rate` where guesses come too fast or too many wait. */
  make<T>(check: () => Promise<T>): Promise<T>
}

const freeWrong = 5
const waitMsMin = 1000
const waitMsMax = 60_000
const waitingMax = 4

export function createAttempts(clock: Clock): Attempts {
  let wrong = 0
  let freeAtMs = 0
  let waiting = 0
  const inTurn = createTurns()

  async function run<T>(check: () => Promise<T>): Promise<T> {
    const waitMs = freeAtMs - clock.nowMs()
    if (waitMs > 0) throw tooMany(waitMs)
    try {
      const result = await check()
      wrong = 0
      return result
    } catch (error) {
      if (error instanceof Fault && error.code.startsWith('refused.')) {
        wrong += 1
        if (wrong >= freeWrong)
          freeAtMs = clock.nowMs() + Math.min(waitMsMax, waitMsMin * 2 ** (wrong - freeWrong))
      }
      throw error
    }
  }

  return {
    async make(check) {
      if (waiting >= waitingMax) throw tooMany(waitMsMin)
      waiting += 1
      try {
        return await inTurn(() => run(check))
      } finally {
        waiting -= 1
      }
    },
  }
}

function tooMany(waitMs: number): Fault {
  const seconds = Math.ceil(waitMs / 1000)
  return new Fault('limit.rate', `Too many wrong passphrases. Wait ${seconds} s and try again.`, {
    data: { waitMs },
  })
}
