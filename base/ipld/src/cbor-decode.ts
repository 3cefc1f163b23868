import { toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  arrayMajor,
  byteMajor,
  depthMax,
  falseByte,
  float64Byte,
  linkTag,
  mapMajor,
  negativeMajor,
  nullByte,
  tagMajor,
  textMajor,
  trueByte,
  unsignedMajor,
} from './cbor-format.ts'
import { type Cid, linkFromBytes } from './cid.ts'

/**
 * Strict, in one pass: only the bytes that `encodeCbor` would write are accepted, and all others are `invalid.cbor`.
 * `what` names the thing in the message. Byte strings are copies; integers beyond 2^53 are `bigint`.
 */
export function decodeCbor(bytes: Uint8Array, what = 'This data'): unknown {
  const cursor: Cursor = { bytes: plainBytes(bytes), at: 0, what }
  const value = readValue(cursor, 0)
  if (cursor.at !== cursor.bytes.length) throw malformed(cursor)
  return value
}

type Cursor = { readonly bytes: Uint8Array; at: number; readonly what: string }

/** Up to here a loop costs less than a call of `TextDecoder`. */
const loopBytesMax = 48
const keySlots = 1024
const keyBytesMax = 24

/**
 * The keys that were read last, by a hash of their bytes. Few different ones make up nearly all data, and a known
 * string costs an object no look-up in the engine's table of names.
 */
const knownKeys: string[] = new Array<string>(keySlots).fill('')
const floatBytes: Uint8Array<ArrayBuffer> = new Uint8Array(8)
const floatView: DataView = new DataView(floatBytes.buffer)

/** `Buffer.slice` gives a view: everything here counts on a copy. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array)) return new Uint8Array(0)
  return bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readValue(cursor: Cursor, depth: number): unknown {
  const { bytes } = cursor
  if (cursor.at >= bytes.length) throw malformed(cursor)
  const lead = bytes[cursor.at++] as number
  const major = lead >>> 5
  if (major > tagMajor) return readSimple(cursor, lead)
  const count = readCount(cursor, lead & 0x1f)
  switch (major) {
    case unsignedMajor:
      return count <= Number.MAX_SAFE_INTEGER ? count : readLong(cursor)
    case negativeMajor:
      return count < Number.MAX_SAFE_INTEGER ? -1 - count : -1n - readLong(cursor)
    case byteMajor:
      return readBytes(cursor, count)
    case textMajor:
      return readText(cursor, count)
    case arrayMajor:
      return readArray(cursor, count, depth)
    case mapMajor:
      return readMap(cursor, count, depth)
    default:
      return readLink(cursor, count)
  }
}

/** The argument of a head. Beyond 2^53 it is rounded: as a length it is refused, as an integer read again. */
function readCount(cursor: Cursor, info: number): number {
  if (info < 24) return info
  const { bytes, at } = cursor
  if (info > 27) throw info === 31 ? uncanonical(cursor) : malformed(cursor)
  cursor.at = at + (1 << (info - 24))
  if (cursor.at > bytes.length) throw malformed(cursor)
  let count = bytes[at] as number
  if (info === 24) {
    if (count < 24) throw uncanonical(cursor)
    return count
  }
  count = (count << 8) | (bytes[at + 1] as number)
  if (info === 25) {
    if (count < 0x100) throw uncanonical(cursor)
    return count
  }
  count = readUint32(bytes, at)
  if (info === 26) {
    if (count < 0x1_0000) throw uncanonical(cursor)
    return count
  }
  if (count === 0) throw uncanonical(cursor)
  return count * 0x1_0000_0000 + readUint32(bytes, at + 4)
}

function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return high * 0x1_0000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
}

/** The 64 bits just read, whole. */
function readLong({ bytes, at }: Cursor): bigint {
  return (BigInt(readUint32(bytes, at - 8)) << 32n) | BigInt(readUint32(bytes, at - 4))
}

function readBytes(cursor: Cursor, length: number): Uint8Array {
  const start = take(cursor, length)
  return cursor.bytes.slice(start, cursor.at)
}

function readText(cursor: Cursor, length: number): string {
  const start = take(cursor, length)
  const { bytes, at } = cursor
  const short = length <= loopBytesMax ? asciiText(bytes, start, at) : undefined
  if (short !== undefined) return short
  try {
    return toUtf8(bytes.subarray(start, at))
  } catch (cause) {
    throw malformed(cursor, cause)
  }
}

