import { hasWords, markMatch, type Question, type Word, wholeMatch, wordMatch } from './question.ts'
import { type Sql, sql } from './sql.ts'
import type { Store } from './store.ts'

/** Where candidates are found: tables, what narrows them (the filters left out), and the number of their row. */
export type Driver = { readonly tables: Sql; readonly conditions: readonly Sql[]; readonly num: Sql }

/**
 * The first way that leads to at most so many candidates; undefined where there are more by every way. Counting
 * stops at that number, so a common word costs little more than a rare one.
 */
export function chooseDriver(store: Store, question: Question, rowsMax: number): Driver | undefined {
  const isFew = (candidates: Sql): boolean => countUpTo(store, candidates, rowsMax + 1) <= rowsMax
  return waysOf(question).find(
    ({ some, candidates }) => (some === undefined || isFew(some)) && isFew(candidates),
  )
}

/** Where there are no filters: the rows that have the words, or all. */
export function candidatesOf(question: Question): Sql {
  return waysOf(question)[0]?.candidates ?? sql`SELECT 1 FROM entries`
}

/** The way that is likely to lead to the fewest. */
export function bestDriver(question: Question): Driver | undefined {
  return waysOf(question)[0]
}

/** Rows that FTS5 finds. */
export function matchDriver(match: string, question: Question): Way {
  return {
    tables: sql`search${joined(question, sql`search.rowid`)}`,
    conditions: [sql`search MATCH ${match}`],
    num: sql`search.rowid`,
    candidates: sql`SELECT 1 FROM search WHERE search MATCH ${match}`,
  }
}

export type ScanOrder = 'name' | 'time' | 'size' | 'any'

/** All rows, in the order of an index. */
export function scanDriver(order: ScanOrder, question: Question): Driver {
  const conditions = [hasWords(question.words)]
  if (order === 'time') {
    const table = sql`texts t INDEXED BY by_time`
    return { tables: sql`${table}${joined(question, sql`t.num`, 'texts')}`, conditions, num: sql`t.num` }
  }
  return {
    tables: sql`${scanned[order]}${joined(question, sql`e.num`, 'entries')}`,
    conditions,
    num: sql`e.num`,
  }
}

const scanned = {
  name: sql`entries e INDEXED BY by_key`,
  size: sql`entries e INDEXED BY by_size`,
  any: sql`entries e`,
}

export function countUpTo(store: Store, candidates: Sql, rowsMax: number): number {
  return store.ask(sql`SELECT count(*) FROM (${candidates} LIMIT ${rowsMax})`)[0]?.[0] as number
}

type Way = Driver & {
  readonly candidates: Sql
  /** Some of the candidates, counted sooner: FTS5 gives the rows of a whole word one by one, and all of a beginning at once. */
  readonly some?: Sql
}

function waysOf(question: Question): Way[] {
  const { words, marks, homes, times } = question
  const ways: Way[] = []
  const matchOf = (wordOf: (word: Word) => string): string =>
    [...words.map(wordOf), ...marks.map(markMatch)].join(' AND ')
  if (words.length + marks.length > 0) {
    const way = matchDriver(matchOf(wordMatch), question)
    const { candidates } = matchDriver(matchOf(wholeMatch), question)
    ways.push(words.length === 0 ? way : { ...way, some: candidates })
  }
  if (homes !== undefined) {
    const isThere = sql`e.home IN (SELECT value FROM json_each(${JSON.stringify(homes)}))`
    ways.push({
      tables: sql`entries e INDEXED BY by_folder${joined(question, sql`e.num`, 'entries')}`,
      conditions: [isThere, hasWords(words)],
      num: sql`e.num`,
      candidates: sql`SELECT 1 FROM entries e INDEXED BY by_folder WHERE ${isThere}`,
    })
  }
  if (times !== undefined) {
    ways.push({
      ...scanDriver('time', question),
      candidates: sql`SELECT 1 FROM texts t INDEXED BY by_time WHERE ${times}`,
    })
  }
  return ways
}

/** The tables that the question needs besides the one that is there. */
function joined({ needs }: Question, num: Sql, there?: 'entries' | 'texts'): Sql {
  const texts = needs.texts && there !== 'texts' ? sql` CROSS JOIN texts t ON t.num = ${num}` : sql``
  const entries = needs.entries && there !== 'entries' ? sql` CROSS JOIN entries e ON e.num = ${num}` : sql``
  return sql`${texts}${entries}`
}
