import { isAbsolute } from 'node:path'
import { Fault } from '@anarq/fault'
import type { ContentReader, DiskFile } from '@anarq/flows'
import { malformed } from '@anarq/tar'
import { described, fields, type Schema, text } from './schema/parts.ts'
import { readJsonObject } from './tar/fault-record.ts'

/** What the door needs of this machine's disk, for commands of its user at the socket: their files need not come through it. */
export type OwnDisk = {
  /** `unavailable.unseen` where this process does not find the file as it was seen. */
  read(seen: DiskFile): Promise<ContentReader>
  /** Of an empty file, to write it; undefined where it is not found as it was seen. */
  target(seen: DiskFile): Promise<DiskTarget | undefined>
}

export type DiskTarget = {
  write(source: AsyncIterable<Uint8Array>): Promise<void>
  close(): Promise<void>
}

/** A door that finds nothing on the disk. */
export const noDisk: OwnDisk = {
  async read() {
    throw unseen()
  },
  target: async () => undefined,
}

export function unseen(): Fault {
  return new Fault(
    'unavailable.unseen',
    'The node does not find that file as it was seen, or may not open it.',
  )
}

const pathCharactersMax = 32_768
const decimal = { type: 'string', pattern: '^[0-9]{1,40}$' }

export const diskFileSchema: Schema = described(
  fields({
    path: { ...text, minLength: 1, maxLength: pathCharactersMax },
    bytes: { type: 'integer', minimum: 0 },
    device: decimal,
    inode: decimal,
    modifiedNs: { type: 'string', pattern: '^-?[0-9]{1,40}$' },
    changedNs: { type: 'string', pattern: '^-?[0-9]{1,40}$' },
  }),
  'A file of this machine, as lstat(2) told of it.',
)

/** The same as text, which came in an archive. */
export function readDiskFile(json: string): DiskFile {
  const { path, bytes, device, inode, modifiedNs, changedNs } = readJsonObject(
    json,
    'A place on the disk',
  ) as {
    [Field in keyof DiskFile]?: unknown
  }
  const numbers = [device, inode, modifiedNs, changedNs]
  const isGood =
    typeof path === 'string' &&
    path.length <= pathCharactersMax &&
    isAbsolute(path) &&
    !path.includes('\0') &&
    Number.isSafeInteger(bytes) &&
    (bytes as number) >= 0 &&
    numbers.every((one) => typeof one === 'string' && /^-?[0-9]{1,40}$/.test(one))
  if (!isGood) throw malformed('a place on the disk is none')
  return { path, bytes, device, inode, modifiedNs, changedNs } as DiskFile
}
