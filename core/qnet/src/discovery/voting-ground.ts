import { equalBytes } from '@anarq/bytes'
import type { NodeId } from '../node-id.ts'
import type { NodeRecord } from '../record/index.ts'
import { hashOfSet, ownSet, sortIds } from '../state-set.ts'
import type { AgreementOptions } from './agreement.ts'
import { type CastLot, createLots, type LotBase } from './lots.ts'
import { type Base, baseOfSet, type NetworkState, setOver } from './state.ts'

/** What a node votes on: whom the committee is drawn from, the relays that it knows, and the lowest lot that it heard of. */
export type VotingGround = {
  enter(period: number): void
  /** Of the period, as this node sees them. */
  relays(): NodeId[]
  /** Just now. */
  knownRelays(): ReadonlySet<NodeId>
  baseOf(period: number): Base
  lot(): Uint8Array | undefined
  /** What it would vote for now. */
  hash(): Uint8Array
  /** One's own, when its time has come. To be called every few seconds. */
  castLot(): void
  /** What this node has heard, to one that votes for something else. */
  tellLot(to: NodeId): void
  /** Whether it is one to pass on. */
  takeLot(cast: CastLot): boolean
}

export function createVotingGround(
  { keys, settings, nowMs, records, sendLot }: AgreementOptions,
  state: () => NetworkState | undefined,
): VotingGround {
  const { periodMs, periodsMax } = settings
  const lots = createLots(keys)
  let period = -1
  let ownBase: Base | undefined

  const relays = (): NodeId[] => relaysOf(records(), period * periodMs, periodMs)
  const bound = (of: number): NetworkState | undefined => {
    const held = state()
    return held !== undefined && of > held.period && of - held.period <= periodsMax ? held : undefined
  }
  const baseOf = (of: number): Base => {
    // A state stays as it is for the whole period; what a node knows by itself grows meanwhile.
    if (of === period && ownBase !== undefined) return ownBase
    const held = bound(of)
    const base = baseOfSet(held ?? ownSet(relaysOf(records(), of * periodMs, periodMs)))
    if (of === period && held !== undefined) ownBase = base
    return base
  }
  /** Lots are cast over states alone, from when the relays of the period stand until it is agreed on. */
  const lotBaseOf = (of: number): LotBase | undefined => {
    const isOpen = (state()?.period ?? -1) < period
    if (of !== period + 1 && !(of === period && isOpen)) return undefined
    const { hash, set, elders } = baseOf(of)
    return elders === undefined ? undefined : { hash, seed: set.seed, ids: elders }
  }
  const lot = (): Uint8Array | undefined => lots.lowest(period, baseOf(period))
  return {
    enter(now) {
      period = now
      ownBase = undefined
      lots.forgetBefore(now)
    },
    relays,
    knownRelays: () => new Set(relaysOf(records(), nowMs(), periodMs)),
    baseOf,
    lot,
    hash: () => hashOfSet(setOver(period, baseOf(period), relays(), lot())),
    castLot() {
      const of = Math.floor((nowMs() + periodMs / 12) / periodMs)
      const base = lotBaseOf(of)
      const own = base === undefined ? undefined : lots.cast(of, base)
      if (base !== undefined && own !== undefined) sendLot({ period: of, base: base.hash, lot: own })
    },
    tellLot(to) {
      const lowest = lot()
      if (lowest !== undefined) sendLot({ period, base: baseOf(period).hash, lot: lowest }, to)
    },
    takeLot(cast) {
      const base = lotBaseOf(cast.period)
      return base !== undefined && equalBytes(base.hash, cast.base) && lots.take(cast.period, base, cast.lot)
    },
  }
}

/**
 * The relays and exits that were there at the cut, a twelfth of a period before its start, and signed a record in the three periods
 * before it, sorted. Only of records, so that whoever holds the same ones has the same set.
 */
export function relaysOf(records: Iterable<NodeRecord>, startMs: number, periodMs: number): NodeId[] {
  const cutMs = startMs - periodMs / 12
  const isRelay = ({ roles, sinceMs, issuedMs, expiresMs }: NodeRecord): boolean =>
    roles.some((role) => role === 'relay' || role === 'exit') &&
    sinceMs <= cutMs &&
    issuedMs > cutMs - 3 * periodMs &&
    expiresMs > cutMs
  return sortIds([...records].filter(isRelay).map(({ id }) => id))
}
