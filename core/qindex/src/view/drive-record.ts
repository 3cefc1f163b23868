import { compareBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, digestOf } from '@anarq/ipld'
import { type Field, type FieldValue, type IndexRecord, idBytes, isLink } from '../record/record.ts'
import { versionName } from '../record/record-codec.ts'
import { compareStamps, type Stamp } from '../record/stamp.ts'
import { isName } from './folders.ts'

export const fileKind = 'file'
export const folderKind = 'folder'

/** The fields of files and folders; records may have any others besides. */
export const fieldNames = {
  name: 'name',
  /** 16 bytes, or `null` for the root folder. */
  parent: 'parent',
  type: 'type',
  bytes: 'bytes',
  modifiedMs: 'modifiedMs',
  createdMs: 'createdMs',
  mode: 'mode',
  owner: 'owner',
  /** When it was put into the trash; `null` when it was taken out again. */
  trashedMs: 'trashedMs',
  words: 'words',
  note: 'note',
  decoy: 'decoy',
  /** `true` where the latest version has a second lock. */
  locked: 'locked',
  /** Followed by the tag; `true`, or `null` when it was taken away. */
  tagPrefix: 'tag/',
  /** Followed by ten digits, `/`, and the first 8 bytes of the envelope digest in hexadecimal: see `versionField`. */
  versionPrefix: 'v/',
} as const

/** One saved version: `cid` names its envelope, `root` (32 bytes) is the digest of its body's root block. */
export type VersionValue = {
  readonly cid: Cid
  readonly bytes: number
  readonly storedBytes: number
  readonly modifiedMs: number
  readonly savedMs: number
  readonly type: string
  readonly root: Uint8Array
}
export type FileVersion = VersionValue & { readonly sequence: number; readonly stamp: Stamp }

export type FolderFields = {
  readonly id: Uint8Array
  readonly name: string
  readonly parent: Uint8Array | null
  readonly modifiedMs: number
  readonly trashedMs?: number
}

export type FileFields = FolderFields & {
  readonly type: string
  readonly bytes: number
  readonly createdMs: number
  readonly mode?: number
  readonly owner?: string
  readonly tags: readonly string[]
  readonly words?: string
  readonly note?: string
  readonly isDecoy: boolean
  readonly isLocked: boolean
  /** Newest first: by sequence, then by when they were written. Purged versions are not listed. */
  readonly versions: readonly FileVersion[]
}

/** The field that holds a version; the digest keeps two of one sequence, saved apart, both. */
export function versionField(sequence: number, envelope: Cid): string {
  return versionName(sequence, digestOf(envelope))
}

/** Strict on what it knows, blind to the rest; `invalid.record` where a known field has another type. */
export function readFile(record: IndexRecord): FileFields {
  if (record.kind !== fileKind) throw invalid('is no file')
  const versions = versionsOf(record)
  const [current] = versions
  return {
    ...placeOf(record),
    type: text(record, 'type') ?? current?.type ?? '',
    bytes: current?.bytes ?? count(record, 'bytes') ?? 0,
    modifiedMs: moment(record, 'modifiedMs') ?? current?.modifiedMs ?? 0,
    createdMs: moment(record, 'createdMs') ?? 0,
    ...optional('mode', count(record, 'mode')),
    ...optional('owner', text(record, 'owner')),
    ...optional('words', text(record, 'words')),
    ...optional('note', text(record, 'note')),
    tags: tagsOf(record),
    isDecoy: flag(record, fieldNames.decoy),
    isLocked: flag(record, fieldNames.locked),
    versions,
  }
}

/** Those of `readFile`, without a look at the rest. */
export function readVersions(record: IndexRecord): readonly FileVersion[] {
  if (record.kind !== fileKind) throw invalid('is no file')
  return versionsOf(record)
}

/** As `readFile`. */
export function readFolder(record: IndexRecord): FolderFields {
  if (record.kind !== folderKind) throw invalid('is no folder')
  return placeOf(record)
}

