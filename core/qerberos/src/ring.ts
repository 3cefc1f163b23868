/** The last `max` things, older ones overwritten. */
export type Ring<T> = {
  push(item: T): void
  /** Newest first. */
  newest(count?: number): T[]
  size(): number
}

export function createRing<T>(max: number): Ring<T> {
  const items: T[] = []
  let next = 0
  return {
    push(item) {
      items[next] = item
      next = next + 1 === max ? 0 : next + 1
    },
    newest(count = max) {
      const out: T[] = []
      const wanted = Math.min(count, items.length)
      for (let back = 1; back <= wanted; back += 1) out.push(items[(next - back + max) % max] as T)
      return out
    },
    size: () => items.length,
  }
}
