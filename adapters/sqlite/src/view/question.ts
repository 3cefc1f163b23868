import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Query, searchWords } from '@anarq/qindex'
import { findBelow, folderNum, homesOf } from './folders.ts'
import { digestBytes, fieldItem, flag, listText } from './rows.ts'
import { joinSql, type Sql, sql } from './sql.ts'
import type { Store } from './store.ts'
import { markOf, versionMark } from './text-index.ts'

/** A query, read: what a row must be, and where rows can be found that may be so. */
export type Question = {
  /** On `entries e` and `texts t`, without the words. */
  readonly filters: readonly Sql[]
  /** Parts of an FTS5 query that all must match. */
  readonly marks: readonly string[]
  readonly words: readonly Word[]
  /** Folders of which it must be directly in one. */
  readonly homes: readonly number[] | undefined
  /** The filter on `t.modified`, which is among the others too. */
  readonly times: Sql | undefined
  /** The tables that filters, words and order read. */
  readonly needs: { readonly entries: boolean; readonly texts: boolean }
}

/** Folded; `times` is how often the query says it. */
export type Word = { readonly word: string; readonly times: number }

const wordsMax = 1000

export type Order = NonNullable<Query['order']>

/** Undefined where nothing can be found. `hidden` are the folders in the trash or below. */
export function readQuery(
  store: Store,
  query: Query,
  order: Order | undefined,
  hidden: () => ReadonlySet<number>,
): Question | undefined {
  const words = readWords(query.text)
  const homes = readHomes(store, query)
  if (words === undefined || homes === null) return undefined
  const demands = readFacts(query)
  if (query.isTrashed === true) demands.push({ filter: sql`e.section = 2`, mark: markOf('trash') })
  if (query.isTrashed === false) demands.push({ filter: notTrashed(hidden()) })
  if (homes !== undefined) {
    demands.push({ filter: sql`e.home IN (SELECT value FROM json_each(${JSON.stringify(homes)}))` })
  }
  if (query.outside !== undefined) demands.push({ filter: outsideOf(store, query.outside) })
  const filters = demands.map(({ filter }) => filter)
  const times = readTimes(query)
  return {
    filters: times === undefined ? filters : [times, ...filters],
    marks: demands.flatMap(({ mark }) => mark ?? []),
    words,
    homes,
    times,
    needs: {
      entries: filters.length > 0 || order === 'name' || order === 'size',
      texts: words.length > 0 || times !== undefined || order === 'time' || order === 'relevance',
    },
  }
}

/** A text that holds no words finds nothing, in whatever order. */
export function orderOf({ order, text = '' }: Query): Order {
  return order ?? (text.trim() === '' ? 'name' : 'relevance')
}

/** For FTS5: rows that have all the words, in any form. */
export function wordMatch({ word }: Word): string {
  return `{named tagged body} : "${word}" *`
}

/** The same without other forms. */
export function wholeMatch({ word }: Word): string {
  return `{named tagged body} : "${word}"`
}

export function markMatch(mark: string): string {
  return `marks : "${mark}"`
}

/** On `texts t`, for rows that FTS5 did not find: each word begins a word of one of the texts. */
export function hasWords(words: readonly Word[]): Sql {
  const each = words.map(({ word }) => {
    const begins = ` ${word}`
    return sql`(instr(t.named, ${begins}) > 0 OR instr(t.tagged, ${begins}) > 0 OR instr(t.body, ${begins}) > 0)`
  })
  return joinSql(each, 'AND', 'TRUE')
}

/** On `texts t`: the sum that `scoreText` of qindex makes for a row that has all the words. */
export function scoreOf(words: readonly Word[]): Sql {
  const each = words.map(({ word, times }) => {
    const [whole, begins] = [` ${word} `, ` ${word}`]
    return sql`${times} * CASE WHEN instr(t.named, ${whole}) > 0 THEN 8 WHEN instr(t.tagged, ${whole}) > 0 THEN 6
      WHEN instr(t.named, ${begins}) > 0 THEN 4 WHEN instr(t.tagged, ${begins}) > 0 THEN 3
      WHEN instr(t.body, ${whole}) > 0 THEN 2 WHEN instr(t.body, ${begins}) > 0 THEN 1 ELSE 0 END`
  })
  return joinSql(each, '+', '0')
}

