import { equalBytes, toBase64Url } from '@anarq/bytes'
import { asFault, Fault, failed, type Outcome, ok } from '@anarq/fault'
import { readArray, readFields, readInt } from '@anarq/ipld'
import { merkleLeaf, verifyConsistency, verifyInclusion } from '@anarq/qlock'
import { type AuditEntry, entryBytesMax, entryToJson, isJsonOf, openEntry } from './audit-entry.ts'
import {
  headFromJson,
  headToJson,
  readBase64,
  type SignedHead,
  type SignedHeadJson,
  verifyHead,
} from './audit-head.ts'

/**
 * That an entry is in a log, as JSON. Without `key` it shows that something sealed was there at that place when the
 * head was signed; with it, what it says. The key opens this entry alone.
 */
export type AuditProof = AuditProofStep & { readonly version: 1; readonly head: SignedHeadJson }

export type AuditProofStep = {
  readonly index: number
  /** The sealed entry, base64url. */
  readonly sealed: string
  /** The Merkle path, base64url. */
  readonly path: readonly string[]
  /** The entry's key, base64url. */
  readonly key?: string
  /** The entry for people; checked against the sealed one. */
  readonly entry?: Readonly<Record<string, unknown>>
}

/** That a log only grew between two heads. */
export type AuditConsistencyProof = {
  readonly version: 1
  readonly oldSize: number
  readonly oldRoot: string
  readonly head: SignedHeadJson
  readonly path: readonly string[]
}

/** A chain of events with one head for all: everything that was found, oldest first. */
export type AuditChain = {
  readonly version: 1
  readonly head: SignedHeadJson
  readonly events: readonly AuditProofStep[]
  /** Entries in the range that could not be read: what they said is not known. */
  readonly unreadable: readonly number[]
  /** False when the search stopped at its bound before the beginning of the log. */
  readonly isComplete: boolean
}

export type ProvedEntry = {
  readonly index: number
  readonly head: SignedHead
  readonly entry: AuditEntry | undefined
}

export type ProofFacts = {
  readonly index: number
  readonly sealed: Uint8Array
  readonly path: readonly Uint8Array[]
  readonly disclosed?: { readonly key: Uint8Array; readonly entry: AuditEntry } | undefined
}

export function proofStep({ index, sealed, path, disclosed }: ProofFacts): AuditProofStep {
  return {
    index,
    sealed: toBase64Url(sealed),
    path: path.map(toBase64Url),
    ...(disclosed === undefined
      ? {}
      : { key: toBase64Url(disclosed.key), entry: entryToJson(disclosed.entry) }),
  }
}

/** Checks a proof with the owner's verifying key (1,984 bytes) and nothing else. Refusals are `refused.proof` or `invalid.proof`. */
export function verifyAuditProof(proof: unknown, publicKey: Uint8Array): Outcome<ProvedEntry> {
  return checked(() => {
    const { version, head, ...step } = readFields(proof, ['version', 'head', ...stepFields], 'The proof')
    readInt(version, 'Its version', { min: 1, max: 1 })
    const signed = readSigned(head, publicKey)
    return readStep(step, signed)
  })
}

/** The same for every event of a chain; they must rise and be disclosed. */
export function verifyAuditChain(chain: unknown, publicKey: Uint8Array): Outcome<readonly ProvedEntry[]> {
  return checked(() => {
    const fields = readFields(chain, ['version', 'head', 'events', 'unreadable', 'isComplete'], 'The chain')
    readInt(fields.version, 'Its version', { min: 1, max: 1 })
    const signed = readSigned(fields.head, publicKey)
    const events = readArray(fields.events, 'Its events').map((event) =>
      readStep(readFields(event, stepFields, 'An event'), signed),
    )
    for (const [i, { index, entry }] of events.entries()) {
      const before = events[i - 1]
      if (entry === undefined) throw refused(`event ${i} is not disclosed`)
      if (before !== undefined && before.index >= index) throw refused(`event ${i} is out of order`)
    }
    return events
  })
}

/** `old` is the head that whoever checks has kept; without it, the old root in the proof is taken at its word. */
export function verifyAuditConsistency(
  proof: unknown,
  publicKey: Uint8Array,
  old?: { readonly size: number; readonly root: Uint8Array },
): Outcome<SignedHead> {
  return checked(() => {
    const fields = readFields(proof, ['version', 'oldSize', 'oldRoot', 'head', 'path'], 'The proof')
    readInt(fields.version, 'Its version', { min: 1, max: 1 })
    const head = readSigned(fields.head, publicKey)
    const oldSize = readInt(fields.oldSize, 'The old size')
    const oldRoot = readBase64(fields.oldRoot, 'The old root', 32)
    if (old !== undefined && (old.size !== oldSize || !equalBytes(old.root, oldRoot))) {
      throw refused('it does not speak of the head that you kept')
    }
    const path = readPath(fields.path)
    if (!verifyConsistency({ oldSize, oldRoot, size: head.size, root: head.root, path })) {
      throw refused('the log did not only grow: something before the old head was changed')
    }
    return head
  })
}

export function consistencyProof(
  old: { readonly size: number; readonly root: Uint8Array },
  head: SignedHead,
  path: readonly Uint8Array[],
): AuditConsistencyProof {
  return {
    version: 1,
    oldSize: old.size,
    oldRoot: toBase64Url(old.root),
    head: headToJson(head),
    path: path.map(toBase64Url),
  }
}

const stepFields = ['index', 'sealed', 'path', 'key', 'entry']
const sealedBytesMax = entryBytesMax + 1024

function readSigned(value: unknown, publicKey: Uint8Array): SignedHead {
  const head = headFromJson(value)
  if (!verifyHead(publicKey, head)) throw refused('its head is not signed by this key')
  return head
}

function readStep(step: Readonly<Record<string, unknown>>, head: SignedHead): ProvedEntry {
  const index = readInt(step.index, "The entry's number")
  const sealed = readBase64(step.sealed, 'The sealed entry', undefined, sealedBytesMax)
  const path = readPath(step.path)
  const leaf = merkleLeaf(sealed)
  if (!verifyInclusion({ leaf, index, size: head.size, path, root: head.root })) {
    throw refused(`entry ${index} is not in the log that the head speaks of`)
  }
  return { index, head, entry: readDisclosed(step, index, sealed) }
}

function readDisclosed(
  { key, entry: json }: Readonly<Record<string, unknown>>,
  index: number,
  sealed: Uint8Array,
): AuditEntry | undefined {
  if (key === undefined && json === undefined) return undefined
  const opened =
    key === undefined ? undefined : openEntry(readBase64(key, "The entry's key", 32), index, sealed)
  if (opened === undefined) throw refused(`the key given does not open entry ${index}`)
  if (json !== undefined && !isJsonOf(json, opened)) {
    throw refused(`entry ${index} says something else than what was sealed`)
  }
  return opened
}

function readPath(value: unknown): Uint8Array[] {
  return readArray(value, 'The path', { max: 64 }).map((node) => readBase64(node, 'A node of the path', 32))
}

function refused(why: string): Fault {
  return new Fault('refused.proof', `This proof does not hold: ${why}.`)
}

function checked<T>(read: () => T): Outcome<T> {
  try {
    return ok(read())
  } catch (thrown) {
    const fault = asFault(thrown)
    if (fault.code === 'refused.proof') return { ok: false, fault }
    return failed('invalid.proof', `This is no proof of an audit log: ${fault.message}`, { cause: thrown })
  }
}
