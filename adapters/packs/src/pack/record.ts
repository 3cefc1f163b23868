import { crc32 } from 'node:zlib'
import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, parseCid } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { type SeriesName, seriesNames } from './location.ts'

/*
 * A pack is a file header and then records, one after the other; whole numbers are big-endian.
 *
 *   file header    magic 8 | version 1 | series 1 | zero 2 | store id 16 | CRC-32 of the 28 bytes before
 *   record         magic 4 | kind 1 | flags 1 | zero 2 | payload length 4 | digest 32 | CRC-32 | payload
 *
 * The CRC of a record is seeded with the store id, so that bytes which somebody else put into a payload can
 * never pass for a record when a damaged pack is searched for the next one.
 */
export const fileHeaderBytes = 32
export const recordHeaderBytes = 48
export const storeIdBytes = 16
const version = 1
const fileMagic = Uint8Array.of(0x89, 0x41, 0x51, 0x50, 0x41, 0x43, 0x4b, 0x0a)
export const recordMagic: Uint8Array = Uint8Array.of(0xa5, 0x51, 0x52, 0x1e)

export const rawKind = 1
export const cborKind = 2
export const headKind = 3
/** Names a digest whose earlier records of this series are dead. */
export const tombstoneKind = 4

export type RecordHeader = { readonly kind: number; readonly bytes: number; readonly digest: Uint8Array }
export type StoreId = { readonly bytes: Uint8Array; readonly seed: number }

export function createStoreId(bytes: Uint8Array): StoreId {
  return { bytes, seed: crc32(bytes) }
}

export function encodeFileHeader(series: SeriesName, storeId: StoreId): Uint8Array {
  const header = Buffer.alloc(fileHeaderBytes)
  header.set(fileMagic, 0)
  header[8] = version
  header[9] = seriesNames.indexOf(series)
  header.set(storeId.bytes, 12)
  header.writeUInt32BE(crc32(header.subarray(0, 28)), 28)
  return header
}

/** The id of the store that made the file; `undefined` when the header is damaged; `refused.version` when it is too new. */
export function readFileHeader(bytes: Uint8Array): StoreId | undefined {
  if (bytes.length < fileHeaderBytes || !equalBytes(bytes.subarray(0, 8), fileMagic)) return undefined
  if (viewOf(bytes).getUint32(28) !== crc32(bytes.subarray(0, 28))) return undefined
  if (bytes[8] !== version) {
    throw new Fault('refused.version', 'This store was written by a newer AnarQ. Update AnarQ to open it.')
  }
  return createStoreId(bytes.slice(12, 28))
}

/** Writes the 48 bytes at `at`. */
export function writeRecordHeader(target: Buffer, at: number, header: RecordHeader, storeId: StoreId): void {
  target.set(recordMagic, at)
  target[at + 4] = header.kind
  target[at + 5] = 0
  target[at + 6] = 0
  target[at + 7] = 0
  target.writeUInt32BE(header.bytes, at + 8)
  target.set(header.digest, at + 12)
  target.writeUInt32BE(crc32(target.subarray(at, at + 44), storeId.seed), at + 44)
}

/** The header at `at`, or `undefined` where none is whole. The digest is a copy. */
export function readRecordHeader(source: Uint8Array, at: number, storeId: StoreId): RecordHeader | undefined {
  if (at + recordHeaderBytes > source.length) return undefined
  for (let i = 0; i < recordMagic.length; i += 1) if (source[at + i] !== recordMagic[i]) return undefined
  const header = source.subarray(at, at + recordHeaderBytes)
  const view = viewOf(header)
  if (view.getUint32(44) !== crc32(header.subarray(0, 44), storeId.seed)) return undefined
  return { kind: header[4] as number, bytes: view.getUint32(8), digest: header.slice(12, 44) }
}

export type HeadRecord = { readonly feed: Uint8Array; readonly sequence: number; readonly cid: Cid }

const feedBytes = 16

/** feed 16 | sequence 8 | CID. Its record's digest is the BLAKE3 of these bytes. */
export function encodeHead({ feed, sequence, cid }: HeadRecord): { payload: Uint8Array; digest: Uint8Array } {
  if (feed.length !== feedBytes) throw new RangeError(`a feed has ${feedBytes} bytes, not ${feed.length}`)
  const payload = new Uint8Array(feedBytes + 8 + cid.bytes.length)
  payload.set(feed, 0)
  viewOf(payload).setBigUint64(feedBytes, BigInt(sequence))
  payload.set(cid.bytes, feedBytes + 8)
  return { payload, digest: hashBlake3(payload) }
}

/** `undefined` when the payload does not match its digest or is no head. */
export function readHead(payload: Uint8Array, digest: Uint8Array): HeadRecord | undefined {
  if (payload.length <= feedBytes + 8 || !equalBytes(hashBlake3(payload), digest)) return undefined
  const sequence = Number(viewOf(payload).getBigUint64(feedBytes))
  if (!Number.isSafeInteger(sequence)) return undefined
  try {
    return { feed: payload.slice(0, feedBytes), sequence, cid: parseCid(payload.slice(feedBytes + 8)) }
  } catch {
    return undefined
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