/** In text order; `invalid.record` where a tag is neither set nor taken away. */
function tagsOf(record: IndexRecord): string[] {
  const tags: string[] = []
  for (const name of record.fields.keys()) {
    if (!name.startsWith(fieldNames.tagPrefix)) continue
    if (flag(record, name)) tags.push(name.slice(fieldNames.tagPrefix.length))
  }
  return tags.sort()
}

/** Newest first: by sequence, then by when they were written. Purged ones are left out; `invalid.record` where one cannot be read. */
function versionsOf(record: IndexRecord): FileVersion[] {
  const versions: FileVersion[] = []
  for (const [name, field] of record.fields) {
    if (!name.startsWith(fieldNames.versionPrefix) || field.value === null) continue
    const version = readVersion(name, field)
    if (version === undefined) throw invalid('has a version that cannot be read')
    versions.push(version)
  }
  return versions.sort(compareVersions)
}

/** The version that a field holds; undefined where it holds none. */
export function readVersion(name: string, { stamp, value }: Field): FileVersion | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { cid, bytes, storedBytes, modifiedMs, savedMs, type, root } = value as Record<string, FieldValue>
  const isWhole =
    isLink(cid) &&
    isCount(bytes) &&
    isCount(storedBytes) &&
    isMoment(modifiedMs) &&
    isCount(savedMs) &&
    typeof type === 'string' &&
    root instanceof Uint8Array &&
    root.length === 32
  if (!isWhole) return undefined
  const sequence = Number(name.slice(2, 12))
  if (name !== versionField(sequence, cid)) return undefined
  return { cid, bytes, storedBytes, modifiedMs, savedMs, type, root, sequence, stamp }
}

export function compareVersions(a: FileVersion, b: FileVersion): number {
  return b.sequence - a.sequence || compareStamps(b.stamp, a.stamp) || compareBytes(a.cid.bytes, b.cid.bytes)
}

function placeOf(record: IndexRecord): FolderFields {
  const name = text(record, 'name')
  if (name === undefined || !isName(name)) throw invalid('has no name that can be used')
  const parent = record.fields.get(fieldNames.parent)?.value ?? null
  if (parent !== null && !(parent instanceof Uint8Array && parent.length === idBytes)) {
    throw invalid('lies in no folder that can be named')
  }
  return {
    id: record.id,
    name,
    parent,
    modifiedMs: moment(record, 'modifiedMs') ?? 0,
    ...optional('trashedMs', count(record, 'trashedMs')),
  }
}

type KnownName = Exclude<keyof typeof fieldNames, 'tagPrefix' | 'versionPrefix'>

function text(record: IndexRecord, name: KnownName): string | undefined {
  const value = record.fields.get(name)?.value ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw invalid(`holds no text under "${name}"`)
}

/** A file may be older than 1970. */
function moment(record: IndexRecord, name: KnownName): number | undefined {
  const value = record.fields.get(name)?.value ?? undefined
  if (value === undefined || isMoment(value)) return value
  throw invalid(`holds no time under "${name}"`)
}

function isMoment(value: FieldValue | undefined): value is number {
  return Number.isSafeInteger(value)
}

function count(record: IndexRecord, name: KnownName): number | undefined {
  const value = record.fields.get(name)?.value ?? undefined
  if (value === undefined || isCount(value)) return value
  throw invalid(`holds no whole number under "${name}"`)
}

function flag(record: IndexRecord, name: string): boolean {
  const value = record.fields.get(name)?.value ?? false
  if (typeof value === 'boolean') return value
  throw invalid(`holds neither yes nor no under "${name.slice(0, 40)}"`)
}

function isCount(value: FieldValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function optional<K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: T })
}

function invalid(detail: string): Fault {
  return new Fault('invalid.record', `A record of the index ${detail}.`)
}