/** `undefined` where a byte is no ASCII. Eight at a time, because joining single characters makes a chain of strings. */
function asciiText(bytes: Uint8Array, from: number, to: number): string | undefined {
  let text = ''
  let at = from
  for (; at + 8 <= to; at += 8) {
    const a = bytes[at] as number
    const b = bytes[at + 1] as number
    const c = bytes[at + 2] as number
    const d = bytes[at + 3] as number
    const e = bytes[at + 4] as number
    const f = bytes[at + 5] as number
    const g = bytes[at + 6] as number
    const h = bytes[at + 7] as number
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined
    text += String.fromCharCode(a, b, c, d, e, f, g, h)
  }
  if (at + 4 <= to) {
    const a = bytes[at] as number
    const b = bytes[at + 1] as number
    const c = bytes[at + 2] as number
    const d = bytes[at + 3] as number
    if ((a | b | c | d) > 0x7f) return undefined
    text += String.fromCharCode(a, b, c, d)
    at += 4
  }
  for (; at < to; at += 1) {
    const byte = bytes[at] as number
    if (byte > 0x7f) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

function readArray(cursor: Cursor, length: number, depth: number): unknown[] {
  checkContainer(cursor, length, depth)
  const values: unknown[] = []
  for (let i = 0; i < length; i += 1) values.push(readValue(cursor, depth + 1))
  return values
}

function readMap(cursor: Cursor, length: number, depth: number): Record<string, unknown> {
  checkContainer(cursor, 2 * length, depth)
  const map: Record<string, unknown> = {}
  let before = -1
  let beforeLength = 0
  for (let i = 0; i < length; i += 1) {
    const keyLength = readKeyLength(cursor)
    const start = take(cursor, keyLength)
    if (before >= 0 && !isAfter(cursor.bytes, before, beforeLength, start, keyLength))
      throw uncanonical(cursor)
    before = start
    beforeLength = keyLength
    const key = readKey(cursor, start, keyLength)
    const value = readValue(cursor, depth + 1)
    if (key === '__proto__') setOwn(map, key, value)
    else map[key] = value
  }
  return map
}

function readKeyLength(cursor: Cursor): number {
  if (cursor.at >= cursor.bytes.length) throw malformed(cursor)
  const lead = cursor.bytes[cursor.at++] as number
  if (lead >>> 5 !== textMajor) throw malformed(cursor)
  return readCount(cursor, lead & 0x1f)
}

/** Shorter keys first, then by their bytes; equal ones are refused too. */
function isAfter(bytes: Uint8Array, a: number, aLength: number, b: number, bLength: number): boolean {
  if (aLength !== bLength) return aLength < bLength
  for (let i = 0; i < aLength; i += 1) {
    const difference = (bytes[b + i] as number) - (bytes[a + i] as number)
    if (difference !== 0) return difference > 0
  }
  return false
}

function readKey(cursor: Cursor, start: number, length: number): string {
  if (length > keyBytesMax) {
    cursor.at = start
    return readText(cursor, length)
  }
  const { bytes } = cursor
  let hash = length
  for (let i = 0; i < length; i += 1) hash = (Math.imul(hash, 31) + (bytes[start + i] as number)) | 0
  const slot = (hash ^ (hash >>> 10)) & (keySlots - 1)
  const known = knownKeys[slot] as string
  if (isTextAt(known, bytes, start, length)) return known
  cursor.at = start
  const key = readText(cursor, length)
  if (key.length === length) knownKeys[slot] = key
  return key
}

/** Known keys are ASCII: one byte a character. */
function isTextAt(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i += 1) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

/** Assigning to this one key would change the map's prototype. */
function setOwn(map: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true })
}

/** Tag 42 over the CID's bytes behind a zero, which stands for multibase's "identity". */
function readLink(cursor: Cursor, tag: number): Cid {
  const { bytes } = cursor
  if (tag !== linkTag || cursor.at >= bytes.length) throw malformed(cursor)
  const lead = bytes[cursor.at++] as number
  if (lead >>> 5 !== byteMajor) throw malformed(cursor)
  const start = take(cursor, readCount(cursor, lead & 0x1f))
  const link =
    bytes[start] === 0 && start < cursor.at ? linkFromBytes(bytes.slice(start + 1, cursor.at)) : undefined
  if (link === undefined) throw malformed(cursor)
  return link
}

function readSimple(cursor: Cursor, lead: number): unknown {
  if (lead === trueByte) return true
  if (lead === falseByte) return false
  if (lead === nullByte) return null
  if (lead !== float64Byte) throw malformed(cursor)
  const start = take(cursor, 8)
  for (let i = 0; i < 8; i += 1) floatBytes[i] = cursor.bytes[start + i] as number
  const value = floatView.getFloat64(0)
  if (!Number.isFinite(value)) throw malformed(cursor)
  // Safe integers, -0 among them, have a shorter form.
  if (Number.isSafeInteger(value)) throw uncanonical(cursor)
  return value
}

/** Steps over so many bytes and says where they start. */
function take(cursor: Cursor, length: number): number {
  const start = cursor.at
  if (length > cursor.bytes.length - start) throw malformed(cursor)
  cursor.at = start + length
  return start
}

/** Every item takes a byte at least, so a claim of more is refused before its work starts. */
function checkContainer(cursor: Cursor, items: number, depth: number): void {
  if (items > cursor.bytes.length - cursor.at) throw malformed(cursor)
  if (depth >= depthMax) {
    throw new Fault('invalid.cbor', `${cursor.what} is malformed: it nests more than ${depthMax} deep.`)
  }
}

function malformed({ what }: Cursor, cause?: unknown): Fault {
  const message = `${what} is malformed: it is not DAG-CBOR, or it is cut short.`
  return new Fault('invalid.cbor', message, cause === undefined ? {} : { cause })
}

function uncanonical({ what }: Cursor): Fault {
  return new Fault('invalid.cbor', `${what} is malformed: it is not in DAG-CBOR's one canonical form.`)
}
