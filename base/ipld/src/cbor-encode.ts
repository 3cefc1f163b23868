import { fromUtf8 } from '@anarq/bytes'
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
import { sortKeys } from './cbor-keys.ts'
import { hasShortPrefix, linkFromBytes } from './cid.ts'

/**
 * Canonical DAG-CBOR (https://ipld.io/specs/codecs/dag-cbor/spec/), as a copy of its own. A number that is a safe
 * integer becomes an integer, every other one a float of 64 bits; a `bigint` an integer of at most 64 bits; an
 * object whose `asCID` is itself a link. Throws `TypeError`, a defect of ours, on what the format has no word for:
 * `undefined`, NaN, infinities, functions, symbols, instances of classes, typed arrays other than `Uint8Array`,
 * keys with lone surrogates, and nesting deeper than 128 (a cycle too). A lone surrogate elsewhere in a text becomes
 * U+FFFD, as with `TextEncoder`.
 */
export function encodeCbor(value: unknown): Uint8Array {
  return withCbor(value, (bytes) => bytes.slice())
}

/**
 * As `encodeCbor`, with the bytes only lent to `use`, which encodes nothing itself: for who hashes them or copies them
 * somewhere else.
 */
export function withCbor<T>(value: unknown, use: (bytes: Uint8Array) => T): T {
  // A getter may encode too: it writes behind what is already there.
  const start = at
  try {
    writeValue(value, 0)
    return use(scratch.subarray(start, at))
  } finally {
    // Secrets pass through here, and none may stay.
    scratch.fill(0, start, at)
    at = start
    if (start === 0 && scratch.length > scratchBytesKept) scratch = new Uint8Array(scratchBytesMin)
  }
}

const scratchBytesMin = 4096
const scratchBytesKept = 1_048_576
const headBytesMax = 9
const longMax = 0xffff_ffff_ffff_ffffn
/** Beyond, a call of `encodeInto` costs less than a loop. */
const loopUnitsMax = 12
/** Beyond, room for the worst case costs more than a copy. */
const intoUnitsMax = 4096
/** The most bytes that one UTF-16 code unit takes in UTF-8. */
const unitBytesMax = 3

/** Shared by all calls, because a new buffer costs more than filling it. */
let scratch: Uint8Array<ArrayBuffer> = new Uint8Array(scratchBytesMin)
let at = 0

const encoder = new TextEncoder() as TextEncoder & {
  encodeInto(text: string, into: Uint8Array): { read: number; written: number }
}
const floatBytes: Uint8Array<ArrayBuffer> = new Uint8Array(8)
const floatView: DataView = new DataView(floatBytes.buffer)

function writeValue(value: unknown, depth: number): void {
  if (typeof value === 'string') writeText(value)
  else if (typeof value === 'number') writeNumber(value)
  else if (typeof value === 'object') writeObject(value, depth)
  else if (typeof value === 'boolean') writeByte(value ? trueByte : falseByte)
  else if (typeof value === 'bigint') writeBigInt(value)
  else throw new TypeError(`CBOR has no word for ${typeof value}`)
}

function writeObject(value: object | null, depth: number): void {
  if (value === null) {
    writeByte(nullByte)
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) {
    writeMap(value as Readonly<Record<string, unknown>>, depth)
  } else if (value instanceof Uint8Array) writeBytes(byteMajor, value)
  else if (Array.isArray(value)) writeArray(value, depth)
  else if ('asCID' in value && value.asCID === value) writeLink(value as { readonly bytes?: unknown })
  else throw new TypeError(`CBOR has no word for an instance of ${value.constructor?.name ?? 'a class'}`)
}

function writeNumber(value: number): void {
  if (Number.isSafeInteger(value)) {
    if (value >= 0) writeHead(unsignedMajor, value)
    else writeHead(negativeMajor, -1 - value)
    return
  }
  if (!Number.isFinite(value)) throw new TypeError(`CBOR has no word for ${value} here`)
  reserve(headBytesMax)
  floatView.setFloat64(0, value)
  scratch[at] = float64Byte
  scratch.set(floatBytes, at + 1)
  at += headBytesMax
}

function writeBigInt(value: bigint): void {
  const major = value < 0n ? negativeMajor : unsignedMajor
  const count = value < 0n ? -1n - value : value
  if (count > longMax) throw new TypeError('CBOR has no word for an integer of more than 64 bits')
  if (count <= Number.MAX_SAFE_INTEGER) writeHead(major, Number(count))
  else writeLongHead(major, Number(count >> 32n), Number(count & 0xffff_ffffn))
}

function writeBytes(major: number, bytes: Uint8Array): void {
  const { length } = bytes
  writeHead(major, length)
  reserve(length)
  scratch.set(bytes, at)
  at += length
}

