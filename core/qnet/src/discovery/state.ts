import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt } from '@anarq/ipld'
import type { DrawBase } from '../draw.ts'
import { type NodeId, nodeIdOf } from '../node-id.ts'
import { type NodeKeys, verifyByNode } from '../record/index.ts'
import { readIds, readLink, stateIdsMax, writeLink } from '../state-link.ts'
import { eldersOf, followLink, hashOfSet, linkOf, type StateLink, type StateSet } from '../state-set.ts'
import { vrfHash, vrfProofBytes, vrfVerify } from '../vrf.ts'
import { idBytes } from './distance.ts'
import { lotBytes, readLot, seedOf, verifyLot } from './lots.ts'

/** The set of live relays of a period, and its seed, that more than two thirds of a drawn committee signed: the same for everybody. */
export type NetworkState = StateSet &
  DrawBase & {
    readonly round: number
    readonly hash: Uint8Array
    /** To its base. */
    readonly link: StateLink
    readonly votes: number
    /** How many it takes. */
    readonly votesNeeded: number
    /** `agreed`: the committee was drawn from the state before, which we held. `provisional`: from one that we did not hold. */
    readonly trust: 'agreed' | 'provisional'
    readonly bytes: Uint8Array
  }

/**
 * Whom a committee is drawn from: the state before, or where there is none that is young enough, what the node itself knows.
 */
export type Base = {
  readonly set: StateSet
  readonly hash: Uint8Array
  readonly ids: ReadonlySet<NodeId>
  /** Who may cast a lot; absent for what nobody agreed on. */
  readonly elders?: ReadonlySet<NodeId>
}

export function baseOfSet(set: StateSet): Base {
  const base = { set, hash: hashOfSet(set), ids: new Set(set.ids) }
  return set.period === 0 ? base : { ...base, elders: new Set(eldersOf(set)) }
}

/** What a state is over this base, with the seed that the lot makes. */
export function setOver(
  period: number,
  base: Base,
  ids: readonly NodeId[],
  lot: Uint8Array | undefined,
): StateSet {
  const { hash: before } = base
  const came = ids.filter((id) => !base.ids.has(id))
  return { period, seed: seedOf(period, before, lot), before, ids, came }
}

export type Vote = {
  readonly id: NodeId
  readonly publicKey: Uint8Array
  readonly period: number
  /** A vote that found no two thirds is repeated over what was exchanged meanwhile. */
  readonly round: number
  readonly baseHash: Uint8Array
  readonly baseSize: number
  readonly hash: Uint8Array
  /** Of the draw; empty where the base is no larger than a committee, and everybody is on it. */
  readonly proof: Uint8Array
  readonly bytes: Uint8Array
}

export const roundsMax = 16
export const voteBytesMax = 512
const voteLabel = 'anarq network state vote v2'
const drawLabel = fromUtf8('anarq network state draw v1')

/** More than two thirds of a committee; of a smaller network, of all. */
export function quorumOf(baseSize: number, committeeSize: number): number {
  return Math.floor((2 * Math.min(baseSize, committeeSize)) / 3) + 1
}

export type VoteFields = { period: number; round: number; base: Base; hash: Uint8Array }

/**
 * One's own vote, or `undefined` where one was not drawn. Drawn is whose hash of the verifiable random function, as a fraction of
 * all hashes, is below committee / base (cryptographic sortition, Gilad et al., 2017): nobody knows who it is before they vote.
 */
export function makeVote(keys: NodeKeys, fields: VoteFields, committeeSize: number): Vote | undefined {
  const { period, round, base, hash } = fields
  if (!base.ids.has(keys.id)) return undefined
  const isAll = base.ids.size <= committeeSize
  const proof = isAll ? new Uint8Array(0) : keys.draw(drawText(base.hash, period))
  if (!isAll && !isDrawn(vrfHash(proof), base.ids.size, committeeSize)) return undefined
  const body = voteBody({
    publicKey: keys.publicKey,
    period,
    round,
    baseHash: base.hash,
    baseSize: base.ids.size,
    hash,
    proof,
  })
  return parseVote(encodeCbor({ ...body, signature: keys.sign(voteLabel, encodeCbor(body)) }))
}

