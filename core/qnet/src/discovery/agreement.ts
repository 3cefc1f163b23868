import { compareBytes, equalBytes, toHex } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import type { NodeId } from '../node-id.ts'
import type { NodeKeys, NodeRecord } from '../record/index.ts'
import { idBytes } from './distance.ts'
import {
  type Base,
  hashOfSet,
  isDoubleVote,
  judgeState,
  makeVote,
  type NetworkState,
  parseVote,
  quorumOf,
  roundsMax,
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
}

export type AgreementOptions = {
  readonly keys: NodeKeys
  readonly settings: AgreementSettings
  /** The network's time, which is not the machine's where that is wrong. */
  nowMs(): number
  /** Verified ones, one's own too, of nodes that never lied. */
  records(): Iterable<NodeRecord>
  sendVote(vote: Vote): void
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
  const { settings } = options
  const { committeeSize, periodMs } = settings
  const votes = new Map<string, Vote>()
  const drawn = new Map<NodeId, boolean>()
  let state: NetworkState | undefined
  let period = -1
  let voted = -1
  let ownBase: Base | undefined

  const enter = (now: number): void => {
    if (now === period) return
    period = now
    voted = -1
    votes.clear()
    drawn.clear()
    ownBase = undefined
  }
  const knownRelays = (): ReadonlySet<NodeId> =>
    new Set(relaysOf(options.records(), options.nowMs(), periodMs))
  const baseOf = (of: number): Base => {
    if (of === period && ownBase !== undefined) return ownBase
    if (state !== undefined && of > state.period && of - state.period <= settings.periodsMax)
      return { hash: state.hash, ids: new Set(state.ids) }
    const ids = relaysOf(options.records(), of * periodMs, periodMs)
    return { hash: hashOfSet(ids), ids: new Set(ids) }
  }
  const currentBase = (): Base => {
    const isHeld =
      state !== undefined && period > state.period && period - state.period <= settings.periodsMax
    // A state stays as it is for the whole period; what a node knows by itself grows meanwhile.
    if (ownBase !== undefined && isHeld) return ownBase
    ownBase = undefined
    ownBase = baseOf(period)
    return ownBase
  }
  const settle = (): void => {
    if (state !== undefined && state.period >= period) return
    const ids = relaysOf(options.records(), period * periodMs, periodMs)
    const hash = hashOfSet(ids)
    const base = currentBase()
    for (let round = 0; round < roundsMax; round += 1) {
      const forIt = [...votes.values()].filter(
        (vote) =>
          vote.round === round &&
          equalBytes(vote.hash, hash) &&
          equalBytes(vote.baseHash, base.hash) &&
          base.ids.has(vote.id),
      )
      const isDrawn = forIt.filter((vote) => isDrawnOnce(vote))
      if (isDrawn.length < quorumOf(base.ids.size, committeeSize)) continue
      receiveState(writeState(ids, isDrawn))
      return
    }
  }
  const isDrawnOnce = (vote: Vote): boolean => {
    const known = drawn.get(vote.id) ?? wasDrawn(vote, committeeSize)
    drawn.set(vote.id, known)
    return known
  }
  const receiveState = (bytes: Uint8Array): { isNew: boolean } => {
    const judged = judgeState(bytes, {
      committeeSize,
      baseOf,
      relays: knownRelays(),
    })
    const isEarly = judged.period > Math.floor(options.nowMs() / periodMs) + 1
    if (isEarly || !isBetter(judged, state)) return { isNew: false }
    state = judged
    options.changed(judged)
    return { isNew: true }
  }

  return {
    get state() {
      return state
    },
    receiveState,
    tick() {
      const nowMs = options.nowMs()
      enter(Math.floor(nowMs / periodMs))
      if (state !== undefined && state.period >= period) return
      const round = Math.floor((nowMs - period * periodMs) / settings.roundMs)
      if (round >= roundsMax || round <= voted) return
      voted = round
      const hash = hashOfSet(relaysOf(options.records(), period * periodMs, periodMs))
      const vote = makeVote(options.keys, { period, round, base: currentBase(), hash }, committeeSize)
      if (vote === undefined) return
      votes.set(`${vote.id} ${round} ${toHex(vote.baseHash)}`, vote)
      options.sendVote(vote)
      settle()
    },
    receiveVote(bytes, from) {
      const vote = parseVote(bytes)
      enter(Math.floor(options.nowMs() / periodMs))
      if (vote.period !== period || (state !== undefined && state.period >= period)) return { isNew: false }
      const base = currentBase()
      const isOurs = equalBytes(vote.baseHash, base.hash)
      if (!isOurs) options.compareWith(from)
      // Keys cost nothing: votes of nodes that nobody here knows would fill the room for others.
      if (!(isOurs ? base.ids : knownRelays()).has(vote.id)) return { isNew: false }
      const key = `${vote.id} ${vote.round} ${toHex(vote.baseHash)}`
      const held = votes.get(key)
      if (held !== undefined) {
        if (isDoubleVote(held, vote)) options.lied(vote.id, [held.bytes, vote.bytes])
        return { isNew: false }
      }
      if (votes.size >= roundsMax * 2 * committeeSize) return { isNew: false }
      votes.set(key, vote)
      const own = hashOfSet(relaysOf(options.records(), period * periodMs, periodMs))
      if (isOurs && !equalBytes(vote.hash, own)) options.compareWith(from)
      settle()
      return { isNew: true }
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
  return [...records]
    .filter(isRelay)
    .map(({ id }): [NodeId, Uint8Array] => [id, idBytes(id)])
    .sort(([, a], [, b]) => compareBytes(a, b))
    .map(([id]) => id)
}

/** Of one period the state of the lower round stands, then the one with the lower hash: so do all nodes end with one. */
function isBetter(one: NetworkState, held: NetworkState | undefined): boolean {
  if (held === undefined || one.period !== held.period) return held === undefined || one.period > held.period
  if (one.trust !== held.trust) return one.trust === 'agreed'
  if (one.round !== held.round) return one.round < held.round
  return compareBytes(one.hash, held.hash) < 0
}

/** Refused for what we do not know, which is no fault of the sender's. */
export function isOtherView(error: unknown): boolean {
  return hasCode(error, 'refused.network-state')
}
