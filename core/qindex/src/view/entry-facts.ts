import { toHex } from '@anarq/bytes'
import { digestOf } from '@anarq/ipld'
import { type FieldValue, type IndexRecord, idBytes } from '../record/record.ts'
import { compareStamps, type Stamp, stampKey } from '../record/stamp.ts'
import {
  compareVersions,
  type FileVersion,
  fieldNames,
  fileKind,
  folderKind,
  readVersion,
} from './drive-record.ts'
import { isName } from './folders.ts'

/** What one record says, for views: everything but what depends on other records. */
export type EntryFacts = {
  readonly id: Uint8Array
  readonly kind: string
  /** As given; for a file or folder without a usable name, "unnamed" and the beginning of its id. */
  readonly name: string
  /** As given; undefined when it lies in no folder. Files and folders always lie in one. */
  readonly parent: Uint8Array | null | undefined
  readonly type: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly createdMs: number
  readonly owner: string | undefined
  readonly tags: readonly string[]
  readonly words: string | undefined
  readonly note: string | undefined
  readonly trashedMs: number | undefined
  readonly isDecoy: boolean
  readonly isLocked: boolean
  /** Envelope digests (32 bytes) of the versions that are there. */
  readonly versions: readonly Uint8Array[]
  /** Every field that holds text, known or not: for `Query.field`. */
  readonly texts: ReadonlyMap<string, string>
  /** `stampKey` of the later of name and parent: who came to the name first. */
  readonly placed: string
  /** `stampKey` of the parent field: who was moved last. */
  readonly moved: string
}

/** Tolerant: a field of another type than expected counts as absent, so that no record can break a view. */
export function describeRecord({ id, kind, fields }: IndexRecord): EntryFacts {
  const held = (name: string) => fields.get(name)?.value
  const isInTree = kind === fileKind || kind === folderKind
  const name = textOf(held(fieldNames.name)) ?? ''
  const { tags, versions, texts } = sortFields(fields)
  return {
    id,
    kind,
    name: isInTree && !isName(name) ? `unnamed ${toHex(id.subarray(0, 4))}` : name,
    parent: parentOf(held(fieldNames.parent), isInTree),
    type: textOf(held(fieldNames.type)) ?? '',
    bytes: versions[0]?.bytes ?? countOf(held(fieldNames.bytes)) ?? 0,
    modifiedMs: momentOf(held(fieldNames.modifiedMs)) ?? versions[0]?.modifiedMs ?? 0,
    createdMs: countOf(held(fieldNames.createdMs)) ?? 0,
    owner: textOf(held(fieldNames.owner)),
    tags,
    words: textOf(held(fieldNames.words)),
    note: textOf(held(fieldNames.note)),
    trashedMs: countOf(held(fieldNames.trashedMs)),
    isDecoy: held(fieldNames.decoy) === true,
    isLocked: held(fieldNames.locked) === true,
    versions: versions.map(({ cid }) => digestOf(cid)),
    texts,
    placed: laterKey(fields.get(fieldNames.name)?.stamp, fields.get(fieldNames.parent)?.stamp),
    moved: laterKey(fields.get(fieldNames.parent)?.stamp, undefined),
  }
}

function sortFields(fields: IndexRecord['fields']): {
  tags: string[]
  versions: FileVersion[]
  texts: Map<string, string>
} {
  const tags: string[] = []
  const versions: FileVersion[] = []
  const texts = new Map<string, string>()
  for (const [name, field] of fields) {
    const { value } = field
    if (typeof value === 'string') texts.set(name, value)
    else if (value === true && name.startsWith(fieldNames.tagPrefix)) {
      tags.push(name.slice(fieldNames.tagPrefix.length))
    } else if (name.startsWith(fieldNames.versionPrefix)) {
      const version = readVersion(name, field)
      if (version !== undefined) versions.push(version)
    }
  }
  return { tags: tags.sort(), versions: versions.sort(compareVersions), texts }
}

function parentOf(value: FieldValue | undefined, isInTree: boolean): Uint8Array | null | undefined {
  if (value instanceof Uint8Array && value.length === idBytes) return value
  return isInTree || value === null ? null : undefined
}

function textOf(value: FieldValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A file may be older than 1970. */
function momentOf(value: FieldValue | undefined): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

function countOf(value: FieldValue | undefined): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

/** The least key where there is no stamp. */
function laterKey(a: Stamp | undefined, b: Stamp | undefined): string {
  const later = a !== undefined && b !== undefined ? (compareStamps(a, b) >= 0 ? a : b) : (a ?? b)
  return later === undefined ? '' : stampKey(later)
}