/** Undefined for a text in which nothing can be looked for. */
function readWords(text: string | undefined): Word[] | undefined {
  if (text === undefined || text.trim() === '') return []
  const times = new Map<string, number>()
  for (const word of searchWords(text)) times.set(word, (times.get(word) ?? 0) + 1)
  if (times.size > wordsMax) {
    throw new Fault('limit.query', `A search has at most ${wordsMax} different words. Look for fewer.`)
  }
  return times.size === 0 ? undefined : [...times].map(([word, count]) => ({ word, times: count }))
}

/** Null where the folder is none. */
function readHomes(store: Store, { parent, below }: Query): number[] | undefined | null {
  let homes: number[] | undefined
  if (below !== undefined) {
    const folder = folderNum(store, below)
    if (folder === undefined) return null
    homes = findBelow(store, folder)
  }
  if (parent !== undefined) {
    const folder = folderNum(store, parent)
    if (folder === undefined) return null
    const own = homesOf(store, folder)
    homes = homes === undefined ? own : own.filter((home) => homes?.includes(home))
  }
  return homes
}

/** What is no folder holds nothing: only the thing itself is left out. */
function outsideOf(store: Store, id: Uint8Array): Sql {
  const folder = folderNum(store, id)
  if (folder === undefined) return sql`e.id <> ${id}`
  const homes = JSON.stringify(findBelow(store, folder))
  return sql`(e.id <> ${id} AND (e.home IS NULL OR e.home NOT IN (SELECT value FROM json_each(${homes}))))`
}

/** One thing that a row must be; the mark is on every row that is so, and on few others. */
type Demand = { readonly filter: Sql; readonly mark?: string }

function readFacts({ kind, type, owner, tag, field, version }: Query): Demand[] {
  const demands: Demand[] = []
  if (kind !== undefined) demands.push({ filter: sql`e.kind = ${kind}`, mark: markOf('kind', kind) })
  if (type !== undefined) demands.push(readType(type))
  if (owner !== undefined) demands.push({ filter: sql`e.owner = ${owner}`, mark: markOf('owner', owner) })
  if (tag !== undefined) {
    const listed = listText([JSON.stringify(tag)])
    demands.push({ filter: sql`instr(e.tags, ${listed}) > 0`, mark: markOf('tag', tag) })
  }
  if (field !== undefined) demands.push(readField(field))
  if (version !== undefined) {
    const isThere = sql`length(${version}) = ${digestBytes} AND instr(e.versions, ${version}) % ${digestBytes} = 1`
    demands.push({ filter: isThere, mark: versionMark(version) })
  }
  return demands
}

function readTimes({ from, to }: Query): Sql | undefined {
  if (from === undefined && to === undefined) return undefined
  if (from === undefined) return sql`t.modified < ${to ?? 0}`
  return to === undefined ? sql`t.modified >= ${from}` : sql`(t.modified >= ${from} AND t.modified < ${to})`
}

function readType(type: string): Demand {
  if (!type.endsWith('/*')) return { filter: sql`e.type = ${type}`, mark: markOf('type', type) }
  const family = type.slice(0, -1)
  const bytes = fromUtf8(family)
  return {
    filter: sql`substr(CAST(e.type AS BLOB), 1, ${bytes.length}) = ${bytes}`,
    mark: markOf('family', family),
  }
}

function readField({ name, value }: NonNullable<Query['field']>): Demand {
  switch (name) {
    case 'type':
      return { filter: sql`(e.type = ${value} AND e.flags & ${flag.hasType})`, mark: markOf('type', value) }
    case 'owner':
      return { filter: sql`e.owner = ${value}`, mark: markOf('owner', value) }
    case 'words':
      return { filter: sql`e.words = ${value}` }
    case 'note':
      return { filter: sql`e.note = ${value}` }
  }
  const listed = sql`instr(e.fields, ${listText([fieldItem(name, value)])}) > 0`
  if (name !== 'name') return { filter: listed, mark: markOf('field', name, value) }
  return { filter: sql`((e.name = ${value} AND e.flags & ${flag.hasName}) OR ${listed})` }
}

function notTrashed(hidden: ReadonlySet<number>): Sql {
  if (hidden.size === 0) return sql`e.section < 2`
  const homes = JSON.stringify([...hidden])
  return sql`(e.section < 2 AND (e.home IS NULL OR e.home NOT IN (SELECT value FROM json_each(${homes}))))`
}
