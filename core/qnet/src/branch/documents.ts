import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import { nodeIdOf } from '../node-id.ts'
import { type MemberCertificate, parseCertificate, parseRevocation } from './certificate.ts'
import { type Chain, type Charter, resolveCharters } from './charter.ts'
import {
  branchContext,
  countSigners,
  encodeSigned,
  joinSigned,
  keyOf,
  parseSigned,
  type Signed,
  type VerifyAs,
} from './signed.ts'

/** All that a branch is: every member holds the same, and whoever holds it needs to ask nobody. */
export type BranchDocuments = {
  readonly charters: readonly Signed[]
  readonly certificates: readonly Signed[]
  readonly revocations: readonly Signed[]
  /** Public identities of who signs, as they encode themselves: what they sign is verified with these alone. */
  readonly cards: readonly Uint8Array[]
}

export const membersMax = 256
const certificatesMax: number = membersMax * 2
const revocationsMax = 1024
const chartersHeldMax = 64
const cardsMax = 64
const cardBytesMax = 64 * 1024
export const documentsBytesMax: number = 1536 * 1024
const signedBytesMax = 80 * 1024
/** What is over is of no use to anybody after this. */
const keptAfterMs = 30 * 24 * 3_600_000
const what = 'The documents of a branch'

export function encodeDocuments({ charters, certificates, revocations, cards }: BranchDocuments): Uint8Array {
  const bytes = encodeCbor({
    v: 1,
    charters: charters.map(encodeSigned),
    certificates: certificates.map(encodeSigned),
    revocations: revocations.map(encodeSigned),
    cards,
  })
  if (bytes.length > documentsBytesMax)
    throw new Fault('limit.branch', 'This branch has more documents than a branch may have.')
  return bytes
}

export function parseDocuments(bytes: Uint8Array): BranchDocuments {
  if (bytes.length > documentsBytesMax)
    throw new Fault('limit.branch', 'This branch has more documents than a branch may have.')
  const known = ['v', 'charters', 'certificates', 'revocations', 'cards']
  const fields = readFields(decodeCbor(bytes, what), known, what)
  readInt(fields.v, 'Their version', { min: 1, max: 1 })
  const read = (value: unknown, of: string, max: number): Signed[] =>
    readArray(value, of, { max }).map((one) => parseSigned(readBytes(one, of, { max: signedBytesMax }), of))
  return {
    charters: read(fields.charters, 'A charter', chartersHeldMax),
    certificates: read(fields.certificates, 'A certificate', certificatesMax),
    revocations: read(fields.revocations, 'A revocation', revocationsMax),
    cards: readArray(fields.cards, 'Cards', { max: cardsMax }).map((card) =>
      readBytes(card, 'A card', { max: cardBytesMax }),
    ),
  }
}

export type BranchMember = MemberCertificate & {
  readonly node: NodeId
  readonly signed: Signed
  /** Signatures of admins that it has, of those that it needs. */
  readonly signers: number
}

/** What the documents say, verified once. */
export type Branch = Chain & {
  readonly documents: BranchDocuments
  /** Of certificates that stand now; of several for one node the one that lasts longest. */
  members(nowMs: number): readonly BranchMember[]
  memberOf(node: NodeId, nowMs: number): BranchMember | undefined
  isHolder(did: string, nowMs: number): boolean
  /** Signed by some admins, and not yet by enough. */
  awaited(nowMs: number): readonly BranchMember[]
  /** Tells two states of the documents apart. */
  readonly tag: Uint8Array
}

