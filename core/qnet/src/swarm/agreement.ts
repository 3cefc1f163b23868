import { equalBytes } from '@anarq/bytes'
import { encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Card } from './card.ts'
import {
  type Certificate,
  encodeCertificate,
  faultsOf,
  isCertified,
  type Phase,
  quorumOf,
  readCertificate,
  readPhase,
  roundMax,
  type Subject,
  statement,
} from './certificate.ts'
import { rankFor } from './place.ts'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'

/** Two different proposals that one leader signed for one round: proof that it lies, for whoever sees it. */
export type Equivocation = {
  readonly subject: Subject
  readonly round: number
  readonly publicKey: Uint8Array
  readonly one: readonly [hash: Uint8Array, signature: Uint8Array]
  readonly other: readonly [hash: Uint8Array, signature: Uint8Array]
}

export type AgreementOptions = {
  readonly subject: Subject
  readonly electorate: readonly Elector[]
  readonly self: NodeId
  readonly world: World
  readonly signing: Signing
  /** A part of this agreement, for one elector. */
  send(to: NodeId, part: readonly unknown[]): void
  /** What to propose when leading; `undefined` while there is nothing. */
  propose(): Uint8Array | undefined
  /** Whether this node, from what it knows itself, can vote for that. */
  accepts(value: Uint8Array): boolean
  decided(value: Uint8Array, certificate: Certificate): void
  caught?(evidence: Equivocation): void
  /** Makes what is voted outlive this process: a vote is sent when `then` is called, and never where that fails. */
  keep?(ballot: Ballot, then: () => void): void
  /** What `keep` was given last, before a crash or a pause. */
  readonly kept?: Ballot | undefined
  readonly roundMs?: number
}

export type Elector = Pick<Card, 'id' | 'idBytes' | 'publicKey'>

/** The last round in which a member voted, for what, and what it is locked on: enough never to vote against itself. */
export type Ballot = {
  readonly round: number
  readonly phases: readonly Phase[]
  readonly lock: Lock | undefined
}

export type Agreement = {
  /** There is something to decide: leads now, or waits for who leads. */
  start(): void
  /** Throws a `Fault` where the part is malformed. */
  receive(from: NodeId, part: readonly unknown[]): void
  end(): void
}

export const valueBytesMax: number = 64 * 1024

export type Lock = { readonly value: Uint8Array; readonly certificate: Certificate }

/**
 * Settles one value among up to 100 members of which less than a third lie: two phases by way of a leader that changes with
 * each round (HotStuff's two-phase form, Yin et al. 2019, section 4.4; locks after Tendermint). The first round costs each
 * member a constant number of messages, a later one a small message to every other as well.
 * Safe whatever the delays; decides once an honest leader is heard in time.
 */
