import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'

export type CallLimits = {
  /** Runs one call of a key's holder; `limit.rate` where too many run or came lately. */
  run<T>(holder: string, call: () => Promise<T>): Promise<T>
}

export const atOnceMax: number = 8
export const callsMax: number = 600
const periodMs = 60_000
const holdersMax = 1000

type Holder = { running: number; calls: number; sinceMs: number }

/** An assistant in a loop is slowed down before it slows down the node. */
export function createCallLimits(clock: Clock): CallLimits {
  const holders = new Map<string, Holder>()

  function holderOf(name: string): Holder {
    const nowMs = clock.nowMs()
    const known = holders.get(name) ?? { running: 0, calls: 0, sinceMs: nowMs }
    // A clock that is set back begins a new period too.
    if (nowMs - known.sinceMs >= periodMs || nowMs < known.sinceMs) {
      known.calls = 0
      known.sinceMs = nowMs
    }
    if (!holders.has(name) && holders.size >= holdersMax) forgetIdle()
    holders.set(name, known)
    return known
  }

  function forgetIdle(): void {
    for (const [name, { running }] of holders) if (running === 0) holders.delete(name)
  }

  return {
    async run(name, call) {
      const holder = holderOf(name)
      if (holder.running >= atOnceMax)
        throw new Fault('limit.rate', `At most ${atOnceMax} calls run at once. Wait for one to end.`)
      if (holder.calls >= callsMax) {
        const seconds = Math.ceil((holder.sinceMs + periodMs - clock.nowMs()) / 1000)
        throw new Fault('limit.rate', `That were ${callsMax} calls in a minute. Wait ${seconds} s.`)
      }
      holder.calls += 1
      holder.running += 1
      try {
        return await call()
      } finally {
        holder.running -= 1
      }
    },
  }
}
