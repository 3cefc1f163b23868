import type { Fault } from '@anarq/fault'
import { byteOf, type Location, locate, packOf, type SeriesName } from './location.ts'
import {
  encodeFileHeader,
  type RecordHeader,
  recordHeaderBytes,
  type StoreId,
  writeRecordHeader,
} from './record.ts'
import { createStage } from './stage.ts'

/** Neighbouring records of one pack, to be written in one go. */
export type Batch = {
  readonly from: Location
  bytes: number
  readonly parts: Uint8Array[]
  /** Memory that parts of it lie in. */
  readonly stages: Buffer[]
  readonly locations: Location[]
  readonly done: PromiseWithResolvers<void>
}

/** Records that have their place and wait to be written. */
export type Batches = {
  append(header: RecordHeader, parts: readonly Uint8Array[]): Location
  /** The payload of a record that waits. */
  waiting(location: Location): readonly Uint8Array[] | undefined
  /** The oldest batch, closed to further records. */
  takeFirst(): Batch | undefined
  /** It is in the file. */
  finish(batch: Batch): void
  last(): Batch | undefined
  /** Gives up all that waits, oldest first, and goes on from `restart`. */
  abandon(restart: Location, fault: Fault, alsoLost?: Batch): void
  rollOver(): void
}

export type BatchesOptions = {
  series: SeriesName
  storeId: StoreId
  /** Where the next record goes; byte 0 is a pack still to be made. */
  start: Location
  packBytesMax: number
  onLost(from: Location): void
}

/** Payloads up to here are copied together, so that a small block costs no system call argument of its own. */
const copiedBytesMax = 16 * 1024
const batchBytesMax = 8 * 1024 * 1024
const batchPartsMax = 1000

export function createBatches({ series, storeId, start, packBytesMax, onLost }: BatchesOptions): Batches {
  const payloads = new Map<Location, readonly Uint8Array[]>()
  const stage = createStage()
  let open: Batch[] = []
  let current: Batch | undefined
  let next = start

  function batchFor(size: number): Batch {
    const last = open.at(-1)
    if (last !== undefined && hasRoom(last, size, next)) return last
    const batch: Batch = {
      from: next,
      bytes: 0,
      parts: [],
      stages: [],
      locations: [],
      done: Promise.withResolvers(),
    }
    batch.done.promise.catch(() => {})
    stage.cut()
    if (byteOf(next) === 0) {
      const header = encodeFileHeader(series, storeId)
      batch.parts.push(header)
      batch.bytes = header.length
      next += header.length
    }
    open.push(batch)
    return batch
  }

  return {
    append(header, parts) {
      const size = recordHeaderBytes + header.bytes
      if (byteOf(next) > 0 && byteOf(next) + size > packBytesMax) next = locate(packOf(next) + 1, 0)
      const batch = batchFor(size)
      const location = next
      const isCopied = header.bytes <= copiedBytesMax
      const staged = stage.take(recordHeaderBytes + (isCopied ? header.bytes : 0), batch)
      writeRecordHeader(staged, 0, header, storeId)
      if (isCopied) copyInto(staged, recordHeaderBytes, parts)
      else batch.parts.push(...parts)
      payloads.set(location, isCopied ? [staged.subarray(recordHeaderBytes)] : parts)
      batch.locations.push(location)
      batch.bytes += size
      next += size
      return location
    },
    waiting: (location) => payloads.get(location),
    takeFirst() {
      current = open.shift()
      if (open.length === 0) stage.cut()
      return current
    },
    finish(batch) {
      current = undefined
      for (const location of batch.locations) payloads.delete(location)
      stage.giveBack(batch)
      batch.done.resolve()
    },
    last: () => open.at(-1) ?? current,
    abandon(restart, fault, alsoLost) {
      const lost = alsoLost === undefined ? open : [alsoLost, ...open]
      open = []
      current = undefined
      next = restart
      stage.cut()
      for (const batch of lost) for (const location of batch.locations) payloads.delete(location)
      if (lost[0] !== undefined) onLost(lost[0].from)
      for (const batch of lost) batch.done.reject(fault)
    },
    rollOver() {
      if (byteOf(next) > 0) next = locate(packOf(next) + 1, 0)
    },
  }
}

function hasRoom(batch: Batch, size: number, next: Location): boolean {
  return (
    batch.from + batch.bytes === next &&
    batch.bytes + size <= batchBytesMax &&
    batch.parts.length < batchPartsMax
  )
}

function copyInto(target: Uint8Array, at: number, parts: readonly Uint8Array[]): void {
  let offset = at
  for (const part of parts) {
    target.set(part, offset)
    offset += part.length
  }
}
