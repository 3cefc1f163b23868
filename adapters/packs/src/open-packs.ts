import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import type { Heads } from '@anarq/qindex'
import { type Random, systemRandom } from '@anarq/random'
import { createBlocks, type PackBlocks } from './blocks.ts'
import { type Catalogue, createCatalogue } from './catalogue/catalogue.ts'
import { closeQuietly, createCatalogueDb, openCatalogueDb } from './catalogue/catalogue-db.ts'
import { isSameRow } from './catalogue/rows.ts'
import { type CompactProgress, type CompactResult, compact } from './compact.ts'
import { createHeads } from './heads.ts'
import { completeCopies } from './heal.ts'
import { asDiskFault } from './pack/disk-fault.ts'
import { type SeriesName, seriesNames } from './pack/location.ts'
import { createPackFiles, type PackFiles } from './pack/pack-files.ts'
import { createStoreId, type StoreId, storeIdBytes } from './pack/record.ts'
import { findStoreId, type Recovery, recover } from './recover.ts'
import { type ScrubStep, scrub } from './scrub.ts'
import { createStore, type Store } from './store.ts'

export type PackLimits = {
  /** A pack that would grow past this is followed by the next one. */
  readonly packBytesMax?: number
  /** After so many bytes the disk starts to work without being asked, so that a flush is short. */
  readonly writebackBytes?: number
}

export type PackOptions = {
  readonly directory: string
  /** Damage that was found, and what was done about it. */
  readonly onFault: (fault: Fault) => void
  readonly limits?: PackLimits
  readonly random?: Random
  readonly signal?: AbortSignal
}

export type PackStats = {
  readonly blocks: number
  /** Records of blocks that are in use, second copies included. */
  readonly liveBytes: number
  /** What the pack files take on the disk. */
  readonly fileBytes: number
  /** Of that: what makes files findable and openable, its second copies included. */
  readonly metaBytes: number
  readonly packs: number
  /** Blocks that were found damaged in every copy, and not put again since. */
  readonly damaged: number
}

export type Packs = {
  readonly blocks: PackBlocks
  readonly heads: Heads
  stats(): Promise<PackStats>
  /** From here until the end of the next `compact`, every block that is put counts as live. Call it before finding out what is live. */
  beginSweep(): void
  /** Deletes the blocks that are not live and gives back the space of packs that are mostly dead. `busy.compact` when one runs. */
  compact(
    isLive: (digest: Uint8Array) => boolean,
    signal?: AbortSignal,
    onProgress?: (progress: CompactProgress) => void,
  ): Promise<CompactResult>
  /** Reads every copy of every block and head, repairs what it can, and yields after each step. */
  scrub(signal?: AbortSignal): AsyncIterable<ScrubStep>
  close(): Promise<void>
}

const defaultLimits: Required<PackLimits> = { packBytesMax: 2 ** 30, writebackBytes: 64 * 1024 * 1024 }

/** Opens the store in the folder, making it where there is none. The caller sees to it that nobody else has it open. */
export async function openPacks(options: PackOptions): Promise<Packs> {
  try {
    await mkdir(options.directory, { recursive: true })
    return faceOf(await openStore(options))
  } catch (error) {
    options.signal?.throwIfAborted()
    throw asDiskFault(error, 'opening the block store')
  }
}

