import { Fault } from '@anarq/fault'
import { type ContentReader, type PutFile, type PutItem, smallBytesMax } from '@anarq/flows'
import { malformed, tarType } from '@anarq/tar'
import { type OwnDisk, readDiskFile } from '../disk.ts'
import { readFaultRecord, readJsonObject } from './fault-record.ts'
import { type ImportOptions, linkType, optionsBytesMax, optionsPath, record } from './import-format.ts'
import { createTarReader, type TarEntry, type TarReader } from './reader.ts'

export type Import = {
  readonly options: ImportOptions
  /** To be iterated once. A file whose content is a stream is the last of its list: what follows it lies behind it. */
  readonly items: AsyncIterable<readonly PutItem[]>
}

const batchItemsMax = 256
const batchBytesMax = 1024 * 1024
const pathBytesMax = 4096
const partsMax = 512

/** What an import carries: its options, then its items as they come. Files of the disk may be named where `fromDisk` is given. */
export async function unpackItems(
  pieces: AsyncIterable<Uint8Array>,
  fromDisk?: OwnDisk['read'],
): Promise<Import> {
  const tar = createTarReader(pieces)
  const first = await tar.next()
  const items = (start: TarEntry | undefined) => readItems(createWalk(tar, start, fromDisk))
  if (first?.path !== optionsPath || !isFile(first.type)) return { options: {}, items: items(first) }
  if (first.bytes > optionsBytesMax)
    throw new Fault('limit.options', `${optionsPath} has at most ${optionsBytesMax} bytes.`)
  const options = readOptions(await tar.body())
  return { options, items: items(await tar.next()) }
}

/** One entry read ahead, to see whether the file before it is whole; and the part that a file of several has come to. */
type Walk = {
  readonly tar: TarReader
  peek(): Promise<TarEntry | undefined>
  pass(): void
  part: TarEntry | undefined
  readonly fromDisk: OwnDisk['read'] | undefined
}

function createWalk(
  tar: TarReader,
  first: TarEntry | undefined,
  fromDisk: OwnDisk['read'] | undefined,
): Walk {
  let ahead: { entry: TarEntry | undefined } | undefined = { entry: first }
  return {
    tar,
    part: undefined,
    fromDisk,
    async peek() {
      ahead ??= { entry: await tar.next() }
      return ahead.entry
    },
    pass() {
      ahead = undefined
    },
  }
}

async function* readItems(walk: Walk): AsyncIterable<readonly PutItem[]> {
  let batch: PutItem[] = []
  let bytes = 0
  for (let entry = await walk.peek(); entry !== undefined; entry = await walk.peek()) {
    walk.pass()
    const item = await itemOf(entry, walk)
    if (item === undefined) continue
    batch.push(item)
    const isStream = item.kind === 'file' && item.content.kind === 'stream'
    bytes += item.kind === 'file' && !isStream ? (item.bytes ?? 0) : 0
    if (!isStream && batch.length < batchItemsMax && bytes < batchBytesMax) continue
    yield batch
    batch = []
    bytes = 0
    if (isStream) await passUnread(walk)
  }
  if (batch.length > 0) yield batch
}

async function itemOf(entry: TarEntry, walk: Walk): Promise<PutItem | undefined> {
  const path = pathOf(entry)
  if (path instanceof Fault) return { kind: 'skipped', path: entry.path ?? '?', fault: path }
  if (path === '') return undefined
  const { type, bytes, link, records, modifiedMs, mode } = entry
  const skipped = records.get(record.skipped)
  if (skipped !== undefined) return { kind: 'skipped', path, fault: readFaultRecord(skipped) }
  if (records.has(record.fault)) throw malformed('it says of a file that it is not whole, and there is none')
  const unchanged = records.get(record.unchanged)
  if (unchanged !== undefined) return unchangedItem(entry, path, unchanged)
  const seen = records.get(record.disk)
  if (seen !== undefined) return diskItem(entry, path, seen, walk.fromDisk)
  if (type === tarType.folder)
    return { kind: 'folder', path, modifiedMs, ...(mode === undefined ? {} : { mode: mode & 0o777 }) }
  const file = fileOf(entry, path)
  if (type === tarType.link)
    return { ...file, bytes: link.length, type: linkType, content: { kind: 'small', readAll: () => link } }
  if (!isFile(type)) return { kind: 'skipped', path, fault: unsupported(type, path) }
  if (isSparse(entry)) return { kind: 'skipped', path, fault: sparse(path) }
  if (records.has(record.more)) {
    walk.part = entry
    return { ...file, bytes: undefined, content: { kind: 'stream', open: async () => partsReader(walk) } }
  }
  if (bytes > smallBytesMax)
    return { ...file, bytes, content: { kind: 'stream', open: async () => bodyReader(bytes, walk) } }
  const body = await walk.tar.body()
  return { ...file, bytes, content: { kind: 'small', readAll: () => body } }
}

function fileOf(
  { modifiedMs, mode, records }: TarEntry,
  path: string,
): Pick<PutFile, 'kind' | 'path' | 'modifiedMs' | 'mode' | 'type'> {
  const type = records.get(record.type)
  return {
    kind: 'file',
    path,
    modifiedMs,
    ...(mode === undefined ? {} : { mode: mode & 0o777 }),
    ...(type === undefined ? {} : { type: checkType(type) }),
  }
}

