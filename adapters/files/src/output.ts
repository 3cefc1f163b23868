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
import { type FileHandle, lstat, mkdir, open, symlink, unlink } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { discard } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { diskFault } from './disk.ts'

export type Output = {
  /** Makes a folder and those above it, below the root. */
  folder(path: string): Promise<void>
  /** A file whose bytes appear under its name only when all of them are there. The source's arrays are taken over. */
  file(path: string, facts: FileFacts, source: AsyncIterable<Uint8Array>): Promise<void>
  link(path: string, target: string): Promise<void>
}

export type FileFacts = { readonly modifiedMs?: number | undefined; readonly mode?: number | undefined }

/**
 * Writes what a get gives back below one root. Parts of a path are names that were checked when they came in, and
 * are checked again; no link inside the root is ever followed; an existing file is replaced only when asked for.
 */
export function createOutput({ root, isReplacing = false }: { root: string; isReplacing?: boolean }): Output {
  const made = new Set<string>()
  const below = createBelow(root)
  const makeFolder = async (path: string): Promise<void> => {
    if (made.has(path)) return
    if (path !== root) await makeFolder(dirname(path))
    try {
      await mkdir(path, { recursive: path === root })
    } catch (error) {
      const stats = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await lstat(path) : undefined
      if (stats === undefined) throw diskFault(error, path)
      if (!stats.isDirectory())
        throw new Fault(
          'conflict.exists',
          `${path} exists and is not a folder. Choose another place with -o.`,
        )
    }
    made.add(path)
  }
  return {
    folder: (path) => makeFolder(below(path)),
    async file(path, facts, source) {
      const target = below(path)
      await makeFolder(dirname(target))
      await writeFileWhole(target, facts, source, { isReplacing })
    },
    async link(path, target) {
      const whole = below(path)
      await makeFolder(dirname(whole))
      if (isReplacing) await unlink(whole).catch(() => {})
      await symlink(target, whole).catch((error: unknown) => {
        throw diskFault(error, whole)
      })
    },
  }
}

/** No other process, now or after a crash, has a file of this name beside the one it writes. */
const besidePrefix = randomBytes(6).toString('hex')
let besideCount = 0

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
  const beside = join(dirname(path), `.anarq-${besidePrefix}-${besideCount++}.part`)
  try {
    const iterator = source[Symbol.asyncIterator]()
    const { head, isAll } = await readHead(iterator)
    if (isAll) writeSmall(beside, facts, head)
    else await writeLarge(beside, facts, head, iterator)
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error instanceof Fault || isAbort(error) ? error : diskFault(error, path)
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

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** The place of a path below the root. What lies in one folder comes together: the last one is not looked at again. */
function createBelow(root: string): (path: string) => string {
  let folder = ''
  let whole = root
  return (path) => {
    const slash = path.lastIndexOf('/')
    const above = path.slice(0, slash + 1)
    if (above !== folder) {
      whole = join(root, ...above.split('/').filter((part) => part !== '' && isPart(part)))
      folder = above
    }
    const name = path.slice(slash + 1)
    if (name === '' || !isPart(name)) return whole
    return whole.endsWith(sep) ? whole + name : whole + sep + name
  }
}

/** True, or `invalid.path`. */
function isPart(part: string): boolean {
  const isName =
    part !== '.' &&
    part !== '..' &&
    !part.includes('\0') &&
    !(process.platform === 'win32' && /[\\:]/.test(part))
  if (isName) return true
  throw new Fault('invalid.path', `"${part}" cannot be part of a path here.`)
}
