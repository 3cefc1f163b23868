import { close, fstatSync, openSync, read } from 'node:fs'
import { promisify } from 'node:util'
import { Fault } from '@anarq/fault'

/** The bytes of one file, from any place of it: in memory, or where they lie. */
export type Source = {
  readonly bytes: number
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
} & (
  | { readonly whole: Uint8Array; readonly fd?: undefined }
  | { readonly fd: number; readonly whole?: undefined }
)

export function openBytes(whole: Uint8Array): Source {
  return {
    bytes: whole.length,
    whole,
    read: async (offset, length) => whole.subarray(offset, offset + length),
    close: async () => {},
  }
}

const readAt = promisify(read)
const closeFd = promisify(close)

export async function openFile(path: string): Promise<Source> {
  const fd = openOr(path)
  const stats = fstatSync(fd)
  if (!stats.isFile()) {
    await closeFd(fd)
    throw new Fault('invalid.path', `${path} is no file. Name a package, such as notes.wxa.`)
  }
  let closing: Promise<void> | undefined
  return {
    bytes: stats.size,
    fd,
    async read(offset, length) {
      const into = new Uint8Array(length)
      let filled = 0
      while (filled < length) {
        const { bytesRead } = await readAt(fd, into, filled, length - filled, offset + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return into.subarray(0, filled)
    },
    close() {
      closing ??= closeFd(fd)
      return closing
    },
  }
}

function openOr(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new Fault(
      isMissing ? 'missing.file' : 'unavailable.permission',
      isMissing ? `${path} does not exist. Check the name.` : `${path} cannot be read. Check its rights.`,
      { cause },
    )
  }
}
