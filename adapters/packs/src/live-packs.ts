import type { DigestRow, Row } from './catalogue/rows.ts'
import { headPiece } from './heads.ts'
import { byteOf, type Location, nowhere, packOf, type SeriesName, seriesNames } from './pack/location.ts'
import { recordHeaderBytes } from './pack/record.ts'
import type { Store } from './store.ts'

/** By `nameOf`, of packs in which something lives: how many bytes, and where the last of it ends. */
export type LivePacks = ReadonlyMap<string, LivePack>
export type LivePack = { readonly bytes: number; readonly end: number }

export function nameOf(series: SeriesName, pack: number): string {
  return `${series}:${pack}`
}

/** Where the block is needed: a data record beside meta records is not. */
export function placesOf(row: Row): readonly SeriesName[] {
  const isMeta = row.a !== nowhere || row.b !== nowhere
  return seriesNames.filter((series) => row[series] !== nowhere && !(isMeta && series === 'data'))
}

/** Of all that is known now. */
export async function livePacks(
  store: Store,
  signal: AbortSignal | undefined,
  isLive: (row: DigestRow) => boolean = () => true,
): Promise<LivePacks> {
  const live = new Map<string, LivePack>()
  const count = (series: SeriesName, location: Location, bytes: number): void => {
    const name = nameOf(series, packOf(location))
    const before = live.get(name) ?? { bytes: 0, end: 0 }
    const length = bytes + recordHeaderBytes
    live.set(name, { bytes: before.bytes + length, end: Math.max(before.end, byteOf(location) + length) })
  }
  await eachPage(store, signal, (rows) => {
    for (const one of rows)
      if (isLive(one)) for (const series of placesOf(one.row)) count(series, one.row[series], one.row.bytes)
  })
  await store.withCatalogue(() => {
    const { heads } = store.catalogue
    for (const feed of heads.feeds())
      for (const entry of heads.of(feed))
        for (const series of ['a', 'b'] as const)
          if (entry[series] !== nowhere) count(series, entry[series], headPiece(feed, entry).bytes)
  })
  return live
}

const rowsAtOnce = 1000

/** All rows, a page at a time: `act` within one go of the catalogue, `between` outside of it. */
export async function eachPage(
  store: Store,
  signal: AbortSignal | undefined,
  act: (rows: readonly DigestRow[]) => void,
  between: () => Promise<void> = async () => {},
): Promise<void> {
  for (let after: Uint8Array | undefined = new Uint8Array(0); after !== undefined; ) {
    signal?.throwIfAborted()
    const from: Uint8Array = after
    after = await store.withCatalogue(() => {
      const { rows, next } = store.catalogue.page(from, rowsAtOnce)
      act(rows)
      return next
    })
    await between()
  }
}
