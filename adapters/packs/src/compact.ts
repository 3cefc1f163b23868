import { Fault } from '@anarq/fault'
import { cidKey } from '@anarq/ipld'
import type { DigestRow, PackRow, Row } from './catalogue/rows.ts'
import { readCopy } from './copies.ts'
import { headPiece } from './heads.ts'
import {
  type Location,
  nowhere,
  packFileName,
  packOf,
  type SeriesName,
  seriesNames,
} from './pack/location.ts'
import { recordHeaderBytes } from './pack/record.ts'
import type { Store } from './store.ts'

export type CompactProgress = {
  readonly stage: 'sweep' | 'copy' | 'remove'
  /** Blocks looked at, blocks copied, packs removed. */
  readonly done: number
}

export type CompactResult = {
  readonly deletedBlocks: number
  readonly copiedBytes: number
  readonly freedBytes: number
  readonly removedPacks: number
}

export type CompactOptions = {
  readonly isLive: (digest: Uint8Array) => boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: CompactProgress) => void
}

type Victim = { readonly series: SeriesName; readonly pack: number; readonly bytes: number }
type Move = DigestRow & { readonly series: SeriesName; readonly location: Location }

const rowsAtOnce = 1000
const movesAtOnce = 50_000
const copyBytesAtOnce = 16 * 1024 * 1024
/** Below it a pack is not worth the work. */
const deadBytesMin = 4096

/**
 * Deletes what is not live, copies the rest of mostly dead packs to the end of their series, and removes those
 * packs. At every moment a crash leaves either both copies of a block or the new one: an old pack goes only after
 * everything alive in it is durable elsewhere and known to be.
 */
export async function compact(store: Store, options: CompactOptions): Promise<CompactResult> {
  const { deletedBlocks, liveBytes } = await sweep(store, options)
  await store.flush()
  const victims = await chooseVictims(store, liveBytes)
  const { copiedBytes, stuck } = await evacuate(store, victims, options)
  await store.flush()
  let freedBytes = -copiedBytes
  let removedPacks = 0
  for (const victim of victims) {
    if (stuck.has(nameOf(victim.series, victim.pack))) continue
    options.signal?.throwIfAborted()
    await removePack(store, victim)
    freedBytes += victim.bytes
    removedPacks += 1
    options.onProgress({ stage: 'remove', done: removedPacks })
  }
  return { deletedBlocks, copiedBytes, freedBytes: Math.max(0, freedBytes), removedPacks }
}

type Swept = { readonly deletedBlocks: number; readonly liveBytes: ReadonlyMap<string, number> }

/** Takes dead blocks out of the catalogue. They need no tombstones: should a rebuild find them, the next sweep takes them again. */
async function sweep(store: Store, { isLive, signal, onProgress }: CompactOptions): Promise<Swept> {
  const liveBytes = new Map<string, number>()
  let deletedBlocks = 0
  let done = 0
  const judge = ({ digest, row }: DigestRow): void => {
    done += 1
    if (isLive(digest) || store.guarded?.has(cidKey(digest))) {
      countLive(liveBytes, row)
      return
    }
    store.catalogue.set(digest, undefined, row)
    store.catalogue.damage.delete(digest)
    deletedBlocks += 1
  }
  await eachPage(store, signal, (rows) => {
    for (const row of rows) judge(row)
    onProgress({ stage: 'sweep', done })
  })
  return { deletedBlocks, liveBytes }
}

