import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { isWithin, mayCut } from './overlap.ts'
import type { Prefix } from './place.ts'
import { hasMember, tagOf, type View, type ViewProof } from './view.ts'

/** What a node has seen of neighbourhoods that its own contradicts. */
export type Across = {
  /** Whether it is worth telling of; the same again only after a while. */
  isNews(of: View): boolean
  /** Those that have parts of this one's space: they are remembered, and returned where they are news. */
  within(next: ViewProof, now: View): readonly View[]
  /** What of this one's space is another's, where nobody here, without those who leave, belongs there. */
  cut(now: View, leaves: ReadonlySet<NodeId>): Prefix | undefined
  /** Whether one of those names it. */
  names(id: NodeId): boolean
  clear(): void
}

const seenMax = 64
const othersMax = 16

export function createAcross(world: World, everyMs: number): Across {
  const seen = new Map<string, number>()
  /** The newest of each part, as a division leaves several. */
  const others = new Map<Prefix, View>()

  function isNews(of: View): boolean {
    const [name, nowMs] = [tagOf(of).toHex(), world.clock.nowMs()]
    if (Math.abs(nowMs - (seen.get(name) ?? Number.NEGATIVE_INFINITY)) < everyMs) return false
    seen.set(name, nowMs)
    if (seen.size > seenMax) seen.delete(seen.keys().next().value as string)
    return true
  }

  return {
    isNews,
    within({ views }, now) {
      const found = views.filter((one) => isWithin(now, one) && isNews(one))
      for (const one of found) {
        if ((others.get(one.prefix)?.epoch ?? 0) > one.epoch) continue
        others.delete(one.prefix)
        others.set(one.prefix, one)
        if (others.size > othersMax) others.delete(others.keys().next().value as Prefix)
      }
      return found
    },
    // The same one for all who know the same.
    cut: (now, leaves) =>
      [...others.keys()].sort().find((prefix) => mayCut(now, others.get(prefix) as View, leaves)),
    names: (id) => [...others.values()].some((other) => hasMember(other, id)),
    clear() {
      others.clear()
      seen.clear()
    },
  }
}
