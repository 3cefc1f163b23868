import { compareBytes, concatBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from './node-id.ts'

/**
 * What the network agrees on for a period. Its hash names the one before, so that whoever trusts one state follows the
 * whole history of sets and seeds behind it by hashes alone.
 */
export type StateSet = {
  /** 0 for what a node makes of what it knows itself, which nobody agreed on. */
  readonly period: number
  readonly seed: Uint8Array
  /** The hash of its base; zeros where there is none. */
  readonly before: Uint8Array
  /** Sorted. */
  readonly ids: readonly NodeId[]
  /** Those that are not in the base; sorted. */
  readonly came: readonly NodeId[]
}

/** What leads from a state to its base: who left, and what else the base's hash is of. */
export type StateLink = Omit<StateSet, 'ids'> & { readonly gone: readonly NodeId[] }

const setLabel = fromUtf8('anarq network state set v2')
const noBytes: Uint8Array = new Uint8Array(32)

export function hashOfSet({ period, seed, before, ids, came }: StateSet): Uint8Array {
  const numbers = new Uint8Array(8)
  const view = new DataView(numbers.buffer)
  view.setUint32(0, period)
  view.setUint32(4, ids.length)
  const all = [...ids, ...came].map((id) => fromBase32(id))
  return hashBlake3(setLabel, concatBytes(numbers, seed, before, ...all))
}

/** Of nodes that nobody agreed on. */
export function ownSet(ids: readonly NodeId[]): StateSet {
  return { period: 0, seed: noBytes, before: noBytes, ids, came: [] }
}

/** Those that were in its base too. */
export function eldersOf({ ids, came }: StateSet): readonly NodeId[] {
  const newcomers = new Set(came)
  return ids.filter((id) => !newcomers.has(id))
}

export function linkOf({ ids }: Pick<StateSet, 'ids'>, base: StateSet): StateLink {
  const now = new Set(ids)
  const { period, seed, before, came } = base
  return { period, seed, before, came, gone: base.ids.filter((id) => !now.has(id)) }
}

/** The base that a link leads to: whether it is the one that the state names says its hash. */
export function followLink(set: StateSet, { gone, ...base }: StateLink): StateSet {
  return { ...base, ids: sortIds([...eldersOf(set), ...gone]) }
}

export function sortIds(ids: readonly NodeId[]): NodeId[] {
  return ids
    .map((id): [NodeId, Uint8Array] => [id, fromBase32(id)])
    .sort(([, a], [, b]) => compareBytes(a, b))
    .map(([id]) => id)
}
