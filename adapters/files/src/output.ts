import { chmodSync, lstatSync, mkdirSync, renameSync, utimesSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { Fault } from '@anarq/fault'
import { diskFault } from './disk.ts'
import {
  besideOf,
  exists,
  type FileFacts,
  type Fill,
  sayingInstead,
  secondsOf,
  writeFileBy,
  writeFileWhole,
  writeLink,
  writeNewFile,
} from './write-file.ts'

/** Take it with `await using`: what was not finished goes away then. */
export type Output = AsyncDisposable & {
  /** Makes a folder and those above it, below the root. Its mode and time come at the end, and only where it was made here. */
  folder(path: string, facts?: FileFacts): Promise<void>
  /** A file whose bytes appear under its name only when all of them are there. The source's arrays are taken over. */
  file(path: string, facts: FileFacts, source: AsyncIterable<Uint8Array>): Promise<void>
  /** The same of a file that another process may write: see `writeFileBy`. */
  fileBy(path: string, fill: Fill): Promise<void>
  link(path: string, target: string): Promise<void>
  /** All is there. A root that was not there before is seen from now on. */
  finish(): Promise<void>
}

/**
 * Writes what a get gives back below one root. Parts of a path are names that were checked when they came in, and
 * are checked again; no link inside the root is ever followed; an existing file is replaced only when asked for.
 *
 * A root that is not there yet is made beside its place, under a name like that of a file which is being written, and put there
 * as a whole: nothing of it is seen before, and its files need no place of their own beside their own.
 */
export function createOutput({ root, isReplacing = false }: { root: string; isReplacing?: boolean }): Output {
  const isNew = !exists(root)
  const base = isNew ? besideOf(root) : root
  const below = createBelow(base)
  const there = new Set<string>()
  /** Of folders that were made here, those above before those below. */
  const made = new Map<string, FileFacts>()
  const makeFolder = (path: string): void => {
    if (there.has(path)) return
    if (path !== base) makeFolder(dirname(path))
    else if (isNew) makeAbove(root)
    if (makeOne(path, path === base && !isNew)) made.set(path, {})
    there.add(path)
  }
  const write = isNew ? writeNewFile : writeFileWhole
  let isFinished = false
  /** While it is made beside its place, people know it by that place. */
  const ofRoot = (error: unknown): never => {
    throw sayingInstead(error, base, root)
  }
  return {
    async folder(path, facts = {}) {
      try {
        const whole = below(path)
        makeFolder(whole)
        if (made.has(whole)) made.set(whole, facts)
      } catch (error) {
        ofRoot(error)
      }
    },
    async file(path, facts, source) {
      const target = below(path)
      makeFolder(dirname(target))
      await write(target, facts, source, { isReplacing }).catch(ofRoot)
    },
    async fileBy(path, fill) {
      const target = below(path)
      makeFolder(dirname(target))
      await writeFileBy(target, fill, { isReplacing }).catch(ofRoot)
    },
    async link(path, target) {
      const whole = below(path)
      makeFolder(dirname(whole))
      await writeLink(whole, target, { isReplacing }).catch(ofRoot)
    },
    async finish() {
      makeFolder(base)
      for (const [path, facts] of [...made].reverse()) finishFolder(path, facts)
      if (isNew) putInPlace(base, root)
      isFinished = true
    },
    async [Symbol.asyncDispose]() {
      if (isNew && !isFinished) await rm(base, { recursive: true, force: true }).catch(() => {})
    },
  }
}

function makeAbove(root: string): void {
  const above = dirname(root)
  try {
    mkdirSync(above, { recursive: true })
  } catch (error) {
    throw diskFault(error, above)
  }
}

/** True where it was not there before, as a root that is not made beside its place was. */
function makeOne(path: string, isRoot: boolean): boolean {
  try {
    mkdirSync(path, { recursive: isRoot })
    return !isRoot
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    if (!isThere) throw diskFault(error, path)
    if (!lstatSync(path).isDirectory())
      throw new Fault('conflict.exists', `${path} exists and is not a folder. Choose another place with -o.`)
    return false
  }
}

/** When nothing more is written into it, which would need permission and change its time. */
function finishFolder(path: string, { mode, modifiedMs }: FileFacts): void {
  try {
    if (modifiedMs !== undefined) utimesSync(path, secondsOf(modifiedMs), secondsOf(modifiedMs))
    if (mode !== undefined) chmodSync(path, mode)
  } catch (error) {
    throw diskFault(error, path)
  }
}

function putInPlace(made: string, root: string): void {
  try {
    renameSync(made, root)
  } catch (error) {
    if (exists(root))
      throw new Fault(
        'conflict.exists',
        `${root} came to be while this was written. Choose another place with -o.`,
      )
    throw diskFault(error, root)
  }
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
