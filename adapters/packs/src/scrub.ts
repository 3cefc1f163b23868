import { equalBytes } from '@anarq/bytes'
import type { Cid } from '@anarq/ipld'
import type { DigestRow, Row } from './catalogue/rows.ts'
import { cidOfRow, readCopy, readOrder, repair, reportDamage } from './copies.ts'
import { headPiece } from './heads.ts'
import { nowhere, type SeriesName } from './pack/location.ts'
import type { Store } from './store.ts'

/** Totals so far; `damaged` are the blocks of this step that no copy gives back. */
export type ScrubStep = {
  readonly blocks: number
  readonly bytes: number
  readonly repaired: number
  readonly damaged: readonly Cid[]
}

const rowsAtOnce = 200

/** Reads everything once, no faster than the caller asks for the next step. */
export async function* scrub(store: Store, signal: AbortSignal | undefined): AsyncIterable<ScrubStep> {
  let blocks = 0
  let bytes = 0
  let repaired = await scrubHeads(store)
  for (let after: Uint8Array | undefined = new Uint8Array(0); after !== undefined; ) {
    const from: Uint8Array = after
    const { rows, next } = await store.withCatalogue(() => store.catalogue.page(from, rowsAtOnce))
    const damaged: Cid[] = []
    for (const row of rows.toSorted((x, y) => placeOf(x) - placeOf(y))) {
      signal?.throwIfAborted()
      const found = await scrubBlock(store, row)
      if (found === 'repaired') repaired += 1
      if (found === 'damaged') damaged.push(cidOfRow(row.digest, row.row))
      blocks += 1
      bytes += row.row.bytes
    }
    await store.flush()
    yield { blocks, bytes, repaired, damaged }
    after = next
  }
}

function placeOf({ row }: DigestRow): number {
  return Math.max(row.data, row.a)
}

async function scrubBlock(
  store: Store,
  { digest, row }: DigestRow,
): Promise<'whole' | 'repaired' | 'damaged'> {
  let good: Uint8Array | undefined
  const bad: SeriesName[] = []
  for (const name of placesWanted(row)) {
    const copy = row[name] === nowhere ? undefined : await readCopy(store, digest, name, row[name], row.bytes)
    good ??= copy
    if (copy === undefined || !(await hasHeader(store, digest, name, row))) bad.push(name)
  }
  if (bad.length === 0) return 'whole'
  const now = await store.withCatalogue(() => store.catalogue.find(digest))
  if (now === undefined || readOrder.some((name) => now[name] !== row[name])) return 'whole'
  if (good === undefined) {
    reportDamage(store, digest, row)
    return 'damaged'
  }
  await repair(store, digest, good, bad)
  return 'repaired'
}

function placesWanted(row: Row): readonly SeriesName[] {
  return row.a === nowhere && row.b === nowhere ? ['data'] : ['a', 'b']
}

/** Without its header a record reads well now, and is lost when the database is. */
async function hasHeader(store: Store, digest: Uint8Array, name: SeriesName, row: Row): Promise<boolean> {
  if (store.series[name].writer.waiting(row[name]) !== undefined) return true
  const header = await store.header(name, row[name]).catch(() => undefined)
  return header !== undefined && equalBytes(header.digest, digest)
}

/** Writes the records of heads again that are not whole, and returns how many. */
async function scrubHeads(store: Store): Promise<number> {
  const { heads } = store.catalogue
  let repaired = 0
  for (const feed of await store.withCatalogue(() => heads.feeds())) {
    for (const entry of heads.of(feed)) {
      const piece = headPiece(feed, entry)
      for (const name of ['a', 'b'] as const) {
        const copy =
          entry[name] === nowhere
            ? undefined
            : await readCopy(store, piece.digest, name, entry[name], piece.bytes)
        if (copy !== undefined) continue
        await store.withCatalogue(() =>
          heads.add(feed, { ...entry, a: nowhere, b: nowhere, [name]: store.append(name, piece) }),
        )
        repaired += 1
      }
    }
  }
  await store.flush()
  return repaired
}
