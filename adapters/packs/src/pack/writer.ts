import { type Batch, type Batches, type BatchesOptions, createBatches } from './batches.ts'
import { asDiskFault, codeOf } from './disk-fault.ts'
import { byteOf, type Location, locate, packFileName, packOf } from './location.ts'
import type { PackFiles } from './pack-files.ts'

/** Appends records to a series. Places are given at once, in the order of calls; writing follows, gathered. */
export type Writer = Pick<Batches, 'append' | 'waiting' | 'rollOver'> & {
  /** Resolves when all that was appended so far is in the file; throws an `unavailable` fault when some of it is not. */
  written(): Promise<void>
  /** Every record before it is in a file. */
  writtenTo(): Location
  /** Packs written to since the last call, and how far. */
  takeTouched(): readonly WrittenPack[]
}

export type WrittenPack = { readonly pack: number; readonly bytes: number }

export type WriterOptions = Omit<BatchesOptions, 'series'> & {
  files: PackFiles
  /** After each write, with its size. */
  onWritten(bytes: number): void
}

/**
 * One write at a time, so that what is in the file is always a beginning of what was appended. After a write that
 * failed, the file is cut back to where it began and everything behind it is given up too: its places depended on it.
 */
export function createWriter({ files, onWritten, ...options }: WriterOptions): Writer {
  const batches = createBatches({ ...options, series: files.series })
  let writtenTo = options.start
  let isPumping = false
  let touched = new Map<number, number>()

  async function pump(): Promise<void> {
    for (let batch = batches.takeFirst(); batch !== undefined; batch = batches.takeFirst()) {
      try {
        await write(batch)
      } catch (error) {
        await giveUp(batch, error)
        continue
      }
      writtenTo = batch.from + batch.bytes
      touched.set(packOf(batch.from), byteOf(writtenTo))
      onWritten(batch.bytes)
      batches.finish(batch)
    }
    isPumping = false
  }

  async function write(batch: Batch): Promise<void> {
    const pack = packOf(batch.from)
    if (byteOf(batch.from) === 0) await files.create(pack)
    await files.write(pack, byteOf(batch.from), batch.parts)
  }

  async function giveUp(batch: Batch, error: unknown): Promise<void> {
    const pack = packOf(batch.from)
    const fault = asDiskFault(error, `writing ${packFileName(files.series, pack)}`, batch.bytes)
    batches.abandon(batch.from, fault, batch)
    try {
      await files.truncate(pack, byteOf(batch.from))
    } catch (failure) {
      // A pack whose end cannot be cut off is left as it is; a pack that was never made has no end.
      if (codeOf(failure) !== 'ENOENT') batches.abandon(locate(pack + 1, 0), fault)
    }
  }

  return {
    append(header, parts) {
      const location = batches.append(header, parts)
      if (!isPumping) {
        isPumping = true
        queueMicrotask(() => void pump())
      }
      return location
    },
    waiting: batches.waiting,
    rollOver: batches.rollOver,
    written: () => batches.last()?.done.promise ?? Promise.resolve(),
    writtenTo: () => writtenTo,
    takeTouched() {
      const packs = [...touched].map(([pack, bytes]) => ({ pack, bytes }))
      touched = new Map()
      return packs
    },
  }
}
