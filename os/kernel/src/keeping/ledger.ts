import { decodeCbor, encodeCbor, readBytes, readFields, readInt, readOptional } from '@anarq/ipld'
import type { KeptCounts } from './operations.ts'

/** How many copies others have of each block of one identity, as they said when they were last asked. */
export type Ledger = {
  /** Undefined for a block that nobody was asked about yet. */
  copiesOf(digest: Uint8Array): number | undefined
  note(digest: Uint8Array, copies: number): void
  counts(wanted: number): KeptCounts
  size(): number
  /** Those with fewer copies than wanted, from one place of the table on; `next` is where to go on. */
  lesser(
    from: number,
    wanted: number,
    max: number,
  ): { digests: readonly Uint8Array[]; next: number | undefined }
  /** The head up to which all that is in use was looked at, and the one that others keep. */
  walkedTo: Uint8Array | undefined
  placed: PlacedHead | undefined
  /** When others were last told what is in use, of which they keep copies. */
  listedMs: number | undefined
  /** All that is noted. */
  digests(): Iterable<Uint8Array>
  /** What is noted until `end` is called, or told `keep`, stays; the rest is forgotten. */
  renew(): { keep(digest: Uint8Array): void; end(): void }
  /** Changes since the last `bytes`. */
  changes(): number
  bytes(): Uint8Array
}

export type PlacedHead = { readonly digest: Uint8Array; readonly sequence: number; readonly copies: number }

const digestBytes = 32
const copiesMax = 254

/** From what `bytes` gave; what does not read is none, and is asked for again. */
export function readLedger(bytes: Uint8Array): Ledger | undefined {
  try {
    const what = 'A ledger of copies'
    const fields = readFields(
      decodeCbor(bytes),
      ['v', 'digests', 'copies', 'walked', 'placed', 'sequence', 'placedCopies', 'listed'],
      what,
    )
    readInt(fields.v, what, { min: 1, max: 1 })
    const copies = readBytes(fields.copies, what, { max: 2 ** 28 })
    const digests = readBytes(fields.digests, what, { length: copies.length * digestBytes })
    const ledger = createLedger(copies.length)
    for (const [i, count] of copies.entries())
      ledger.note(digests.subarray(i * digestBytes, (i + 1) * digestBytes), count)
    ledger.walkedTo = readOptional(fields.walked, (value) => readBytes(value, what, { length: digestBytes }))
    ledger.listedMs = readOptional(fields.listed, (value) => readInt(value, what))
    ledger.placed = readOptional(fields.placed, (value) => ({
      digest: readBytes(value, what, { length: digestBytes }),
      sequence: readInt(fields.sequence, what),
      copies: readInt(fields.placedCopies, what),
    }))
    return ledger
  } catch {
    return undefined
  }
}

export function createLedger(expected = 0): Ledger {
  let table = createTable(expected)
  let next: ReturnType<typeof createTable> | undefined
  let changes = 0
  return {
    walkedTo: undefined,
    placed: undefined,
    listedMs: undefined,
    *digests() {
      for (const [at] of table.all()) yield table.digestAt(at)
    },
    copiesOf: (digest) => table.get(digest),
    note(digest, copies) {
      if (table.set(digest, copies)) changes += 1
      next?.set(digest, copies)
    },
    counts(wanted) {
      const counts = { full: 0, fewer: 0, alone: 0 }
      for (const [, copies] of table.all())
        counts[copies >= wanted ? 'full' : copies > 0 ? 'fewer' : 'alone'] += 1
      return counts
    },
    size: () => table.size(),
    lesser(from, wanted, max) {
      const digests: Uint8Array[] = []
      for (const [at, copies] of table.all(from)) {
        if (copies >= wanted) continue
        if (digests.length === max) return { digests, next: at }
        digests.push(table.digestAt(at))
      }
      return { digests, next: undefined }
    },
    renew() {
      next = createTable(0)
      return {
        keep(digest) {
          const copies = table.get(digest)
          if (copies !== undefined) next?.set(digest, copies)
        },
        end() {
          table = next ?? table
          next = undefined
          changes += 1
        },
      }
    },
    changes: () => changes,
    bytes() {
      changes = 0
      const used = [...table.all()]
      const digests = new Uint8Array(used.length * digestBytes)
      for (const [i, [at]] of used.entries()) digests.set(table.digestAt(at), i * digestBytes)
      const { walkedTo, placed, listedMs } = this
      return encodeCbor({
        v: 1,
        digests,
        copies: Uint8Array.from(used, ([, copies]) => copies),
        ...(walkedTo === undefined ? {} : { walked: walkedTo }),
        ...(listedMs === undefined ? {} : { listed: listedMs }),
        ...(placed === undefined
          ? {}
          : { placed: placed.digest, sequence: placed.sequence, placedCopies: placed.copies }),
      })
    },
  }
}

type Table = {
  get(digest: Uint8Array): number | undefined
  /** True where that is news. */
  set(digest: Uint8Array, copies: number): boolean
  all(from?: number): Generator<[at: number, copies: number]>
  digestAt(at: number): Uint8Array
  size(): number
}

/**
 * Open addressing in two flat arrays: 33 bytes a block and some room, where a map of objects would take several hundred. Digests
 * are their own hash; nobody else chooses what is in it.
 */
function createTable(expected: number): Table {
  let slots = 1024
  while (slots < expected * 2) slots *= 2
  let digests = new Uint8Array(slots * digestBytes)
  /** The copies and one; zero for an empty slot. */
  let marks = new Uint8Array(slots)
  let used = 0

  const slotOf = (digest: Uint8Array): number => {
    const start = new DataView(digest.buffer, digest.byteOffset).getUint32(0)
    for (let slot = start & (slots - 1); ; slot = (slot + 1) & (slots - 1))
      if (marks[slot] === 0 || isAt(slot, digest)) return slot
  }
  const isAt = (slot: number, digest: Uint8Array): boolean => {
    const from = slot * digestBytes
    for (let i = 0; i < digestBytes; i += 1) if (digests[from + i] !== digest[i]) return false
    return true
  }
  const grow = (): void => {
    const [oldDigests, oldMarks] = [digests, marks]
    slots *= 2
    digests = new Uint8Array(slots * digestBytes)
    marks = new Uint8Array(slots)
    oldMarks.forEach((mark, at) => {
      if (mark === 0) return
      const digest = oldDigests.subarray(at * digestBytes, (at + 1) * digestBytes)
      const slot = slotOf(digest)
      digests.set(digest, slot * digestBytes)
      marks[slot] = mark
    })
  }
  return {
    get(digest) {
      const mark = marks[slotOf(digest)] as number
      return mark === 0 ? undefined : mark - 1
    },
    set(digest, copies) {
      if (used * 3 > slots * 2) grow()
      const slot = slotOf(digest)
      const mark = Math.min(copies, copiesMax) + 1
      const isNews = marks[slot] !== mark
      if (marks[slot] === 0) used += 1
      digests.set(digest, slot * digestBytes)
      marks[slot] = mark
      return isNews
    },
    *all(from = 0) {
      for (let at = from; at < slots; at += 1) {
        const mark = marks[at] as number
        if (mark !== 0) yield [at, mark - 1]
      }
    },
    digestAt: (at) => digests.slice(at * digestBytes, (at + 1) * digestBytes),
    size: () => used,
  }
}
