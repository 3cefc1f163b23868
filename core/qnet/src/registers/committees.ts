import { concatBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import { rankFor } from '../swarm/index.ts'
import { electorOf, sortElectors } from './chain.ts'
import { committeeMax } from './descriptor.ts'
import type { Committees } from './ports.ts'

/** What a committee is drawn from: the relays that more than two thirds agreed on for a period. */
export type DrawnFrom = {
  readonly period: number
  readonly hash: Uint8Array
  readonly ids: readonly NodeId[]
}

export type StateCommitteesOptions = {
  state(): DrawnFrom | undefined
  keyOf(id: NodeId): Uint8Array | undefined
  readonly size?: number
}

const label = fromUtf8('anarq register committee v1\n')

/**
 * Everybody who holds the state draws the same: each relay has the weight of a hash of the state, the period, the register and
 * itself, and the heaviest decide. Of a network no larger than a committee, that is all of them. Nobody can choose the state's hash
 * alone, but who brings relays in at the last moment can try some: a draw is as good as the state is hard to steer.
 */
export function createStateCommittees({
  state,
  keyOf,
  size = committeeMax,
}: StateCommitteesOptions): Committees {
  let relays: { hash: Uint8Array; ids: ReadonlySet<NodeId> } | undefined
  let kept: { hash: string; committees: Map<string, ReturnType<Committees['of']>> } | undefined
  return {
    isRelay(id) {
      const from = state()
      if (from === undefined) return false
      if (relays?.hash !== from.hash) relays = { hash: from.hash, ids: new Set(from.ids) }
      return relays.ids.has(id)
    },
    of(topic) {
      const from = state()
      if (from === undefined || from.ids.length === 0) return undefined
      const hash = `${from.period} ${from.hash.toHex()}`
      if (kept?.hash !== hash) kept = { hash, committees: new Map() }
      const known = kept.committees.get(topic.toHex())
      if (known !== undefined) return known
      const members = drawFrom(from, topic, size).map(keyOf)
      // A committee of which one key is missing would be another one than everybody else's.
      if (!members.every((key) => key !== undefined)) return undefined
      const drawn = { period: from.period, members: sortElectors(members.map(electorOf)) }
      if (kept.committees.size < 4096) kept.committees.set(topic.toHex(), drawn)
      return drawn
    },
  }
}

/** The ids of a committee, the heaviest first: for who checks one against a state that was proved. */
export function drawFrom(from: DrawnFrom, topic: Uint8Array, size: number = committeeMax): readonly NodeId[] {
  const period = new Uint8Array(4)
  new DataView(period.buffer).setUint32(0, from.period)
  const seed = hashBlake3(label, concatBytes(from.hash, period, topic))
  const ranked = from.ids.map((id) => ({ id, idBytes: fromBase32(id) }))
  return rankFor(seed, ranked)
    .slice(0, size)
    .map(({ id }) => id)
}
