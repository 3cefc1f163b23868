import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { readArray, readFields, readInt, readText } from '@anarq/ipld'
import { signatureBytes, verifySignature } from '@anarq/qlock'
import {
  type DidDocument,
  deviceIdPattern,
  didPattern,
  jsonAt,
  keysOfDocument,
  type PublicKeys,
} from './document.ts'
import { canonicalJson, parseCanonicalJson } from './jcs.ts'
import {
  clockSkewMs,
  didPrefix,
  entryHash,
  genesisMs,
  type LogEntry,
  type LogFacts,
  logEntryBytesMax,
  logMethod,
  type Member,
  membersMax,
  proofContext,
  proofMessage,
  proofOptions,
  revokedDevicesMax,
  scidPlaceholder,
  timeText,
} from './key-log.ts'
import { decodeVerifyKey, hashText, hashTextPattern, readBase64Url } from './multikey.ts'

/** The keys of one epoch and when they held, in milliseconds; the current ones have no end. */
export type KeyEpoch = PublicKeys & {
  readonly epoch: number
  readonly fromMs: number
  readonly untilMs?: number
}

/** What the lines up to one have shown. */
export type LogState = {
  readonly did: string
  readonly entry: LogEntry
  readonly atMs: number
  readonly nextKeyHash: string | undefined
  readonly keys: PublicKeys
  readonly facts: LogFacts
  readonly epochs: readonly KeyEpoch[]
}

/**
 * Line `number` (from 1) against the state that the lines before it left. What is wrong with it is thrown:
 * `refused.log` with the bare reason ("was changed, …"), or the code of what could not be read.
 */
export function verifyLine(
  before: LogState | undefined,
  line: string,
  number: number,
  nowMs: number,
): LogState {
  const entry = readEntry(line, number)
  const did = before?.did ?? checkGenesis(entry)
  checkName(entry, before?.entry.versionId ?? did.slice(didPrefix.length), number)
  const atMs = checkTime(entry, before, nowMs)
  const { updateKey, nextKeyHash } = checkParameters(entry, before)
  const { keys, facts } = readState(entry, did)
  const isNewEpoch = checkEpoch(before, keys, facts)
  checkProofs(entry, did, updateKey, isNewEpoch ? keys : undefined)
  const epochs = isNewEpoch
    ? withEpoch(before?.epochs ?? [], keys, facts.epoch, atMs)
    : (before?.epochs ?? [])
  return { did, entry, atMs, nextKeyHash, keys, facts, epochs }
}

function readEntry(line: string, number: number): LogEntry {
  if (line.length > logEntryBytesMax) throw new Fault('limit.log', `Entry ${number} is too large.`)
  const what = `Entry ${number}`
  const value = parseCanonicalJson(line, what)
  const fields = readFields(value, ['versionId', 'versionTime', 'parameters', 'state', 'proof'], what)
  readArray(fields.proof, `${what}, its proof`, { max: 2 })
  readText(fields.versionId, `${what}, its version`)
  readText(fields.versionTime, `${what}, its time`)
  readFields(fields.parameters, parameterNames, `${what}, its parameters`)
  readFields(fields.state, stateNames, `${what}, its state`)
  return fields as LogEntry
}

const parameterNames = ['method', 'scid', 'portable', 'updateKeys', 'nextKeyHashes', 'deactivated']
const stateNames = [
  '@context',
  'id',
  'verificationMethod',
  'authentication',
  'assertionMethod',
  'capabilityInvocation',
  'capabilityDelegation',
  'keyAgreement',
  'anarq',
]

/** The self-certifying identifier is the hash of the first entry with placeholders where it stands itself. */
function checkGenesis(entry: LogEntry): string {
  const { method, scid, portable } = entry.parameters
  if (method !== logMethod || portable !== false) throw refused('is of another method than did:squid 1.0')
  if (typeof scid !== 'string' || !hashTextPattern.test(scid)) throw refused('has no identifier')
  const { proof: _, ...rest } = entry
  const draft = canonicalJson({ ...rest, versionId: scidPlaceholder }).replaceAll(scid, scidPlaceholder)
  if (hashText(draft) !== scid) throw refused('was changed: the identifier is not its hash')
  return `${didPrefix}${scid}`
}

function checkName(entry: LogEntry, previous: string, number: number): void {
  const claimed = entry.versionId.slice(0, 8).split('-', 1)[0]
  if (claimed !== String(number))
    throw refused(`calls itself number ${claimed}: entries are missing or out of order`)
  if (entry.versionId !== `${number}-${entryHash(entry, previous)}`) {
    throw refused('was changed, or does not follow the entry before it')
  }
}

function checkTime(entry: LogEntry, before: LogState | undefined, nowMs: number): number {
  const atMs = Date.parse(entry.versionTime)
  if (!Number.isFinite(atMs) || timeText(atMs) !== entry.versionTime) throw refused('has no valid time')
  if (before === undefined) {
    if (atMs !== genesisMs) throw refused('has another time than the one all first entries have')
  } else {
    if (atMs <= before.atMs) throw refused('is not later than the entry before it')
    if (atMs > nowMs + clockSkewMs) throw refused('lies in the future')
  }
  return atMs
}