/** All rows, a page at a time: `act` within one go of the catalogue, `between` outside of it. */
async function eachPage(
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

function countLive(liveBytes: Map<string, number>, row: Row): void {
  for (const series of placesOf(row)) {
    const name = nameOf(series, packOf(row[series]))
    liveBytes.set(name, (liveBytes.get(name) ?? 0) + row.bytes + recordHeaderBytes)
  }
}

/** Where the block is needed: a data record beside meta records is not. */
function placesOf(row: Row): readonly SeriesName[] {
  const isMeta = row.a !== nowhere || row.b !== nowhere
  return seriesNames.filter((series) => row[series] !== nowhere && !(isMeta && series === 'data'))
}

/** Packs of which at least half is dead. One that is being written is closed first. */
async function chooseVictims(
  store: Store,
  liveBytes: ReadonlyMap<string, number>,
): Promise<readonly Victim[]> {
  const victims: Victim[] = []
  for (const series of seriesNames) {
    const { files, writer } = store.series[series]
    for (const { pack, bytes } of await files.list()) {
      const deadBytes = bytes - (liveBytes.get(nameOf(series, pack)) ?? 0)
      if (deadBytes < deadBytesMin || deadBytes * 2 < bytes) continue
      if (pack === packOf(writer.writtenTo())) writer.rollOver()
      victims.push({ series, pack, bytes })
    }
  }
  return victims
}

type Evacuated = { readonly copiedBytes: number; readonly stuck: ReadonlySet<string> }

/** Copies everything alive in the victims. `stuck` packs hold something that could not be read at all. */
async function evacuate(
  store: Store,
  victims: readonly Victim[],
  options: CompactOptions,
): Promise<Evacuated> {
  const { signal, onProgress } = options
  const names = new Set(victims.map(({ series, pack }) => nameOf(series, pack)))
  const stuck = new Set<string>()
  let copiedBytes = 0
  let done = 0
  let moves: Move[] = []
  if (names.size === 0) return { copiedBytes, stuck }

  async function copyCollected(): Promise<void> {
    let unwrittenBytes = 0
    for (const move of moves.sort((x, y) => x.location - y.location)) {
      signal?.throwIfAborted()
      if (!(await copyBlock(store, move))) stuck.add(nameOf(move.series, packOf(move.location)))
      copiedBytes += move.row.bytes + recordHeaderBytes
      unwrittenBytes += move.row.bytes
      done += 1
      if (unwrittenBytes < copyBytesAtOnce) continue
      await store.written()
      unwrittenBytes = 0
    }
    moves = []
    onProgress({ stage: 'copy', done })
  }

  await eachPage(
    store,
    signal,
    (rows) => {
      for (const row of rows) moves.push(...movesOf(store, row, names))
    },
    async () => {
      if (moves.length >= movesAtOnce) await copyCollected()
    },
  )
  await copyCollected()
  await store.withCatalogue(() => copyHeads(store, names))
  return { copiedBytes, stuck }
}

/** What of a row lies in a victim. A data record that is not needed is forgotten instead. */
function movesOf(store: Store, { digest, row }: DigestRow, victims: ReadonlySet<string>): readonly Move[] {
  const needed = placesOf(row)
  const isIn = (series: SeriesName): boolean =>
    row[series] !== nowhere && victims.has(nameOf(series, packOf(row[series])))
  if (isIn('data') && !needed.includes('data')) store.catalogue.set(digest, { ...row, data: nowhere }, row)
  return needed.filter(isIn).map((series) => ({ digest, row, series, location: row[series] }))
}

/** False when the record cannot be read. One that does not verify is moved as it is: it may be mended from elsewhere. */
async function copyBlock(store: Store, { digest, row, series, location }: Move): Promise<boolean> {
  const others = placesOf(row).filter((other) => other !== series)
  let bytes = await readCopy(store, digest, series, location, row.bytes)
  for (const other of others) bytes ??= await readCopy(store, digest, other, row[other], row.bytes)
  const isDamaged = bytes === undefined
  if (bytes === undefined) {
    store.onFault(damagedMove(series, location))
    bytes = await store.read(series, location, row.bytes).catch(() => undefined)
  }
  if (bytes === undefined) return false
  const piece = { kind: row.kind, digest, bytes: row.bytes, parts: [bytes] }
  await store.withCatalogue(() => {
    const found = store.catalogue.find(digest)
    if (found === undefined || found[series] !== location) return
    const moved = { ...found, [series]: store.append(series, piece) }
    store.catalogue.set(digest, moved, found)
    if (isDamaged) store.catalogue.damage.add(digest, moved)
  })
  return true
}

/** Inside `withCatalogue`. */
function copyHeads(store: Store, victims: ReadonlySet<string>): void {
  const { heads } = store.catalogue
  for (const feed of heads.feeds()) {
    for (const entry of heads.of(feed)) {
      for (const series of ['a', 'b'] as const) {
        if (!victims.has(nameOf(series, packOf(entry[series])))) continue
        heads.add(feed, { ...entry, [series]: store.append(series, headPiece(feed, entry)) })
      }
    }
  }
}

/** The database says first that the pack is leaving: a crash in between only unlinks it later. */
async function removePack(store: Store, { series, pack, bytes }: Victim): Promise<void> {
  const row: PackRow = { series, pack, indexed: bytes, isLeaving: true }
  await store.withCatalogue(() => store.catalogue.setPack(row))
  await store.flush()
  await store.series[series].files.remove(pack)
  await store.withCatalogue(() => store.catalogue.takePack(row))
  await store.flush()
}

function nameOf(series: SeriesName, pack: number): string {
  return `${series}:${pack}`
}

function damagedMove(series: SeriesName, location: Location): Fault {
  const file = packFileName(series, packOf(location))
  return new Fault(
    'damaged.block',
    `A stored block in ${file} is damaged. It was kept as it is; restore it from another device or a backup.`,
    { data: { file } },
  )
}
