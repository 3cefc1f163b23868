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
