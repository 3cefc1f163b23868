import { fileKind, folderKind, type Query } from '@anarq/qindex'
import { bestDriver, candidatesOf, chooseDriver, countUpTo, type Driver, scanDriver } from './drivers.ts'
import { type Order, orderOf, type Question, readQuery, scoreOf } from './question.ts'
import { findBest } from './relevance.ts'
import { joinSql, readPage, type Sql, sql } from './sql.ts'
import type { Store } from './store.ts'
import { settleSearch } from './text-index.ts'

/** The numbers of the rows that a query finds, in its order. */
export function search(store: Store, query: Query, hidden: () => ReadonlySet<number>): number[] {
  const kind = otherKind(query)
  if (kind !== undefined) return ofKind(store, kind, query)
  settleSearch(store)
  const order = orderOf(query)
  const question = readQuery(store, query, order, hidden)
  const { limit, offset } = readPage(query)
  if (question === undefined || limit === 0) return []
  const isReversed = query.isReversed === true
  const isRanked = order === 'relevance' && question.words.length > 0
  const driver = chooseDriver(store, question, candidatesMax(store, limit + offset))
  if (driver === undefined && isRanked && !isReversed) {
    return findBest(store, question, limit + offset).slice(offset)
  }
  const { num, tables, conditions } = driver ?? scanIn(store, order, question)
  const found = store.ask(sql`SELECT ${num}${isRanked ? sql`, ${scoreOf(question.words)} AS score` : sql``}
    FROM ${tables} WHERE ${joinSql([...conditions, ...question.filters], 'AND', 'TRUE')}
    ORDER BY ${(isReversed ? backwards : forwards)[order === 'relevance' && !isRanked ? 'time' : order]}
    LIMIT ${limit} OFFSET ${offset}`)
  return found.map(([one]) => one as number)
}

/** The kind of a query that asks for nothing else, where that is none of the drive's. */
function otherKind({ limit: _, offset: __, kind, ...others }: Query): string | undefined {
  const isAlone = Object.values(others).every((value) => value === undefined)
  return isAlone && kind !== fileKind && kind !== folderKind ? kind : undefined
}

/** The system's own records are few, and asked for at each start: nobody waits for the texts of files then. */
function ofKind(store: Store, kind: string, query: Query): number[] {
  store.need('kinds')
  const { limit, offset } = readPage(query)
  return store.rows(byKind, kind, limit, offset).map(([num]) => num as number)
}

const byKind = `SELECT num FROM entries INDEXED BY by_kind
  WHERE kind NOT IN ('file', 'folder') AND kind = ? ORDER BY key, name, id LIMIT ? OFFSET ?`

/** How many rows a query finds. */
export function count(store: Store, query: Query, hidden: () => ReadonlySet<number>): number {
  settleSearch(store)
  const question = readQuery(store, query, undefined, hidden)
  if (question === undefined) return 0
  if (question.filters.length === 0) return countUpTo(store, candidatesOf(question), -1)
  const { tables, conditions } = bestDriver(question) ?? scanDriver('any', question)
  const where = joinSql([...conditions, ...question.filters], 'AND', 'TRUE')
  return store.ask(sql`SELECT count(*) FROM ${tables} WHERE ${where}`)[0]?.[0] as number
}

const forwards: Record<Order, Sql> = {
  name: sql`e.key, e.name, e.id`,
  time: sql`t.modified DESC, t.id`,
  size: sql`e.bytes DESC, e.id`,
  relevance: sql`score DESC, t.modified DESC, t.id`,
}
const backwards: Record<Order, Sql> = {
  name: sql`e.key DESC, e.name DESC, e.id DESC`,
  time: sql`t.modified, t.id DESC`,
  size: sql`e.bytes, e.id DESC`,
  relevance: sql`score, t.modified, t.id DESC`,
}

/** Rows are read in the order that is asked for until enough are found, which is soon where many answer. */
function scanIn(store: Store, order: Order, question: Question): Driver {
  if (order === 'size') store.need('sizes')
  return scanDriver(order === 'relevance' ? 'time' : order, question)
}

/**
 * Up to so many candidates are all read and sorted. Beyond, reading in order finds enough after about
 * `needed * rows / candidates` rows, each of which costs half as much: the square root balances both.
 */
function candidatesMax({ ledger }: Store, needed: number): number {
  return 500 + Math.ceil(Math.sqrt((needed * ledger.nextNum) / 2))
}
