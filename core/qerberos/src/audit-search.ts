import { type AuditEntry, entryKey, openEntry } from './audit-entry.ts'
import type { AuditContext } from './audit-tree.ts'

/** All that is given must fit; `toMs` is the first moment that does not any more. */
export type AuditQuery = {
  readonly object?: string
  readonly identity?: string
  readonly action?: string
  readonly fromMs?: number
  readonly toMs?: number
  /** Results; 100 where nothing is said. */
  readonly limit?: number
}

export type FindOptions = {
  /** Entries looked at; 100,000 where nothing is said. */
  scanMax?: number
  signal?: AbortSignal | undefined
}

/** An entry, or the number of one that cannot be read. */
export type AuditRecord =
  | { readonly index: number; readonly entry: AuditEntry }
  | { readonly index: number; readonly damage: string }

type Found = Extract<AuditRecord, { entry: AuditEntry }>

const blockEntries = 256
const scanMaxDefault = 100_000
const limitDefault = 100

export async function* findEntries(
  context: AuditContext,
  size: number,
  query: AuditQuery,
  { scanMax = scanMaxDefault, signal }: FindOptions = {},
): AsyncIterable<Found> {
  let left = query.limit ?? limitDefault
  for await (const record of newestFirst(context, size, { scanMax, signal })) {
    if (left <= 0) return
    if (!('entry' in record) || !fits(record.entry, query)) continue
    left -= 1
    yield record
    if (left <= 0) return
  }
}

export async function tailOf(context: AuditContext, size: number, count: number): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  if (count <= 0) return records
  for await (const record of newestFirst(context, size, { scanMax: count })) records.push(record)
  return records
}

/** Everything a query finds, and what it could not see. */
export async function collect(
  context: AuditContext,
  size: number,
  query: AuditQuery,
  { scanMax = scanMaxDefault, signal }: FindOptions = {},
): Promise<{ records: Found[]; unreadable: number[]; isComplete: boolean }> {
  const records: Found[] = []
  const unreadable: number[] = []
  const limit = query.limit ?? limitDefault
  for await (const record of newestFirst(context, size, { scanMax, signal })) {
    if (!('entry' in record)) {
      unreadable.push(record.index)
    } else if (fits(record.entry, query)) {
      if (records.length === limit) return { records, unreadable, isComplete: false }
      records.push(record)
    }
  }
  return { records, unreadable, isComplete: scanMax >= size }
}

/** Opened under whichever of the keys sealed it. */
export function openAny(
  keys: readonly Uint8Array[],
  index: number,
  sealed: Uint8Array,
): AuditEntry | undefined {
  for (const key of keys) {
    const entry = openEntry(entryKey(key, index), index, sealed)
    if (entry !== undefined) return entry
  }
  return undefined
}

async function* newestFirst(
  { store, keys }: AuditContext,
  size: number,
  { scanMax, signal }: { scanMax: number; signal?: AbortSignal | undefined },
): AsyncIterable<AuditRecord> {
  const bottom = Math.max(0, size - scanMax)
  for (let to = size; to > bottom; to -= blockEntries) {
    signal?.throwIfAborted()
    const records: AuditRecord[] = []
    for await (const stored of store.read(Math.max(bottom, to - blockEntries), to)) {
      const { index } = stored
      const entry = 'bytes' in stored ? openAny(keys, index, stored.bytes) : undefined
      records.push(entry === undefined ? { index, damage: damageOf(stored) } : { index, entry })
    }
    yield* records.reverse()
  }
}

function damageOf(stored: { index: number; damage?: string }): string {
  const why = stored.damage ?? 'not what was sealed'
  return `Entry ${stored.index} is ${why}. Verify the audit log to see more.`
}

function fits(entry: AuditEntry, { object, identity, action, fromMs, toMs }: AuditQuery): boolean {
  return (
    (object === undefined || entry.object === object) &&
    (identity === undefined || entry.identity === identity) &&
    (action === undefined || entry.action === action) &&
    (fromMs === undefined || entry.atMs >= fromMs) &&
    (toMs === undefined || entry.atMs < toMs)
  )
}
