import { isAbsolute } from 'node:path'
import { Fault } from '@anarq/fault'
import { type ContentReader, type DiskFile, type DiskTarget, unseenFile } from '@anarq/flows'
import { described, fields, type Schema, text } from './schema/parts.ts'
import { readJsonObject } from './tar/fault-record.ts'

/** What the door needs of this machine's disk, for commands of its user at the socket: their files need not come through it. */
export type OwnDisk = {
  /** `unavailable.unseen` where this process does not find the file as it was seen. */
  read(seen: DiskFile): Promise<ContentReader>
  /** Of an empty file, to write it; undefined where it is not found as it was seen. */
  target(seen: DiskFile): Promise<DiskTarget | undefined>
}

/** A door that finds nothing on the disk. */
export const noDisk: OwnDisk = {
  async read() {
    throw unseenFile()
  },
  target: async () => undefined,
}

const pathCharactersMax = 32_768
const decimal = { type: 'string', pattern: '^-?[0-9]{1,40}$' }

export const diskFileSchema: Schema = described(
  fields({
    path: { ...text, minLength: 1, maxLength: pathCharactersMax },
    bytes: { type: 'integer', minimum: 0 },
    device: decimal,
    inode: decimal,
    modifiedNs: decimal,
    changedNs: decimal,
    proof: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  }),
  'A file of this machine: as lstat(2) tells of it, with BLAKE3 of its first and last 16 KiB as proof that it could be read.',
)

/** `invalid.place` for what is none. A body that fits the schema may still name a place that is none. */
export function checkDiskFile(value: object): DiskFile {
  const { path, bytes, device, inode, modifiedNs, changedNs, proof } = value as {
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
    numbers.every((one) => typeof one === 'string' && /^-?[0-9]{1,40}$/.test(one)) &&
    typeof proof === 'string' &&
    /^[0-9a-f]{64}$/.test(proof)
  if (isGood) return { path, bytes, device, inode, modifiedNs, changedNs, proof } as DiskFile
  throw new Fault(
    'invalid.place',
    'That is no file of this machine: an absolute path, and what lstat tells of it.',
  )
}

/** The same as text, which came in an archive. */
export function readDiskFile(json: string): DiskFile {
  return checkDiskFile(readJsonObject(json, 'A place on the disk'))
}
