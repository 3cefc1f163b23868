/** Files of this machine of which another process of the same user tells, so that their bytes need not go through a socket. */
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { Fault } from '@anarq/fault'
import type { ContentReader, DiskFile } from '@anarq/flows'
import { diskFault } from './disk.ts'

/** What is at an absolute path now; a link is not followed. */
export async function seenAt(path: string): Promise<DiskFile> {
  const stats = await lstat(path, { bigint: true }).catch((error: unknown) => {
    throw diskFault(error, path)
  })
  return { path, ...factsOf(stats) }
}

/** To be read; `unavailable.unseen` where this process does not find just this file, or may not read it. */
export async function readSeen(seen: DiskFile): Promise<ContentReader> {
  const file = await openSeenFile(seen, constants.O_RDONLY)
  return readerOf(file, seen.path)
}

/** Reads on from where the file is; on closing says `conflict.changing` where it was changed meanwhile. */
export async function readerOf(file: FileHandle, path: string): Promise<ContentReader> {
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
      if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changing(path)
    },
  }
}

export function changing(path: string): Fault {
  return new Fault(
    'conflict.changing',
    `${path} was being changed while it was read, so it was left out. Put it again when it rests.`,
  )
}

/** With `O_RDONLY` or `O_WRONLY`: no link, no wait for the other end of a pipe, and nothing but the file that was seen. */
export async function openSeenFile(seen: DiskFile, access: number): Promise<FileHandle> {
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  const file = await open(seen.path, access | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined)
  if (file === undefined) throw unseen(seen)
  const stats = await file.stat({ bigint: true })
  if (stats.isFile() && isSame(factsOf(stats), seen)) return file
  await file.close()
  throw unseen(seen)
}

type SeenFacts = Omit<DiskFile, 'path'>

function factsOf({ size, dev, ino, mtimeNs, ctimeNs }: BigIntStats): SeenFacts {
  return {
    bytes: Number(size),
    device: String(dev),
    inode: String(ino),
    modifiedNs: String(mtimeNs),
    changedNs: String(ctimeNs),
  }
}

function isSame(facts: SeenFacts, seen: SeenFacts): boolean {
  return (Object.keys(facts) as (keyof SeenFacts)[]).every((one) => facts[one] === seen[one])
}

function unseen({ path }: DiskFile): Fault {
  return new Fault(
    'unavailable.unseen',
    `The node does not find ${path} as it was seen here, or may not open it. Send what is in it instead.`,
  )
}
