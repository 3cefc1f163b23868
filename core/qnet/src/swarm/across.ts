import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { isWithin, mayCut } from './overlap.ts'
import type { Prefix } from './place.ts'
import { hasMember, tagOf, type View, type ViewProof } from './view.ts'

/** What a node has seen of neighbourhoods that its own contradicts. */
export type Across = {
  /** Whether it is worth telling of; the same again only after a while. */
  isNews(of: View): boolean
  /** One that has a part of this one's space: it is remembered, and returned where it is news. */
  within(next: ViewProof, now: View): View | undefined
  /** What of this one's space is that one's, where nobody here, without those who leave, belongs there. */
  cut(now: View, leaves: ReadonlySet<NodeId>): Prefix | undefined
  /** Whether that one names it. */
  names(id: NodeId): boolean
  clear(): void
}

const seenMax = 64

export function createAcross(world: World, everyMs: number): Across {
  const seen = new Map<string, number>()
  let other: View | undefined

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
      const found = views.find((one) => isWithin(now, one))
      if (found === undefined || !isNews(found)) return undefined
      other = found
      return found
    },
    cut: (now, leaves) => (other !== undefined && mayCut(now, other, leaves) ? other.prefix : undefined),
    names: (id) => other !== undefined && hasMember(other, id),
    clear() {
      other = undefined
      seen.clear()
    },
  }
}
