import { concatBytes } from '@anarq/bytes'

/**
 * The headers of a package, field by field (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16). Whatever a ZIP file
 * may say besides names, methods, checksums, sizes and offsets has one fixed value here, so that the same entries are
 * always the same bytes, and no byte of them can be another.
 */
export type LaidEntry = {
  /** UTF-8. */
  readonly name: Uint8Array
  /** 0 as it is, 8 deflated. */
  readonly method: number
  readonly crc32: number
  readonly bytes: number
  readonly packedBytes: number
  /** Of its local header. */
  readonly offset: number
}

export const localHeaderBytes = 30
const centralHeaderBytes = 46
export const endRecordBytes = 22

/** 2.0: deflate; made by no system in particular. */
const version = 20
/** Bit 11: names are UTF-8. */
const flags = 0x0800
/** Midnight of 1980-01-01, the first time that a ZIP file can say. */
const dosTime = 0
const dosDate = 0x0021

export function localHeader(entry: LaidEntry): Uint8Array {
  const view = new DataView(new ArrayBuffer(localHeaderBytes))
  view.setUint32(0, 0x04034b50, true)
  writeCommon(view, 4, entry)
  return concatBytes(new Uint8Array(view.buffer), entry.name)
}

export function centralHeader(entry: LaidEntry): Uint8Array {
  const view = new DataView(new ArrayBuffer(centralHeaderBytes))
  view.setUint32(0, 0x02014b50, true)
  view.setUint16(4, version, true)
  writeCommon(view, 6, entry)
  // Comment, disk, internal and external attributes stay 0.
  view.setUint32(42, entry.offset, true)
  return concatBytes(new Uint8Array(view.buffer), entry.name)
}

export function endRecord(entries: number, directoryBytes: number, directoryOffset: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(endRecordBytes))
  view.setUint32(0, 0x06054b50, true)
  view.setUint16(8, entries, true)
  view.setUint16(10, entries, true)
  view.setUint32(12, directoryBytes, true)
  view.setUint32(16, directoryOffset, true)
  return new Uint8Array(view.buffer)
}

/** The 24 bytes that both headers have, and the length of no extra field. */
function writeCommon(view: DataView, at: number, entry: LaidEntry): void {
  view.setUint16(at, version, true)
  view.setUint16(at + 2, flags, true)
  view.setUint16(at + 4, entry.method, true)
  view.setUint16(at + 6, dosTime, true)
  view.setUint16(at + 8, dosDate, true)
  view.setUint32(at + 10, entry.crc32, true)
  view.setUint32(at + 14, entry.packedBytes, true)
  view.setUint32(at + 18, entry.bytes, true)
  view.setUint16(at + 22, entry.name.length, true)
}
