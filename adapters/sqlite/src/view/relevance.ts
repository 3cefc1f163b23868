import { chooseDriver, countUpTo, type Driver, matchDriver, scanDriver } from './drivers.ts'
import { markMatch, type Question, scoreOf, type Word, wordMatch } from './question.ts'
import { joinSql, type Sql, sql } from './sql.ts'
import type { Store } from './store.ts'

/** The best rows for words that many rows have, without looking at all of them. */
export function findBest(store: Store, question: Question, needed: number): number[] {
  const found =
    readWhole(store, question, needed) ??
    readFew(store, question, needed) ??
    readByTime(store, question, needed)
  return found.map(({ num }) => num)
}

/** The usual case: enough rows have all the words, whole, in their names, and nothing scores more than that. */
function readWhole(store: Store, question: Question, needed: number): Scored[] | undefined {
  const parts = [...question.words.map(({ word }) => `named : "${word}"`), ...question.marks.map(markMatch)]
  const driver = matchDriver(parts.join(' AND '), question)
  const size = countUpTo(store, driver.candidates, aboveMax + 1)
  if (size < needed || size > aboveMax) return undefined
  const found = read(store, question, driver, { isScan: false, limit: needed })
  return found.length < needed ? undefined : found
}

/** Where several words are asked for, reading by time takes longer, so a few thousand rows are rather all read. */
function readFew(store: Store, question: Question, needed: number): Scored[] | undefined {
  if (question.words.length < 2) return undefined
  const rowsMax = Math.min(Math.ceil(store.ledger.nextNum / 20), 10_000)
  const driver = chooseDriver(store, question, rowsMax)
  return driver && read(store, question, driver, { isScan: false, limit: needed })
}

/**
 * Equal scores go by time, so rows are read from the newest; once enough are there, an older row only counts if its
 * score is greater than the least of these. When the rows that can score more than that are few, they alone are
 * read. The idea is the threshold algorithm of Fagin, Lotem and Naor ("Optimal aggregation algorithms for
 * middleware", 2003).
 */
function readByTime(store: Store, question: Question, needed: number): Scored[] {
  const scan = scanDriver('time', question)
  const sizes = createSizes(store, question)
  let best: Scored[] = []
  let older: Older | undefined
  for (let from: Driver | undefined = scan; from !== undefined; ) {
    const found = read(store, question, from, { isScan: from === scan, limit: needed, older })
    // What is found now is older than what was found before, and sorting keeps the order of equals.
    best = [...best, ...found].sort((a, b) => b.score - a.score).slice(0, needed)
    const last = found.at(-1)
    if (from !== scan || last === undefined || found.length < needed) break
    older = { last, floor: best.at(-1)?.score ?? 0 }
    from = findAbove(store, question, sizes, older.floor, scan)
  }
  return best
}

type Scored = {
  readonly num: number
  readonly score: number
  readonly modified: number
  readonly id: Uint8Array
}

/** Rows after `last` in time that score more than `floor`. */
type Older = { readonly last: Scored; readonly floor: number }

type Reading = { readonly isScan: boolean; readonly limit: number; readonly older?: Older | undefined }

/** A scan gives the newest of those that score more than the floor; other rows are few, and the best of them are given. */
function read(
  store: Store,
  { words, filters }: Question,
  from: Driver,
  { isScan, limit, older }: Reading,
): Scored[] {
  const score = scoreOf(words)
  const conditions: Sql[] = [...from.conditions, ...filters]
  if (older !== undefined) {
    const { modified, id } = older.last
    conditions.unshift(sql`t.modified <= ${modified}`, sql`(t.modified < ${modified} OR t.id > ${id})`)
    if (isScan) conditions.push(sql`${score} > ${older.floor}`)
  }
  const rows = store.ask(sql`SELECT ${from.num}, ${score} AS score, t.modified, t.id FROM ${from.tables}
    WHERE ${joinSql(conditions, 'AND', 'TRUE')}
    ORDER BY ${isScan ? sql`` : sql`score DESC, `}t.modified DESC, t.id LIMIT ${limit}`)
  return rows.map((row) => {
    const [num, found, modified, id] = row as [number, number, number, Uint8Array]
    return { num, score: found, modified, id }
  })
}

