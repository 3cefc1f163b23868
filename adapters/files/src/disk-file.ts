/** Files of this machine of which another process of the same user tells, so that their bytes need not go through a socket. */
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type ContentReader, type DiskFile, unseenFile } from '@anarq/flows'
import { hashBlake3 } from '@anarq/qlock'
import { diskFault } from './disk.ts'

/** At each end of a file. */
const proofBytes = 16 * 1024
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants

/** The file at an absolute path, which is no link; whoever cannot read it cannot tell of it. */
export async function seenAt(path: string): Promise<DiskFile> {
  try {
    const file = await open(path, constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    return await seenOf(file, path).finally(() => file.close())
  } catch (error) {
    throw diskFault(error, path)
  }
}

/** The same of one that is open to be read. */
export async function seenOf(file: FileHandle, path: string): Promise<DiskFile> {
  const stats = await file.stat({ bigint: true })
  return { path, ...factsOf(stats), proof: await proofOf(file, Number(stats.size)) }
}

/** To be read; `unavailable.unseen` where this process does not find just this file, or may not read it. */
export async function readSeen(seen: DiskFile): Promise<ContentReader> {
  const file = await openSeenFile(seen, constants.O_RDONLY)
  return orClosed(file, async () => {
    if ((await proofOf(file, seen.bytes)) !== seen.proof) throw unseenFile()
    return readerOf(file, seen.path)
  })
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
      const after = await file.stat().finally(() => file.close())
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

/** With `O_RDONLY` or `O_WRONLY`: no link, no pipe, no device, and nothing but the file that was seen. */
export async function openSeenFile(seen: DiskFile, access: number): Promise<FileHandle> {
  const isSeen = (stats: BigIntStats): boolean => stats.isFile() && isSame(factsOf(stats), seen)
  // Looked at first: to open a device may do something already.
  const before = await lstat(seen.path, { bigint: true }).catch(() => undefined)
  if (before === undefined || !isSeen(before)) throw unseenFile()
  const file = await open(seen.path, access | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined)
  if (file === undefined) throw unseenFile()
  return orClosed(file, async () => {
    if (!isSeen(await file.stat({ bigint: true }))) throw unseenFile()
    return file
  })
}

async function orClosed<T>(file: FileHandle, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    await file.close()
    throw error
  }
}

async function proofOf(file: FileHandle, bytes: number): Promise<string> {
  const length = Math.min(proofBytes, bytes)
  const ends = [0, bytes - length].map(async (at) => {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, at)
    return buffer.subarray(0, bytesRead)
  })
  return toHex(hashBlake3(...(await Promise.all(ends))))
}

type SeenFacts = Omit<DiskFile, 'path' | 'proof'>

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