export function createAgreement(options: AgreementOptions): Agreement {
  const { subject, electorate, self, world, signing, send, roundMs = 3000, kept } = options
  const keep = options.keep ?? ((_ballot, then) => then())
  const order = rankFor(labelled('leader', encodeCbor([subject.topic, subject.sequence])), electorate)
  const quorum = quorumOf(electorate.length)
  const indexes = new Map(electorate.map((card, index) => [card.id, index]))
  let round = -1
  /** Below, this member may have voted already. */
  const floor = kept?.round ?? 0
  let locked: Lock | undefined = kept?.lock
  let isOver = false
  let stopTimer: (() => void) | undefined
  let proposed: { round: number; value: Uint8Array } | undefined
  let refused: { readonly round: number; readonly value: Uint8Array } | undefined
  const voted = new Set<string>(kept?.phases.map((phase) => phase + floor))
  let votedRound = floor
  const ballots = new Map<string, Map<number, Uint8Array>>()
  const entrants = new Map<number, Map<NodeId, Lock | undefined>>()
  const proposals = new Map<number, readonly [Uint8Array, Uint8Array]>()
  const values = new Map<string, Uint8Array>()
  if (locked !== undefined) values.set(locked.certificate.hash.toHex(), locked.value)

  const leaderOf = (of: number): Elector => order[of % order.length] as Elector
  const tell = (to: NodeId, part: readonly unknown[]): void =>
    to === self ? take(self, part) : send(to, part)
  const tellAll = (part: readonly unknown[]): void => {
    for (const { id } of electorate) if (id !== self) send(id, part)
    take(self, part)
  }

  function enter(asked: number): void {
    const next = Math.max(asked, floor)
    if (isOver || next <= round || next > roundMax) return
    round = next
    announce()
  }

  /** Says where this node is, again whenever the time is up: what was lost comes the next time. */
  function announce(): void {
    const at = round
    stopTimer?.()
    stopTimer = world.after(roundMs * (1 + Math.min(at, 12) / 4), () => {
      // Nobody runs ahead: the next round begins when enough are in this one, so that all meet in it.
      const isShared = at === 0 || (entrants.get(at)?.size ?? 0) >= quorum
      if (isShared) enter(at + 1)
      else announce()
    })
    const leader = leaderOf(at).id
    // Once a round failed, everybody hears it, so that all are in one round when an honest leader comes.
    if (at > 0)
      for (const { id } of electorate) if (id !== leader && id !== self) send(id, ['enter', at, null])
    entrants.set(at, (entrants.get(at) ?? new Map<NodeId, Lock | undefined>()).set(self, locked))
    tell(leader, ['enter', at, locked === undefined ? null : lockPart(locked)])
  }

  function lead(): void {
    if (isOver || leaderOf(round).id !== self || proposed?.round === round) return
    const heard = entrants.get(round) ?? new Map<NodeId, Lock | undefined>()
    if (round > 0 && heard.size < quorum) return
    const locks = [...heard.values(), locked].filter((lock) => lock !== undefined)
    const best = locks.sort((a, b) => b.certificate.round - a.certificate.round)[0]
    const value = best?.value ?? options.propose()
    if (value === undefined) return
    proposed = { round, value }
    const hash = hashBlake3(value)
    const signature = signing.sign(proposalOf(subject, round, hash))
    tellAll([
      'propose',
      round,
      value,
      signature,
      best === undefined ? null : encodeCertificate(best.certificate),
    ])
  }

  function onEnter(from: NodeId, at: number, lock: Lock | undefined): void {
    if (at > Math.max(round, floor) + 64) return
    const heard = entrants.get(at) ?? new Map<NodeId, Lock | undefined>()
    entrants.set(at, heard)
    if (lock === undefined || isPrepared(lock)) heard.set(from, lock)
    // More than could lie are there: at least one honest member waited its time out.
    if (at > round && (heard.size > faultsOf(electorate.length) || at === 0)) enter(at)
    if (at === round) lead()
  }

  function onPropose(
    from: NodeId,
    at: number,
    value: Uint8Array,
    signature: Uint8Array,
    justification: Certificate | undefined,
  ): void {
    const leader = leaderOf(at)
    const hash = hashBlake3(value)
    if (from !== leader.id || at < Math.max(round, floor) || at > Math.max(round, floor) + 64) return
    if (!signing.verify(leader.publicKey, proposalOf(subject, at, hash), signature)) return
    noteProposal(at, hash, signature)
    enter(at)
    values.set(hash.toHex(), value)
    const isJustified =
      justification !== undefined &&
      justification.round < at &&
      equalBytes(justification.hash, hash) &&
      isPrepared({ value, certificate: justification })
    const isFree = locked === undefined && (isJustified || options.accepts(value))
    const isHeld =
      locked !== undefined &&
      (equalBytes(locked.certificate.hash, hash) ||
        (isJustified && (justification as Certificate).round > locked.certificate.round))
    refused = undefined
    if (isFree || isHeld) vote('prepare', at, hash)
    else if (locked === undefined) refused = { round: at, value }
  }

  function noteProposal(at: number, hash: Uint8Array, signature: Uint8Array): void {
    const known = proposals.get(at)
    if (known === undefined) proposals.set(at, [hash, signature])
    else if (!equalBytes(known[0], hash)) {
      const publicKey = leaderOf(at).publicKey
      options.caught?.({ subject, round: at, publicKey, one: known, other: [hash, signature] })
    }
  }

  function vote(phase: Phase, at: number, hash: Uint8Array): void {
    if (voted.has(phase + at)) return
    voted.add(phase + at)
    const proposal = proposals.get(at)
    const signature = signing.sign(statement(subject, phase, at, hash))
    votedRound = Math.max(votedRound, at)
    const phases = (['prepare', 'commit'] as const).filter((one) => voted.has(one + votedRound))
    keep({ round: votedRound, phases, lock: locked }, () => {
      if (!isOver) tell(leaderOf(at).id, ['vote', phase, at, hash, signature, proposal?.[1] ?? null])
    })
  }

  function onVote(from: NodeId, phase: Phase, at: number, hash: Uint8Array, signature: Uint8Array): void {
    const index = indexes.get(from)
    if (at !== round || leaderOf(at).id !== self || index === undefined) return
    const name = `${phase} ${at} ${hash.toHex()}`
    const ballot = ballots.get(name) ?? new Map<number, Uint8Array>()
    if (ballot.size >= quorum || ballot.has(index)) return
    const voter = electorate[index] as Elector
    if (!signing.verify(voter.publicKey, statement(subject, phase, at, hash), signature)) return
    ballots.set(name, ballot.set(index, signature))
    if (ballot.size < quorum) return
    const votes = [...ballot].sort(([a], [b]) => a - b)
    const certificate = encodeCertificate({ phase, round: at, hash, votes })
    const value = values.get(hash.toHex())
    if (phase === 'prepare') tellAll(['prepared', certificate, proposals.get(at)?.[1] ?? null])
    else if (value !== undefined) tellAll(['decided', value, certificate])
  }

  function onPrepared(certificate: Certificate, proposal: Uint8Array | undefined): void {
    const { round: at, hash } = certificate
    const leader = leaderOf(at)
    if (proposal !== undefined && signing.verify(leader.publicKey, proposalOf(subject, at, hash), proposal))
      noteProposal(at, hash, proposal)
    const value = values.get(hash.toHex())
    if (at < Math.max(round, floor) || value === undefined) return
    if (!isPrepared({ value, certificate })) return
    if (locked === undefined || certificate.round > locked.certificate.round) locked = { value, certificate }
    vote('commit', at, hash)
  }

  function onDecided(value: Uint8Array, certificate: Certificate): void {
    const isWhole = certificate.phase === 'commit' && equalBytes(hashBlake3(value), certificate.hash)
    if (!isWhole || !isCertified(certificate, subject, electorate, signing)) return
    end()
    options.decided(value, certificate)
  }

  function isPrepared({ value, certificate }: Lock): boolean {
    return (
      certificate.phase === 'prepare' &&
      equalBytes(hashBlake3(value), certificate.hash) &&
      isCertified(certificate, subject, electorate, signing)
    )
  }

  function take(from: NodeId, [kind, ...rest]: readonly unknown[]): void {
    if (isOver || !indexes.has(from)) return
    if (kind === 'enter') onEnter(from, readRound(rest[0]), rest[1] === null ? undefined : readLock(rest[1]))
    else if (kind === 'propose')
      onPropose(
        from,
        readRound(rest[0]),
        readValue(rest[1]),
        readSignature(rest[2]),
        rest[3] === null ? undefined : readCertificate(rest[3]),
      )
    else if (kind === 'vote')
      onVote(
        from,
        readPhase(rest[0]),
        readRound(rest[1]),
        readBytes(rest[2], 'a hash', { length: 32 }),
        readSignature(rest[3]),
      )
    else if (kind === 'prepared')
      onPrepared(readCertificate(rest[0]), rest[1] === null ? undefined : readSignature(rest[1]))
    else if (kind === 'decided') onDecided(readValue(rest[0]), readCertificate(rest[1]))
    else readInt(kind, 'a part of an agreement')
  }

  function end(): void {
    isOver = true
    stopTimer?.()
  }

  return {
    start() {
      if (round < 0) enter(0)
      else lead()
      // What this node did not see yet when it was proposed, it may see now.
      if (refused?.round !== round || locked !== undefined || !options.accepts(refused.value)) return
      const { value } = refused
      refused = undefined
      vote('prepare', round, hashBlake3(value))
    },
    receive: (from, part) => take(from, part),
    end,
  }
}

/** Whether the evidence proves what it says. */
export function isEquivocation(
  { subject, round, publicKey, one, other }: Equivocation,
  signing: Signing,
): boolean {
  return (
    !equalBytes(one[0], other[0]) &&
    [one, other].every(([hash, signature]) =>
      signing.verify(publicKey, proposalOf(subject, round, hash), signature),
    )
  )
}

function proposalOf({ topic, sequence }: Subject, round: number, hash: Uint8Array): Uint8Array {
  return labelled('proposal', encodeCbor([topic, sequence, round, hash]))
}

function lockPart({ value, certificate }: Lock): readonly unknown[] {
  return [value, encodeCertificate(certificate)]
}

function readLock(part: unknown): Lock {
  const [value, certificate] = readArray(part, 'a lock', { max: 2 })
  return { value: readValue(value), certificate: readCertificate(certificate) }
}

function readRound(value: unknown): number {
  return readInt(value, 'a round', { max: roundMax })
}

function readValue(value: unknown): Uint8Array {
  return readBytes(value, 'a value', { max: valueBytesMax })
}

function readSignature(value: unknown): Uint8Array {
  return readBytes(value, 'a signature', { max: signatureBytesMax })
}
