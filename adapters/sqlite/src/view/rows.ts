import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { concatBytes } from '@anarq/bytes'
import { type Entry, type EntryFacts, folderKind, nameKey } from '@anarq/qindex'
import type { Row, Store } from './store.ts'

/** Everything of a row that one record alone decides, in the order of `factColumns`. */
export function factsToValues(facts: EntryFacts): SQLInputValue[] {
  const { tags, versions } = facts
  const isFolder = facts.kind === folderKind
  return [
    facts.id,
    facts.kind,
    facts.name,
    keyOf(facts.name),
    facts.trashedMs !== undefined ? 2 : isFolder ? 0 : 1,
    facts.placed,
    isFolder ? facts.moved : null,
    facts.type,
    facts.owner ?? null,
    facts.bytes,
    facts.modifiedMs,
    facts.createdMs,
    tags.length === 0 ? null : listText(tags.map((tag) => JSON.stringify(tag))),
    facts.words ?? null,
    facts.note ?? null,
    facts.trashedMs ?? null,
    flagsOf(facts),
    versions.length === 0
      ? null
      : versions.length === 1
        ? (versions[0] as Uint8Array)
        : concatBytes(...versions),
    fieldsText(facts),
  ]
}

export const factColumns = [
  'id',
  'kind',
  'name',
  'key',
  'section',
  'placed',
  'moved',
  'type',
  'owner',
  'bytes',
  'modified',
  'created',
  'tags',
  'words',
  'note',
  'trashed',
  'flags',
  'versions',
  'fields',
] as const

export const flag = { isDecoy: 1, hasName: 2, hasType: 4, isLocked: 8 } as const
export const digestBytes = 32

/** Folded, as `nameKey` does it, which for plain letters is this alone. */
export function keyOf(name: string): string {
  return isPlain.test(name) ? name.toLowerCase() : nameKey(name)
}

/** How a field is written in the list of fields, and found in it. */
export function fieldItem(name: string, value: string): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}

/** JSON strings between commas: `,"` stands nowhere inside one, so `,item,` is found where the item is, and only there. */
export function listText(items: readonly string[]): string {
  return `,${items.join(',')},`
}

export function tagsOf(list: SQLOutputValue): string[] {
  return typeof list === 'string' ? JSON.parse(`[${list.slice(1, -1)}]`) : []
}

export function fieldsOf(list: SQLOutputValue): Record<string, string> {
  return typeof list === 'string' ? JSON.parse(`{${list.slice(1, -1)}}`) : {}
}

const entrySelect = `SELECT e.id, e.kind, e.name, e.shown, e.rival, e.home, e.type, e.owner, e.bytes, e.modified, e.created, e.tags, e.words, e.note, e.trashed, e.flags, length(e.versions), f.id, f.kind FROM entries e LEFT JOIN entries f ON f.num = e.home`
const entryById = `${entrySelect} WHERE e.id = ?`
const entryByNum = `${entrySelect} WHERE e.num = ?`

/** `isHidden` knows whether what lies in the folder of this number is below something in the trash. */
export type IsHidden = (home: number) => boolean

export function readById(store: Store, id: Uint8Array, isHidden: IsHidden): Entry | undefined {
  const row = store.row(entryById, id)
  return row && toEntry(store, row, isHidden)
}

export function readByNum(store: Store, num: SQLOutputValue, isHidden: IsHidden): Entry {
  return toEntry(store, store.row(entryByNum, num) as Row, isHidden)
}

function toEntry(store: Store, row: Row, isHidden: IsHidden): Entry {
  const [id, kind, name, shown, rival, home, type, owner, bytes, modified, created] = row as EntryRow
  const [tags, words, note, trashed, flags, versionBytes, folder, folderKindFound] = row.slice(
    11,
  ) as RestOfEntryRow
  const entry: { -readonly [K in keyof Entry]: Entry[K] } = {
    id,
    kind,
    name: shown ?? name,
    type,
    bytes,
    modifiedMs: modified,
    createdMs: created,
    tags: tagsOf(tags),
    isTrashed: trashed !== null || (home !== null && isHidden(home)),
    isDecoy: (flags & flag.isDecoy) !== 0,
    isLocked: (flags & flag.isLocked) !== 0,
    versions: (versionBytes ?? 0) / digestBytes,
  }
  if (shown !== null) {
    entry.givenName = name
    entry.conflictOf = store.row('SELECT id FROM entries WHERE num = ?', rival)?.[0] as Uint8Array
  }
  if (home !== null) entry.parent = folderKindFound === folderKind ? folder : null
  if (owner !== null) entry.owner = owner
  if (words !== null) entry.words = words
  if (note !== null) entry.note = note
  if (trashed !== null) entry.trashedMs = trashed
  return entry
}

type EntryRow = [
  id: Uint8Array,
  kind: string,
  name: string,
  shown: string | null,
  rival: number | null,
  home: number | null,
  type: string,
  owner: string | null,
  bytes: number,
  modified: number,
  created: number,
]
type RestOfEntryRow = [
  tags: string | null,
  words: string | null,
  note: string | null,
  trashed: number | null,
  flags: number,
  versionBytes: number | null,
  folder: Uint8Array | null,
  folderKindFound: string | null,
]

const isPlain = /^[\0-\x7f]*$/

function flagsOf({ isDecoy, isLocked, name, texts }: EntryFacts): number {
  return (
    (isDecoy ? flag.isDecoy : 0) |
    (isLocked ? flag.isLocked : 0) |
    (texts.get('name') === name ? flag.hasName : 0) |
    (texts.has('type') ? flag.hasType : 0)
  )
}

/** The text fields that are in no column of their own. */
function fieldsText({ texts, name }: EntryFacts): string | null {
  const items: string[] = []
  for (const [field, value] of texts) {
    if (ownColumns.has(field) || (field === 'name' && value === name)) continue
    items.push(fieldItem(field, value))
  }
  return items.length === 0 ? null : listText(items)
}

const ownColumns: ReadonlySet<string> = new Set(['type', 'owner', 'words', 'note'])