/** The put finds it unchanged by itself, and asks for its content only where it was changed since the sender looked. */
function unchangedItem(entry: TarEntry, path: string, text: string): PutFile {
  const bytes = Number(text)
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw malformed('a size is none')
  const readAll = (): never => {
    throw new Fault(
      'conflict.changed',
      `${path} was changed on the node while it was being put, so it was left out. Put it again.`,
    )
  }
  return { ...fileOf(entry, path), bytes, content: { kind: 'small', readAll } }
}

function diskItem(
  entry: TarEntry,
  path: string,
  text: string,
  fromDisk: OwnDisk['read'] | undefined,
): PutFile {
  if (fromDisk === undefined)
    throw malformed("it names a file of the node's own disk, which is for commands on its machine alone")
  const seen = readDiskFile(text)
  const content = { kind: 'stream', open: () => fromDisk(seen) } as const
  return { ...fileOf(entry, path), bytes: seen.bytes, content }
}

function bodyReader(bytes: number, walk: Walk): ContentReader {
  let left = bytes
  return {
    async read(into) {
      const read = await walk.tar.read(into)
      left -= read
      return read
    },
    async close() {
      if (left === 0) await checkWhole(walk)
    },
  }
}

function partsReader(walk: Walk): ContentReader {
  let isDone = false
  return {
    async read(into) {
      for (;;) {
        const read = await walk.tar.read(into)
        if (read > 0) return read
        isDone = !(await nextPart(walk))
        if (isDone) return 0
      }
    },
    async close() {
      if (isDone) await checkWhole(walk)
    },
  }
}

/** Goes on to the next part of a file of several; false after its last. */
async function nextPart(walk: Walk): Promise<boolean> {
  const { part } = walk
  if (part === undefined) return false
  if (part.records.get(record.more) !== '1') {
    walk.part = undefined
    return false
  }
  const next = await walk.peek()
  if (next === undefined || next.path !== part.path || !next.records.has(record.more))
    throw malformed('a file in several parts ends before its last')
  walk.pass()
  walk.part = next
  return true
}

/** Past what the put did not want to read: the rest of a file's parts, and what is said of a file behind it. */
async function passUnread(walk: Walk): Promise<void> {
  while (await nextPart(walk));
  if ((await walk.peek())?.records.has(record.fault) === true) walk.pass()
}

/** Throws what the sender says of the file that was just read, where it says anything. */
async function checkWhole(walk: Walk): Promise<void> {
  const fault = (await walk.peek())?.records.get(record.fault)
  if (fault === undefined) return
  walk.pass()
  throw readFaultRecord(fault)
}

/** Relative, without `.` and `..`, in Unicode; a fault says why it is left out, '' is the folder that everything lies in. */
function pathOf({ path }: TarEntry): string | Fault {
  if (path === undefined)
    return new Fault(
      'invalid.name',
      'The name of a file in this archive is not Unicode and the file was left out.',
    )
  const trimmed = path.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '')
  if (trimmed === '.' || trimmed === '') return ''
  const parts = trimmed.split('/')
  const isGood =
    parts.length <= partsMax &&
    trimmed.length <= pathBytesMax &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'))
  return isGood
    ? trimmed
    : new Fault(
        'invalid.name',
        `"${trimmed.slice(0, 200)}" cannot be the name of a file here, and it was left out.`,
      )
}

function isFile(type: number): boolean {
  return type === tarType.file || type === tarType.oldFile || type === tarType.contiguous
}

function isSparse({ records }: TarEntry): boolean {
  return [...records.keys()].some((keyword) => keyword.startsWith('GNU.sparse.'))
}

function unsupported(type: number, path: string): Fault {
  if (type === tarType.hardLink)
    return new Fault(
      'invalid.kind',
      `${path} is a hard link and was left out. Make the archive with --hard-dereference.`,
    )
  if (type === 0x53) return sparse(path)
  return new Fault('invalid.kind', `${path} is neither a file nor a folder nor a link, and was left out.`)
}

function sparse(path: string): Fault {
  return new Fault(
    'invalid.kind',
    `${path} is stored as a sparse file, which is not understood, and was left out. Make the archive without --sparse.`,
  )
}

function checkType(type: string): string {
  if (/^[\x20-\x7e]{1,127}$/.test(type)) return type
  throw malformed('a media type is none')
}

function readOptions(body: Uint8Array): ImportOptions {
  const value = readJsonObject(new TextDecoder().decode(body), optionsPath)
  const { tags, lock, isDecoy, ping, purpose, ...rest } = value as Readonly<Record<string, unknown>>
  const isText = (one: unknown): one is string | undefined => one === undefined || typeof one === 'string'
  const isTags = tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))
  const isGood =
    isTags &&
    isText(lock) &&
    isText(ping) &&
    isText(purpose) &&
    (isDecoy === undefined || typeof isDecoy === 'boolean') &&
    Object.keys(rest).length === 0
  if (!isGood)
    throw new Fault(
      'invalid.options',
      `${optionsPath} holds something that is not understood. It may hold: tags, lock, isDecoy, ping, purpose.`,
    )
  return value as ImportOptions
}
