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

/**
 * The median of what peers say, each group of addresses having one voice, so that many nodes in one place count as one.
 * `undefined` without a voice.
 */
export type Median = {
  add(group: string, value: number): void
  value(): number | undefined
  clear(): void
}

export function createMedian(voicesMax = 63): Median {
  const held = new Map<string, number>()
  let median: number | undefined
  return {
    clear() {
      held.clear()
      median = undefined
    },
    value: () => median,
    add(group, value) {
      held.delete(group)
      held.set(group, value)
      if (held.size > voicesMax) held.delete(held.keys().next().value as string)
      const sorted = [...held.values()].sort((a, b) => a - b)
      const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]] as [number, number]
      // Of an even number the one that changes less.
      median = Math.abs(low) <= Math.abs(high) ? low : high
    },
  }
}
