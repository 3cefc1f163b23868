import { compareBytes, equalBytes, toHex } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { NodeKeys, NodeRecord } from '../record/index.ts'
import { hashOfSet, ownSet, sortIds } from '../state-set.ts'
import { createLots, type LotBase } from './lots.ts'
import {
  type Base,
  baseOfSet,
  isDoubleVote,
  judgeState,
  makeVote,
  type NetworkState,
  parseVote,
  quorumOf,
  roundsMax,
  setOver,
  type Vote,
  wasDrawn,
  writeState,
} from './state.ts'

/**
 * Agreement on the relays of a period. At its start every node makes the same set out of the records it holds, as far as gossip
 * has brought it the same ones; who is drawn signs the set's hash. Whoever hears a vote for another hash exchanges records with
 * its voter, and votes again in the next round.
 */
export type Agreement = {
  readonly state: NetworkState | undefined
  /** To be called every few seconds. */
  tick(): void
  /** Faults of what is malformed or forged are thrown, for the host to blame the sender. `isNew`: to be passed on. */
  receiveVote(bytes: Uint8Array, from: NodeId): { isNew: boolean }
  receiveState(bytes: Uint8Array): { isNew: boolean }
  receiveLot(cast: CastLot): { isNew: boolean }
}

/** A lot for a period, over a state of that hash. */
export type CastLot = { readonly period: number; readonly base: Uint8Array; readonly lot: Uint8Array }

export type AgreementOptions = {
  readonly keys: NodeKeys
  readonly settings: AgreementSettings
  /** The network's time, which is not the machine's where that is wrong. */
  nowMs(): number
  /** Verified ones, one's own too, of nodes that never lied. */
  records(): Iterable<NodeRecord>
  sendVote(vote: Vote): void
  /** To one node, or to some. */
  sendLot(cast: CastLot, to?: NodeId): void
  /** To exchange records with a node that sees another set. */
  compareWith(id: NodeId): void
  lied(id: NodeId, evidence: readonly [Uint8Array, Uint8Array]): void
  changed(state: NetworkState): void
}

export type AgreementSettings = {
  readonly periodMs: number
  readonly roundMs: number
  readonly committeeSize: number
  /** A state that is so many periods old binds nobody any more: too many of it may be gone. */
  readonly periodsMax: number
}

export function createAgreement(options: AgreementOptions): Agreement {
  const { settings, nowMs, records } = options
  const { committeeSize, periodMs } = settings
  let state: NetworkState | undefined
  let period = -1
  let voted = -1
  let ballots = createBallots(committeeSize)
  let ownBase: Base | undefined
  const lots = createLots(options.keys)

  const enter = (now: number): void => {
    if (now === period) return
    period = now
    voted = -1
    ballots = createBallots(committeeSize)
    ownBase = undefined
    lots.forgetBefore(now)
  }
  const isOpen = (): boolean => state === undefined || state.period < period
  const relays = (): NodeId[] => relaysOf(records(), period * periodMs, periodMs)
  const knownRelays = (): ReadonlySet<NodeId> => new Set(relaysOf(records(), nowMs(), periodMs))
  const binds = (of: number): NetworkState | undefined =>
    state !== undefined && of > state.period && of - state.period <= settings.periodsMax ? state : undefined
  const baseOf = (of: number): Base => {
    // A state stays as it is for the whole period; what a node knows by itself grows meanwhile.
    if (of === period && ownBase !== undefined) return ownBase
    const bound = binds(of)
    const base = baseOfSet(bound ?? ownSet(relaysOf(records(), of * periodMs, periodMs)))
    if (of === period && bound !== undefined) ownBase = base
    return base
  }
  /** Lots are cast over states alone, from when the relays of the period stand until it is agreed on. */
  const lotBaseOf = (of: number): LotBase | undefined => {
    if (of !== period + 1 && !(of === period && isOpen())) return undefined
    const { hash, set, elders } = baseOf(of)
    return elders === undefined ? undefined : { hash, seed: set.seed, ids: elders }
  }
  const castLot = (): void => {
    const of = Math.floor((nowMs() + periodMs / 12) / periodMs)
    const base = lotBaseOf(of)
    const lot = base === undefined ? undefined : lots.cast(of, base)
    if (base !== undefined && lot !== undefined) options.sendLot({ period: of, base: base.hash, lot })
  }
  const ownHash = (ids = relays()): Uint8Array => {
    const base = baseOf(period)
    return hashOfSet(setOver(period, base, ids, lots.lowest(period, base)))
  }
  const tellLot = (to: NodeId): void => {
    const { hash: base } = baseOf(period)
    const lot = lots.lowest(period, { hash: base })
    if (lot !== undefined) options.sendLot({ period, base, lot }, to)
  }
  const receiveState = (bytes: Uint8Array): { isNew: boolean } => {
    const latest = Math.floor(nowMs() / periodMs) + 1
    const judged = judgeState(bytes, {
      committeeSize,
      baseOf,
      relays: knownRelays(),
      isWanted: (claimed) => claimed.period <= latest && isBetter(claimed, state),
    })
    if (judged === undefined) return { isNew: false }
    // What was agreed on under our eyes does not give way to what we take on trust.
    if (judged.trust === 'provisional' && state?.period === judged.period && state.trust === 'agreed')
      return { isNew: false }
    state = judged
    options.changed(judged)
    return { isNew: true }
  }
  const settle = (): void => {
    const ids = relays()
    if (!isOpen()) return
    const base = baseOf(period)
    const settled = ballots.settled(base, ownHash(ids))
    const lot = lots.lowest(period, base)
    if (settled !== undefined) receiveState(writeState({ period, ids, base, lot, ...settled }))
  }

  return {
    get state() {
      return state
    },
    receiveState,
    tick() {
      enter(Math.floor(nowMs() / periodMs))
      castLot()
      const round = Math.floor((nowMs() - period * periodMs) / settings.roundMs)
      // What four rounds did not bring together needs time more than votes.
      const isVoting = round < 4 || (round < roundsMax && round % 4 === 0)
      if (!isOpen() || !isVoting || round <= voted) return
      voted = round
      const fields = { period, round, base: baseOf(period), hash: ownHash() }
      const vote = makeVote(options.keys, fields, committeeSize)
      if (vote === undefined) return
      ballots.add(vote)
      options.sendVote(vote)
      settle()
    },
    receiveVote(bytes, from) {
      enter(Math.floor(nowMs() / periodMs))
      if (!isOpen() || ballots.hasSeen(bytes)) return { isNew: false }
      const vote = parseVote(bytes)
      if (vote.period !== period) return { isNew: false }
      const base = baseOf(period)
      const isOurs = equalBytes(vote.baseHash, base.hash)
      if (!isOurs || !equalBytes(vote.hash, ownHash())) {
        options.compareWith(from)
        tellLot(from)
      }
      // Keys cost nothing: votes of nodes that nobody here knows would fill the room for others.
      if (!(isOurs ? base.ids : knownRelays()).has(vote.id)) return { isNew: false }
      const held = ballots.held(vote)
      if (held !== undefined && isDoubleVote(held, vote)) options.lied(vote.id, [held.bytes, vote.bytes])
      if (held !== undefined || !ballots.add(vote)) return { isNew: false }
      settle()
      return { isNew: true }
    },
    receiveLot({ period: of, base, lot }) {
      enter(Math.floor(nowMs() / periodMs))
      const ours = lotBaseOf(of)
      if (ours === undefined || !equalBytes(ours.hash, base)) return { isNew: false }
      const isNew = lots.take(of, ours, lot)
      if (isNew && of === period) settle()
      return { isNew }
    },
  }
}

