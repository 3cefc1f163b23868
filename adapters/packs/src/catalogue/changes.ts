import { compareBytes } from '@anarq/bytes'
import { cidKey } from '@anarq/ipld'
import { type Location, nowhere, type SeriesName } from '../pack/location.ts'
import { recordHeaderBytes } from '../pack/record.ts'
import { type DigestRow, isSameRow, type Row, type RowChange } from './rows.ts'

/** Up to where each series is safe on the disk. */
export type Settled = Readonly<Record<SeriesName, Location>>

/** Rows as they are now, where the database does not know it yet. */
export type RowChanges = {
  get(digest: Uint8Array): { readonly row: Row | undefined } | undefined
  /** `base` is what the database has, where this digest had not changed. */
  set(digest: Uint8Array, row: Row | undefined, base: Row | undefined): void
  /** Places in the series from here on are taken back. */
  forget(series: SeriesName, from: Location): void
  /** What of it the database may know. */
  settled(settled: Settled): readonly RowChange[]
  /** The database knows now. */
  noteCommitted(settled: Settled): void
  /** Rows after one digest and up to another, in no order. */
  between(after: Uint8Array, upTo: Uint8Array | undefined): readonly DigestRow[]
  size(): number
  /** What the rows are more than those in the database. */
  growth(): { readonly blocks: number; readonly liveBytes: number }
  clear(): void
}

type Change = { readonly digest: Uint8Array; row: Row | undefined; base: Row | undefined }

export function createRowChanges(): RowChanges {
  const changes = new Map<string, Change>()
  return {
    get: (digest) => changes.get(cidKey(digest)),
    set(digest, row, base) {
      const key = cidKey(digest)
      const change = changes.get(key)
      if (change === undefined) changes.set(key, { digest: digest.slice(), row, base })
      else change.row = row
    },
    forget(series, from) {
      for (const [key, change] of changes) {
        if (change.row === undefined || change.row[series] < from) continue
        change.row = orUndefined({ ...change.row, [series]: change.base?.[series] ?? nowhere })
        if (isSameRow(change.row, change.base)) changes.delete(key)
      }
    },
    settled(settled) {
      const rows: RowChange[] = []
      for (const change of changes.values()) {
        const row = safePart(change, settled)
        if (!isSameRow(row, change.base)) rows.push({ digest: change.digest, row, base: change.base })
      }
      return rows
    },
    noteCommitted(settled) {
      for (const [key, change] of changes) {
        change.base = safePart(change, settled)
        if (isSameRow(change.row, change.base)) changes.delete(key)
      }
    },
    between(after, upTo) {
      const rows: DigestRow[] = []
      for (const { digest, row } of changes.values()) {
        if (row === undefined || compareBytes(digest, after) <= 0) continue
        if (upTo === undefined || compareBytes(digest, upTo) <= 0) rows.push({ digest, row })
      }
      return rows
    },
    size: () => changes.size,
    growth() {
      let blocks = 0
      let liveBytes = 0
      for (const { row, base } of changes.values()) {
        blocks += Number(row !== undefined) - Number(base !== undefined)
        liveBytes += liveBytesOf(row) - liveBytesOf(base)
      }
      return { blocks, liveBytes }
    },
    clear: () => changes.clear(),
  }
}

/** What the database may know of a change: the places that are settled, and for the others what it knew before. */
function safePart({ row, base }: Change, settled: Settled): Row | undefined {
  if (row === undefined || (row.data < settled.data && row.a < settled.a && row.b < settled.b)) return row
  return orUndefined({
    ...row,
    data: row.data < settled.data ? row.data : (base?.data ?? nowhere),
    a: row.a < settled.a ? row.a : (base?.a ?? nowhere),
    b: row.b < settled.b ? row.b : (base?.b ?? nowhere),
  })
}

function orUndefined(row: Row): Row | undefined {
  return row.data === nowhere && row.a === nowhere && row.b === nowhere ? undefined : row
}

function liveBytesOf(row: Row | undefined): number {
  if (row === undefined) return 0
  return (row.bytes + recordHeaderBytes) * Math.max(1, Number(row.a > nowhere) + Number(row.b > nowhere))
}
