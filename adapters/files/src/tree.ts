import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { basename, resolve, sep } from 'node:path'
import { Fault } from '@anarq/fault'
import { type ContentReader, type PutItem, type SmallContent, smallBytesMax } from '@anarq/flows'
import { diskFault } from './disk.ts'
import { changing, readerOf, seenAt } from './disk-file.ts'
import { isHome } from './home.ts'

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
 * a sentence, and so do homes of AnarQ. A path that does not exist, or is itself such a home, throws before anything is read.
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
    if (isHome(whole)) throw homeFault(path, 'cannot be put')
  }
  const walk: Walk = { batch: [], batchMax, signal }
  for (const { path, name, stats } of starts) yield* readEntry(walk, path, name, stats, 0)
  if (walk.batch.length > 0) yield walk.batch
}

/** What was found since the last batch; a wait for each single file would cost more than looking at it. */
type Walk = { batch: PutItem[]; readonly batchMax: number; readonly signal: AbortSignal | undefined }
type Batches = AsyncIterable<readonly PutItem[]>

async function* readEntry(walk: Walk, path: string, shown: string, stats: Stats, depth: number): Batches {
  walk.signal?.throwIfAborted()
  if (stats.isDirectory()) {
    yield* readFolder(walk, path, shown, stats, depth)
    return
  }
  walk.batch.push(itemOf({ path, shown, stats }))
  if (walk.batch.length >= walk.batchMax) yield takeBatch(walk)
}

function takeBatch(walk: Walk): readonly PutItem[] {
  const { batch } = walk
  walk.batch = []
  return batch
}

async function* readFolder(walk: Walk, path: string, shown: string, stats: Stats, depth: number): Batches {
  if (depth > depthMax) {
    walk.batch.push(
      skipped(
        shown,
        new Fault('limit.depth', `${path} lies more than ${depthMax} folders deep and was left out.`),
      ),
    )
    return
  }
  if (isHome(path)) {
    walk.batch.push(skipped(shown, homeFault(path, 'was left out')))
    return
  }
  walk.batch.push({
    kind: 'folder',
    path: shown,
    modifiedMs: modifiedMsOf(stats),
    mode: stats.mode & 0o777,
  })
  let names: Buffer[]
  try {
    names = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare)
  } catch (error) {
    walk.batch.push(skipped(shown, diskFault(error, path)))
    return
  }
  const start = path.endsWith(sep) ? path : path + sep
  const taken = new Set<string>()
  for (const bytes of names) {
    const one = look(start, shown, bytes, taken)
    if ('stats' in one && one.stats.isDirectory()) {
      walk.signal?.throwIfAborted()
      yield* readFolder(walk, one.path, one.shown, one.stats, depth + 1)
    } else walk.batch.push('stats' in one ? itemOf(one) : one)
    if (walk.batch.length >= walk.batchMax) yield takeBatch(walk)
  }
}

/** It grows while it is read, and what came of that would open nowhere. */
function homeFault(path: string, what: string): Fault {
  return new Fault(
    'refused.home',
    `${path} is a home of AnarQ and ${what}: it changes while it is read. Keep it by: anarq backup FILE --home ${path}`,
  )
}

type Seen = { readonly path: string; readonly shown: string; readonly stats: Stats }

/** Two names that are one in the form in which names are kept (NFC) would be one thing: the first is it. */
function look(start: string, shownFolder: string, bytes: Buffer, taken: Set<string>): Seen | PutItem {
  let name: string
  try {
    name = decoder.decode(bytes)
  } catch {
    const where = `${shownFolder}/${bytes.toString('latin1')}`
    return skipped(
      where,
      new Fault(
        'invalid.name',
        `The name of ${where} is not Unicode and the file was left out. Rename it and put it again.`,
      ),
    )
  }
  const path = start + name
  const shown = `${shownFolder}/${name}`
  const kept = name.normalize('NFC')
  if (taken.has(kept))
    return skipped(
      shown,
      new Fault(
        'conflict.twin',
        `${path} was left out: another thing in its folder has the same name, but for how Unicode writes its letters. Rename one of them and put it again.`,
      ),
    )
  taken.add(kept)
  const stats = statOrFault(path)
  return stats instanceof Fault ? skipped(shown, stats) : { path, shown, stats }
}

function statOrFault(path: string): Stats | Fault {
  try {
    return lstatSync(path)
  } catch (error) {
    return diskFault(error, path)
  }
}

function itemOf({ path, shown, stats }: Seen): PutItem {
  const common = { path: shown, modifiedMs: modifiedMsOf(stats), mode: stats.mode & 0o777 }
  if (stats.isSymbolicLink()) return linkItem(path, common)
  if (!stats.isFile()) {
    return skipped(
      shown,
      new Fault('invalid.kind', `${path} is a device, a pipe or a socket, not a file, and was left out.`),
    )
  }
  const { size } = stats
  const content =
    size <= smallBytesMax
      ? ({ kind: 'small', readAll: (into) => readWhole(path, size, into) } as const satisfies SmallContent)
      : ({ kind: 'stream', open: () => openReader(path), locate: () => seenAt(path) } as const)
  return { kind: 'file', bytes: size, content, ...common }
}

/** The last moment that a date can be (ECMA-262, section 21.4.1.1); some file systems hold later ones. */
const timeMsMax = 8.64e15

function modifiedMsOf({ mtimeMs }: Stats): number {
  return Math.max(-timeMsMax, Math.min(timeMsMax, Math.round(mtimeMs)))
}

function linkItem(path: string, common: { path: string; modifiedMs: number; mode: number }): PutItem {
  let target: Buffer
  try {
    target = readlinkSync(path, { encoding: 'buffer' })
  } catch (error) {
    return skipped(common.path, diskFault(error, path))
  }
  const content = { kind: 'small', readAll: () => target } as const
  return { kind: 'file', bytes: target.length, type: 'inode/symlink', content, ...common }
}

function skipped(path: string, fault: Fault): PutItem {
  return { kind: 'skipped', path, fault }
}

const attemptsMax = 3
/** Where small files are read to that nobody has memory for. */
const scratch = new Uint8Array(smallBytesMax + 1)

/** A small file in one go; read again where it changed meanwhile. */
function readWhole(path: string, expectedBytes: number, into: Uint8Array = scratch): Uint8Array {
  let memory = expectedBytes < into.length ? into.subarray(0, expectedBytes + 1) : scratch
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const bytes = tryReadWhole(path, memory)
    if (bytes instanceof Uint8Array) return bytes
    memory = new Uint8Array(bytes.grewTo + 1)
  }
  throw changing(path)
}

/** The memory is one byte longer than the file. */
function tryReadWhole(path: string, memory: Uint8Array): Uint8Array | { grewTo: number } {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    let filled = readSync(file, memory, 0, memory.length, null)
    const { size } = fstatSync(file)
    for (let read = -1; filled < Math.min(size, memory.length) && read !== 0; filled += read)
      read = readSync(file, memory, filled, memory.length - filled, null)
    return filled < memory.length && filled === size
      ? memory.subarray(0, filled)
      : { grewTo: Math.min(size, 64 * smallBytesMax) }
  } catch (error) {
    throw diskFault(error, path)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

async function openReader(path: string): Promise<ContentReader> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw diskFault(error, path)
  })
  return readerOf(file, path)
}
