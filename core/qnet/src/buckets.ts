/** Token buckets for many keys, with bounded memory: the ones that were used longest ago are forgotten first. */
export type Buckets = {
  /** Whether there were `cost` tokens for this key, which then are gone. */
  take(key: string, cost: number, nowMs: number): boolean
}

export type BucketsOptions = { perSecond: number; burst: number; keysMax?: number }

export function createBuckets({ perSecond, burst, keysMax = 4096 }: BucketsOptions): Buckets {
  const held = new Map<string, { tokens: number; atMs: number }>()
  return {
    take(key, cost, nowMs) {
      const { tokens, atMs } = held.get(key) ?? { tokens: burst, atMs: nowMs }
      // A clock that goes back gives nothing, one that jumps ahead at most a full bucket.
      const now = Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1000)
      held.delete(key)
      held.set(key, { tokens: now >= cost ? now - cost : now, atMs: nowMs })
      if (held.size > keysMax) held.delete(held.keys().next().value as string)
      return now >= cost
    },
  }
}
