import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'

/** What has been seen once and must not be seen again. Implementations pass `@anarq/squid/testing`. */
export type ReplayPort = {
  /**
   * Remembers a key at least until then (milliseconds, that moment included). False: it was remembered already.
   * Where there is no room, `limit.replay` is thrown: forgetting early would let something through twice.
   */
  remember(nonceKey: string, untilMs: number): boolean
}

/** In memory and bounded. About 200 bytes an entry. */
export function createReplayMemory({
  clock,
  entriesMax = 100_000,
}: {
  readonly clock: Clock
  readonly entriesMax?: number
}): ReplayPort {
  const seen = new Map<string, number>()
  let sweptMs = Number.NEGATIVE_INFINITY
  const sweep = (nowMs: number) => {
    sweptMs = nowMs
    for (const [key, untilMs] of seen) if (untilMs < nowMs) seen.delete(key)
  }
  return {
    remember(nonceKey, untilMs) {
      const nowMs = clock.nowMs()
      const known = seen.get(nonceKey)
      if (known !== undefined && known >= nowMs) return false
      // A sweep walks over everything, so a flood of requests gets one a second, not one each.
      if (seen.size >= entriesMax && Math.abs(nowMs - sweptMs) >= 1000) sweep(nowMs)
      if (seen.size >= entriesMax) {
        throw new Fault(
          'limit.replay',
          'Too many requests came at once. Send this one again in some seconds.',
        )
      }
      seen.set(nonceKey, untilMs)
      return true
    },
  }
}
