import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { IndexRecord } from '../record/record.ts'

/** A record as people see it. Ids have 16 bytes, times are milliseconds since 1970, sizes are bytes. */
export type Entry = {
  readonly id: Uint8Array
  readonly kind: 'folder' | 'file' | (string & {})
  /** As shown, unique in its folder: the given name, or "name (2).ext" where another came first. */
  readonly name: string
  /** The name that was given, where another one is shown. */
  readonly givenName?: string
  /** Who carries the given name, where another name is shown. */
  readonly conflictOf?: Uint8Array
  /** Where it is shown: a folder's id, `null` for the root folder; absent when it lies in no folder at all. */
  readonly parent?: Uint8Array | null
  /** Media type; empty when the record has none. */
  readonly type: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly createdMs: number
  readonly owner?: string
  /** In text order. */
  readonly tags: readonly string[]
  readonly words?: string
  readonly note?: string
  /** When it was put into the trash itself. */
  readonly trashedMs?: number
  /** True when it, or a folder above it, is in the trash. */
  readonly isTrashed: boolean
  readonly isDecoy: boolean
  /** Whether its latest version has a second lock. */
  readonly isLocked: boolean
  /** Versions that can still be read. */
  readonly versions: number
}

/** Every filter that is given must hold. */
export type Query = {
  /** Words and beginnings of words, whatever their case and accents, in name, tags, words and note; all must be found. */
  readonly text?: string
  readonly tag?: string
  /** A media type, or a family of them: `image/*`. */
  readonly type?: string
  readonly owner?: string
  readonly kind?: string
  /** Directly in this folder; `null` is the root folder. */
  readonly parent?: Uint8Array | null
  /** In this folder or anywhere below it, the folder itself not included. */
  readonly below?: Uint8Array
  /** Neither this folder nor what lies in it or anywhere below. */
  readonly outside?: Uint8Array
  /** `modifiedMs` from here, included. */
  readonly from?: number
  /** `modifiedMs` up to here, excluded. */
  readonly to?: number
  /** `true`: what was put into the trash itself; `false`: what is neither there nor below something there. */
  readonly isTrashed?: boolean
  /** A text field of any name, exactly. */
  readonly field?: { readonly name: string; readonly value: string }
  /** The object that has a version with this envelope digest (32 bytes). */
  readonly version?: Uint8Array
  /** Default 100. */
  readonly limit?: number
  readonly offset?: number
  /** `name` from A, `time` from the newest, `size` from the largest; default `relevance` with a text, else `name`. */
  readonly order?: 'name' | 'time' | 'size' | 'relevance'
  readonly isReversed?: boolean
}

/** `limit` is 100 where it is not given. */
export type Page = { readonly limit?: number; readonly offset?: number }

/**
 * The index as people ask for it: a queryable picture of the trie, in memory or in a database encrypted at rest.
 * Implementations pass `testView` of `@anarq/qindex/testing`.
 */
export type View = {
  /** The trie root (32 bytes) that it reflects. */
  root(): Uint8Array | undefined
  /** Atomic. Records replace what the view had under their ids; applying one twice changes nothing. */
  apply(records: readonly IndexRecord[], newRoot: Uint8Array | undefined): void
  entry(id: Uint8Array): Entry | undefined
  /** What lies in a folder and is not in the trash itself: folders first, then by name. */
  children(parent: Uint8Array | null, page?: Page): Entry[]
  /** Those that are shown under this name (at most one, first) or were given it, oldest first; not what is in the trash. */
  childByName(parent: Uint8Array | null, name: string): Entry[]
  search(query: Query): Entry[]
  /** How many entries a search would find without its limit. */
  count(query?: Query): number
  /** Forgets everything, its root too. A view that cannot is closed, deleted and made anew. */
  clear?(): void
  /** The whole view as bytes, for whoever keeps it sealed. */
  snapshot?(): Uint8Array
  /** True where a snapshot costs less now than the next start would take to do again what none has yet. */
  isWorthSaving?(): boolean
  /** False when the bytes are of no use; the view is then empty. */
  load?(bytes: Uint8Array): boolean
  close(): void
}

export const queryLimit = 100

/** What a view needs of an index to follow it. */
export type RecordSource = {
  head(): { readonly root: Uint8Array | undefined } | undefined
  knowsRoot(root: Uint8Array): Promise<boolean>
  changesSince(root: Uint8Array | undefined): AsyncIterable<IndexRecord>
}

/**
 * Brings a view to the index's head and returns how many records it took. The root is noted last, so that a view
 * on disk that was interrupted begins again from where it was. A view of a state that the index has lost (its
 * newest commit was damaged) is emptied first; `conflict.view` when it has no `clear`.
 */
export async function catchUp(
  view: View,
  index: RecordSource,
  recordsPerStep: number = 2000,
): Promise<number> {
  const target = index.head()?.root
  const seen = view.root()
  if (target === undefined || (seen !== undefined && equalBytes(seen, target))) return 0
  const isLost = seen !== undefined && !(await index.knowsRoot(seen))
  if (isLost && view.clear === undefined) {
    throw new Fault(
      'conflict.view',
      'This view shows a state that the index no longer has. Delete it; it fills itself again from the index.',
    )
  }
  if (isLost) view.clear?.()
  const from = isLost ? undefined : seen
  let taken = 0
  let step: IndexRecord[] = []
  for await (const record of index.changesSince(from)) {
    step.push(record)
    taken += 1
    if (step.length < recordsPerStep) continue
    view.apply(step, from)
    step = []
  }
  view.apply(step, target)
  return taken
}
