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
  symlinkSync,
  writeSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { discard } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import type { DiskFile, DiskTarget } from '@anarq/flows'
import { diskFault } from './disk.ts'
import { openSeenFile, seenOf } from './disk-file.ts'

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

/** A link, which says what it leads to as it was kept, whether or not something is there. */
export async function writeLink(path: string, target: string, options: PlaceOptions = {}): Promise<void> {
  await inPlace(path, options, async (beside) => {
    try {
      symlinkSync(target, beside)
    } catch (error) {
      throw sayingInstead(diskFault(error, beside), beside, path)
    }
  })
}

/** Where `isReplacing` is not said, nobody can ask for it. */
type PlaceOptions = { readonly isReplacing?: boolean | undefined }

/** What a file is to be, and what there is to write of it yet: without a source all `bytes` of it are written. */
export type Filling = FileFacts & {
  readonly bytes: number
  readonly source?: AsyncIterable<Uint8Array> | undefined
}

export type Fill = (file: DiskFile) => Promise<Filling>

/** The same of a file that another process may write: it is told of it, while it is empty and beside its place. */
export async function writeFileBy(path: string, fill: Fill, options: PlaceOptions = {}): Promise<void> {
  await inPlace(path, options, async (beside) => {
    try {
      await fillNewFile(beside, fill)
    } catch (error) {
      // What was there before is somebody else's.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(beside, { force: true })
      throw sayingInstead(isOfDisk(error) ? diskFault(error, path) : error, beside, path)
    }
  })
}

async function fillNewFile(path: string, fill: Fill): Promise<void> {
  const file = await open(path, 'wx+', targetMode)
  try {
    const { source, bytes, mode, modifiedMs } = await fill(await seenOf(file, path))
    if (source !== undefined) {
      // Only where there is something: for a file that was truncated, ext4 allocates all of it when it is closed, and waits.
      if ((await file.stat()).size > 0) await file.truncate(0)
      await writeSource(file, source)
    }
    if ((await file.stat()).size !== bytes)
      throw new Fault(
        'unavailable.node',
        'The running node wrote another number of bytes than it says. Try again.',
      )
    if (mode !== undefined) await file.chmod(mode)
    // Where nobody asked for permissions, and the disk has none of its own, those that it gave are good.
    else await file.chmod(modeDefault & ~process.umask()).catch(() => {})
    if (modifiedMs !== undefined) await file.utimes(secondsOf(modifiedMs), secondsOf(modifiedMs))
  } finally {
    await file.close()
  }
}

/** What went wrong at a place that people do not know, said of the one that they do. */
export function sayingInstead(error: unknown, from: string, to: string): unknown {
  if (!(error instanceof Fault) || !error.message.includes(from)) return error
  const { code, data, cause } = error
  return new Fault(code, error.message.replaceAll(from, to), { data, cause })
}

const targetMode = 0o600
const targetName = /^\.anarq-[0-9a-f]{12}-\d+\.part$/

/** As `writeFileBy` makes them, and nothing else: undefined where this process does not find just this file. */
export async function openSeenTarget(seen: DiskFile): Promise<DiskTarget | undefined> {
  const isTarget = seen.bytes === 0 && targetName.test(basename(seen.path))
  const file = isTarget ? await openSeenFile(seen, constants.O_WRONLY).catch(orUnseen) : undefined
  if (file === undefined) return undefined
  const { uid, mode, nlink } = await file.stat()
  const isOwn = process.getuid === undefined || (uid === process.getuid() && (mode & 0o777) === targetMode)
  if (!isOwn || nlink !== 1) {
    await file.close()
    return undefined
  }
  const saying = (error: unknown): unknown => (isOfDisk(error) ? diskFault(error, seen.path) : error)
  return {
    async write(source) {
      try {
        await writeSource(file, source)
      } catch (error) {
        throw saying(error)
      }
    },
    async close() {
      await file.close().catch((error: unknown) => {
        throw saying(error)
      })
    },
  }
}

function orUnseen(error: unknown): undefined {
  if (!hasCode(error, 'unavailable.unseen')) throw error
}

/** `conflict.exists` where a file is that is not to be replaced. */
export function checkPlace(path: string, { isReplacing }: PlaceOptions): void {
  if (isReplacing !== true && isThere(path)) {
    const orElse = isReplacing === undefined ? '' : ', or add --force to replace it'
    throw new Fault('conflict.exists', `${path} exists already. Choose another place${orElse}.`)
  }
}

async function inPlace(
  path: string,
  options: PlaceOptions,
  write: (beside: string) => Promise<void>,
): Promise<void> {
  checkPlace(path, options)
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
    if (modifiedMs !== undefined) futimesSync(file, secondsOf(modifiedMs), secondsOf(modifiedMs))
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
    if (modifiedMs !== undefined) await file.utimes(secondsOf(modifiedMs), secondsOf(modifiedMs))
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

function isThere(path: string): boolean {
  try {
    return exists(path)
  } catch (error) {
    throw diskFault(error, path)
  }
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** As text: Node takes a number below zero, a time before 1970, for now. */
export function secondsOf(ms: number): string {
  return String(ms / 1000)
}

function isOfDisk(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
