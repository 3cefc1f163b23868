import { toHex } from '@anarq/bytes'
import { searchable } from '@anarq/qindex'
import { digestBytes, fieldsOf, tagsOf } from './rows.ts'
import type { Row, Store } from './store.ts'

/**
 * What a mark of a row is about, and with which letter its token begins. Tokens are lossy: they find candidates,
 * and the row itself is asked afterwards.
 */
const marks = {
  kind: 'k',
  type: 't',
  family: 'f',
  owner: 'o',
  tag: 'g',
  field: 'x',
  trash: 'z',
  version: 'v',
} as const

/** No word begins with it: else a search for all that begins with "v" would go through the versions of every row. */
const markStart = '\u{E000}'
const markCharsMax = 64

/** A token without anything that the tokenizer would cut at. */
export function markOf(about: keyof typeof marks, ...values: readonly string[]): string {
  let mark = `${markStart}${marks[about]}`
  for (const value of values) mark += value.slice(0, markCharsMax).replace(cutting, '')
  return mark
}

/** Everything of ASCII but letters and digits. */
const cutting = /[\0-/:-@[-`{-\x7f]+/g

/**
 * Makes the texts of rows that came or changed since the last search, at most about so many, and returns how many
 * are left. In slices, because a million rows at once are a gigabyte of objects.
 */
export function settleSearch(store: Store, rowsMax: number = Number.POSITIVE_INFINITY): number {
  const { ledger } = store
  store.need('search')
  let left = rowsMax
  while (left > 0) {
    const nums = ledger.stale.values().take(rowsPerSlice).toArray()
    const rows =
      nums.length > 0
        ? nums.flatMap((num) => store.rows(readOne, num))
        : store.rows(readSlice, ledger.indexedTo)
    if (rows.length === 0 && nums.length === 0) return 0
    store.atomically(() => {
      for (const num of nums) store.run('DELETE FROM texts WHERE num = ?', num)
      for (const row of rows) indexOne(store, row)
    })
    store.unsavedRows += rows.length
    for (const num of nums) ledger.stale.delete(num)
    if (nums.length === 0) ledger.indexedTo = rows.at(-1)?.[0] as number
    left -= rowsPerSlice
  }
  return ledger.stale.size + Math.max(0, ledger.nextNum - 1 - ledger.indexedTo)
}

const rowsPerSlice = 2000

function indexOne(store: Store, row: Row): void {
  const [num, name, tags, words, note] = row as IndexedRow
  const tagList = tagsOf(tags)
  const named = searchable([name])
  const tagged = tagList.length === 0 ? null : searchable(tagList)
  const body = words === null && note === null ? null : searchable([words ?? '', note ?? ''])
  const marked = marksOf(row.slice(5), tagList)
  store.run(insertTexts, num, num, num, named, tagged, body)
  store.run(insertSearch, num, named, tagged, body, marked)
}

// Neither REPLACE nor SELECT: for both, SQLite keeps a copy of every page that the statement touches.
const insertTexts = `INSERT INTO texts VALUES
  (?, (SELECT id FROM entries WHERE num = ?), (SELECT modified FROM entries WHERE num = ?), ?, ?, ?)`
const insertSearch =
  'INSERT OR REPLACE INTO search (rowid, named, tagged, body, marks) VALUES (?, ?, ?, ?, ?)'

function marksOf(row: Row, tags: readonly string[]): string {
  const [kind, type, owner, trashed, versions, fields] = row as MarkedRow
  const found = [markOf('kind', kind), markOf('type', type)]
  for (let at = type.indexOf('/'); at >= 0; at = type.indexOf('/', at + 1)) {
    found.push(markOf('family', type.slice(0, at + 1)))
  }
  if (owner !== null) found.push(markOf('owner', owner))
  if (trashed !== null) found.push(markOf('trash'))
  for (const tag of tags) found.push(markOf('tag', tag))
  for (let at = 0; at < versions.length; at += 2 * digestBytes) {
    found.push(markOf('version', versions.slice(at, at + versionDigits)))
  }
  for (const [field, value] of Object.entries(fieldsOf(fields))) found.push(markOf('field', field, value))
  return found.join(' ')
}

/** Of the beginning of a digest; hexadecimal digits of either case are the same to the tokenizer. */
export function versionMark(digest: Uint8Array): string {
  return markOf('version', toHex(digest).slice(0, versionDigits))
}

const versionDigits = 16

type IndexedRow = [num: number, name: string, tags: string | null, words: string | null, note: string | null]
type MarkedRow = [
  kind: string,
  type: string,
  owner: string | null,
  trashed: number | null,
  versions: string,
  fields: string | null,
]

/** The versions as text, because an array of bytes for each row is the costliest part of it. */
const readColumns = 'num, name, tags, words, note, kind, type, owner, trashed, hex(versions), fields'
const readOne = `SELECT ${readColumns} FROM entries WHERE num = ?`
const readSlice = `SELECT ${readColumns} FROM entries WHERE num > ? ORDER BY num LIMIT ${rowsPerSlice}`
