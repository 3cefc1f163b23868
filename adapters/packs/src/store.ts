import { statfs } from 'node:fs/promises'
import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Catalogue } from './catalogue/catalogue.ts'
import { isDamagedDatabase, isSqliteError } from './catalogue/catalogue-db.ts'
import type { Settled } from './catalogue/changes.ts'
import { asDiskFault } from './pack/disk-fault.ts'
import { byteOf, type Location, packOf, type SeriesName, seriesNames } from './pack/location.ts'
import type { PackFiles } from './pack/pack-files.ts'
import { type RecordHeader, readRecordHeader, recordHeaderBytes, type StoreId } from './pack/record.ts'
import { createWriter } from './pack/writer.ts'
import { createRebuilder } from './rebuilder.ts'
import type { AllSeries, Piece, Series } from './series.ts'
import { createSync } from './sync.ts'

/** What blocks, heads, compaction and scrubbing share. */
export type Store = {
  readonly catalogue: Catalogue
  readonly series: AllSeries
  readonly onFault: (fault: Fault) => void
  /** While a sweep is under way: digests that were put meanwhile, which it leaves alone. */
  guarded: Set<string> | undefined
  /** Throws when nothing may be written any more. */
  checkWritable(): void
  /** Runs what reads or changes the catalogue in one go; after an SQLite error, once more on a rebuilt one. */
  withCatalogue<T>(act: () => T): Promise<T>
  /** Appends to a series; the catalogue is the caller's to change. */
  append(series: SeriesName, piece: Piece): Location
  /** The payload as it is stored; `undefined` when it is cut short or gone. Throws the system's errors. */
  read(series: SeriesName, location: Location, bytes: number): Promise<Uint8Array | undefined>
  /** The payload as it is stored, into memory of its size; false when it is cut short or gone. Throws the system's errors. */
  readInto(series: SeriesName, location: Location, into: Uint8Array): Promise<boolean>
  header(series: SeriesName, location: Location): Promise<RecordHeader | undefined>
  /** Room on the disk. */
  freeBytes(): Promise<number>
  /** All that was appended is in the files. */
  written(): Promise<void>
  /** All that was appended is durable. */
  flush(): Promise<void>
  /** A catalogue that is wrong is made again from the packs, once in the store's life; false when that was done before. */
  rebuildOnce(): Promise<boolean>
  close(): Promise<void>
}

export type StoreOptions = {
  directory: string
  catalogue: Catalogue
  storeId: StoreId
  files: Readonly<Record<SeriesName, PackFiles>>
  /** Where each series goes on. */
  starts: Readonly<Record<SeriesName, Location>>
  packBytesMax: number
  writebackBytes: number
  onFault: (fault: Fault) => void
  /** Puts an empty database under the catalogue and fills it from the packs. */
  refill: () => Promise<void>
}

export function createStore(options: StoreOptions): Store {
  const { catalogue, storeId, onFault } = options
  const series: AllSeries = { data: openSeries('data'), a: openSeries('a'), b: openSeries('b') }
  const sync = createSync({ series: () => series, catalogue, writebackBytes: options.writebackBytes, commit })
  const rebuilder = createRebuilder({ settleFiles: sync.files, refill: options.refill, onFault })
  let closing: Promise<void> | undefined
  let isStuckTold = false

  function openSeries(name: SeriesName): Series {
    const writer = createWriter({
      files: options.files[name],
      storeId,
      start: options.starts[name],
      packBytesMax: options.packBytesMax,
      onWritten: (bytes) => sync.noteWritten(bytes),
      onLost: (from) => catalogue.forget(name, from),
    })
    return { files: options.files[name], writer }
  }

  /** The database is derived: where it cannot be written the rows wait, and a damaged one is rebuilt from the files. */
  function commit(settled: Settled): void {
    if (rebuilder.isRunning()) return
    try {
      catalogue.commit(settled)
      isStuckTold = false
    } catch (error) {
      if (!isSqliteError(error)) throw error
      if (isDamagedDatabase(error)) rebuilder.run().catch(() => {})
      else if (!isStuckTold) {
        isStuckTold = true
        onFault(asDiskFault(error, 'writing the index of the blocks'))
      }
    }
  }

  async function close(): Promise<void> {
    await sync.flush().catch(onFault)
    await rebuilder.stop(closedFault())
    catalogue.close()
    await Promise.all(seriesNames.map((name) => series[name].files.close()))
  }

  function checkWritable(): void {
    rebuilder.check()
    const fault = sync.failure()
    if (fault !== undefined) throw fault
  }

  return {
    catalogue,
    series,
    onFault,
    guarded: undefined,
    checkWritable,
    withCatalogue: rebuilder.guard,
    append: (name, piece) => series[name].writer.append(piece, piece.parts),
    async read(name, location, bytes) {
      const waiting = series[name].writer.waiting(location)
      if (waiting !== undefined) return concatBytes(...waiting)
      const at = byteOf(location) + recordHeaderBytes
      const payload = await series[name].files.read(packOf(location), at, bytes)
      return payload.length === bytes ? payload : undefined
    },
    async readInto(name, location, into) {
      const waiting = series[name].writer.waiting(location)
      if (waiting === undefined) {
        const at = byteOf(location) + recordHeaderBytes
        return (await series[name].files.readInto(packOf(location), at, into)) === into.length
      }
      into.set(concatBytes(...waiting))
      return true
    },
    async header(name, location) {
      const bytes = await series[name].files.read(packOf(location), byteOf(location), recordHeaderBytes)
      return readRecordHeader(bytes, 0, storeId)
    },
    async freeBytes() {
      const { bavail, bsize } = await statfs(options.directory)
      return bavail * bsize
    },
    async written() {
      await Promise.all(seriesNames.map((name) => series[name].writer.written()))
    },
    async flush() {
      checkWritable()
      await sync.flush()
    },
    rebuildOnce: rebuilder.runOnce,
    close() {
      closing ??= close()
      return closing
    },
  }
}

function closedFault(): Fault {
  return new Fault('unavailable.closed', 'The block store is closed. Open it again to use it.')
}
