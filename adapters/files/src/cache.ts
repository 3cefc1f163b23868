import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '@anarq/fault'
import { replaceFile } from './disk.ts'

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
    read: (name) => readFile(pathOf(name)).catch(() => undefined),
    write: (name, bytes) => replaceFile(pathOf(name), bytes),
  }
}
