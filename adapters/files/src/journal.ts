import { constants } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { createTurns } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { diskFault, replaceFile, syncFolder } from './disk.ts'

/**
 * Small records in one file, in the order in which they were appended. Whoever keeps it reads them all when it opens, and lets the
 * later of two that speak of one thing count.
 */
export type Journal = {
  /** Durable when it resolves; callers at the same time share one sync. After a failure nothing more is written until it is opened anew. */
  append(record: Uint8Array): Promise<void>
  /** Records in the file. */
  count(): number
  /** Replaces all by these, which are asked for when their turn comes; a crash leaves the old ones or the new. */
  rewrite(records: () => Iterable<Uint8Array>): Promise<void>
  close(): Promise<void>
}

export type JournalOptions = {
  readonly path: string
  /** Each that is there, the oldest first. What it throws goes to who opens. */
  readonly onRecord: (record: Uint8Array) => void
  readonly onFault: (fault: Fault) => void
}

export const journalRecordBytesMax = 65_535

const magic = Uint8Array.of(0x89, 0x41, 0x51, 0x4a, 0x4e, 0x4c, 0x01, 0x0a)
/** Of a record: mark(1), length(u16), CRC-32 of the length and the record(u32). */
const headerBytes = 7
const mark = 0xa5

/**
 * Opens it, making it where there is none. An append that a crash cut short is cut off; what a bad sector took is stepped over
 * and told (`damaged.journal`).
 */
export async function openJournal({ path, onRecord, onFault }: JournalOptions): Promise<Journal> {
  const found = await readAll(path)
  const { records, end, skipped } = scan(found)
  for (const record of records) onRecord(record)
  if (skipped > 0) onFault(damagedJournal(path, skipped))
  let file = await openAt(path, end)
  let at = end
  let count = records.length
  let waiting: Waiting[] = []
  let fault: Fault | undefined

  /** One act on the file after the other. */
  const inTurn = createTurns()

  async function writeWaiting(): Promise<void> {
    const round = waiting
    waiting = []
    if (round.length === 0) return
    try {
      if (fault !== undefined) throw fault
      const bytes = Buffer.concat(round.flatMap(({ record }) => [headerOf(record), record]))
      await writeAt(file, bytes, at)
      await file.datasync()
      at += bytes.length
      count += round.length
      for (const { resolve } of round) resolve()
    } catch (error) {
      fault ??= diskFault(error, path)
      for (const { reject } of round) reject(fault)
    }
  }

  return {
    append(record) {
      if (record.length > journalRecordBytesMax)
        return Promise.reject(new Fault('limit.journal', 'A record of a journal has at most 65,535 bytes.'))
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ record: record.slice(), resolve, reject })
      if (waiting.length === 1) void inTurn(writeWaiting)
      return promise
    },
    count: () => count,
    rewrite: (make) =>
      inTurn(async () => {
        if (fault !== undefined) throw fault
        const all = [...make()]
        const bytes = Buffer.concat([magic, ...all.flatMap((record) => [headerOf(record), record])])
        await replaceFile(path, bytes)
        try {
          await file.close()
          file = await openAt(path, bytes.length)
        } catch (error) {
          fault = diskFault(error, path)
          throw fault
        }
        at = bytes.length
        count = all.length
      }),
    async close() {
      await inTurn(writeWaiting)
      await file.close()
    },
  }
}

type Waiting = { readonly record: Uint8Array; resolve(): void; reject(fault: Fault): void }

function headerOf(record: Uint8Array): Uint8Array {
  const header = new Uint8Array(headerBytes)
  const view = new DataView(header.buffer)
  header[0] = mark
  view.setUint16(1, record.length)
  view.setUint32(3, crc32(record, crc32(header.subarray(1, 3))))
  return header
}

/** Records lie one behind the other; after a bad one the next is looked for byte by byte. */
function scan(bytes: Uint8Array): { records: Uint8Array[]; end: number; skipped: number } {
  const records: Uint8Array[] = []
  let end = magic.length
  let skipped = 0
  for (let at = magic.length; at < bytes.length; ) {
    const record = recordAt(bytes, at)
    if (record === undefined) {
      at += 1
      continue
    }
    skipped += at - end
    records.push(record)
    at += headerBytes + record.length
    end = at
  }
  return { records, end, skipped }
}

function recordAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
  if (bytes[at] !== mark || at + headerBytes > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes)
  const to = at + headerBytes + view.getUint16(1)
  if (to > bytes.length) return undefined
  const record = bytes.subarray(at + headerBytes, to)
  return crc32(record, crc32(bytes.subarray(at + 1, at + 3))) === view.getUint32(3) ? record : undefined
}

async function readAll(path: string): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await readFile(path)
    return new Uint8Array(buffer, byteOffset, length)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array(0)
    throw diskFault(error, path)
  }
}

/** Cut to its end, so that what is appended follows what was read. */
async function openAt(path: string, end: number): Promise<FileHandle> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    const { size } = await file.stat()
    if (size < magic.length || end === magic.length) await writeAt(file, magic, 0)
    if (size > end) await file.truncate(end)
    if (size !== end) {
      await file.sync()
      await syncFolder(dirname(path))
    }
    return file
  } catch (error) {
    await file?.close().catch(() => {})
    throw diskFault(error, path)
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written)
    written += bytesWritten
  }
}

function damagedJournal(path: string, bytes: number): Fault {
  return new Fault(
    'damaged.journal',
    `${bytes} bytes of ${path} could not be read and were stepped over. What they said is not known any more.`,
    { data: { path, bytes } },
  )
}
