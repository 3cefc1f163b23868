import { equalBytes } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import { blockBytesMax } from '@anarq/qnt'
import type { PackFiles } from './pack-files.ts'
import {
  fileHeaderBytes,
  headKind,
  type RecordHeader,
  readRecordHeader,
  recordHeaderBytes,
  recordMagic,
  type StoreId,
  tombstoneKind,
} from './record.ts'

export type ScannedRecord = RecordHeader & {
  readonly at: number
  /** Read for heads, and for blocks whose payload was to be checked. */
  readonly payload: Uint8Array | undefined
}

export type ScanOptions = {
  files: PackFiles
  pack: number
  storeId: StoreId
  from: number
  to: number
  /** Payloads of blocks from here on are read and hashed; before it only their headers are looked at. */
  checkFrom: number
  onRecord(record: ScannedRecord): void
  /** A record whose payload is not what its digest names. */
  onDamaged(record: RecordHeader & { readonly at: number }): void
  /** Now and then, between records: a place to save and to stop. */
  pause(): Promise<void>
}

/** `end` is where the last whole record ends; `skippedBytes` were no records and lay before it. */
export type ScanResult = { readonly end: number; readonly skippedBytes: number }

const recordsBetweenPauses = 2048

/** Walks a pack from record to record. After a bad header it searches for the next good one. */
export async function scanPack(options: ScanOptions): Promise<ScanResult> {
  const { files, pack, storeId, to, checkFrom, onRecord, onDamaged, pause } = options
  const window = createWindow(files, pack, to)
  let at = Math.max(options.from, fileHeaderBytes)
  let end = Math.min(at, to)
  let skippedBytes = 0
  for (let count = 1; at + recordHeaderBytes <= to; count += 1) {
    if (count % recordsBetweenPauses === 0) await pause()
    const header = readRecordHeader(await window.at(at, recordHeaderBytes), 0, storeId)
    if (header === undefined || !isPlausible(header) || at + recordHeaderBytes + header.bytes > to) {
      at = await nextHeader(window, at + 1, to, storeId)
      continue
    }
    const isChecked = header.kind === headKind || (at >= checkFrom && header.bytes > 0)
    const payload = isChecked ? (await window.at(at + recordHeaderBytes, header.bytes)).slice() : undefined
    if (payload === undefined || equalBytes(hashBlake3(payload), header.digest))
      onRecord({ ...header, at, payload })
    else onDamaged({ ...header, at })
    skippedBytes += at - end
    at += recordHeaderBytes + header.bytes
    end = at
  }
  return { end, skippedBytes }
}

function isPlausible({ kind, bytes }: RecordHeader): boolean {
  return kind === tombstoneKind ? bytes === 0 : bytes <= blockBytesMax
}

/** Where the next whole header starts, or `to`. */
async function nextHeader(window: Window, from: number, to: number, storeId: StoreId): Promise<number> {
  const magic = Buffer.from(recordMagic)
  for (let at = from; at + recordHeaderBytes <= to; ) {
    const bytes = await window.at(at, Math.min(searchBytes, to - at))
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let hit = view.indexOf(magic); hit >= 0; hit = view.indexOf(magic, hit + 1)) {
      const candidate =
        hit + recordHeaderBytes <= bytes.length
          ? bytes.subarray(hit)
          : await window.at(at + hit, recordHeaderBytes)
      if (readRecordHeader(candidate, 0, storeId) !== undefined) return at + hit
    }
    if (bytes.length < recordMagic.length) return to
    at += bytes.length - (recordMagic.length - 1)
  }
  return to
}

const searchBytes = 1024 * 1024
const smallRead = 4 * 1024
const largeRead = 256 * 1024

type Window = { at(at: number, bytes: number): Promise<Uint8Array> }

/** A moving view of the file: reads far ahead among small records, and little among large ones. */
function createWindow(files: PackFiles, pack: number, to: number): Window {
  let bytes: Uint8Array = new Uint8Array(0)
  let from = 0
  return {
    async at(at, wanted) {
      const offset = at - from
      if (offset < 0 || offset + wanted > bytes.length) {
        const isNear = offset >= 0 && offset <= bytes.length + smallRead
        const ahead = Math.max(wanted, isNear ? largeRead : smallRead)
        bytes = await files.read(pack, at, Math.max(0, Math.min(ahead, to - at)))
        from = at
      }
      return bytes.subarray(at - from, at - from + wanted)
    },
  }
}
