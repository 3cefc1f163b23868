import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { asFault, Fault, type Outcome, ok } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readFields, readInt, readText } from '@anarq/ipld'
import type { DidDocument } from './document.ts'
import { logEntriesMax, logEntryBytesMax, type Member, type Role } from './key-log.ts'
import type { KeyEpoch } from './log-line.ts'
import { resolvePeerDid } from './peer-did.ts'
import { type ResolvedLog, type ResolveOptions, resolveLog } from './resolve-log.ts'

/** What others hold of an identity. It resolves by itself: nobody has to be asked whether these are its keys. */
export type PublicIdentity = {
  readonly did: string
  readonly kind: 'key-log' | 'peer'
  /** The current keys. */
  readonly verifyKey: Uint8Array
  readonly kemKey: Uint8Array
  readonly document: DidDocument
  /** Oldest first; the last is current. did:peer has exactly one. */
  readonly epochs: readonly KeyEpoch[]
  readonly members: readonly Member[]
  readonly revokedDevices: readonly string[]
  /** The long form (did:peer). */
  readonly long?: string
  /** Every line (did:squid) and the name of the last one. */
  readonly log?: readonly string[]
  readonly versionId?: string
  readonly hasEnded: boolean
}

const bytesMax = 64 * 1024 * 1024

/** From a did:peer:4 long form; `invalid.did` or `invalid.document` where it is none of ours. */
export function publicOfPeer(long: string): Outcome<PublicIdentity> {
  try {
    const { did, keys, document } = resolvePeerDid(long)
    const epochs = [{ ...keys, epoch: 0, fromMs: 0 }]
    const none = { members: [], revokedDevices: [], hasEnded: false }
    return ok({ did, kind: 'peer', ...keys, document, epochs, long, ...none })
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

/** From the lines of a did:squid log, every one verified. */
export function publicOfLog(log: readonly string[], options: ResolveOptions): Outcome<PublicIdentity> {
  const resolved = resolveLog(log, options)
  return resolved.ok ? ok(publicOfResolved(resolved.value, log)) : resolved
}

export function publicOfResolved(resolved: ResolvedLog, log: readonly string[]): PublicIdentity {
  const { kind: _, epochs, ...rest } = resolved
  const { verifyKey, kemKey } = epochs.at(-1) as KeyEpoch
  return { ...rest, kind: 'key-log', verifyKey, kemKey, epochs, log }
}

/** To send: canonical DAG-CBOR of the long form or the log, and nothing that the reader would have to trust. */
export function encodePublicIdentity({ long, log }: PublicIdentity): Uint8Array {
  return encodeCbor(long === undefined ? { v: 1, log } : { v: 1, long })
}

/** From bytes of anybody: strict, and resolved anew. */
export function parsePublicIdentity(bytes: Uint8Array, options: ResolveOptions): Outcome<PublicIdentity> {
  try {
    if (bytes.length > bytesMax) throw new Fault('limit.identity', 'This identity is too large to be one.')
    const fields = readFields(decodeCbor(bytes, 'This identity'), ['v', 'long', 'log'], 'This identity')
    readInt(fields.v, 'The version of this identity', { min: 1, max: 1 })
    const resolved =
      fields.log === undefined
        ? publicOfPeer(readText(fields.long, 'The long form', { max: 16_384 }))
        : publicOfLog(readLines(fields.log), options)
    if (!resolved.ok || options.did === undefined || resolved.value.did === options.did) return resolved
    throw new Fault('refused.identity', 'This is another identity than the one asked for.')
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

/** A log as one file, a line an entry, as did:webvh publishes it. */
export function writeLogFile(log: readonly string[]): Uint8Array {
  return fromUtf8(log.map((line) => `${line}\n`).join(''))
}

export function readLogFile(bytes: Uint8Array): readonly string[] {
  if (bytes.length > bytesMax) throw new Fault('limit.log', 'This identity log is too large to be one.')
  try {
    const lines = toUtf8(bytes).split('\n')
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines
  } catch (cause) {
    throw new Fault('invalid.log', 'This identity log is malformed: it is no UTF-8 text.', { cause })
  }
}

/** The keys that held at a time, or undefined where the identity had none then. */
export function keysAt({ epochs }: Pick<PublicIdentity, 'epochs'>, atMs: number): KeyEpoch | undefined {
  return epochs.find(({ fromMs, untilMs }) => fromMs <= atMs && (untilMs === undefined || atMs < untilMs))
}

export function keysOfEpoch({ epochs }: Pick<PublicIdentity, 'epochs'>, epoch: number): KeyEpoch | undefined {
  return epochs.find((keys) => keys.epoch === epoch)
}

/** Whether the organisation's log names this DID now, in this role or in any. */
export function isMember({ members }: Pick<PublicIdentity, 'members'>, did: string, role?: Role): boolean {
  return members.some((member) => member.did === did && (role === undefined || member.role === role))
}

function readLines(value: unknown): string[] {
  const lines = readArray(value, 'The log of this identity', { max: logEntriesMax })
  return lines.map((line) => readText(line, 'An entry of this identity log', { max: logEntryBytesMax }))
}
