import { toUtf8 } from '@anarq/bytes'
import { tagBytes } from './frame-key.ts'

/** `Len u24 | Type u8 | StreamID u32 | AAD u16`, most significant byte first; Len counts everything behind itself. */
export const lengthBytes = 3
export const headBytes = 10
export const frameBytesMax = 65_535
export const frameBytesMin: number = headBytes + tagBytes
export const cellBytes = 4096

/** Betanet 1.2, section 5.4; from 0x20 on they are ours. */
export const frameType = {
  stream: 0x00,
  windowUpdate: 0x01,
  ping: 0x02,
  keyUpdate: 0x03,
  close: 0x04,
  rekey: 0x22,
  cell: 0x23,
  message: 0x24,
  reset: 0x25,
} as const

/** A frame before it is sealed: its plain text in pieces, so that content is not copied to stand behind its head. */
export type OutFrame = {
  readonly type: number
  readonly id: number
  readonly pieces: readonly Uint8Array[]
}

export function writeHead(out: Uint8Array, type: number, id: number): void {
  const view = new DataView(out.buffer, out.byteOffset, headBytes)
  view.setUint32(0, ((out.length - lengthBytes) << 8) | type)
  view.setUint32(4, id)
  view.setUint16(8, 0)
}

export type Head = { readonly type: number; readonly id: number }

/** Undefined where the last two bytes are not zero: this version of the link has no further associated data. */
export function readHead(frame: Uint8Array): Head | undefined {
  const view = viewOf(frame)
  return view.getUint16(8) === 0 ? { type: view.getUint8(3), id: view.getUint32(4) } : undefined
}

/** `flags u8 (1: the last) | offset u64 | length u16 | data`. */
export const streamHeadBytes = 11

export function writeStreamHead(isLast: boolean, offset: number, length: number): Uint8Array {
  const head = new Uint8Array(streamHeadBytes)
  const view = viewOf(head)
  view.setUint8(0, isLast ? 1 : 0)
  view.setUint32(1, Math.floor(offset / 2 ** 32))
  view.setUint32(5, offset >>> 0)
  view.setUint16(9, length)
  return head
}

export type StreamPart = { readonly isLast: boolean; readonly offset: number; readonly data: Uint8Array }

export function readStreamPart(body: Uint8Array): StreamPart | undefined {
  if (body.length < streamHeadBytes) return undefined
  const view = viewOf(body)
  const flags = view.getUint8(0)
  const data = body.subarray(streamHeadBytes)
  if (flags > 1 || view.getUint16(9) !== data.length) return undefined
  const offset = view.getUint32(1) * 2 ** 32 + view.getUint32(5)
  return Number.isSafeInteger(offset) ? { isLast: flags === 1, offset, data } : undefined
}

/** `scope u8 (0: the link, 1: the stream) | credit u32`, at least 1. */
export function writeCredit(isStream: boolean, credit: number): Uint8Array {
  const body = new Uint8Array(5)
  viewOf(body).setUint8(0, isStream ? 1 : 0)
  viewOf(body).setUint32(1, credit)
  return body
}

export function readCredit(
  body: Uint8Array,
): { readonly isStream: boolean; readonly credit: number } | undefined {
  if (body.length !== 5 || (body[0] as number) > 1) return undefined
  const credit = viewOf(body).getUint32(1)
  return credit === 0 ? undefined : { isStream: body[0] === 1, credit }
}

/** `flags u8 (1: the first part, 2: the last) | data`, never empty data except in a message that is empty. */
export function writeMessageHead(isFirst: boolean, isLast: boolean): Uint8Array {
  return Uint8Array.of((isFirst ? 1 : 0) | (isLast ? 2 : 0))
}

export type MessagePart = { readonly isFirst: boolean; readonly isLast: boolean; readonly data: Uint8Array }

export function readMessagePart(body: Uint8Array): MessagePart | undefined {
  const flags = body[0]
  if (flags === undefined || flags > 3 || (flags !== 3 && body.length === 1)) return undefined
  return { isFirst: (flags & 1) !== 0, isLast: (flags & 2) !== 0, data: body.subarray(1) }
}

/** `code u16`. */
export function writeCode(code: number): Uint8Array {
  return Uint8Array.of(code >> 8, code & 255)
}

export function readCode(body: Uint8Array): number | undefined {
  return body.length === 2 ? viewOf(body).getUint16(0) : undefined
}

const reasonBytesMax = 256

/** `code u16 | length u16 | reason in UTF-8`, at most 256 bytes. */
export function writeClose(code: number, reason: Uint8Array): Uint8Array {
  const text = reason.subarray(0, reasonBytesMax)
  const body = new Uint8Array(4 + text.length)
  viewOf(body).setUint16(0, code)
  viewOf(body).setUint16(2, text.length)
  body.set(text, 4)
  return body
}

export function readClose(body: Uint8Array): { readonly code: number; readonly reason: string } | undefined {
  if (body.length < 4 || body.length > 4 + reasonBytesMax) return undefined
  const view = viewOf(body)
  if (view.getUint16(2) !== body.length - 4) return undefined
  try {
    return { code: view.getUint16(0), reason: toUtf8(body.subarray(4)) }
  } catch {
    return undefined
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
