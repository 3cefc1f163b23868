import { compareBytes, toBase64 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readFields,
  readInt,
  readOptional,
  readText,
} from '@anarq/ipld'
import { deriveSecret, openBox, sealBox } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import type { Alert } from './alarms.ts'
import type { Verdict } from './stages.ts'

export type AuditDetail = string | number | boolean | null | Uint8Array

/** One line of the log. Sealed at rest; names, hashes and codes, never content. */
export type AuditEntry = {
  readonly atMs: number
  readonly action: string
  /** The DID. */
  readonly identity: string
  readonly object?: string
  readonly verdict: Verdict
  readonly code?: string
  readonly flow?: string
  /** The flow's `trail()`. */
  readonly trail?: Uint8Array
  /** CIDs' digests, receipts: whatever else it speaks of, 32 bytes each. */
  readonly hashes?: readonly Uint8Array[]
  readonly details?: Readonly<Record<string, AuditDetail>>
  /** The receipt of the decision that it speaks of, byte by byte; at most `auditReceiptBytesMax`. */
  readonly receipt?: Uint8Array
}

/** Room for the receipt of any ordinary decision; a longer one is named by its hash alone. */
export const auditReceiptBytesMax = 8192
/** Room enough for any entry, and not for files. */
export const entryBytesMax = 16_384
const sealVersion = 1
const prefixBytes = 9

/** What the log keeps of `encodeEntry`'s bytes: a version, the entry's number in clear, and the box under that number's own key. */
export function sealEntry(secret: Uint8Array, index: number, plain: Uint8Array, random: Random): Uint8Array {
  const box = sealBox(entryKey(secret, index), plain, { context: contextOf(index), random })
  const sealed = new Uint8Array(prefixBytes + box.length)
  sealed[0] = sealVersion
  new DataView(sealed.buffer).setBigUint64(1, BigInt(index))
  sealed.set(box, prefixBytes)
  return sealed
}

/** The key of one entry alone: whoever gets it can open that entry and no other. */
export function entryKey(secret: Uint8Array, index: number): Uint8Array {
  return deriveSecret(secret, contextOf(index))
}

/** The entry; undefined when this key did not seal it as this number, or sealed something that is no entry. */
export function openEntry(key: Uint8Array, index: number, sealed: Uint8Array): AuditEntry | undefined {
  if (numberOf(sealed) !== index) return undefined
  const plain = openBox(key, sealed.subarray(prefixBytes), { context: contextOf(index) })
  if (plain === undefined) return undefined
  try {
    return readEntry(decodeCbor(plain, 'An audit entry'))
  } catch {
    return undefined
  }
}

/** Which number sealed bytes claim to have: worth something only once they open under it. */
export function numberOf(sealed: Uint8Array): number | undefined {
  if (sealed.length < prefixBytes || sealed[0] !== sealVersion) return undefined
  const number = new DataView(sealed.buffer, sealed.byteOffset).getBigUint64(1)
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : undefined
}

/** Canonical bytes of an entry; `invalid.entry` where it is not what an entry may be. */
export function encodeEntry(entry: AuditEntry): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = encodeCbor({ v: 1, ...readEntry({ v: 1, ...entry }) })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('invalid.entry', `The audit log takes no such entry: ${why}`, { cause })
  }
  if (bytes.length <= entryBytesMax) return bytes
  throw new Fault(
    'limit.entry',
    `An audit entry has at most ${entryBytesMax} bytes, not ${bytes.length}. Keep content out of it.`,
  )
}

/** As JSON carries it: bytes as DAG-JSON writes them (https://ipld.io/specs/codecs/dag-json/spec/). */
export function entryToJson(entry: AuditEntry): Readonly<Record<string, unknown>> {
  return jsonOf(entry) as Readonly<Record<string, unknown>>
}

/** True when the JSON says what the entry says, whatever the order of its fields. */
export function isJsonOf(json: unknown, entry: AuditEntry): boolean {
  try {
    return compareBytes(encodeCbor(json), encodeCbor(entryToJson(entry))) === 0
  } catch {
    return false
  }
}

