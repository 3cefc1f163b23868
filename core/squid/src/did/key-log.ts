import { concatBytes, fromUtf8, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives, type Signer } from '@anarq/qlock'
import { type DidDocument, documentOf, type PublicKeys } from './document.ts'
import { canonicalJson, parseCanonicalJson } from './jcs.ts'
import { encodeVerifyKey, hashText } from './multikey.ts'

export type LogKind = 'root' | 'organisation'
export type Role = 'owner' | 'member'
export type Member = { readonly did: string; readonly role: Role }

/** What a log says besides keys. */
export type LogFacts = {
  readonly kind: LogKind
  readonly epoch: number
  readonly members: readonly Member[]
  readonly revokedDevices: readonly string[]
}

/** One line of a log, in did:webvh v1.0's entry format (https://identity.foundation/didwebvh/v1.0/). */
export type LogEntry = {
  readonly versionId: string
  readonly versionTime: string
  readonly parameters: DidDocument
  readonly state: DidDocument
  readonly proof?: readonly DidDocument[]
}

/**
 * The keys an entry needs. `update` signs this entry and no other; `nextUpdateKey` is named by its hash, so only who
 * derives it can write the entry after this one (pre-rotation): whoever steals the daily `sign` key writes none.
 */
export type LogKeys = {
  readonly sign: Signer
  readonly kemKey: Uint8Array
  readonly update: Signer
  readonly nextUpdateKey: Uint8Array
}

export const logMethod = 'did:squid:1.0'
export const logEntriesMax = 10_000
export const logEntryBytesMax = 65_536
export const membersMax = 256
export const revokedDevicesMax = 256
/** How far ahead of a reader's clock an entry may be. */
export const clockSkewMs = 300_000
/** The same for all, because the time of the first entry is part of the DID and the words alone must give it back. */
export const genesisMs: number = Date.UTC(2026, 0, 1)
export const didPrefix = 'did:squid:'

/** The cryptosuite is ours: composite ML-DSA-65 + Ed25519 over SHA-512 of two canonical JSON texts. */
export const cryptosuite = 'anarq-composite-jcs-2026'
export const scidPlaceholder = '{SCID}'

/** The first entry, which makes the DID: the same keys give the same DID for ever. */
export function createLog(kind: LogKind, keys: LogKeys): { readonly did: string; readonly line: string } {
  const facts: LogFacts = { kind, epoch: 0, members: [], revokedDevices: [] }
  const draft: LogEntry = {
    versionId: scidPlaceholder,
    versionTime: timeText(genesisMs),
    parameters: { method: logMethod, scid: scidPlaceholder, portable: false, ...parametersOf(keys) },
    state: stateOf(`${didPrefix}${scidPlaceholder}`, publicKeysOf(keys), facts),
  }
  const scid = hashText(canonicalJson(draft))
  const filled = JSON.parse(canonicalJson(draft).replaceAll(scidPlaceholder, scid)) as LogEntry
  const did = `${didPrefix}${scid}`
  const entry = { ...filled, versionId: `1-${entryHash(filled, scid)}` }
  return { did, line: prove(entry, did, keys, true) }
}

/** What a new entry changes: the facts are the whole new ones. */
export type LogChange = {
  readonly facts: LogFacts
  /** The keys are those of a new epoch, and prove that they are held. */
  readonly isNewEpoch: boolean
  /** No entry follows this one: the identity has ended. */
  readonly isLast?: boolean
  readonly nowMs: number
}

/** The next line of a log, later than the one before it even where the clock is not. */
export function appendLog(log: readonly string[], keys: LogKeys, change: LogChange): string {
  if (log.length >= logEntriesMax) {
    throw new Fault('limit.log', `This identity log is full: it has ${logEntriesMax} entries.`)
  }
  const last = parseCanonicalJson(log.at(-1) ?? '', 'The last entry') as LogEntry
  const did = String(last.state.id)
  const atMs = Math.max(change.nowMs, Date.parse(last.versionTime) + 1000)
  if (atMs > change.nowMs + clockSkewMs) {
    throw new Fault(
      'refused.clock',
      'The clock of this device is behind the log of this identity. Set it first.',
    )
  }
  const next = change.isLast === true ? { nextKeyHashes: [], deactivated: true } : {}
  const draft: LogEntry = {
    versionId: last.versionId,
    versionTime: timeText(atMs),
    parameters: { ...parametersOf(keys), ...next },
    state: stateOf(did, publicKeysOf(keys), change.facts),
  }
  const entry = { ...draft, versionId: `${log.length + 1}-${entryHash(draft, last.versionId)}` }
  const line = prove(entry, did, keys, change.isNewEpoch)
  if (line.length <= logEntryBytesMax) return line
  throw new Fault('limit.log', 'This entry is too large for an identity log. Name fewer members in it.')
}

/** The document of an entry: the DID document and, under "anarq", the facts. */
export function stateOf(did: string, keys: PublicKeys, facts: LogFacts): DidDocument {
  return { ...documentOf(keys, did), anarq: facts }
}

/** The hash that names an entry: over everything but the proof, with the name of the entry before in place of its own. */
export function entryHash({ proof: _, ...entry }: LogEntry, previous: string): string {
  return hashText(canonicalJson({ ...entry, versionId: previous }))
}

/** The bytes a proof signs, in the shape of W3C Data Integrity's JCS suites: hash of the proof's own fields, hash of the entry. */
export function proofMessage({ proof: _, ...entry }: LogEntry, options: DidDocument): Uint8Array {
  const { sha512 } = primitives
  return concatBytes(sha512(fromUtf8(canonicalJson(options))), sha512(fromUtf8(canonicalJson(entry))))
}

export const proofContext = 'q/v1/squid/log'

/** What is said about a proof beside its value: the first is by the update key, the second by new signing keys. */
export function proofOptions(
  entry: LogEntry,
  did: string,
  by: 'update' | 'sign',
  updateKey: string,
): DidDocument {
  return {
    type: 'DataIntegrityProof',
    cryptosuite,
    created: entry.versionTime,
    verificationMethod: by === 'update' ? `${did}#${hashText(updateKey)}` : `${did}#sig`,
    proofPurpose: by === 'update' ? 'assertionMethod' : 'authentication',
  }
}

/** Whole seconds, as the log writes time. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

function parametersOf({ update, nextUpdateKey }: LogKeys): DidDocument {
  return {
    updateKeys: [encodeVerifyKey(update.publicKey)],
    nextKeyHashes: [hashText(encodeVerifyKey(nextUpdateKey))],
  }
}

function publicKeysOf({ sign, kemKey }: LogKeys): PublicKeys {
  return { verifyKey: sign.publicKey, kemKey }
}

/** The second proof shows that whoever writes the log holds the new signing key: nobody can claim a stranger's. */
function prove(entry: LogEntry, did: string, keys: LogKeys, isNewEpoch: boolean): string {
  const updateKey = encodeVerifyKey(keys.update.publicKey)
  const proofBy = (by: 'update' | 'sign', signer: Signer) => {
    const options = proofOptions(entry, did, by, updateKey)
    const signature = signer.sign(proofMessage(entry, options), proofContext)
    return { ...options, proofValue: `u${toBase64Url(signature)}` }
  }
  const proof = [proofBy('update', keys.update), ...(isNewEpoch ? [proofBy('sign', keys.sign)] : [])]
  return canonicalJson({ ...entry, proof })
}
