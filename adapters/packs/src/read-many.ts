import type { Row } from './catalogue/rows.ts'
import { readOrder } from './copies.ts'
import { type Location, nowhere, packOf, type SeriesName } from './pack/location.ts'
import type { Store } from './store.ts'

/** What lies between two blocks is read along with them up to here: a call costs more than so many bytes. */
const gapBytesMax = 8 * 1024

type Wanted = {
  readonly at: number
  readonly name: SeriesName
  readonly from: Location
  readonly bytes: number
}
/** Neighbours in one pack, from the first one's payload to the end of the last one's. */
type Range = {
  readonly name: SeriesName
  readonly from: Location
  bytes: number
  readonly wanted: Wanted[]
}

/**
 * The first copies of many small blocks as they lie, unchecked, as views of `into`; what lies side by side is read in one
 * go. Undefined for each that could not be had like that, or found no room.
 */
export async function readMany(
  store: Store,
  digests: readonly Uint8Array[],
  into: Uint8Array,
): Promise<(Uint8Array | undefined)[]> {
  const rows = await store.withCatalogue(() => store.catalogue.findMany(digests))
  const found: (Uint8Array | undefined)[] = digests.map(() => undefined)
  let filled = 0
  for (const { name, from, bytes, wanted } of rangesOf(store, rows)) {
    if (filled + bytes > into.length) continue
    const memory = into.subarray(filled, filled + bytes)
    if (!(await store.readInto(name, from, memory).catch(() => false))) continue
    filled += bytes
    for (const one of wanted) {
      const start = one.from - from
      found[one.at] = memory.subarray(start, start + one.bytes)
    }
  }
  return found
}

function rangesOf({ series }: Store, rows: readonly (Row | undefined)[]): readonly Range[] {
  const all: Wanted[] = []
  for (const [at, row] of rows.entries()) {
    const name = row && readOrder.find((one) => row[one] !== nowhere)
    if (row === undefined || name === undefined) continue
    // What was put a moment ago may not be in the file yet.
    if (row[name] < series[name].writer.writtenTo()) all.push({ at, name, from: row[name], bytes: row.bytes })
  }
  all.sort((x, y) => readOrder.indexOf(x.name) - readOrder.indexOf(y.name) || x.from - y.from)
  const ranges: Range[] = []
  for (const one of all) {
    const last = ranges.at(-1)
    const end = last === undefined ? 0 : last.from + last.bytes
    if (last?.name === one.name && packOf(last.from) === packOf(one.from) && one.from - end <= gapBytesMax)
      last.bytes = Math.max(last.bytes, one.from + one.bytes - last.from)
    else ranges.push({ name: one.name, from: one.from, bytes: one.bytes, wanted: [] })
    ranges.at(-1)?.wanted.push(one)
  }
  return ranges
}
