import type { Entry } from './entry.ts'
import { kindOf } from './kinds.ts'

export type SortKey = 'name' | 'modified' | 'size' | 'kind'
export type Sort = { readonly key: SortKey; readonly isDown: boolean }

/** Folders stand first, whatever is sorted by; what is equal stands by name. */
export function sorted(entries: readonly Entry[], { key, isDown }: Sort, locale: string): readonly Entry[] {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' })
  const sign = isDown ? -1 : 1
  const byName = (a: Entry, b: Entry): number =>
    collator.compare(a.name, b.name) || (a.name < b.name ? -1 : Number(a.name > b.name))
  return [...entries].sort((a, b) => {
    if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1
    const order = key === 'name' ? byName(a, b) : compare(a, b, key)
    return order === 0 ? byName(a, b) : sign * order
  })
}

function compare(a: Entry, b: Entry, key: Exclude<SortKey, 'name'>): number {
  if (key === 'modified') return a.modifiedMs - b.modifiedMs
  if (key === 'size') return a.bytes - b.bytes
  const [left, right] = [kindOf(a), kindOf(b)]
  return left < right ? -1 : Number(left > right)
}

/** The column that was pressed again turns around; dates and sizes begin with the largest. */
export function sortBy(sort: Sort, key: SortKey): Sort {
  if (sort.key === key) return { key, isDown: !sort.isDown }
  return { key, isDown: key === 'modified' || key === 'size' }
}
