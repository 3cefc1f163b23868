import type { Location, SeriesName } from '../pack/location.ts'

/** Where a block is: `kind` and `bytes` of its record, and its place in each series, or 0. */
export type Row = { readonly kind: number; readonly bytes: number } & Readonly<Record<SeriesName, Location>>

export type DigestRow = { readonly digest: Uint8Array; readonly row: Row }

/** Everything in the pack before byte `indexed` is in the rows. A leaving pack holds nothing alive: it is about to be unlinked. */
export type PackRow = {
  readonly series: SeriesName
  readonly pack: number
  readonly indexed: number
  readonly isLeaving: boolean
}

/** `refs` is the catalogue's own encoding of a feed's heads. */
export type HeadRow = { readonly feed: Uint8Array; readonly refs: Uint8Array }

/** `row` undefined takes the digest away; `base` is what the database has now. */
export type RowChange = {
  readonly digest: Uint8Array
  readonly row: Row | undefined
  readonly base: Row | undefined
}

/** `row` is where the block lay when no copy of it verified; undefined takes the mark away. */
export type MarkChange = Pick<RowChange, 'digest' | 'row'>

/** One transaction's worth. */
export type Changes = {
  readonly rows: readonly RowChange[]
  readonly packs: readonly PackRow[]
  readonly gonePacks: readonly PackRow[]
  readonly heads: readonly HeadRow[]
  readonly damage: readonly MarkChange[]
}

export function isSameRow(x: Row | undefined, y: Row | undefined): boolean {
  if (x === undefined || y === undefined) return x === y
  return x.data === y.data && x.a === y.a && x.b === y.b && x.bytes === y.bytes && x.kind === y.kind
}
