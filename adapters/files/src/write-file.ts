import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { discard } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import type { DiskFile } from '@anarq/flows'
import { diskFault } from './disk.ts'
import { openSeenFile, seenAt } from './disk-file.ts'

export type FileFacts = { readonly modifiedMs?: number | undefined; readonly mode?: number | undefined }

/** No other process, now or after a crash, has a file of this name beside the one it writes. */
const besidePrefix = randomBytes(6).toString('hex')
let besideCount = 0

/** Where what is to appear at a path as a whole is written meanwhile. */
export function besideOf(path: string): string {
  return join(dirname(path), `.anarq-${besidePrefix}-${besideCount++}.part`)
}

/** One file, beside first, then in its place. */
export async function writeFileWhole(
  path: string,
  facts: FileFacts,
  source: AsyncIterable<Uint8Array>,
  options: PlaceOptions = {},
): Promise<void> {
  await inPlace(path, options, (beside) => writeNewFile(beside, facts, source, { shown: path }))
}

type PlaceOptions = { readonly isReplacing?: boolean }

/** What there is to write yet of a file, and what it is to be; without a source all of it is written. */
export type Filling = FileFacts & { readonly source?: AsyncIterable<Uint8Array> | undefined }

export type Fill = (file: DiskFile) => Promise<Filling>

/** The same of a file that another process may write: it is told of it, while it is empty and beside its place. */
export async function writeFileBy(path: string, fill: Fill, options: PlaceOptions = {}): Promise<void> {
  await inPlace(path, options, async (beside) => {
    const file = await open(beside, 'wx', 0o600)
    try {
      const { source, mode = modeDefault & ~process.umask(), modifiedMs } = await fill(await seenAt(beside))
      if (source !== undefined) await writeSource(file, source)
      await file.chmod(mode)
      if (modifiedMs !== undefined) await file.utimes(modifiedMs / 1000, modifiedMs / 1000)
    } catch (error) {
      rmSync(beside, { force: true })
      throw error
    } finally {
      await file.close()
    }
  }).catch((error: unknown) => {
    throw isOfDisk(error) ? diskFault(error, path) : error
  })
}

/** A file that another process of this user made, and that is to be written here. */
export type SeenTarget = {
  write(source: AsyncIterable<Uint8Array>): Promise<void>
  close(): Promise<void>
}

/** Undefined where this process does not find just this file, or it is not empty, or not this user's own. */
export async function openSeenTarget(seen: DiskFile): Promise<SeenTarget | undefined> {
  const file = seen.bytes === 0 ? await openSeenFile(seen, constants.O_WRONLY).catch(orUnseen) : undefined
  if (file === undefined) return undefined
  if ((await file.stat()).uid !== (process.getuid?.() ?? 0)) {
    await file.close()
    return undefined
  }
  return {
    async write(source) {
      try {
        await writeSource(file, source)
      } catch (error) {
        throw isOfDisk(error) ? diskFault(error, seen.path) : error
      }
    },
    close: () => file.close(),
  }
}

function orUnseen(error: unknown): undefined {
  if (!hasCode(error, 'unavailable.unseen')) throw error
}

async function inPlace(
  path: string,
  { isReplacing = false }: PlaceOptions,
  write: (beside: string) => Promise<void>,
): Promise<void> {
  if (!isReplacing && exists(path)) {
    throw new Fault(
      'conflict.exists',
      `${path} exists already. Choose another place with -o, or add --force to replace it.`,
    )
  }
  const beside = besideOf(path)
  await write(beside)
  try {
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw diskFault(error, path)
  }
}

/** One file where none is, and nobody looks yet. One that does not become whole goes away; `shown` is its path for people. */
export async function writeNewFile(
  path: string,
  facts: FileFacts,
  source: AsyncIterable<Uint8Array>,
  { shown = path }: { shown?: string } = {},
): Promise<void> {
  try {
    const iterator = source[Symbol.asyncIterator]()
    const { head, isAll } = await readHead(iterator)
    if (isAll) writeSmall(path, facts, head)
    else await writeLarge(path, facts, head, iterator)
  } catch (error) {
    // What was there before is somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(path, { force: true })
    throw isOfDisk(error) ? diskFault(error, shown) : error
  }
}

/** Up to here a file is written in one go: for ten thousand small ones, waiting for each step costs more than the steps. */
const smallBytesMax = 256 * 1024
const modeDefault = 0o644

async function readHead(
  source: AsyncIterator<Uint8Array>,
): Promise<{ head: readonly Uint8Array[]; isAll: boolean }> {
  const head: Uint8Array[] = []
  for (let bytes = 0; bytes < smallBytesMax; bytes += head.at(-1)?.length ?? 0) {
    const next = await source.next()
    if (next.done === true) return { head, isAll: true }
    head.push(next.value)
  }
  return { head, isAll: false }
}

function writeSmall(path: string, { modifiedMs, mode }: FileFacts, parts: readonly Uint8Array[]): void {
  const file = openSync(path, 'wx', mode ?? modeDefault)
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length; ) at += writeSync(file, part, at)
    }
    // What was asked for, not what the umask leaves of it.
    if (mode !== undefined) fchmodSync(file, mode)
    if (modifiedMs !== undefined) futimesSync(file, modifiedMs / 1000, modifiedMs / 1000)
  } finally {
    closeSync(file)
  }
}

async function writeLarge(
  path: string,
  { modifiedMs, mode }: FileFacts,
  head: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): Promise<void> {
  const file = await open(path, 'wx', mode ?? modeDefault)
  try {
    for (const part of head) await writeAll(file, part)
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      await writeAll(file, next.value)
      discard(next.value)
    }
    if (mode !== undefined) await file.chmod(mode)
    if (modifiedMs !== undefined) await file.utimes(modifiedMs / 1000, modifiedMs / 1000)
  } finally {
    await file.close()
    await rest.return?.()
  }
}

/** From where the file is on; each array is given away when it was written. */
export async function writeSource(file: FileHandle, source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of source) {
    await writeAll(file, bytes)
    discard(bytes)
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function isOfDisk(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