/** The entry that speaks of an alert. */
export function entryOfAlert(alert: Alert): AuditEntry {
  const { kind, severity, rule, id, sentence, evidence, identity, atMs } = alert
  const { counts, hashes, object, flow, code, source, method, steps } = evidence
  const hexes = hashes.slice(0, hashesMax)
  const texts = Object.entries({ source, method }).filter(([, value]) => value !== undefined)
  return {
    atMs,
    action: 'alert',
    identity,
    verdict: 'refused',
    code: code ?? `alert.${kind}`,
    ...(object === undefined ? {} : { object }),
    ...(flow === undefined ? {} : { flow }),
    ...(hexes.length === 0 ? {} : { hashes: hexes }),
    details: {
      id,
      severity,
      rule,
      sentence: sentence.slice(0, textMax),
      ...Object.fromEntries(texts),
      ...Object.fromEntries(Object.entries(counts).slice(0, 16)),
      ...(steps === undefined ? {} : { trail: steps.map(stepText).join(' < ').slice(0, textMax) }),
    },
  }
}

function stepText({ kind, stage, object }: { kind: string; stage: string; object?: string }): string {
  return object === undefined ? `${kind}/${stage}` : `${kind}/${stage}(${object})`
}

function contextOf(index: number): string {
  return `q/v1/audit/entry/${index}`
}

const entryFields = [
  'v',
  'atMs',
  'action',
  'identity',
  'object',
  'verdict',
  'code',
  'flow',
  'trail',
  'hashes',
  'details',
  'receipt',
]
const hashesMax = 64
const detailsMax = 32
const textMax = 1024

function readEntry(value: unknown): AuditEntry {
  const fields = readFields(value, entryFields, 'The entry')
  readInt(fields.v, "The entry's version", { min: 1, max: 1 })
  const text = (name: string): string => readText(fields[name], `The entry's "${name}"`, { max: 256 })
  const optional = Object.fromEntries(
    ['object', 'code', 'flow'].filter((name) => fields[name] !== undefined).map((name) => [name, text(name)]),
  )
  const trail = readOptional(fields.trail, (bytes) => readBytes(bytes, 'The trail', { length: 32 }))
  const hashes = readOptional(fields.hashes, (list) =>
    readArray(list, 'The hashes', { max: hashesMax }).map((hash) =>
      readBytes(hash, 'A hash', { length: 32 }),
    ),
  )
  const details = readOptional(fields.details, readDetails)
  const receipt = readOptional(fields.receipt, (bytes) =>
    readBytes(bytes, 'The receipt', { max: auditReceiptBytesMax }),
  )
  return {
    atMs: readInt(fields.atMs, "The entry's time"),
    action: text('action'),
    identity: text('identity'),
    verdict: readVerdict(fields.verdict),
    ...optional,
    ...(trail === undefined ? {} : { trail }),
    ...(hashes === undefined ? {} : { hashes }),
    ...(details === undefined ? {} : { details }),
    ...(receipt === undefined ? {} : { receipt }),
  }
}

function readVerdict(value: unknown): Verdict {
  if (value === 'ok' || value === 'refused' || value === 'failed') return value
  throw new Fault('invalid.shape', 'The verdict is malformed: expected "ok", "refused" or "failed".')
}

function readDetails(value: unknown): Readonly<Record<string, AuditDetail>> {
  const details = readFields(value, Object.keys(Object(value)), 'The details')
  const entries = Object.entries(details)
  if (entries.length > detailsMax)
    throw new Fault('invalid.shape', `The details are malformed: expected at most ${detailsMax} fields.`)
  return Object.fromEntries(entries.map(([name, detail]) => [name, readDetail(detail, name)]))
}

function readDetail(detail: unknown, name: string): AuditDetail {
  const what = `The detail "${name.slice(0, 40)}"`
  if (detail instanceof Uint8Array) return readBytes(detail, what, { max: 64 })
  if (typeof detail === 'string') return readText(detail, what, { max: textMax })
  if (typeof detail === 'number' || typeof detail === 'boolean' || detail === null) return detail
  throw new Fault(
    'invalid.shape',
    `${what} is malformed: expected text, a number, true, false, null or a hash.`,
  )
}

function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return { '/': { bytes: toBase64(value).replace(/=+$/, '') } }
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, jsonOf(field)]))
}
