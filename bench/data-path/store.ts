import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '../tools.ts'

type PutRun = Run & { readonly newBytes?: number; readonly newBlocks?: number }

/** One repository of one of the programs that stand beside each other, made afresh for each round. */
export type Store = {
  /** `isThorough` reads what looks unchanged too. */
  put(path: string, options?: { isThorough?: boolean }): Promise<PutRun>
  /** Gives back what was put under this name, into a folder that is there: it stands at `folder/name` then. */
  get(name: string, folder: string): Promise<Run>
  /** Room that the repository takes on the disk, in bytes. */
  storedBytes(): Promise<number>
  close(): Promise<void>
}

export type Contender = {
  readonly name: ContenderName
  /** False: takes single files only, and knows nothing of what it did before. */
  readonly isRepository: boolean
  open(folder: string): Promise<Store>
}

/** The columns of the tables, in their order. */
export const contenderNames = ['anarq', 'anarq, node running', 'restic', 'age'] as const
export type ContenderName = (typeof contenderNames)[number]

/** What all below a folder takes on the disk. */
export async function diskBytes(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    bytes += await blocksOf(entry)
  return bytes
}

/** POSIX counts blocks of 512 bytes, whatever the file system's own. */
async function blocksOf(entry: Dirent): Promise<number> {
  const { blocks } = await lstat(join(entry.parentPath, entry.name))
  return blocks * 512
}
