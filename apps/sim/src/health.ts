import type { Network } from './network.ts'

export type Health = {
  readonly nodes: number
  readonly homeless: number
  readonly neighbourhoods: number
  readonly smallest: number
  readonly largest: number
  /** Parts of the space of which two views stand at once. */
  readonly split: number
  /** Members named in views who are not there any more. */
  readonly ghosts: number
}

/** What somebody who sees the whole network at once would say of it; no node can. */
export function healthOf(network: Network): Health {
  const views = new Map<string, Set<string>>()
  const members = new Map<string, readonly string[]>()
  const honest = network.live().filter(({ isHostile }) => !isHostile)
  let homeless = 0
  for (const { swarm } of honest) {
    const view = swarm.view()
    if (view === undefined) {
      homeless += 1
      continue
    }
    const names = view.members.map(({ id }) => id)
    views.set(view.prefix, (views.get(view.prefix) ?? new Set()).add(names.join()))
    members.set(view.prefix, names)
  }
  const live = new Set<string>(network.live().map(({ card }) => card.id))
  const sizes = [...members.values()].map((names) => names.length)
  return {
    nodes: honest.length,
    homeless,
    neighbourhoods: views.size,
    smallest: Math.min(...sizes),
    largest: Math.max(...sizes),
    split:
      [...views.values()].filter((texts) => texts.size > 1).length +
      [...views.keys()].filter((prefix) =>
        [...views.keys()].some((one) => one !== prefix && one.startsWith(prefix)),
      ).length,
    ghosts: [...members.values()].flat().filter((id) => !live.has(id)).length,
  }
}

/** How many whole copies of each key live and honest nodes hold. */
export function copiesOf(network: Network, keys: readonly Uint8Array[]): number[] {
  const stores = network
    .live()
    .filter(({ isHostile }) => !isHostile)
    .map(({ store }) => store)
  const counts = new Map<string, number>()
  for (const store of stores)
    for (const { key } of store.notes()) counts.set(key.toHex(), (counts.get(key.toHex()) ?? 0) + 1)
  return keys.map((key) => counts.get(key.toHex()) ?? 0)
}
