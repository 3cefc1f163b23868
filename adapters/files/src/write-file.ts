import { randomBytes } from 'node:crypto'
import {
  closeSync,
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
import { Fault } from '@anarq/fault'
import { diskFault } from './disk.ts'

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
  { isReplacing = false }: { isReplacing?: boolean } = {},
): Promise<void> {
  if (!isReplacing && exists(path)) {
    throw new Fault(
      'conflict.exists',
      `${path} exists already. Choose another place with -o, or add --force to replace it.`,
    )
  }
  const beside = besideOf(path)
  await writeNewFile(beside, facts, source, { shown: path })
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
    throw error instanceof Fault || isAbort(error) ? error : diskFault(error, shown)
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

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
