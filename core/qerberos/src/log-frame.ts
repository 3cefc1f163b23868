import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { hashBlake3 } from '@anarq/qlock'
import type { StoreDamage } from './log-store.ts'

/**
 * How a log lies in one growing file: frame after frame, each
 * magic(4) | number u64 | body length u32 | first 8 bytes of BLAKE3(body) | FNV-1a 32 of these 24 bytes | body,
 * numbers big-endian. A reader that loses its way looks for the next magic, so damage stays where it is.
 */
export type LogFrame = { readonly number: number; readonly bodyBytes: number }

export const frameHeaderBytes = 28
export const frameBodyBytesMax: number = 1024 * 1024
export const frameMagic: Uint8Array = Uint8Array.of(0x89, 0x41, 0x51, 0x4c)
const checkedBytes = 24

/** `limit.entry` for a body over 1 MiB. */
export function encodeFrame(number: number, body: Uint8Array): Uint8Array {
  if (body.length > frameBodyBytesMax) {
    throw new Fault(
      'limit.entry',
      `An entry of a log has at most ${frameBodyBytesMax} bytes, not ${body.length}.`,
    )
  }
  const frame = new Uint8Array(frameHeaderBytes + body.length)
  const view = new DataView(frame.buffer)
  frame.set(frameMagic)
  view.setBigUint64(4, BigInt(number))
  view.setUint32(12, body.length)
  frame.set(checkOf(body), 16)
  view.setUint32(checkedBytes, fnv1a(frame.subarray(0, checkedBytes)))
  frame.set(body, frameHeaderBytes)
  return frame
}

/** The header at this offset, when a whole and unchanged one lies there; its body may be damaged or cut. */
export function parseFrame(bytes: Uint8Array, at: number): LogFrame | undefined {
  const header = bytes.subarray(at, at + frameHeaderBytes)
  if (header.length < frameHeaderBytes || !equalBytes(header.subarray(0, 4), frameMagic)) return undefined
  const view = new DataView(header.buffer, header.byteOffset)
  if (view.getUint32(checkedBytes) !== fnv1a(header.subarray(0, checkedBytes))) return undefined
  const high = view.getUint32(4)
  const bodyBytes = view.getUint32(12)
  if (bodyBytes > frameBodyBytesMax || high >= 2 ** 21) return undefined
  return { number: high * 2 ** 32 + view.getUint32(8), bodyBytes }
}

/** The body of the frame at this offset, a view; undefined when it is cut or changed. */
export function frameBody(bytes: Uint8Array, at: number, { bodyBytes }: LogFrame): Uint8Array | undefined {
  const from = at + frameHeaderBytes
  const body = bytes.subarray(from, from + bodyBytes)
  const isWhole = body.length === bodyBytes && equalBytes(checkOf(body), bytes.subarray(at + 16, at + 24))
  return isWhole ? body : undefined
}

/** Where from this offset on the next frame may begin: at a magic, at what may be the beginning of one, or at the end. */
export function nextMagic(bytes: Uint8Array, from: number): number {
  const [first = 0, ...rest] = frameMagic
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (rest.every((byte, i) => (bytes[at + 1 + i] ?? byte) === byte)) return at
  }
  return bytes.length
}

/** Where each number's frame begins, or why there is none. */
export type FramePlaces = {
  readonly starts: readonly number[]
  readonly damage: readonly StoreDamage[]
  /** A whole frame at this offset, with so many bytes before it that are none. */
  found(number: number, at: number, badBytes: number): void
  /** The file ends with bytes that are no frame. True when entries that were durable lie among them. */
  endsBadly(): boolean
  /** Frames just written, one after another. */
  written(number: number, at: number): void
}

/** In place of an offset. */
export const missingFrame: number = -1
export const unreadableFrame: number = -2
/** How many numbers a frame may skip when nothing else shows that there were entries between. */
const skippedMax = 65_536

/** `durable`: so many entries are known to have been on the disk. */
export function createFramePlaces(durable: number): FramePlaces {
  const starts: number[] = []
  const damage: StoreDamage[] = []
  const note = (sentence: string): void => {
    damage.push({ part: 'entries', sentence, isRepaired: false })
  }
  return {
    starts,
    damage,
    found(number, at, badBytes) {
      const expected = starts.length
      if (number < expected) {
        const isEmpty = (starts[number] as number) < 0
        if (isEmpty) starts[number] = at
        note(`Entry ${number} lies ${isEmpty ? 'out of its place' : 'there twice'}, at byte ${at}.`)
        return
      }
      const lostMax = Math.max(skippedMax, durable - expected, Math.floor(badBytes / frameHeaderBytes))
      if (number - expected > lostMax) {
        note(`What lies at byte ${at} says it is entry ${number}; there were never so many.`)
        return
      }
      if (badBytes > 0 && number === expected) {
        note(`${badBytes} bytes before byte ${at} belong to no entry.`)
      }
      while (starts.length < number) starts.push(badBytes > 0 ? unreadableFrame : missingFrame)
      starts.push(at)
    },
    endsBadly() {
      const isKept = starts.length < durable
      while (starts.length < durable) starts.push(unreadableFrame)
      return isKept
    },
    written(number, at) {
      while (starts.length < number) starts.push(missingFrame)
      starts.push(at)
    },
  }
}

function checkOf(body: Uint8Array): Uint8Array {
  return hashBlake3(body).subarray(0, 8)
}

/** http://www.isthe.com/chongo/tech/comp/fnv/: each step is a bijection, so one changed byte always changes the sum. */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