/** Form and signature; whether the voter may vote says `mayVote`. Throws `invalid.…`, `limit.vote` or `refused.signature`. */
export function parseVote(bytes: Uint8Array): Vote {
  if (bytes.length > voteBytesMax)
    throw new Fault('limit.vote', 'A vote on the network has at most 512 bytes.')
  const what = 'A vote'
  const known = ['v', 'key', 'period', 'round', 'base', 'size', 'hash', 'proof', 'signature']
  const fields = readFields(decodeCbor(bytes, what), known, what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  const publicKey = readBytes(fields.key, 'Its key', { length: 32 })
  const proof = readBytes(fields.proof, 'Its proof', { max: vrfProofBytes })
  if (proof.length !== 0 && proof.length !== vrfProofBytes)
    throw new Fault('invalid.shape', 'Its proof is malformed: expected none, or 80 bytes.')
  const vote: Vote = {
    id: nodeIdOf(publicKey),
    publicKey,
    period: readInt(fields.period, 'Its period', { max: 0xffff_ffff }),
    round: readInt(fields.round, 'Its round', { max: roundsMax - 1 }),
    baseHash: readBytes(fields.base, 'Its base', { length: 32 }),
    baseSize: readInt(fields.size, "Its base's size", { min: 1, max: stateIdsMax }),
    hash: readBytes(fields.hash, 'Its hash', { length: 32 }),
    proof,
    bytes: bytes.slice(),
  }
  const signature = readBytes(fields.signature, 'Its signature', { length: 64 })
  if (!verifyByNode(publicKey, voteLabel, encodeCbor(voteBody(vote)), signature))
    throw new Fault('refused.signature', 'The vote is not signed by who gave it.')
  return vote
}

/** Whether the voter was drawn from a base of the size that it names. Some milliseconds where there is a proof. */
export function wasDrawn(vote: Vote, committeeSize: number): boolean {
  if (vote.baseSize <= committeeSize) return vote.proof.length === 0
  const hash = vrfVerify(vote.publicKey, drawText(vote.baseHash, vote.period), vote.proof)
  return hash !== undefined && isDrawn(hash, vote.baseSize, committeeSize)
}

/** Two different votes of one node in one round, which prove that it lies. */
export function isDoubleVote(a: Vote, b: Vote): boolean {
  const isSame = a.id === b.id && a.period === b.period && a.round === b.round
  return isSame && equalBytes(a.baseHash, b.baseHash) && !equalBytes(a.hash, b.hash)
}

export type StateFields = {
  period: number
  round: number
  ids: readonly NodeId[]
  /** What its voters were drawn from. */
  base: Base
  /** What its seed is made of. */
  lot: Uint8Array | undefined
  votes: readonly Vote[]
}

/** The base goes with it as what is different. */
export function writeState({ period, round, ids, base, lot, votes }: StateFields): Uint8Array {
  const { came } = setOver(period, base, ids, lot)
  return encodeCbor({
    v: 2,
    period,
    round,
    ids: ids.map(idBytes),
    came: came.map(idBytes),
    link: writeLink(linkOf({ ids }, base.set)),
    lot: lot ?? new Uint8Array(0),
    votes: votes.map(({ bytes }) => bytes),
  })
}

export type JudgeOptions = {
  /** Whether a state of this period, round and set is wanted at all, before anything is verified. */
  isWanted?(claimed: { period: number; round: number; hash: Uint8Array }): boolean
  readonly committeeSize: number
  /** What we would draw the committee of this period from. */
  baseOf(period: number): Base
  /** For a base that we do not hold: the relays that we know ourselves. */
  readonly relays: ReadonlySet<NodeId>
}

/**
 * A state that holds. Where its base is ours, its voters are of that base: `agreed`. Where it is not (a newcomer, or a node that was
 * cut off), it is `provisional` and has to agree with what we know: every voter is one of our relays, two thirds of our relays are
 * in it, and its base is not smaller than two thirds of it. `undefined` for one that is not
 * wanted; throws `invalid.…`, `limit.…` or `refused.…`.
 */
export function judgeState(bytes: Uint8Array, options: JudgeOptions): NetworkState | undefined {
  const read = readState(bytes)
  const { period, round, ids, ballots, link, lot } = read
  const base = baseOfSet(followLink(read, link))
  const set = setOver(period, base, ids, lot)
  const hash = hashOfSet(set)
  if (options.isWanted?.({ period, round, hash }) === false) return undefined
  const votes = ballots.map(parseVote)
  if (votes.length === 0) throw refusedState('nobody signed it')
  const own = options.baseOf(period)
  const isOurs = equalBytes(own.hash, base.hash)
  const isOne = (vote: Vote) =>
    vote.period === period &&
    vote.round === round &&
    vote.baseSize === base.ids.size &&
    equalBytes(vote.baseHash, base.hash) &&
    equalBytes(vote.hash, hash)
  const voters = new Set(votes.map(({ id }) => id))
  if (voters.size !== votes.length || !votes.every(isOne)) throw refusedState('its votes are not for it')
  const votesNeeded = quorumOf(base.ids.size, options.committeeSize)
  if (voters.size < votesNeeded) throw refusedState('too few signed it')
  if (!votes.every(({ id }) => base.ids.has(id) && (isOurs || options.relays.has(id))))
    throw refusedState('somebody voted who may not')
  if (!isOurs && !isPlausible(ids, base.ids.size, options.relays))
    throw refusedState('it is far from what this node knows itself')
  if (!votes.every((vote) => wasDrawn(vote, options.committeeSize)))
    throw refusedState('a voter was not drawn')
  if (lot !== undefined) checkLot(lot, period, base)
  return {
    ...set,
    ...{ round, hash, link, votesNeeded, bytes },
    elders: eldersOf(set),
    votes: votes.length,
    trust: isOurs ? 'agreed' : 'provisional',
  }
}

function checkLot(lot: Uint8Array, period: number, { set, elders }: Base): void {
  if (elders?.has(readLot(lot).id) !== true) throw refusedState('its lot was cast by a node that has none')
  verifyLot(lot, set.seed, period)
}

function isPlausible(ids: readonly NodeId[], baseSize: number, relays: ReadonlySet<NodeId>): boolean {
  const shared = ids.filter((id) => relays.has(id)).length
  return relays.size > 0 && shared * 3 >= relays.size * 2 && baseSize * 3 >= ids.length * 2
}

type Read = StateSet & {
  round: number
  link: StateLink
  lot: Uint8Array | undefined
  ballots: readonly Uint8Array[]
}

function readState(bytes: Uint8Array): Read {
  const what = 'A state of the network'
  const known = ['v', 'period', 'round', 'ids', 'came', 'link', 'lot', 'votes']
  const fields = readFields(decodeCbor(bytes, what), known, what)
  readInt(fields.v, 'Its version', { min: 2, max: 2 })
  const ids = readIds(fields.ids, 'Its relays')
  const came = readIds(fields.came, 'Its newcomers')
  const now = new Set(ids)
  const link = readLink(fields.link)
  if (came.some((id) => !now.has(id)) || link.gone.some((id) => now.has(id)))
    throw new Fault('invalid.shape', 'A state of the network is malformed: who came or left does not fit it.')
  const lot = readBytes(fields.lot, 'Its lot', { max: lotBytes })
  return {
    period: readInt(fields.period, 'Its period', { min: 1, max: 0xffff_ffff }),
    round: readInt(fields.round, 'Its round', { max: roundsMax - 1 }),
    ...{ ids, came, link },
    // Both follow from the base and the lot.
    ...{ seed: noHash, before: noHash },
    lot: lot.length === 0 ? undefined : lot,
    ballots: readArray(fields.votes, 'Its votes', { max: 512 }).map((vote) =>
      readBytes(vote, 'A vote', { max: voteBytesMax }),
    ),
  }
}

const noHash = new Uint8Array(32)

function voteBody(vote: Omit<Vote, 'bytes' | 'id'>): Readonly<Record<string, unknown>> {
  return {
    v: 1,
    key: vote.publicKey,
    period: vote.period,
    round: vote.round,
    base: vote.baseHash,
    size: vote.baseSize,
    hash: vote.hash,
    proof: vote.proof,
  }
}

function drawText(baseHash: Uint8Array, period: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, period)
  return concatBytes(drawLabel, baseHash, bytes)
}

function isDrawn(hash: Uint8Array, baseSize: number, committeeSize: number): boolean {
  const view = new DataView(hash.buffer, hash.byteOffset)
  return view.getBigUint64(0) * BigInt(baseSize) < BigInt(committeeSize) << 64n
}

function refusedState(why: string): Fault {
  return new Fault('refused.network-state', `A state of the network was refused: ${why}.`)
}
