import { type DrawBase, drawCommittee } from '../draw.ts'
import type { NodeId } from '../node-id.ts'
import type { StateLink, StateSet } from '../state-set.ts'
import type { Elector } from '../swarm/index.ts'
import { electorOf, sortElectors } from './chain.ts'
import { committeeMax } from './descriptor.ts'
import type { Committees } from './ports.ts'

/** A state of the network, as far as committees come out of it. */
export type DrawnFrom = DrawBase & Pick<StateSet, 'ids'> & { readonly link: Pick<StateLink, 'period'> }

export type StateCommitteesOptions = {
  state(): DrawnFrom | undefined
  keyOf(id: NodeId): Uint8Array | undefined
  readonly size?: number
}

type Committee = { readonly ids: readonly NodeId[]; members: readonly Elector[] | undefined }

/** What was made of one state. */
type Kept = {
  readonly from: DrawnFrom
  readonly relays: ReadonlySet<NodeId>
  readonly electors: Map<NodeId, Elector>
  readonly committees: Map<string, Committee>
}

const committeesKept = 4096

/**
 * The committees of the latest state, each drawn once. Of a network no larger than a committee, all elders are on it. A state has one
 * seed, so until there is a later one a register has one committee, however many periods pass.
 */
export function createStateCommittees({
  state,
  keyOf,
  size = committeeMax,
}: StateCommitteesOptions): Committees {
  let kept: Kept | undefined
  const keptNow = (): Kept | undefined => {
    const from = state()
    if (kept?.from !== from) kept = from && keptOf(from)
    return kept
  }
  return {
    isRelay: (id) => keptNow()?.relays.has(id) ?? false,
    of(topic) {
      const now = keptNow()
      if (now === undefined) return undefined
      const committee = committeeOf(now, topic, size)
      committee.members ??= membersOf(committee, now, keyOf)
      return committee.members
    },
  }
}

/**
 * The ids of a register's committee: what anybody draws who holds the state, or was shown one that holds. Nobody where the state before
 * is none that was agreed on: there the seed follows from the relays, so whoever brings some in at the last moment could try many.
 */
export function drawElectors(
  from: DrawnFrom,
  topic: Uint8Array,
  size: number = committeeMax,
): readonly NodeId[] {
  return from.link.period === 0 ? [] : drawCommittee(from, `register ${topic.toHex()}`, size)
}

function keptOf(from: DrawnFrom): Kept {
  return { from, relays: new Set(from.ids), electors: new Map(), committees: new Map() }
}

function committeeOf({ from, committees }: Kept, topic: Uint8Array, size: number): Committee {
  const name = topic.toHex()
  const known = committees.get(name)
  if (known !== undefined) return known
  const drawn: Committee = { ids: drawElectors(from, topic, size), members: undefined }
  if (committees.size < committeesKept) committees.set(name, drawn)
  return drawn
}

/** A committee of which one key is missing would be another one than everybody else's. */
function membersOf(
  { ids }: Committee,
  { electors }: Kept,
  keyOf: StateCommitteesOptions['keyOf'],
): readonly Elector[] | undefined {
  for (const id of ids) {
    const key = electors.has(id) ? undefined : keyOf(id)
    if (key !== undefined) electors.set(id, electorOf(key))
  }
  const members = ids.flatMap((id) => electors.get(id) ?? [])
  return members.length === 0 || members.length < ids.length ? undefined : sortElectors(members)
}
