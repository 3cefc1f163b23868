import { compareBytes, concatBytes } from '@anarq/bytes'
import { Fault, failed, type Outcome, ok } from '@anarq/fault'
import {
  type Cid,
  cborCodec,
  decodeCbor,
  digestOf,
  encodeCbor,
  readArray,
  readBytes,
  readFields,
  readInt,
} from '@anarq/ipld'
import { cidOf, signatureBytes } from '@anarq/qlock'
import { type Did, readDid } from './command.ts'
import type { SealOptions } from './delegation.ts'
import type { VerifyAs } from './identities.ts'

/** Which of an issuer's delegations are taken back, said and signed by the issuer: small enough to travel with the data. */
export type StatusSnapshot = {
  readonly cid: Cid
  readonly issuer: Did
  /** Rises with every snapshot of the issuer. */
  readonly sequence: number
  readonly atMs: number
  /** How long after `atMs` it may be relied on without a newer one. */
  readonly maxStaleMs: number
  readonly revokedCount: number
  isRevoked(delegation: Cid): boolean
  /** The digests of the revoked delegations, ascending, one after the other: 32 bytes each. */
  readonly revoked: Uint8Array
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly signedBytes: Uint8Array
}

export type StatusFields = {
  readonly sequence: number
  readonly atMs: number
  readonly maxStaleMs: number
  /** Each delegation once, in any order. */
  readonly revoked: readonly Cid[]
  /** What the snapshot before said; kept, because a revocation is for ever. */
  readonly previous?: StatusSnapshot
}

/** Keeps the newest snapshot of every issuer. Implementations pass `@anarq/qonsent/testing`'s `testStatus`. */
export type StatusPort = {
  snapshotOf(issuer: Did): Promise<StatusSnapshot | undefined>
  /**
   * Keeps a snapshot whose signature was checked, by `checkSuccessor` against what is kept: atomic, and durable when
   * it resolves. A refusal changes nothing.
   */
  accept(snapshot: StatusSnapshot): Promise<Outcome<void>>
}

export const revokedMax = 65_536
export const statusContext = 'anarq/qonsent/status/1'
const digestBytes = 32
const maxStaleMsMax = 30 * 86_400_000
/** Clocks of honest machines differ by so much. */
const clockSkewMs = 300_000
const statusKeys = ['t', 'issuer', 'sequence', 'at', 'maxStaleMs', 'revoked'] as const
const tag = 'anarq/status@1'

export function sealStatus(fields: StatusFields, { did, sign }: SealOptions): StatusSnapshot {
  const signed = {
    t: tag,
    issuer: did,
    sequence: fields.sequence,
    at: fields.atMs,
    maxStaleMs: fields.maxStaleMs,
    revoked: sortedDigests(fields.previous?.revoked ?? new Uint8Array(0), fields.revoked),
  }
  return parseStatus(encodeCbor([sign(encodeCbor(signed), statusContext), signed]))
}

/** Strict; the signature is `verifyStatus`'s. Throws `invalid.*` and `limit.status`. */
export function parseStatus(input: Uint8Array): StatusSnapshot {
  if (input.length > revokedMax * digestBytes + 8192) {
    throw new Fault('limit.status', `This list of revoked permissions has more than ${revokedMax} entries.`)
  }
  const what = 'This list of revoked permissions'
  const bytes = new Uint8Array(input)
  const envelope = readArray(decodeCbor(bytes, what), what, { max: 2 })
  if (envelope.length !== 2) throw new Fault('invalid.status', `${what} is not a signed envelope.`)
  const fields = readFields(envelope[1], statusKeys, what)
  if (fields.t !== tag) throw new Fault('invalid.status', `${what} is of another kind or version.`)
  const revoked = readBytes(fields.revoked, what, { max: revokedMax * digestBytes })
  checkAscending(revoked, what)
  return {
    bytes,
    cid: cidOf(cborCodec, bytes),
    signature: readBytes(envelope[0], `${what}'s signature`, { length: signatureBytes }),
    signedBytes: bytes.subarray(1 + 3 + signatureBytes),
    issuer: readDid(fields.issuer, 'Its issuer'),
    sequence: readInt(fields.sequence, 'Its sequence', { min: 1 }),
    atMs: readInt(fields.at, 'Its time'),
    maxStaleMs: readInt(fields.maxStaleMs, 'Its lifetime', { min: 1, max: maxStaleMsMax }),
    revoked,
    revokedCount: revoked.length / digestBytes,
    isRevoked: (delegation) => includes(revoked, digestOf(delegation)),
  }
}

