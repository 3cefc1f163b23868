import { close, constants, fdatasync, fsync, ftruncate, open, read, readSync, writev } from 'node:fs'
import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from './disk-fault.ts'
import { packFileName, packNumberIn, type SeriesName } from './location.ts'
import { createOpenFiles, type OpenFilesOptions } from './open-files.ts'

const openFile = promisify(open)
const closeFile = promisify(close)
const syncFile = promisify(fdatasync)
const syncFolder = promisify(fsync)
const truncateFile = promisify(ftruncate)

/** Up to here a read is over sooner than another thread could be asked for it: envelopes, index nodes, small files. */
const syncBytesMax = 64 * 1024

/** The files of one series, by pack number. Errors are the system's own. */
export type PackFiles = {
  readonly series: SeriesName
  /** Ascending. */
  list(): Promise<readonly { readonly pack: number; readonly bytes: number }[]>
  /** A file, ready for `write`. Keeps what is already there. */
  create(pack: number): Promise<void>
  /** The bytes from `at`; fewer where the file ends or is missing. The caller's to keep. */
  read(pack: number, at: number, bytes: number): Promise<Uint8Array>
  /** As `read`, to the start of `into`; resolves to how many bytes there were. */
  readInto(pack: number, at: number, into: Uint8Array): Promise<number>
  write(pack: number, at: number, parts: readonly Uint8Array[]): Promise<void>
  truncate(pack: number, bytes: number): Promise<void>
  /** Contents, and for a new file its name too, survive a power cut afterwards. */
  sync(pack: number): Promise<void>
  remove(pack: number): Promise<void>
  close(): Promise<void>
}

export function createPackFiles(options: OpenFilesOptions): PackFiles {
  const { directory, series } = options
  const open = createOpenFiles(options)
  const files: PackFiles = {
    series,
    list: () => listPacks(directory, series),
    async create(pack) {
      await open.forget(pack)
      const flags = constants.O_RDWR | constants.O_CREAT
      await open.use(
        pack,
        async (file) => {
          file.isNew = true
        },
        flags,
      )
    },
    async read(pack, at, bytes) {
      const into = new Uint8Array(bytes)
      const file = bytes <= syncBytesMax ? open.now(pack) : undefined
      const filled =
        file === undefined ? await files.readInto(pack, at, into) : readFullySync(file.fd, at, into)
      return into.subarray(0, filled)
    },
    async readInto(pack, at, into) {
      try {
        return await open.use(pack, ({ fd }) => readFully(fd, at, into))
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return 0
        throw error
      }
    },
    write: (pack, at, parts) => open.use(pack, ({ fd }) => writeFully(fd, at, parts)),
    truncate: (pack, bytes) => open.use(pack, ({ fd }) => truncateFile(fd, bytes)),
    async sync(pack) {
      await open.use(pack, async (file) => {
        await syncFile(file.fd)
        if (!file.isNew) return
        await syncDirectory(directory)
        file.isNew = false
      })
    },
    async remove(pack) {
      await open.forget(pack)
      await unlink(join(directory, packFileName(series, pack))).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error
      })
      await syncDirectory(directory)
    },
    close: () => open.close(),
  }
  return files
}

async function listPacks(
  directory: string,
  series: SeriesName,
): Promise<readonly { readonly pack: number; readonly bytes: number }[]> {
  const found: { pack: number; bytes: number }[] = []
  for (const name of await readdir(directory)) {
    const pack = packNumberIn(series, name)
    if (pack !== undefined) found.push({ pack, bytes: (await stat(join(directory, name))).size })
  }
  return found.sort((x, y) => x.pack - y.pack)
}

/** New names in the folder survive a power cut afterwards. */
async function syncDirectory(directory: string): Promise<void> {
  const fd = await openFile(directory, 'r')
  try {
    await syncFolder(fd)
  } finally {
    await closeFile(fd)
  }
}

async function readFully(fd: number, at: number, into: Uint8Array): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const count = await readSome(fd, into, filled, at + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

function readFullySync(fd: number, at: number, into: Uint8Array): number {
  let filled = 0
  while (filled < into.length) {
    const count = readSync(fd, into, filled, into.length - filled, at + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

function readSome(fd: number, into: Uint8Array, filled: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, filled, into.length - filled, at, (error, count) => {
      if (error === null) resolve(count)
      else reject(error)
    })
  })
}

async function writeFully(fd: number, at: number, parts: readonly Uint8Array[]): Promise<void> {
  let rest = parts
  let position = at
  while (rest.length > 0) {
    const count = await writeSome(fd, rest, position)
    position += count
    rest = withoutFirst(rest, count)
  }
}

function writeSome(fd: number, parts: readonly Uint8Array[], at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, parts, at, (error, count) => {
      if (error !== null) reject(error)
      else if (count === 0) reject(new Error('the system wrote nothing'))
      else resolve(count)
    })
  })
}

function withoutFirst(parts: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skipped = 0
  for (const [index, part] of parts.entries()) {
    if (skipped + part.length > count) return [part.subarray(count - skipped), ...parts.slice(index + 1)]
    skipped += part.length
  }
  return []
}
