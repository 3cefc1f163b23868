import { crc32 } from 'node:zlib'
import { compareBytes, concatBytes, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Archive, ArchiveEntry } from '@anarq/wxa'
import { type Entry, fromBufferPromise, fromFdPromise, type ZipFile } from 'yauzl'
import { centralHeader, endRecord, endRecordBytes, type LaidEntry, localHeader } from './layout.ts'
import { openBytes, openFile, type Source } from './source.ts'

/** A package in a file; nothing is read but what is asked for. Close it. */
export async function openZipFile(path: string): Promise<Archive> {
  return archiveOf(await openFile(path))
}

/** A package in memory; the bytes are not copied. */
export function openZipBytes(bytes: Uint8Array): Archive {
  return archiveOf(openBytes(bytes))
}

function archiveOf(source: Source): Archive {
  return {
    bytes: source.bytes,
    async *entries() {
      const zip = await openList(source)
      const laid: LaidEntry[] = []
      for await (const entry of listed(zip)) {
        laid.push(laidOf(entry))
        yield entryOf(zip, entry)
      }
      await checkLayout(source, laid)
    },
    close: source.close,
  }
}

/** Names stay bytes, and sizes what they are said to be: what yauzl would mend or refuse in them, is judged by the format. */
async function openList({ fd, whole }: Source): Promise<ZipFile> {
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false }
  try {
    return whole === undefined
      ? await fromFdPromise(fd, options)
      : await fromBufferPromise(Buffer.from(whole.buffer, whole.byteOffset, whole.length), options)
  } catch (cause) {
    throw noZip(cause)
  }
}

async function* listed(zip: ZipFile): AsyncIterable<Entry> {
  try {
    yield* zip.eachEntry()
  } catch (cause) {
    throw cause instanceof Fault ? cause : noZip(cause)
  }
}

function laidOf(entry: Entry): LaidEntry {
  return {
    name: new Uint8Array(entry.fileNameRaw),
    method: entry.compressionMethod,
    crc32: entry.crc32,
    bytes: entry.uncompressedSize,
    packedBytes: entry.compressedSize,
    offset: entry.relativeOffsetOfLocalHeader,
  }
}

function entryOf(zip: ZipFile, entry: Entry): ArchiveEntry {
  const path = nameOf(entry)
  return {
    path,
    kind: kindOf(entry, path),
    isEncrypted: (entry.generalPurposeBitFlag & 0x41) !== 0,
    method: methodOf(entry, path),
    bytes: entry.uncompressedSize,
    packedBytes: entry.compressedSize,
    read: () => contentOf(zip, entry, path),
    readPacked: () => piecesOf(zip, entry, path, { decodeFileData: false }),
  }
}

function nameOf({ fileNameRaw }: Entry): string {
  try {
    return toUtf8(fileNameRaw)
  } catch (cause) {
    throw new Fault(
      'refused.path-encoding',
      'A name in this package is no UTF-8. Rename the file and pack it with anarq app pack.',
      { cause },
    )
  }
}

function kindOf({ versionMadeBy, externalFileAttributes }: Entry, path: string): ArchiveEntry['kind'] {
  const unixType = versionMadeBy >>> 8 === 3 ? (externalFileAttributes >>> 16) & 0xf000 : 0
  if (unixType === 0xa000) return 'link'
  return path.endsWith('/') || unixType === 0x4000 ? 'folder' : 'file'
}

function methodOf({ compressionMethod }: Entry, path: string): ArchiveEntry['method'] {
  if (compressionMethod === 0) return 'store'
  if (compressionMethod === 8) return 'deflate'
  throw new Fault(
    'refused.entry-method',
    `${JSON.stringify(path.slice(0, 80))} is compressed by method ${compressionMethod}; a package has deflate (8) or none (0). Pack it with anarq app pack.`,
  )
}

/** No piece is given out that is more than was announced; and ZIP's own checksum holds. */
async function* contentOf(zip: ZipFile, entry: Entry, path: string): AsyncIterable<Uint8Array> {
  let count = 0
  let sum = 0
  for await (const piece of piecesOf(zip, entry, path, {})) {
    count += piece.length
    if (count > entry.uncompressedSize) throw damaged(path)
    sum = crc32(piece, sum)
    yield piece
  }
  if (count !== entry.uncompressedSize || sum !== entry.crc32) throw damaged(path)
}

async function* piecesOf(
  zip: ZipFile,
  entry: Entry,
  path: string,
  options: { decodeFileData?: false },
): AsyncIterable<Uint8Array> {
  try {
    for await (const piece of await zip.openReadStreamPromise(entry, options)) {
      const { buffer, byteOffset, length } = piece as Buffer
      yield new Uint8Array(buffer, byteOffset, length)
    }
  } catch (cause) {
    throw cause instanceof Fault ? cause : damaged(path, cause)
  }
}

/**
 * The file is these entries, one after another, then their list, and not a byte more: every header is compared with the one
 * that a writer makes. What a ZIP file can hide (two kinds of headers that disagree, entries that overlap, gaps, comments,
 * extra fields, ZIP64) is thereby out.
 */
async function checkLayout(source: Source, laid: readonly LaidEntry[]): Promise<void> {
  let offset = 0
  for (const entry of laid) {
    const header = localHeader(entry)
    if (entry.offset !== offset || !isSame(await source.read(offset, header.length), header))
      throw otherForm(`the header of entry ${laid.indexOf(entry) + 1}`)
    offset += header.length + entry.packedBytes
  }
  const directory = concatBytes(...laid.map(centralHeader))
  const end = endRecord(laid.length, directory.length, offset)
  if (source.bytes !== offset + directory.length + endRecordBytes) throw otherForm('its length')
  if (!isSame(await source.read(offset, directory.length), directory))
    throw otherForm('the list of its entries')
  if (!isSame(await source.read(offset + directory.length, endRecordBytes), end)) throw otherForm('its end')
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0
}

function otherForm(what: string): Fault {
  return new Fault(
    'refused.package-form',
    `This ZIP file is not laid out as a package is (${what}): another tool made it, or it was changed. Pack it with anarq app pack, or get it again.`,
  )
}

function noZip(cause: unknown): Fault {
  const said = cause instanceof Error ? cause.message.replace(/\.+$/, '') : 'unreadable'
  return new Fault(
    'damaged.package',
    `This file is no app package, or it was damaged on the way (${said}). Get it again.`,
    { cause },
  )
}

function damaged(path: string, cause?: unknown): Fault {
  return new Fault(
    'damaged.package-data',
    `${JSON.stringify(path.slice(0, 80))} in this package is damaged: it does not unpack to what was announced. Get the package again.`,
    { cause },
  )
}
