import { cidKey } from '@anarq/ipld'
import { type DigestRow, isSameRow, type MarkChange, type Row } from './rows.ts'

/**
 * Blocks of which no copy verified. A mark names the places that were read: wherever else the block lies by now, it is whole
 * again, so neither a crash nor a write that failed can leave a mark that says too little.
 */
export type DamageMarks = {
  has(digest: Uint8Array, row: Row): boolean
  add(digest: Uint8Array, row: Row): void
  /** It reads after all, or is not there any more. */
  delete(digest: Uint8Array): void
  all(): Iterable<DigestRow>
  /** What the database knows is added to what was found meanwhile. */
  load(marks: readonly DigestRow[]): void
  changes(): readonly MarkChange[]
  saved(): void
}

export function createDamageMarks(): DamageMarks {
  const marks = new Map<string, DigestRow>()
  const unsaved = new Map<string, Uint8Array>()

  function add(digest: Uint8Array, row: Row): void {
    const key = cidKey(digest)
    if (isSameRow(marks.get(key)?.row, row)) return
    marks.set(key, { digest: digest.slice(), row })
    unsaved.set(key, digest.slice())
  }

  return {
    has: (digest, row) => marks.size > 0 && isSameRow(marks.get(cidKey(digest))?.row, row),
    add,
    delete(digest) {
      if (marks.size > 0 && marks.delete(cidKey(digest))) unsaved.set(cidKey(digest), digest.slice())
    },
    all: () => marks.values(),
    load(stored) {
      const found = [...marks.values()]
      marks.clear()
      unsaved.clear()
      for (const mark of stored) marks.set(cidKey(mark.digest), mark)
      for (const { digest, row } of found) add(digest, row)
    },
    changes: () => [...unsaved].map(([key, digest]) => ({ digest, row: marks.get(key)?.row })),
    saved: () => unsaved.clear(),
  }
}