export function verifyStatus({ issuer, signedBytes, signature }: StatusSnapshot, verify: VerifyAs): boolean {
  return verify(issuer, signedBytes, signature, statusContext)
}

/** Whether it may be relied on now: not too old, and not from the future beyond what clocks differ. */
export function isFresh({ atMs, maxStaleMs }: StatusSnapshot, nowMs: number): boolean {
  return nowMs - atMs <= maxStaleMs && atMs - nowMs <= clockSkewMs
}

/**
 * Whether `next` may follow what is known of its issuer: a later sequence that revokes everything that was revoked.
 * An older one is `refused.rollback`; another of the same sequence, or one that forgets, is `refused.forked-status`.
 */
export function checkSuccessor(known: StatusSnapshot | undefined, next: StatusSnapshot): Outcome<void> {
  if (known === undefined || known.cid.equals(next.cid)) return ok(undefined)
  if (next.sequence < known.sequence) {
    return failed('refused.rollback', 'This list of revoked permissions is older than the one known here.')
  }
  if (next.sequence === known.sequence || !includesAll(next.revoked, known.revoked)) {
    return failed(
      'refused.forked-status',
      'This list of revoked permissions contradicts the one known here. Ask its issuer for a newer one.',
    )
  }
  return ok(undefined)
}

export function createMemoryStatus(): StatusPort {
  const newest = new Map<Did, StatusSnapshot>()
  return {
    snapshotOf: async (issuer) => newest.get(issuer),
    async accept(snapshot) {
      const outcome = checkSuccessor(newest.get(snapshot.issuer), snapshot)
      if (outcome.ok) newest.set(snapshot.issuer, snapshot)
      return outcome
    },
  }
}

function sortedDigests(previous: Uint8Array, added: readonly Cid[]): Uint8Array {
  const fresh = added.map(digestOf).filter((digest) => !includes(previous, digest))
  const known = Array.from({ length: previous.length / digestBytes }, (_, index) => digestAt(previous, index))
  const sorted = [...known, ...fresh].sort(compareBytes)
  const distinct = sorted.filter(
    (digest, index) => index === 0 || compareBytes(digest, sorted[index - 1] ?? digest) !== 0,
  )
  if (distinct.length > revokedMax) {
    throw new Fault('limit.status', `More than ${revokedMax} permissions are revoked. Start a new key epoch.`)
  }
  return concatBytes(...distinct)
}

function checkAscending(digests: Uint8Array, what: string): void {
  for (let at = 1; at < digests.length / digestBytes; at += 1) {
    if (compareBytes(digestAt(digests, at - 1), digestAt(digests, at)) < 0) continue
    throw new Fault('invalid.status', `${what} is not in ascending order.`)
  }
  if (digests.length % digestBytes !== 0) throw new Fault('invalid.status', `${what} is cut short.`)
}

function includes(digests: Uint8Array, digest: Uint8Array): boolean {
  let from = 0
  let to = digests.length / digestBytes
  while (from < to) {
    const middle = (from + to) >>> 1
    const order = compareBytes(digestAt(digests, middle), digest)
    if (order === 0) return true
    if (order < 0) from = middle + 1
    else to = middle
  }
  return false
}

function includesAll(digests: Uint8Array, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length / digestBytes; at += 1) {
    if (!includes(digests, digestAt(wanted, at))) return false
  }
  return true
}

function digestAt(digests: Uint8Array, index: number): Uint8Array {
  return digests.subarray(index * digestBytes, (index + 1) * digestBytes)
}
