import type { SQLInputValue } from 'node:sqlite'
import { type Page, queryLimit } from '@anarq/qindex'

/** A piece of a statement with the values of its question marks, in order. */
export type Sql = { readonly text: string; readonly values: readonly SQLInputValue[] }

/** Pieces are put in as they are, anything else becomes a question mark: no value is ever part of the text. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (Sql | SQLInputValue)[]): Sql {
  let text = strings[0] ?? ''
  const values: SQLInputValue[] = []
  for (const [i, part] of parts.entries()) {
    if (isPiece(part)) {
      text += part.text
      values.push(...part.values)
    } else {
      text += '?'
      values.push(part)
    }
    text += strings[i + 1] ?? ''
  }
  return { text, values }
}

/** Balanced, because SQLite parses at most 1,000 levels. Of nothing it is `empty`. */
export function joinSql(pieces: readonly Sql[], operator: 'AND' | '+', empty: string): Sql {
  const [first, second] = pieces
  if (first === undefined) return { text: empty, values: [] }
  if (second === undefined) return first
  const middle = pieces.length >> 1
  const left = joinSql(pieces.slice(0, middle), operator, empty)
  const right = joinSql(pieces.slice(middle), operator, empty)
  return { text: `(${left.text} ${operator} ${right.text})`, values: [...left.values, ...right.values] }
}

/** As whole numbers, as SQLite wants them. */
export function readPage({ limit = queryLimit, offset = 0 }: Page): Required<Page> {
  return { limit: wholeCount(limit), offset: wholeCount(offset) }
}

function wholeCount(count: number): number {
  return Math.min(Math.max(Math.trunc(count) || 0, 0), Number.MAX_SAFE_INTEGER)
}

function isPiece(part: Sql | SQLInputValue): part is Sql {
  return typeof part === 'object' && part !== null && 'text' in part
}
