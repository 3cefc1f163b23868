import { Fault } from '@anarq/fault'
import {
  decodeCbor,
  encodeCbor,
  type Fields,
  readBytes,
  readFields,
  readInt,
  readOptional,
  readText,
} from '@anarq/ipld'
import type { VaultParams } from '@anarq/qlock'
import { checkText, readSome, readTexts, readTimeMs } from './parse.ts'

/** A transform that was applied before compression, to be undone after it; the last one applied stands last. */
export type TransformRecord = { readonly id: string; readonly version: number }

/** The second lock: salt (16 bytes) and cost of the passphrase's key. */
export type LockRecord = { readonly salt: Uint8Array; readonly params: VaultParams }

/** What only readers see. Times are milliseconds since 1970; `mode` is a POSIX mode without the type. */
export type Metadata = {
  readonly name: string
  /** Media type. */
  readonly type: string
  readonly createdMs: number
  readonly modifiedMs: number
  readonly mode?: number
  readonly tags: readonly string[]
  readonly transforms: readonly TransformRecord[]
  readonly lock?: LockRecord
  /** An app's own fields: CBOR values under keys of letters, digits, `_`, `-` and `.`. Each has its own commitment. */
  readonly extra?: Readonly<Record<string, unknown>>
}

export const metadataKeys: readonly string[] = [
  'name',
  'type',
  'created',
  'modified',
  'mode',
  'tags',
  'transforms',
  'lock',
  'extra',
]
const extraKeyPattern = /^[a-z][A-Za-z0-9_.-]{0,63}$/

const nameCharsMax = 1024
const tagsMax = 256
export const extrasMax = 64
const transformsMax = 16
const lockSaltBytes = 16

export function metadataFields(metadata: Metadata): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    name: metadata.name,
    type: metadata.type,
    created: metadata.createdMs,
    modified: metadata.modifiedMs,
  }
  if (metadata.mode !== undefined) fields.mode = metadata.mode
  if (metadata.tags.length > 0) fields.tags = metadata.tags
  if (metadata.transforms.length > 0) {
    fields.transforms = metadata.transforms.map(({ id, version }) => ({ id, version }))
  }
  if (metadata.lock !== undefined) {
    const { memoryKiB, passes, lanes } = metadata.lock.params
    fields.lock = { salt: metadata.lock.salt, memory: memoryKiB, passes, lanes }
  }
  if (metadata.extra !== undefined && Object.keys(metadata.extra).length > 0) fields.extra = metadata.extra
  return fields
}

export function readMetadata(value: unknown): Metadata {
  const fields = readFields(value, metadataKeys, 'Metadata')
  const metadata: { -readonly [Key in keyof Metadata]: Metadata[Key] } = {
    name: readText(fields.name, "Metadata's name", { max: nameCharsMax }),
    type: readText(fields.type, "Metadata's media type", { max: 256 }),
    createdMs: readTimeMs(fields.created, "Metadata's time of creation"),
    modifiedMs: readTimeMs(fields.modified, "Metadata's time of change"),
    tags: readTexts(fields.tags, "Metadata's tags", tagsMax),
    transforms: readSome(fields.transforms, "Metadata's transforms", transformsMax).map(readTransform),
  }
  checkText(metadata.name, "Metadata's name")
  for (const tag of metadata.tags) checkText(tag, 'A tag')
  const mode = readOptional(fields.mode, (bits) => readInt(bits, "Metadata's mode", { max: 0o7777 }))
  const lock = readOptional(fields.lock, readLock)
  const extra = readOptional(fields.extra, readExtra)
  if (mode !== undefined) metadata.mode = mode
  if (lock !== undefined) metadata.lock = lock
  if (extra !== undefined) metadata.extra = extra
  return metadata
}

/** Refuses what CBOR cannot spell, or would not spell the same way again. */
export function checkExtra(extra: unknown): void {
  try {
    decodeCbor(encodeCbor(extra))
  } catch (cause) {
    throw new Fault('invalid.shape', "Metadata's extra fields hold a value that CBOR does not have.", {
      cause,
    })
  }
}

/** The fields that have a commitment, by name; an app's own ones as `extra.<key>`. */
export function committedFields(fields: Fields): [field: string, value: unknown][] {
  const { extra, ...own } = fields
  const committed = Object.entries(own)
  for (const [key, value] of Object.entries(extra ?? {})) committed.push([`extra.${key}`, value])
  return committed
}

function readTransform(value: unknown): TransformRecord {
  const fields = readFields(value, ['id', 'version'], 'A transform')
  return {
    id: readText(fields.id, "A transform's id", { max: 64 }),
    version: readInt(fields.version, "A transform's version", { max: 0xffff }),
  }
}

function readLock(value: unknown): LockRecord {
  const fields = readFields(value, ['salt', 'memory', 'passes', 'lanes'], 'A lock')
  return {
    salt: readBytes(fields.salt, "A lock's salt", { length: lockSaltBytes }),
    params: {
      memoryKiB: readInt(fields.memory, "A lock's memory", { min: 8, max: 1_048_576 }),
      passes: readInt(fields.passes, "A lock's passes", { min: 1, max: 16 }),
      lanes: readInt(fields.lanes, "A lock's lanes", { min: 1, max: 16 }),
    },
  }
}

function readExtra(value: unknown): Readonly<Record<string, unknown>> {
  const isMap =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  const keys = isMap && !('asCID' in value) ? Object.keys(value) : []
  if (keys.length === 0 || keys.length > extrasMax || !keys.every((key) => extraKeyPattern.test(key))) {
    throw new Fault(
      'invalid.shape',
      `Metadata's extra fields are malformed: expected a map of 1 to ${extrasMax} plain names.`,
    )
  }
  return value as Record<string, unknown>
}