/** The votes of one period. */
type Ballots = {
  hasSeen(bytes: Uint8Array): boolean
  held(vote: Vote): Vote | undefined
  add(vote: Vote): boolean
  /** The first round in which enough of this base voted for this set. */
  settled(base: Base, hash: Uint8Array): { round: number; votes: readonly Vote[] } | undefined
}

function createBallots(committeeSize: number): Ballots {
  const votes = new Map<string, Vote>()
  const seen = new Set<string>()
  const drawn = new Map<string, boolean>()
  const keyOf = ({ id, round, baseHash }: Vote) => `${id} ${round} ${toHex(baseHash)}`
  const isDrawn = (vote: Vote): boolean => {
    const key = `${vote.id} ${toHex(vote.baseHash)} ${vote.baseSize}`
    const known = drawn.get(key) ?? wasDrawn(vote, committeeSize)
    drawn.set(key, known)
    return known
  }
  return {
    hasSeen: (bytes) => seen.has(toHex(hashBlake3(bytes))),
    held: (vote) => votes.get(keyOf(vote)),
    add(vote) {
      if (votes.size >= 2 * roundsMax * committeeSize) return false
      votes.set(keyOf(vote), vote)
      seen.add(toHex(hashBlake3(vote.bytes)))
      return true
    },
    settled(base, hash) {
      const quorum = quorumOf(base.ids.size, committeeSize)
      const forIt = [...votes.values()].filter(
        (vote) =>
          equalBytes(vote.hash, hash) &&
          equalBytes(vote.baseHash, base.hash) &&
          vote.baseSize === base.ids.size &&
          base.ids.has(vote.id),
      )
      for (const [round, ofRound] of Map.groupBy(forIt, (vote) => vote.round)) {
        const counted = ofRound.length < quorum ? [] : ofRound.filter(isDrawn)
        if (counted.length >= quorum) return { round, votes: counted }
      }
      return undefined
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

/** Of one period the state of the lower round stands, then the one with the lower hash: so do all nodes end with one. */
function isBetter(
  one: Pick<NetworkState, 'hash' | 'period' | 'round'>,
  held: NetworkState | undefined,
): boolean {
  if (held === undefined || one.period !== held.period) return held === undefined || one.period > held.period
  if (one.round !== held.round) return one.round < held.round
  return compareBytes(one.hash, held.hash) < 0
}

/** Refused for what we do not know, which is no fault of the sender's. */
export function isOtherView(error: unknown): boolean {
  return hasCode(error, 'refused.network-state')
}
