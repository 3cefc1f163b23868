import { equalBytes } from '@anarq/bytes'
import { followLink, hashOfSet, type StateLink, type StateSet } from '../state-set.ts'

/**
 * The sets of past periods, back from one that is trusted, each held to the hash that the later one names: so a node that came late,
 * or was away, draws the same committees of every period as those who were there, whoever gave it the links.
 */
export type History = {
  /** A state that is trusted, and the link to its base. */
  begin(set: StateSet, link: StateLink): void
  /** The hash of the state whose link is lacking; `undefined` where there is nothing more to know. */
  wanted(): Uint8Array | undefined
  /** Links from the state with this hash backwards. How many led anywhere. */
  offer(hash: Uint8Array, links: readonly StateLink[]): number
  /** The same, of what was followed here. */
  from(hash: Uint8Array, count: number): readonly StateLink[]
  /** Kept before a restart: followed once somebody vouches for where they begin. */
  restore(hash: Uint8Array, link: StateLink): void
  all(): Iterable<{ readonly hash: Uint8Array; readonly link: StateLink }>
}

export type HistoryOptions = {
  /** So far back it goes. */
  readonly periods: number
  /** A set of a period, as sure as the state that it was followed from. */
  found(set: StateSet): void
  /** It led somewhere, and was not known. */
  learned(hash: Uint8Array, link: StateLink): void
}

type Held = {
  readonly hash: Uint8Array
  readonly link: StateLink
  /** What it leads to, and of which period the state is; unknown until it was followed. */
  readonly next?: Uint8Array
  readonly period?: number
}
type Place = { readonly set: StateSet; readonly hash: Uint8Array }

export function createHistory({ periods, found, learned }: HistoryOptions): History {
  const held = new Map<string, Held>()
  let newest: Place | undefined
  /** As far back as it was followed. */
  let oldest: Place | undefined

  const leastPeriod = (): number => (newest?.set.period ?? 0) - periods
  const isDone = ({ period }: StateSet): boolean => period === 0 || period <= leastPeriod()
  const step = (link: StateLink): boolean => {
    if (oldest === undefined || isDone(oldest.set) || link.period >= oldest.set.period) return false
    const set = followLink(oldest.set, link)
    const hash = hashOfSet(set)
    if (!equalBytes(hash, oldest.set.before)) return false
    const key = oldest.hash.toHex()
    const known = held.get(key)
    if (known === undefined) learned(oldest.hash, link)
    held.set(key, { hash: oldest.hash, link, next: hash, period: oldest.set.period })
    oldest = { set, hash }
    if (set.period > 0) found(set)
    return true
  }
  const follow = (): void => {
    for (let known = held.get(oldest?.hash.toHex() ?? ''); known !== undefined; ) {
      if (!step(known.link)) return
      known = held.get((oldest as Place).hash.toHex())
    }
  }
  return {
    begin(set, link) {
      const top = { set, hash: hashOfSet(set) }
      const isNext = newest !== undefined && equalBytes(set.before, newest.hash)
      const rest = isNext ? oldest : undefined
      newest = top
      oldest = top
      found(set)
      step(link)
      // What stands on what was the newest changes nothing of what was followed from there.
      if (rest !== undefined) oldest = rest
      else follow()
      for (const [key, { period }] of held)
        if (period !== undefined && period <= leastPeriod()) held.delete(key)
    },
    wanted: () => (oldest === undefined || isDone(oldest.set) ? undefined : oldest.hash),
    offer(hash, links) {
      if (oldest === undefined || !equalBytes(oldest.hash, hash)) return 0
      const wrong = links.findIndex((link) => !step(link))
      follow()
      return wrong === -1 ? links.length : wrong
    },
    from(hash, count) {
      const some: StateLink[] = []
      let at = held.get(hash.toHex())
      while (at?.next !== undefined && some.length < count) {
        some.push(at.link)
        at = held.get(at.next.toHex())
      }
      return some
    },
    restore(hash, link) {
      if (held.size < 2 * periods) held.set(hash.toHex(), { hash, link })
    },
    all: () => held.values(),
  }
}
