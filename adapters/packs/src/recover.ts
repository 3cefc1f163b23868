import { Fault } from '@anarq/fault'
import { type Catalogue, everything } from './catalogue/catalogue.ts'
import type { PackRow } from './catalogue/rows.ts'
import { isFullDisk } from './pack/disk-fault.ts'
import {
  type Location,
  locate,
  nowhere,
  packFileName,
  type SeriesName,
  seriesNames,
} from './pack/location.ts'
import type { PackFiles } from './pack/pack-files.ts'
import {
  cborKind,
  fileHeaderBytes,
  headKind,
  type RecordHeader,
  rawKind,
  readFileHeader,
  readHead,
  type StoreId,
  tombstoneKind,
} from './pack/record.ts'
import { type ScannedRecord, scanPack } from './pack/scan.ts'

export type RecoverOptions = {
  readonly catalogue: Catalogue
  readonly files: Readonly<Record<SeriesName, PackFiles>>
  readonly storeId: StoreId
  readonly onFault: (fault: Fault) => void
  readonly signal: AbortSignal | undefined
  /** The database is empty: everything comes from the packs. */
  readonly isFromScratch: boolean
  /** A torn end of the last pack is cut off, so that the next record follows the last whole one. */
  readonly isCutting: boolean
}

/** Where each series goes on, and whether anything had to be read from the packs. */
export type Recovery = {
  readonly starts: Readonly<Record<SeriesName, Location>>
  readonly isChanged: boolean
}

/** In a rebuild, the end of the last pack may never have reached the disk: so much of it is hashed. */
const checkedTailBytes = 128 * 1024 * 1024

/**
 * Brings the catalogue up to what is in the packs. `undefined` when it knows of things that are not there: it is
 * then to be made from scratch.
 */
export async function recover(options: RecoverOptions): Promise<Recovery | undefined> {
  const { catalogue, files } = options
  for (const row of catalogue.packs().filter(({ isLeaving }) => isLeaving)) {
    await files[row.series].remove(row.pack)
    catalogue.takePack(row)
  }
  const starts = { data: locate(1, 0), a: locate(1, 0), b: locate(1, 0) }
  let isChanged = false
  for (const series of seriesNames) {
    const listed = await files[series].list()
    const known = catalogue.packs().filter((row) => row.series === series)
    const isThere = (row: PackRow): boolean =>
      listed.some(({ pack, bytes }) => pack === row.pack && bytes >= row.indexed)
    if (!known.every(isThere)) return undefined
    for (const [at, { pack, bytes }] of listed.entries()) {
      const from = known.find((row) => row.pack === pack)?.indexed ?? 0
      const isLast = at === listed.length - 1
      const end = from < bytes ? await recoverPack({ series, pack, from, to: bytes, isLast }, options) : bytes
      if (from < bytes) isChanged = true
      if (isLast) starts[series] = locate(pack, end)
    }
  }
  commitFound(catalogue)
  return { starts, isChanged }
}

/** On a full disk the rows wait in memory, as later ones do: what is in the packs can be read all the same. */
function commitFound(catalogue: Catalogue): void {
  try {
    catalogue.commit(everything)
  } catch (error) {
    if (!isFullDisk(error)) throw error
  }
}

type Tail = { series: SeriesName; pack: number; from: number; to: number; isLast: boolean }

/** Returns where the pack ends now. */
async function recoverPack(
  { series, pack, from, to, isLast }: Tail,
  options: RecoverOptions,
): Promise<number> {
  const files = options.files[series]
  await files.sync(pack)
  const lastChecked = isLast ? Math.max(0, to - checkedTailBytes) : to
  const checkFrom = options.isFromScratch ? lastChecked : from
  const isStillborn = to < fileHeaderBytes
  const end = isStillborn ? 0 : await indexSpan({ files, pack, from, to, checkFrom }, options)
  const isCut = isLast && options.isCutting && end < to
  if (isCut) {
    await files.truncate(pack, end)
    await files.sync(pack)
  }
  options.catalogue.setPack({ series, pack, indexed: isCut ? end : to, isLeaving: false })
  return isCut ? end : to
}

