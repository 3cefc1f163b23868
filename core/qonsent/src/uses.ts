import { type Cid, cidKey, digestOf } from '@anarq/ipld'
import type { UseLimit } from './chain.ts'

/** Counts how often delegations were used. Implementations pass `@anarq/qonsent/testing`'s `testUses`. */
export type UsesPort = {
  usesOf(cid: Cid): Promise<number>
  /**
   * Counts one use of each delegation, or of none: the first that is used up is given back, `undefined` means taken.
   * Atomic (two last uses at once never both pass) and durable when it resolves.
   */
  take(limits: readonly UseLimit[]): Promise<Cid | undefined>
}

export function createMemoryUses(): UsesPort {
  const counts = new Map<string, number>()
  const countOf = (cid: Cid): number => counts.get(cidKey(digestOf(cid))) ?? 0
  return {
    usesOf: async (cid) => countOf(cid),
    async take(limits) {
      const usedUp = limits.find(({ cid, usesMax }) => countOf(cid) >= usesMax)
      if (usedUp !== undefined) return usedUp.cid
      for (const { cid } of limits) counts.set(cidKey(digestOf(cid)), countOf(cid) + 1)
      return undefined
    },
  }
}
