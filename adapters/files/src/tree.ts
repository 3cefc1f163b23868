import { closeSync, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Fault } from '@anarq/fault'
import { type ContentReader, type PutItem, smallBytesMax } from '@anarq/flows'
import { diskFault } from './disk.ts'

export type ReadTreeOptions = {
  /** Items come in lists of at most this many, to spare a wait for each. */
  batchMax?: number
  signal?: AbortSignal | undefined
}

/** Deeper than any file system lets a path become by itself. */
const depthMax = 512
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Files and whole folders of a person's disk, as items of a put. Links are kept as links and never followed, so a
 * circle of links is no danger; devices, sockets, pipes and names that are no Unicode come as `skipped` items with
 * a sentence. A path that does not exist throws before anything is read.
 */
export async function* readTree(
  paths: readonly string[],
  { batchMax = 512, signal }: ReadTreeOptions = {},
): AsyncIterable<readonly PutItem[]> {
  const starts: { path: string; name: string; stats: Stats }[] = []
  for (const path of paths) {
    if (path.includes('\0')) throw new Fault('invalid.path', 'A path cannot hold a NUL character.')
    const whole = resolve(path)
    try {
      starts.push({ path: whole, name: basename(whole), stats: await lstat(whole) })
    } catch (error) {
      throw diskFault(error, path)
    }
  }
  let batch: PutItem[] = []
  for (const { path, name, stats } of starts) {
    for await (const item of readEntry(path, name, stats, 0)) {
      signal?.throwIfAborted()
      batch.push(item)
      if (batch.length < batchMax) continue
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

async function* readEntry(path: string, shown: string, stats: Stats, depth: number): AsyncIterable<PutItem> {
  if (stats.isDirectory()) yield* readFolder(path, shown, stats, depth)
  else yield await fileItem(path, shown, stats)
}

async function* readFolder(path: string, shown: string, stats: Stats, depth: number): AsyncIterable<PutItem> {
  if (depth > depthMax) {
    yield skipped(
      shown,
      new Fault('limit.depth', `${path} lies more than ${depthMax} folders deep and was left out.`),
    )
    return
  }
  yield { kind: 'folder', path: shown, modifiedMs: Math.round(stats.mtimeMs) }
  let names: Buffer[]
  try {
    names = (await readdir(path, { encoding: 'buffer' })).sort(Buffer.compare)
  } catch (error) {
    yield skipped(shown, diskFault(error, path))
    return
  }
  for (const bytes of names) {
    let name: string
    try {
      name = decoder.decode(bytes)
    } catch {
      const where = `${shown}/${bytes.toString('latin1')}`
      yield skipped(
        where,
        new Fault(
          'invalid.name',
          `The name of ${where} is not Unicode and the file was left out. Rename it and put it again.`,
        ),
      )
      continue
    }
    const below = join(path, name)
    const stats = statOrFault(below)
    if (stats instanceof Fault) yield skipped(`${shown}/${name}`, stats)
    else yield* readEntry(below, `${shown}/${name}`, stats, depth + 1)
  }
}

function statOrFault(path: string): Stats | Fault {
  try {
    return lstatSync(path)
  } catch (error) {
    return diskFault(error, path)
  }
}

async function fileItem(path: string, shown: string, stats: Stats): Promise<PutItem> {
  const common = { path: shown, modifiedMs: Math.round(stats.mtimeMs), mode: stats.mode & 0o777 }
  if (stats.isSymbolicLink()) return linkItem(path, common)
  if (!stats.isFile()) {
    return skipped(
      shown,
      new Fault('invalid.kind', `${path} is a device, a pipe or a socket, not a file, and was left out.`),
    )
  }
  const content =
    stats.size <= smallBytesMax
      ? ({ kind: 'small', readAll: () => readWhole(path, stats.size) } as const)
      : ({ kind: 'stream', open: () => openReader(path) } as const)
  return { kind: 'file', bytes: stats.size, content, ...common }
}

async function linkItem(path: string, common: { path: string; modifiedMs: number }): Promise<PutItem> {
  let target: Buffer
  try {
    target = await readlink(path, { encoding: 'buffer' })
  } catch (error) {
    return skipped(common.path, diskFault(error, path))
  }
  const content = { kind: 'small', readAll: () => target } as const
  return {
    kind: 'file',
    bytes: target.length,
    type: 'inode/symlink',
    content,
    ...common,
    modifiedMs: common.modifiedMs,
  }
}

function skipped(path: string, fault: Fault): PutItem {
  return { kind: 'skipped', path, fault }
}

const attemptsMax = 3
/** Every small file is read to here: an array of its own for each would keep the collector busy. */
const scratch = new Uint8Array(smallBytesMax + 1)

/** A small file in one go; read again where it changed meanwhile. */
function readWhole(path: string, expectedBytes: number): Uint8Array {
  let room = expectedBytes
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const bytes = tryReadWhole(path, room)
    if (bytes instanceof Uint8Array) return bytes
    room = bytes.grewTo
  }
  throw changed(path)
}

function tryReadWhole(path: string, room: number): Uint8Array | { grewTo: number } {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const into = room < scratch.length ? scratch.subarray(0, room + 1) : new Uint8Array(room + 1)
    const filled = readFully(file, into)
    const { size } = fstatSync(file)
    return filled <= room && filled === size
      ? into.subarray(0, filled)
      : { grewTo: Math.min(size, 64 * smallBytesMax) }
  } catch (error) {
    throw diskFault(error, path)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Less than the room is the end of a file. */
function readFully(file: number, into: Uint8Array): number {
  let filled = 0
  for (let read = -1; read !== 0 && filled < into.length; filled += read)
    read = readSync(file, into, filled, into.length - filled, null)
  return filled
}

async function openReader(path: string): Promise<ContentReader> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw diskFault(error, path)
  })
  const before = await file.stat()
  return {
    async read(into) {
      try {
        return (await file.read(into, 0, into.length, null)).bytesRead
      } catch (error) {
        throw diskFault(error, path)
      }
    },
    async close() {
      const after = await file.stat()
      await file.close()
      if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path)
    },
  }
}

function changed(path: string): Fault {
  return new Fault(
    'conflict.changing',
    `${path} was being changed while it was read, so it was left out. Put it again when it rests.`,
  )
}
