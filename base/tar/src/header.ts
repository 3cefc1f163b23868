import { Fault } from '@anarq/fault'

/**
 * Blocks of a tar file: POSIX.1-1988 "ustar" and POSIX.1-2001 "pax"
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, "ustar Interchange Format" and "pax Extended
 * Header"). GNU's long names and binary numbers are read, never written.
 */
export const blockBytes = 512

/** Type flags, as the byte in the header. */
export const tarType = {
  file: 0x30,
  oldFile: 0,
  hardLink: 0x31,
  link: 0x32,
  folder: 0x35,
  contiguous: 0x37,
  pax: 0x78,
  paxGlobal: 0x67,
  gnuLongName: 0x4c,
  gnuLongLink: 0x4b,
} as const

/** The fields of a 512-byte header, as they stand there. */
export type RawHeader = {
  readonly name: Uint8Array
  readonly link: Uint8Array
  readonly type: number
  readonly bytes: number
  readonly modifiedSeconds: number
  /** Permission bits; `undefined` where the field is blank. */
  readonly mode: number | undefined
}

const at = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  bytes: 124,
  modified: 136,
  checksum: 148,
  type: 156,
  link: 157,
  magic: 257,
  version: 263,
  prefix: 345,
} as const
const length = { name: 100, id: 8, number: 12, link: 100, prefix: 155 } as const

/** The largest value of an octal field of 11 digits: 8 GiB less one byte. */
export const octalMax: number = 8 ** 11 - 1
export const nameBytesMax: number = length.name
export const linkBytesMax: number = length.link

export function writeHeader({ name, link, type, bytes, modifiedSeconds, mode }: RawHeader): Uint8Array {
  const block = new Uint8Array(blockBytes)
  block.set(name, at.name)
  if (mode !== undefined) writeOctal(block, at.mode, length.id, mode)
  writeOctal(block, at.uid, length.id, 0)
  writeOctal(block, at.gid, length.id, 0)
  writeOctal(block, at.bytes, length.number, bytes)
  writeOctal(block, at.modified, length.number, modifiedSeconds)
  block[at.type] = type
  block.set(link, at.link)
  block.set(magic, at.magic)
  writeOctal(block, at.checksum, 7, checksumOf(block))
  block[at.checksum + 7] = 0x20
  return block
}

/** `undefined` for a block of zeros, of which two end the archive. */
export function readHeader(block: Uint8Array): RawHeader | undefined {
  const checksum = readNumber(block, at.checksum, length.id) ?? -1
  if (checksum !== checksumOf(block)) {
    if (block.every((byte) => byte === 0)) return undefined
    throw malformed('a header has a wrong checksum')
  }
  const isUstar = magic.every((byte, i) => block[at.magic + i] === byte)
  const name = textOf(block, at.name, length.name)
  const prefix = isUstar ? textOf(block, at.prefix, length.prefix) : empty
  return {
    name: prefix.length === 0 ? name : joined(prefix, name),
    link: textOf(block, at.link, length.link),
    type: block[at.type] ?? 0,
    bytes: positive(readNumber(block, at.bytes, length.number) ?? 0),
    modifiedSeconds: readNumber(block, at.modified, length.number) ?? 0,
    mode: readNumber(block, at.mode, length.id),
  }
}

/** Zeros that fill the last block of a body of so many bytes. */
export function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

export function malformed(what: string): Fault {
  return new Fault('invalid.tar', `This is not a tar archive that can be read: ${what}.`)
}

const empty = new Uint8Array(0)
/** "ustar", NUL, and version "00". */
const magic = Uint8Array.of(0x75, 0x73, 0x74, 0x61, 0x72, 0, 0x30, 0x30)

/** The sum of all bytes, those of the checksum counted as spaces. */
function checksumOf(block: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < blockBytes; i += 1) sum += block[i] as number
  for (let i = at.checksum; i < at.checksum + 8; i += 1) sum += 0x20 - (block[i] as number)
  return sum
}

/** Octal digits that fill the field, and a NUL. */
function writeOctal(block: Uint8Array, from: number, size: number, value: number): void {
  let rest = value
  for (let i = from + size - 2; i >= from; i -= 1) {
    block[i] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
}

/** Octal text, or GNU's big-endian binary behind a set high bit; `undefined` where the field is blank. */
function readNumber(block: Uint8Array, from: number, size: number): number | undefined {
  const first = block[from] as number
  if (first >= 0x80) return readBinary(block.subarray(from, from + size))
  let value: number | undefined
  for (let i = from; i < from + size; i += 1) {
    const byte = block[i] as number
    if (byte === 0 || byte === 0x20) {
      if (value === undefined) continue
      break
    }
    if (byte < 0x30 || byte > 0x37) throw malformed('a number in a header is none')
    value = (value ?? 0) * 8 + (byte - 0x30)
  }
  return value
}

function readBinary(field: Uint8Array): number {
  const isNegative = ((field[0] as number) & 0x40) !== 0
  let value = isNegative ? (field[0] as number) - 0x100 : (field[0] as number) & 0x7f
  for (const byte of field.subarray(1)) value = value * 256 + byte
  if (Number.isSafeInteger(value)) return value
  throw malformed('a number in a header is too large')
}

function positive(value: number): number {
  if (value >= 0) return value
  throw malformed('a size is negative')
}

function textOf(block: Uint8Array, from: number, size: number): Uint8Array {
  const field = block.subarray(from, from + size)
  const end = field.indexOf(0)
  return end < 0 ? field : field.subarray(0, end)
}

function joined(prefix: Uint8Array, name: Uint8Array): Uint8Array {
  const whole = new Uint8Array(prefix.length + 1 + name.length)
  whole.set(prefix)
  whole[prefix.length] = 0x2f
  whole.set(name, prefix.length + 1)
  return whole
}