async function openStore(options: PackOptions): Promise<Store> {
  const { directory, onFault, signal } = options
  const limits = { ...defaultLimits, ...options.limits }
  const files = openFiles(directory)
  const path = join(directory, 'blocks.db')
  const { catalogue, storeId, isFresh } = await openCatalogue(path, files, options)
  const context = { catalogue, files, storeId, onFault, signal }
  const refill = async (isCutting: boolean): Promise<Recovery> => {
    catalogue.replace(createCatalogueDb(path, storeId.bytes))
    const recovery = await recover({ ...context, isFromScratch: true, isCutting })
    if (recovery === undefined) throw new Error('an empty index knew of packs')
    return recovery
  }
  let recovery = await recover({ ...context, isFromScratch: isFresh, isCutting: true })
  if (recovery === undefined) {
    onFault(rebuiltIndex())
    recovery = await refill(true)
  } else if (isFresh && recovery.isChanged) {
    onFault(rebuiltIndex())
  }
  const store = createStore({
    ...limits,
    directory,
    catalogue,
    storeId,
    files,
    starts: recovery.starts,
    onFault,
    refill: async () => void (await refill(false)),
  })
  if (recovery.isChanged) await completeWhereThereIsRoom(store, signal)
  return store
}

/** A second copy that finds no room is made at a later start, or by whoever reads the first one. */
async function completeWhereThereIsRoom(store: Store, signal: AbortSignal | undefined): Promise<void> {
  try {
    await completeCopies(store, signal)
  } catch (error) {
    if (!hasCode(error, 'unavailable.full')) throw error
    store.onFault(error)
  }
}

function openFiles(directory: string): Readonly<Record<SeriesName, PackFiles>> {
  const open = (series: SeriesName): PackFiles => createPackFiles({ directory, series })
  return { data: open('data'), a: open('a'), b: open('b') }
}

type OpenCatalogue = { catalogue: Catalogue; storeId: StoreId; isFresh: boolean }

/** The database where it can be trusted and belongs to these packs, else an empty one. */
async function openCatalogue(
  path: string,
  files: Readonly<Record<SeriesName, PackFiles>>,
  { random = systemRandom, signal }: PackOptions,
): Promise<OpenCatalogue> {
  const inPacks = await findStoreId(files)
  const db = await openCatalogueDb(path, signal)
  if (db !== undefined && (inPacks === undefined || equalBytes(inPacks.bytes, db.storeId))) {
    return { catalogue: createCatalogue(db), storeId: createStoreId(db.storeId), isFresh: false }
  }
  closeQuietly(db)
  const storeId = inPacks ?? createStoreId(random.bytes(storeIdBytes))
  const fresh = createCatalogueDb(path, storeId.bytes)
  return { catalogue: createCatalogue(fresh), storeId, isFresh: true }
}

function faceOf(store: Store): Packs {
  let isCompacting = false
  return {
    blocks: createBlocks(store),
    heads: createHeads(store),
    async stats() {
      const { totals, damaged } = await store.withCatalogue(() => ({
        totals: store.catalogue.totals(),
        damaged: damagedNow(store),
      }))
      const lists = await Promise.all(seriesNames.map((name) => store.series[name].files.list()))
      const sizes = lists.map((packs) => packs.reduce((sum, { bytes }) => sum + bytes, 0))
      const [dataBytes = 0, ...copies] = sizes
      const metaBytes = copies.reduce((sum, bytes) => sum + bytes, 0)
      return {
        ...totals,
        fileBytes: dataBytes + metaBytes,
        metaBytes,
        packs: lists.flat().length,
        damaged,
      }
    },
    beginSweep() {
      store.guarded ??= new Set()
    },
    async compact(isLive, signal, onProgress = () => {}) {
      if (isCompacting)
        throw new Fault('busy.compact', 'The block store is being tidied already. Wait for it to end.')
      isCompacting = true
      store.guarded ??= new Set()
      try {
        return await compact(store, { isLive, signal, onProgress })
      } finally {
        store.guarded = undefined
        isCompacting = false
      }
    },
    scrub: (signal) => scrub(store, signal),
    close: () => store.close(),
  }
}

function damagedNow({ catalogue }: Store): number {
  let count = 0
  for (const { digest, row } of catalogue.damage.all()) if (isSameRow(catalogue.find(digest), row)) count += 1
  return count
}

function rebuiltIndex(): Fault {
  return new Fault(
    'damaged.index',
    'The index of the blocks was missing or damaged. It was rebuilt from the packs.',
  )
}