/** A stretch of a pack to be brought into the catalogue. */
type Span = {
  readonly files: PackFiles
  readonly pack: number
  readonly from: number
  readonly to: number
  /** Payloads from here on are hashed: what was never flushed may be of the right length and wrong. */
  readonly checkFrom: number
}

const rowsBetweenCommits = 8192

/** Reads the records of the span into the catalogue, and returns where the last whole one ends. */
async function indexSpan(span: Span, options: RecoverOptions): Promise<number> {
  const { files, pack } = span
  const { catalogue, onFault, signal } = options
  const { series } = files
  const file = packFileName(series, pack)
  const { end, skippedBytes } = await scanPack({
    ...span,
    storeId: (await storeIdIn(files, pack)) ?? options.storeId,
    onRecord: (record) => note(catalogue, series, record, locate(pack, record.at)),
    onDamaged: (record) => onFault(damagedRecord(file, record)),
    async pause() {
      signal?.throwIfAborted()
      if (catalogue.pendingRows() >= rowsBetweenCommits) commitFound(catalogue)
    },
  })
  if (skippedBytes > 0) onFault(skippedPart(file, skippedBytes))
  return end
}

/** The id in the pack's own header; `undefined` where that is damaged. */
async function storeIdIn(files: PackFiles, pack: number): Promise<StoreId | undefined> {
  return readFileHeader(await files.read(pack, 0, fileHeaderBytes))
}

function note(catalogue: Catalogue, series: SeriesName, record: ScannedRecord, location: Location): void {
  switch (record.kind) {
    case rawKind:
    case cborKind:
      noteBlock(catalogue, series, record, location)
      return
    case tombstoneKind:
      noteTombstone(catalogue, series, record.digest, location)
      return
    case headKind: {
      const head = record.payload === undefined ? undefined : readHead(record.payload, record.digest)
      if (head === undefined || series === 'data') return
      const { feed, cid, sequence } = head
      catalogue.heads.add(feed, { cid, sequence, a: nowhere, b: nowhere, [series]: location })
      return
    }
    default: // A kind of a later version: its length was enough to step over it.
  }
}

function noteBlock(catalogue: Catalogue, series: SeriesName, record: RecordHeader, location: Location): void {
  const { digest, kind, bytes } = record
  const found = catalogue.find(digest)
  if (found === undefined) {
    catalogue.set(digest, { kind, bytes, data: nowhere, a: nowhere, b: nowhere, [series]: location }, found)
  } else if (found[series] < location && found.bytes === bytes) {
    catalogue.set(digest, { ...found, [series]: location }, found)
  }
}

function noteTombstone(
  catalogue: Catalogue,
  series: SeriesName,
  digest: Uint8Array,
  location: Location,
): void {
  const found = catalogue.find(digest)
  if (found === undefined || found[series] === nowhere || found[series] > location) return
  const row = { ...found, [series]: nowhere }
  const isGone = row.data === nowhere && row.a === nowhere && row.b === nowhere
  catalogue.set(digest, isGone ? undefined : row, found)
}

/** The id that the packs carry, from the first header that is whole. */
export async function findStoreId(
  files: Readonly<Record<SeriesName, PackFiles>>,
): Promise<StoreId | undefined> {
  for (const series of seriesNames) {
    for (const { pack } of await files[series].list()) {
      const storeId = await storeIdIn(files[series], pack)
      if (storeId !== undefined) return storeId
    }
  }
  return undefined
}

function damagedRecord(file: string, { at, bytes }: RecordHeader & { readonly at: number }): Fault {
  return new Fault(
    'damaged.block',
    `A block in ${file} is not what was stored, or was being written when the machine stopped. It was left out.`,
    { data: { file, at, bytes } },
  )
}

function skippedPart(file: string, bytes: number): Fault {
  return new Fault(
    'damaged.pack',
    `${bytes} bytes in ${file} could not be read as blocks and were stepped over. What is kept twice is repaired from its other copy.`,
    { data: { file, bytes } },
  )
}
