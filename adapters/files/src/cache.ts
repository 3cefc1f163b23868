import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '@anarq/fault'
import { freeBytesAt, replaceFile } from './disk.ts'

/** The last room of a disk is for what cannot be made again. */
const freeBytesMin = 32 * 1024 * 1024

/** Files that can be lost and made again; a name is letters, digits and `-`. */
export function createCacheFolder(folder: string): {
  read(name: string): Promise<Uint8Array | undefined>
  write(name: string, bytes: Uint8Array): Promise<void>
} {
  const pathOf = (name: string): string => {
    if (!/^[a-z0-9-]{1,100}$/.test(name))
      throw new Fault('internal.cache', `"${name}" is no name for a cached file.`)
    return join(folder, name)
  }
  return {
    // What cannot be read is made again, whatever the reason.
    read: (name) => readWhole(pathOf(name)).catch(() => undefined),
    async write(name, bytes) {
      const path = pathOf(name)
      if ((await freeBytesAt(folder)) - bytes.length >= freeBytesMin) await replaceFile(path, bytes)
    },
  }
}

/** Node reads no more at once, and its `readFile` no larger files at all: a search index of four million records is one. */
const pieceBytes = 1024 ** 3

async function readWhole(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const bytes = new Uint8Array(size)
    let filled = 0
    for (let read = -1; filled < size && read !== 0; filled += read) {
      const piece = bytes.subarray(filled, filled + pieceBytes)
      read = (await file.read(piece, 0, piece.length, filled)).bytesRead
    }
    return filled === size ? bytes : undefined
  } finally {
    await file.close()
  }
}
