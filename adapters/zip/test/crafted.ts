/** ZIP files made byte by byte, for what no honest writer writes. */
import { crc32, deflateRawSync } from 'node:zlib'

export type Crafted = {
  name: string | Uint8Array
  content?: Uint8Array
  /** As it lies in the file; absent: the content itself. */
  packed?: Uint8Array
  method?: number
  flags?: number
  crc?: number
  bytes?: number
  packedBytes?: number
  time?: number
  extra?: Uint8Array
  comment?: string
  madeBy?: number
  attributes?: number
  /** What the list says of where it lies. */
  offset?: number
  /** The header in front of the content, where it says something else than the list. */
  local?: Partial<Omit<Crafted, 'local' | 'content' | 'packed'>>
  /** Bytes behind its content that belong to nothing. */
  gap?: number
  /** It is in the list, and its header and content are not in the file again. */
  isListedOnly?: boolean
}

export type CraftedEnd = {
  count?: number
  directoryOffset?: number
  directoryBytes?: number
  comment?: string
  prefix?: Uint8Array
  suffix?: Uint8Array
}

export function craft(entries: readonly Crafted[], end: CraftedEnd = {}): Uint8Array {
  const parts: Buffer[] = [Buffer.from(end.prefix ?? [])]
  const listed: Buffer[] = []
  let at = parts[0]?.length ?? 0
  for (const entry of entries) {
    const { local = {}, gap = 0, isListedOnly = false } = entry
    listed.push(centralOf({ ...entry, offset: entry.offset ?? at }))
    if (isListedOnly) continue
    const whole = Buffer.concat([localOf({ ...entry, ...local }), packedOf(entry), Buffer.alloc(gap)])
    parts.push(whole)
    at += whole.length
  }
  const directory = Buffer.concat(listed)
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50, 0)
  record.writeUInt16LE(end.count ?? entries.length, 8)
  record.writeUInt16LE(end.count ?? entries.length, 10)
  record.writeUInt32LE(end.directoryBytes ?? directory.length, 12)
  record.writeUInt32LE(end.directoryOffset ?? at, 16)
  const comment = Buffer.from(end.comment ?? '')
  record.writeUInt16LE(comment.length, 20)
  return new Uint8Array(Buffer.concat([...parts, directory, record, comment, Buffer.from(end.suffix ?? [])]))
}

export function deflated(content: Uint8Array): { content: Uint8Array; packed: Uint8Array; method: number } {
  return { content, packed: new Uint8Array(deflateRawSync(content)), method: 8 }
}

function localOf(entry: Crafted): Buffer {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  writeCommon(header, 4, entry)
  return Buffer.concat([header, nameOf(entry), entry.extra ?? Buffer.alloc(0)])
}

function centralOf(entry: Crafted): Buffer {
  const header = Buffer.alloc(46)
  const comment = Buffer.from(entry.comment ?? '')
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(entry.madeBy ?? 20, 4)
  writeCommon(header, 6, entry)
  header.writeUInt16LE(comment.length, 32)
  header.writeUInt32LE(entry.attributes ?? 0, 38)
  header.writeUInt32LE(entry.offset ?? 0, 42)
  return Buffer.concat([header, nameOf(entry), entry.extra ?? Buffer.alloc(0), comment])
}

function writeCommon(header: Buffer, at: number, entry: Crafted): void {
  const content = entry.content ?? new Uint8Array(0)
  header.writeUInt16LE(20, at)
  header.writeUInt16LE(entry.flags ?? 0x0800, at + 2)
  header.writeUInt16LE(entry.method ?? 0, at + 4)
  header.writeUInt16LE(entry.time ?? 0, at + 6)
  header.writeUInt16LE(0x0021, at + 8)
  header.writeUInt32LE(entry.crc ?? crc32(content), at + 10)
  header.writeUInt32LE(entry.packedBytes ?? packedOf(entry).length, at + 14)
  header.writeUInt32LE(entry.bytes ?? content.length, at + 18)
  header.writeUInt16LE(nameOf(entry).length, at + 22)
  header.writeUInt16LE(entry.extra?.length ?? 0, at + 24)
}

function packedOf({ content, packed }: Crafted): Uint8Array {
  return packed ?? content ?? new Uint8Array(0)
}

function nameOf({ name }: Crafted): Buffer {
  return Buffer.from(name as string)
}