/** `undefined` where no charter stands, or not this branch's. */
export function readBranch(
  documents: BranchDocuments,
  verify: VerifyAs,
  expectedId?: string,
): Branch | undefined {
  const chain = resolveCharters(documents.charters, verify, expectedId)
  if (chain === undefined) return undefined
  const { id, charter } = chain
  const revoked = new Set<string>()
  const revocations = documents.revocations.filter((signed) => {
    const revocation = attempt(() => parseRevocation(signed.body))
    const signers = countSigners(signed, charter.admins, verify)
    if (revocation?.branch !== id || signers === 0) return false
    if (signers >= charter.threshold) revoked.add(toHex(revocation.certificate))
    return true
  })
  const all = documents.certificates.flatMap((signed): BranchMember[] => {
    const certificate = attempt(() => parseCertificate(signed.body))
    const signers = countSigners(signed, [...charter.admins, charter.founder], verify)
    if (certificate === undefined || certificate.branch !== id || signers === 0) return []
    return [{ ...certificate, node: nodeIdOf(certificate.nodeKey), signed, signers }]
  })
  const standing = all.filter((one) => isCertified(one, charter, verify) && !revoked.has(keyOf(one.signed)))
  const members = (nowMs: number): readonly BranchMember[] => {
    const byNode = new Map<NodeId, BranchMember>()
    for (const one of standing)
      if (one.fromMs <= nowMs && nowMs < one.untilMs && (byNode.get(one.node)?.untilMs ?? 0) < one.untilMs)
        byNode.set(one.node, one)
    return [...byNode.values()].sort((a, b) => (a.node < b.node ? -1 : 1)).slice(0, membersMax)
  }
  const kept = {
    charters: chain.charters,
    certificates: all.map(({ signed }) => signed),
    revocations,
    cards: documents.cards,
  }
  return {
    ...chain,
    documents: kept,
    members,
    memberOf: (node, nowMs) => members(nowMs).find((member) => member.node === node),
    isHolder: (did, nowMs) => members(nowMs).some(({ holder }) => holder === did),
    awaited: (nowMs) => all.filter((one) => !isCertified(one, charter, verify) && nowMs < one.untilMs),
    tag: tagOf(kept),
  }
}

/**
 * By enough admins. An admin's own node comes in by the founder's signature alone, who named that admin in the charter: else nobody
 * could be the first where several must sign.
 */
function isCertified(
  { signed, signers, holder }: BranchMember,
  { admins, founder, threshold }: Charter,
  verify: VerifyAs,
): boolean {
  if (countSigners(signed, admins, verify) >= threshold) return true
  return signers > 0 && admins.includes(holder) && countSigners(signed, [founder], verify) === 1
}

/** Both, one of each: in whatever order members tell each other, they come to the same. */
export function joinDocuments(a: BranchDocuments, b: BranchDocuments): BranchDocuments {
  return {
    charters: joinAll(a.charters, b.charters),
    certificates: joinAll(a.certificates, b.certificates),
    revocations: joinAll(a.revocations, b.revocations),
    cards: [...new Map([...a.cards, ...b.cards].map((card) => [toHex(hashBlake3(card)), card])).values()],
  }
}

/** Without what nobody signed as it should be, and what is long over. */
export function tidied({ documents, charter }: Branch, verify: VerifyAs, nowMs: number): BranchDocuments {
  const isGenuine = ({ body, signatures }: Signed): Signed => ({
    body,
    signatures: signatures.filter(
      ({ did, signature }) => charter.admins.includes(did) && verify(did, body, signature, branchContext),
    ),
  })
  const isCurrent = ({ body }: Signed): boolean => parseCertificate(body).untilMs + keptAfterMs > nowMs
  return {
    charters: documents.charters,
    certificates: documents.certificates.filter(isCurrent).map(isGenuine).slice(-certificatesMax),
    revocations: documents.revocations.map(isGenuine).slice(-revocationsMax),
    cards: documents.cards.slice(0, cardsMax),
  }
}

/** Of what is signed and by whom; the order and the bytes of signatures do not matter. */
function tagOf({ charters, certificates, revocations, cards }: BranchDocuments): Uint8Array {
  const names = [...charters, ...certificates, ...revocations].map(
    (signed) =>
      `${keyOf(signed)} ${signed.signatures
        .map(({ did }) => did)
        .sort()
        .join(' ')}`,
  )
  return hashBlake3(encodeCbor([names.sort(), cards.map((card) => toHex(hashBlake3(card))).sort()]))
}

function joinAll(a: readonly Signed[], b: readonly Signed[]): Signed[] {
  const all = new Map(a.map((signed) => [keyOf(signed), signed]))
  for (const signed of b) {
    const key = keyOf(signed)
    const known = all.get(key)
    all.set(key, known === undefined ? signed : joinSigned(known, signed))
  }
  return [...all.values()]
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