/**
 * What a row that scores more than `score` for a word must match: a whole word in the name is 8, in the tags 6, a
 * beginning in the name 4, in the tags 3, a whole word elsewhere 2, a beginning elsewhere 1, as every row has that
 * all words are in. Without `begins`, only those of them that have it whole, which are counted sooner.
 */
const levels: readonly { readonly score: number; match(word: string, begins: Begins): string | undefined }[] =
  [
    { score: 8, match: () => undefined },
    { score: 6, match: (word) => `named : "${word}"` },
    { score: 4, match: (word) => `{named tagged} : "${word}"` },
    { score: 3, match: (word, begins) => `(named : "${word}"${begins} OR tagged : "${word}")` },
    { score: 2, match: (word, begins) => `{named tagged} : "${word}"${begins}` },
    { score: 1, match: (word, begins) => `({named tagged} : "${word}"${begins} OR body : "${word}")` },
  ]

type Begins = ' *' | ''

/**
 * Where the rows are that score more than `floor`: undefined for nowhere, `scan` where there are many. Share the
 * floor out among the words: such a row has a word that scores more than its share, so the rows to read are those
 * where one does. The shares are chosen so that these are few: what is left over goes to the word that brings the
 * most rows.
 */
function findAbove(
  store: Store,
  question: Question,
  sizes: Sizes,
  floor: number,
  scan: Driver,
): Driver | undefined {
  const shares = question.words.map((word) => ({ ...word, level: levels.length - 1 }))
  let left = floor - shares.reduce((sum, { times, level }) => sum + times * scoreAt(level), 0)
  for (;;) {
    const affordable = shares.filter((share) => raiseCost(share) <= left)
    // Counting takes time, so it is only done to choose.
    const [raised] = affordable.length < 2 ? affordable : affordable.sort((a, b) => sizes.of(b) - sizes.of(a))
    if (raised === undefined) break
    left -= raiseCost(raised)
    raised.level -= 1
  }
  const above = shares.filter((share) => sizes.of(share) > 0)
  if (above.length === 0) return undefined
  const rows = above.reduce((sum, share) => sum + sizes.of(share), 0)
  const isAlone = question.words.length === 1 && question.marks.length === 0
  if (isAlone && rows > aboveMax) return scan
  const anyAbove = above.map(({ word, level }) => levels[level]?.match(word, ' *')).join(') OR (')
  const parts = [...question.words.map(wordMatch), ...question.marks.map(markMatch), `((${anyAbove}))`]
  const driver = matchDriver(parts.join(' AND '), question)
  return rows <= aboveMax || countUpTo(store, driver.candidates, aboveMax + 1) <= aboveMax ? driver : scan
}

/** Above this many rows, reading in the order of time is likely to find enough of them sooner. */
const aboveMax = 2000

type Share = Word & { level: number }

/** In how many rows a word scores more than its share, up to a limit; counted once. */
type Sizes = { of(share: Share): number }

function createSizes(store: Store, question: Question): Sizes {
  const counted = new Map<string, number>()
  const countOf = (match: string): number =>
    countUpTo(store, matchDriver(match, question).candidates, aboveMax + 1)
  return {
    of({ word, level }) {
      // The words are common, or else this was not asked.
      if (level === levels.length - 1) return Number.MAX_SAFE_INTEGER
      const match = levels[level]?.match(word, ' *')
      if (match === undefined) return 0
      const known = counted.get(match)
      if (known !== undefined) return known
      const whole = countOf(levels[level]?.match(word, '') as string)
      const size = whole > aboveMax ? whole : countOf(match)
      counted.set(match, size)
      return size
    },
  }
}

function raiseCost({ times, level }: Share): number {
  return times * (scoreAt(level - 1) - scoreAt(level))
}

function scoreAt(level: number): number {
  return levels[level]?.score ?? Number.POSITIVE_INFINITY
}
