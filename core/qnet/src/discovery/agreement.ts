import { compareBytes, equalBytes, toHex } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { NodeKeys, NodeRecord } from '../record/index.ts'
import { hashOfSet } from '../state-set.ts'
import type { CastLot } from './lots.ts'
import {
  type Base,
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
import { createVotingGround } from './voting-ground.ts'

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
  const { settings, nowMs } = options
  const { committeeSize, periodMs } = settings
  let state: NetworkState | undefined
  let period = -1
  let voted = -1
  let ballots = createBallots(committeeSize)
  const ground = createVotingGround(options, () => state)
  const { baseOf } = ground

  const enter = (now: number): void => {
    if (now === period) return
    period = now
    voted = -1
    ballots = createBallots(committeeSize)
    ground.enter(now)
  }
  const isOpen = (): boolean => state === undefined || state.period < period
  const receiveState = (bytes: Uint8Array): { isNew: boolean } => {
    const latest = Math.floor(nowMs() / periodMs) + 1
    const judged = judgeState(bytes, {
      committeeSize,
      baseOf,
      relays: ground.knownRelays(),
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
    if (!isOpen()) return
    const [ids, base, lot] = [ground.relays(), baseOf(period), ground.lot()]
    const settled = ballots.settled(base, hashOfSet(setOver(period, base, ids, lot)))
    if (settled !== undefined) receiveState(writeState({ period, ids, base, lot, ...settled }))
  }

  return {
    get state() {
      return state
    },
    receiveState,
    tick() {
      enter(Math.floor(nowMs() / periodMs))
      ground.castLot()
      const round = Math.floor((nowMs() - period * periodMs) / settings.roundMs)
      // What four rounds did not bring together needs time more than votes.
      const isVoting = round < 4 || (round < roundsMax && round % 4 === 0)
      if (!isOpen() || !isVoting || round <= voted) return
      voted = round
      const fields = { period, round, base: baseOf(period), hash: ground.hash() }
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
      if (!isOurs || !equalBytes(vote.hash, ground.hash())) {
        options.compareWith(from)
        ground.tellLot(from)
      }
      // Keys cost nothing: votes of nodes that nobody here knows would fill the room for others.
      if (!(isOurs ? base.ids : ground.knownRelays()).has(vote.id)) return { isNew: false }
      const held = ballots.held(vote)
      if (held !== undefined && isDoubleVote(held, vote)) options.lied(vote.id, [held.bytes, vote.bytes])
      if (held !== undefined || !ballots.add(vote)) return { isNew: false }
      settle()
      return { isNew: true }
    },
    receiveLot(cast) {
      enter(Math.floor(nowMs() / periodMs))
      const isNew = ground.takeLot(cast)
      if (isNew && cast.period === period) settle()
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