function checkParameters(
  { parameters }: LogEntry,
  before: LogState | undefined,
): { updateKey: string; nextKeyHash: string | undefined } {
  const first = before === undefined ? ['method', 'scid', 'portable'] : ['deactivated']
  const fields = readFields(parameters, ['updateKeys', 'nextKeyHashes', ...first], 'Its parameters')
  const [updateKey, ...others] = readArray(fields.updateKeys, 'Its update keys', { max: 1 })
  const [nextKeyHash] = readArray(fields.nextKeyHashes, 'Its next key hashes', { max: 1 })
  if (typeof updateKey !== 'string' || others.length > 0) throw refused('has no update key')
  if (before !== undefined && hashText(updateKey) !== before.nextKeyHash) {
    throw refused(
      before.nextKeyHash === undefined
        ? 'follows the one that ended this identity'
        : 'brings another update key than the one promised before it',
    )
  }
  const isLast = fields.deactivated === true
  const isHash = typeof nextKeyHash === 'string' && hashTextPattern.test(nextKeyHash)
  if (isLast ? nextKeyHash !== undefined : !isHash || fields.deactivated !== undefined) {
    throw refused('does not promise the next update key')
  }
  return { updateKey, nextKeyHash: isLast ? undefined : (nextKeyHash as string) }
}

function readState({ state }: LogEntry, did: string): { keys: PublicKeys; facts: LogFacts } {
  const facts = readFacts(state.anarq)
  return { facts, keys: keysOfDocument(state, { did, extra: { anarq: facts } }) }
}

function readFacts(value: unknown): LogFacts {
  const fields = readFields(value, ['kind', 'epoch', 'members', 'revokedDevices'], 'Its facts')
  if (fields.kind !== 'root' && fields.kind !== 'organisation') throw refused('is of an unknown kind')
  const members = readArray(fields.members, 'Its members', { max: membersMax }).map(readMember)
  if (new Set(members.map((member) => member.did)).size < members.length)
    throw refused('names a member twice')
  const revokedDevices = readArray(fields.revokedDevices, 'Its revoked devices', { max: revokedDevicesMax })
  if (fields.kind === 'root' && members.length > 0) throw refused('gives members to a person')
  return {
    kind: fields.kind,
    epoch: readInt(fields.epoch, 'Its epoch'),
    members,
    revokedDevices: revokedDevices.map((id) => readPattern(id, deviceIdPattern, 'A device')),
  }
}

function readMember(value: unknown): Member {
  const fields = readFields(value, ['did', 'role'], 'A member')
  const did = readPattern(fields.did, didPattern, 'The DID of a member')
  if (fields.role !== 'owner' && fields.role !== 'member') throw refused('gives a member an unknown role')
  return { did, role: fields.role }
}

function readPattern(value: unknown, pattern: RegExp, what: string): string {
  const text = readText(value, what, { max: 256 })
  if (!pattern.test(text)) throw refused(`has a malformed part: ${what.toLowerCase()}`)
  return text
}

/** Keys change exactly when the epoch does, one epoch at a time; true where they do. */
function checkEpoch(before: LogState | undefined, keys: PublicKeys, facts: LogFacts): boolean {
  if (before === undefined) {
    const isBare = facts.epoch === 0 && facts.members.length === 0 && facts.revokedDevices.length === 0
    if (!isBare) throw refused('is no first entry: it knows more than keys')
    return true
  }
  if (facts.kind !== before.facts.kind) throw refused('turns the identity into another kind')
  const isSame =
    equalBytes(keys.verifyKey, before.keys.verifyKey) && equalBytes(keys.kemKey, before.keys.kemKey)
  if (facts.epoch === before.facts.epoch && isSame) return false
  if (facts.epoch === before.facts.epoch + 1 && !isSame) return true
  throw refused('changes keys without beginning the next epoch, or the other way round')
}

function checkProofs(entry: LogEntry, did: string, updateKey: string, newKeys: PublicKeys | undefined): void {
  const proofs = entry.proof ?? []
  if (proofs.length !== (newKeys === undefined ? 1 : 2))
    throw refused('does not carry the signatures it needs')
  checkProof(entry, proofs[0], proofOptions(entry, did, 'update', updateKey), decodeVerifyKey(updateKey))
  if (newKeys === undefined) return
  checkProof(entry, proofs[1], proofOptions(entry, did, 'sign', updateKey), newKeys.verifyKey)
}

function checkProof(entry: LogEntry, proof: unknown, options: DidDocument, verifyKey: Uint8Array): void {
  const proofValue = jsonAt(proof, 'proofValue')
  if (typeof proofValue !== 'string' || canonicalJson({ ...options, proofValue }) !== canonicalJson(proof)) {
    throw refused('is signed in another way than it must be')
  }
  if (!proofValue.startsWith('u')) throw refused('has a malformed signature')
  const signature = readBase64Url(proofValue.slice(1), 'The signature')
  const isSigned =
    signature.length === signatureBytes &&
    verifySignature(verifyKey, proofMessage(entry, options), signature, proofContext)
  if (!isSigned) throw refused('carries a signature that its key did not make')
}

function withEpoch(epochs: readonly KeyEpoch[], keys: PublicKeys, epoch: number, fromMs: number): KeyEpoch[] {
  const closed = epochs.map((former) =>
    former.untilMs === undefined ? { ...former, untilMs: fromMs } : former,
  )
  return [...closed, { ...keys, epoch, fromMs }]
}

/** Why an entry fails, without its number: `atEntry` adds that. */
function refused(why: string): Fault {
  return new Fault('refused.log', why)
}