function writeText(text: string): void {
  const { length } = text
  if (length <= loopUnitsMax && wroteAscii(text)) return
  if (length <= intoUnitsMax) writeInto(text)
  else writeBytes(textMajor, fromUtf8(text))
}

/** Optimistic: false, with nothing written, where a character takes more than a byte. */
function wroteAscii(text: string): boolean {
  const { length } = text
  reserve(1 + loopUnitsMax)
  const bytes = scratch
  const start = at + 1
  for (let i = 0; i < length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return false
    bytes[start + i] = unit
  }
  bytes[at] = (textMajor << 5) | length
  at = start + length
  return true
}

function writeInto(text: string): void {
  // The head comes before the text and its length only after it: one byte a character is mostly the right guess, and
  // where it is not, the text moves.
  const guess = headBytes(text.length)
  reserve(headBytesMax + unitBytesMax * text.length)
  const start = at + guess
  const { written } = encoder.encodeInto(text, scratch.subarray(start))
  const head = headBytes(written)
  if (head !== guess) scratch.copyWithin(at + head, start, start + written)
  writeHead(textMajor, written)
  at += written
}

function writeArray(values: readonly unknown[], depth: number): void {
  checkDepth(depth)
  const { length } = values
  writeHead(arrayMajor, length)
  for (let i = 0; i < length; i += 1) writeValue(values[i], depth + 1)
}

function writeMap(map: Readonly<Record<string, unknown>>, depth: number): void {
  checkDepth(depth)
  const keys = sortKeys(Object.keys(map))
  if (keys[0] === '/' && isClonedLink(map)) {
    writeLink(map)
    return
  }
  const { length } = keys
  writeHead(mapMajor, length)
  for (let i = 0; i < length; i += 1) {
    const key = keys[i] as string
    writeText(key)
    writeValue(map[key], depth + 1)
  }
}

/** A link is tag 42 over the CID's bytes behind a zero, which stands for multibase's "identity". */
function writeLink(link: { readonly bytes?: unknown }): void {
  const { bytes } = link
  const isLink = bytes instanceof Uint8Array && (hasShortPrefix(bytes) || linkFromBytes(bytes) !== undefined)
  if (!isLink) throw new TypeError('A CID to encode is malformed')
  writeHead(tagMajor, linkTag)
  writeHead(byteMajor, 1 + bytes.length)
  reserve(1 + bytes.length)
  scratch[at] = 0
  scratch.set(bytes, at + 1)
  at += 1 + bytes.length
}

/** What `structuredClone` leaves of a CID: a plain object, whose "/" still is its bytes. */
function isClonedLink(map: Readonly<Record<string, unknown>>): boolean {
  const bytes = map['/']
  return bytes instanceof Uint8Array && bytes === map.bytes
}

function checkDepth(depth: number): void {
  if (depth >= depthMax) throw new TypeError(`CBOR here nests at most ${depthMax} deep; is there a cycle?`)
}

function writeByte(byte: number): void {
  reserve(1)
  scratch[at] = byte
  at += 1
}

function headBytes(count: number): number {
  if (count < 24) return 1
  if (count < 0x100) return 2
  if (count < 0x1_0000) return 3
  return count < 0x1_0000_0000 ? 5 : 9
}

/** A major type and its argument, a safe integer, in the shortest form (RFC 8949 section 3). */
function writeHead(major: number, count: number): void {
  reserve(headBytesMax)
  const lead = major << 5
  if (count < 24) scratch[at++] = lead | count
  else if (count < 0x100) {
    scratch[at++] = lead | 24
    scratch[at++] = count
  } else if (count < 0x1_0000) {
    scratch[at++] = lead | 25
    scratch[at++] = count >>> 8
    scratch[at++] = count
  } else if (count < 0x1_0000_0000) {
    scratch[at++] = lead | 26
    writeUint32(count)
  } else writeLongHead(major, Math.floor(count / 0x1_0000_0000), count % 0x1_0000_0000)
}

function writeLongHead(major: number, high: number, low: number): void {
  reserve(headBytesMax)
  scratch[at++] = (major << 5) | 27
  writeUint32(high)
  writeUint32(low)
}

function writeUint32(value: number): void {
  scratch[at++] = value >>> 24
  scratch[at++] = value >>> 16
  scratch[at++] = value >>> 8
  scratch[at++] = value
}

function reserve(bytes: number): void {
  if (at + bytes > scratch.length) grow(at + bytes)
}

function grow(bytes: number): void {
  const larger = new Uint8Array(Math.max(2 * scratch.length, bytes))
  larger.set(scratch.subarray(0, at))
  scratch.fill(0)
  scratch = larger
}
