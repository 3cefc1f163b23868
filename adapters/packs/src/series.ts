import type { SeriesName } from './pack/location.ts'
import type { PackFiles } from './pack/pack-files.ts'
import type { Writer } from './pack/writer.ts'

export type Series = { readonly files: PackFiles; readonly writer: Writer }
export type AllSeries = Readonly<Record<SeriesName, Series>>

/** What becomes a record: `kind` is the record's, the payload comes in parts. */
export type Piece = {
  readonly kind: number
  readonly digest: Uint8Array
  readonly bytes: number
  readonly parts: readonly Uint8Array[]
}
