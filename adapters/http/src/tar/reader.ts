import {
  blockBytes,
  malformed,
  type PaxRecords,
  paddingOf,
  type RawHeader,
  readHeader,
  readPax,
  tarType,
} from '@anarq/tar'
import { createByteSource } from './byte-source.ts'

/** One entry: its own header with what extended headers said before it. */
export type TarEntry = {
  /** As it stands in the archive, unchecked; `undefined` where it is no UTF-8. */
  readonly path: string | undefined
  /** The type flag: see `tarType`. */
  readonly type: number
  /** Of the body that follows. */
  readonly bytes: number
  readonly modifiedMs: number
  readonly mode: number | undefined
  /** Target of a link. */
  readonly link: Uint8Array
  readonly records: PaxRecords
}

export type TarReader = {
  /** The next entry, past what was not read of the one before; `undefined` after the end mark. */
  next(): Promise<TarEntry | undefined>
  /** The whole body of the entry, as a view that stays valid. For small ones. */
  body(): Promise<Uint8Array>
  /** Some of the body; 0 at its end. */
  read(into: Uint8Array): Promise<number>
  /** The next piece of the body as it came, as a view that stays valid; `undefined` at its end. */
  piece(): Promise<Uint8Array | undefined>
}

const headerBytesMax = 1024 * 1024
const noRecords: PaxRecords = new Map()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads an archive from a stream: one header at a time, nothing kept. What is no tar, or is cut short, is `invalid.tar`. */
export function createTarReader(pieces: AsyncIterable<Uint8Array>): TarReader {
  const source = createByteSource(pieces)
  let globals: PaxRecords = noRecords
  let left = 0
  let padding = 0
  let isEnded = false

  const bodyOf = async (bytes: number): Promise<Uint8Array> => {
    if (bytes > headerBytesMax) throw malformed('an extended header is too large')
    const body = await source.take(bytes)
    if (body === undefined || !(await source.skip(paddingOf(bytes)))) throw cutShort()
    return body
  }
  const header = async (): Promise<RawHeader | undefined> => {
    const block = await source.take(blockBytes)
    if (block === undefined) throw cutShort()
    return readHeader(block)
  }
  /** What follows the end mark is zeros, to the end of the stream. */
  const finish = async (): Promise<undefined> => {
    isEnded = true
    const into = new Uint8Array(blockBytes)
    for (let read = await source.read(into); read > 0; read = await source.read(into)) {
      if (into.subarray(0, read).some((byte) => byte !== 0)) throw malformed('something follows its end')
    }
    return undefined
  }

  return {
    async next() {
      if (isEnded) return undefined
      if (!(await source.skip(left + padding))) throw cutShort()
      left = 0
      padding = 0
      let records = noRecords
      let longName: Uint8Array | undefined
      let longLink: Uint8Array | undefined
      for (;;) {
        const raw = await header()
        if (raw === undefined) {
          if (records !== noRecords || longName !== undefined)
            throw malformed('an extended header belongs to nothing')
          return finish()
        }
        if (raw.type === tarType.pax) records = readPax(await bodyOf(raw.bytes))
        else if (raw.type === tarType.paxGlobal)
          globals = new Map([...globals, ...readPax(await bodyOf(raw.bytes))])
        else if (raw.type === tarType.gnuLongName) longName = untilNul(await bodyOf(raw.bytes))
        else if (raw.type === tarType.gnuLongLink) longLink = untilNul(await bodyOf(raw.bytes))
        else {
          const named = { ...raw, name: longName ?? raw.name, link: longLink ?? raw.link }
          const entry = entryOf(named, globals === noRecords ? records : new Map([...globals, ...records]))
          left = hasBody(entry.type) ? entry.bytes : 0
          padding = paddingOf(left)
          return entry
        }
      }
    },
    async body() {
      const bytes = await source.take(left)
      if (bytes === undefined) throw cutShort()
      left = 0
      return bytes
    },
    async read(into) {
      if (left === 0) return 0
      const read = await source.read(into.length > left ? into.subarray(0, left) : into)
      if (read === 0 && into.length > 0) throw cutShort()
      left -= read
      return read
    },
    async piece() {
      if (left === 0) return undefined
      const piece = await source.piece(left)
      if (piece === undefined) throw cutShort()
      left -= piece.length
      return piece
    },
  }
}

function cutShort(): Error {
  return malformed('it is cut short')
}

function entryOf(raw: RawHeader, records: PaxRecords): TarEntry {
  const link = records.get('linkpath')
  return {
    path: records.has('path') ? records.get('path') : decoded(raw.name),
    type: raw.type,
    bytes: sizeOf(records) ?? raw.bytes,
    modifiedMs: modifiedOf(records) ?? raw.modifiedSeconds * 1000,
    mode: raw.mode,
    link: link === undefined ? raw.link : new TextEncoder().encode(link),
    records,
  }
}

/** Links, folders and devices have none, whatever their size field says (POSIX, "ustar Interchange Format"). */
function hasBody(type: number): boolean {
  return !(type >= tarType.hardLink && type <= 0x36)
}

function sizeOf(records: PaxRecords): number | undefined {
  const text = records.get('size')
  if (text === undefined) return undefined
  const bytes = Number(text)
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(bytes)) return bytes
  throw malformed('a size is none')
}

/** Seconds with a fraction, as POSIX writes times; whole milliseconds are kept. */
function modifiedOf(records: PaxRecords): number | undefined {
  const text = records.get('mtime')
  if (text === undefined) return undefined
  const parts = /^(-?)(\d{1,13})(?:\.(\d*))?$/.exec(text)
  if (parts === null) throw malformed('a time is none')
  const ms = Number(parts[2]) * 1000 + Number((parts[3] ?? '').padEnd(3, '0').slice(0, 3))
  return parts[1] === '-' ? -ms : ms
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
