import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, statfs, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { formatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

/** On the disk that a folder lies on, for this user. */
export async function freeBytesAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** What the operating system said, as a fault that says what to do; with how many bytes were to be written. */
export function diskFault(error: unknown, path: string, bytes?: number): Fault {
  const code = (error as NodeJS.ErrnoException).code
  const options = { cause: error, data: { path, code } }
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new Fault(
        'unavailable.full',
        `The disk is full: ${path} could not be written${bytes === undefined ? '' : `, which takes ${formatBytes(bytes)}`}. Free some room and try again; nothing stored is lost.`,
        options,
      )
    case 'EACCES':
    case 'EPERM':
      return new Fault(
        'unavailable.permission',
        `No permission for ${path}. Give yourself access to it, or choose another place.`,
        options,
      )
    case 'EROFS':
      return new Fault(
        'unavailable.permission',
        `${path} is on a read-only disk. Choose another place.`,
        options,
      )
    case 'ENOENT':
      return new Fault('missing.file', `${path} does not exist. Check the name.`, options)
    case 'EISDIR':
    case 'ENOTDIR':
      return new Fault(
        'invalid.path',
        `${path} is not what was expected (a folder where a file should be, or the reverse).`,
        options,
      )
    case 'ELOOP':
      return new Fault('invalid.path', `${path} is a chain of links that leads in a circle.`, options)
    case 'ENAMETOOLONG':
      return new Fault('invalid.path', `The name of ${path} is too long for this disk.`, options)
    case 'EEXIST':
      return new Fault('conflict.exists', `${path} exists already. Choose another name.`, options)
    case 'EMFILE':
    case 'ENFILE':
      return new Fault(
        'unavailable.files',
        'Too many files are open on this machine. Close some programs, or raise the limit (ulimit -n).',
        options,
      )
    default:
      return new Fault(
        'unavailable.disk',
        `The disk did not do its part at ${path}: ${code ?? String(error)}.`,
        options,
      )
  }
}

/** Writes beside, makes it durable, then puts it in place: a reader sees the old bytes or the new ones, never a mix. */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  { mode = 0o600 }: { mode?: number } = {},
): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString('hex')}.tmp`
  let file: FileHandle | undefined
  try {
    file = await open(beside, 'wx', mode)
    await file.writeFile(bytes)
    await file.sync()
    await file.close()
    file = undefined
    await rename(beside, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await file?.close().catch(() => {})
    await unlink(beside).catch(() => {})
    throw diskFault(error, path, bytes.length)
  }
}

/** Makes a rename or a new file durable. Windows cannot open folders, and needs no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
