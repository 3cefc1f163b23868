import { formatBytes } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { cidKey } from '@anarq/ipld'
import type { DigestRow, PackRow } from './catalogue/rows.ts'
import { readCopy } from './copies.ts'
import { cutTails } from './cut-tails.ts'
import { headPiece } from './heads.ts'
import { eachPage, type LivePacks, livePacks, nameOf, placesOf } from './live-packs.ts'
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

type Victim = {
  readonly series: SeriesName
  readonly pack: number
  readonly bytes: number
  readonly liveBytes: number
}
type Move = DigestRow & { readonly series: SeriesName; readonly location: Location }

const rowsBetweenProgress = 1000
const movesAtOnce = 50_000
const copyBytesAtOnce = 16 * 1024 * 1024
/** Below it a pack is not worth the work. */
const deadBytesMin = 4096
/** Beside what is copied, for headers and the database. */
const spareBytes = 128 * 1024

/**
 * Deletes what is not live, cuts dead ends off, copies the rest of mostly dead packs to the end of their series, and removes those
 * packs: first those in which nothing lives, then those with least, as many at a time as the disk has room for. At every moment a
 * crash leaves either both copies of a block or the new one: an old pack goes only after everything alive in it is durable
 * elsewhere and known to be. `unavailable.full`, with the room that it takes, where nothing could be freed.
 */
export async function compact(store: Store, options: CompactOptions): Promise<CompactResult> {
  const { deletedBlocks, live } = await sweep(store, options)
  await store.flush()
  const done = { copiedBytes: 0, freedBytes: await cutTails(store, live, options.signal), removedPacks: 0 }
  let rest = await chooseVictims(store, live)
  while (rest.length > 0) {
    const group = rest.slice(0, countThatFits(rest, await store.freeBytes()))
    try {
      if (group.length === 0) throw lacksRoom(rest)
      await empty(store, group, options, done)
    } catch (error) {
      if (!hasCode(error, 'unavailable.full')) throw error
      const fault = group.length === 0 ? error : lacksRoom(rest)
      if (done.freedBytes <= 0) throw fault
      store.onFault(fault)
      break
    }
    rest = rest.slice(group.length)
  }
  return { deletedBlocks, ...done, freedBytes: Math.max(0, done.freedBytes) }
}

type Done = { copiedBytes: number; freedBytes: number; removedPacks: number }

/** Copies what lives in these packs, and removes them. */
async function empty(
  store: Store,
  victims: readonly Victim[],
  options: CompactOptions,
  done: Done,
): Promise<void> {
  const { copiedBytes, stuck } = await evacuate(store, victims, options)
  await store.flush()
  done.copiedBytes += copiedBytes
  done.freedBytes -= copiedBytes
  for (const victim of victims) {
    if (stuck.has(nameOf(victim.series, victim.pack))) continue
    options.signal?.throwIfAborted()
    await removePack(store, victim)
    done.freedBytes += victim.bytes
    done.removedPacks += 1
    options.onProgress({ stage: 'remove', done: done.removedPacks })
  }
}

function countThatFits(victims: readonly Victim[], freeBytes: number): number {
  let bytes = 0
  let count = 0
  for (const { liveBytes } of victims) {
    bytes += liveBytes
    if (bytes > 0 && bytes + spareBytes > freeBytes) break
    count += 1
  }
  return count
}

type Swept = { readonly deletedBlocks: number; readonly live: LivePacks }

/** Takes dead blocks out of the catalogue. They need no tombstones: should a rebuild find them, the next sweep takes them again. */
async function sweep(store: Store, { isLive, signal, onProgress }: CompactOptions): Promise<Swept> {
  let deletedBlocks = 0
  let done = 0
  const live = await livePacks(store, signal, ({ digest, row }) => {
    done += 1
    if (done % rowsBetweenProgress === 0) onProgress({ stage: 'sweep', done })
    if (isLive(digest) || store.guarded?.has(cidKey(digest)) === true) return true
    store.catalogue.set(digest, undefined, row)
    store.catalogue.damage.delete(digest)
    deletedBlocks += 1
    return false
  })
  onProgress({ stage: 'sweep', done })
  return { deletedBlocks, live }
}

/** Packs of which at least half is dead, those first that cost the least. One that is being written is closed first. */
async function chooseVictims(store: Store, live: LivePacks): Promise<readonly Victim[]> {
  const victims: Victim[] = []
  for (const series of seriesNames) {
    const { files, writer } = store.series[series]
    for (const { pack, bytes } of await files.list()) {
      const liveBytes = live.get(nameOf(series, pack))?.bytes ?? 0
      const deadBytes = bytes - liveBytes
      if (deadBytes < deadBytesMin || deadBytes * 2 < bytes) continue
      if (pack === packOf(writer.writtenTo())) writer.rollOver()
      victims.push({ series, pack, bytes, liveBytes })
    }
  }
  return victims.sort((x, y) => x.liveBytes - y.liveBytes)
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

/** Of the least of them. */
function lacksRoom([victim]: readonly Victim[]): Fault {
  const needBytes = (victim?.liveBytes ?? 0) + spareBytes
  return new Fault(
    'unavailable.full',
    `The disk is full: to tidy up, what is in use must be copied first, and that takes ${formatBytes(needBytes)}. Nothing is lost; free so much on this disk and try again.`,
    { data: { needBytes } },
  )
}

function damagedMove(series: SeriesName, location: Location): Fault {
  const file = packFileName(series, packOf(location))
  return new Fault(
    'damaged.block',
    `A stored block in ${file} is damaged. It was kept as it is; restore it from another device or a backup.`,
    { data: { file } },
  )
}
