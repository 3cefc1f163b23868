import { Fault } from '@anarq/fault'
import { primitives } from '@anarq/qlock'
import { codec } from '#codec'
import { chunkBytesMax } from './chunker.ts'
import type { Decompress } from './codec.ts'
import { looksCompressible } from './probe.ts'
import { isOneZstdFrame } from './zstd-frame.ts'

/** How the body of a frame is written; the header's first byte is the index in this list. */
const codecs = ['stored', 'zstd'] as const
export type FrameCodec = (typeof codecs)[number]

/** The most that a frame is longer than what it holds: one byte for the codec, a varint of at most five. */
export const frameHeaderBytesMax = 6

const plainBytesCeiling = 2 ** 32 - 1
/** A zstd frame with content size has at least 9 bytes: shorter content cannot gain. */
const compressedBytesMin = 32
const levelMax = 19

export type PackOptions = {
  /** zstd's, 1 to 19. */
  readonly level?: number
  /** Off where a seal around the frame says whether its bytes are the ones written: it takes 3 % of the time, both ways. */
  readonly hasChecksum?: boolean
}
export type FrameParts = { readonly header: Uint8Array; readonly body: Uint8Array }
export type FrameInfo = {
  readonly codec: FrameCodec
  readonly plainBytes: number
  readonly headerBytes: number
}
export type OpenOptions = {
  /** More than this is `limit.frame`, before anything is allocated. */
  readonly plainBytesMax?: number
  /** A zstd decoder for platforms that have none of their own. */
  readonly decompress?: Decompress
}

/**
 * A frame: codec (one byte: 0 stored, 1 zstd), length of the content (varint), body. What does not shrink is
 * stored, so a frame is never longer than `plain` and `frameHeaderBytesMax`. With `into`, the frame is written at
 * the start of that buffer and the result is a view of it; one too small is `invalid.buffer`.
 */
export function packFrame(
  plain: Uint8Array,
  { into, ...options }: PackOptions & { readonly into?: Uint8Array } = {},
): Uint8Array {
  const { header, body } = packFrameParts(plain, options)
  const frameBytes = header.length + body.length
  if (into !== undefined && into.length < frameBytes)
    throw new Fault(
      'invalid.buffer',
      `This frame has ${frameBytes} bytes and the buffer for it ${into.length}. Give one ${frameHeaderBytesMax} bytes longer than the content.`,
    )
  const frame = into === undefined ? primitives.allocate(frameBytes) : into.subarray(0, frameBytes)
  frame.set(header)
  frame.set(body, header.length)
  return frame
}

/**
 * The same frame without joining it: a stored body is `plain` itself, uncopied. A compressed one is a view of a buffer
 * as large as the content, so do not keep many.
 */
export function packFrameParts(
  plain: Uint8Array,
  { level = 1, hasChecksum = true }: PackOptions = {},
): FrameParts {
  checkLevel(level)
  if (plain.length > plainBytesCeiling)
    throw new Fault('limit.frame', 'One frame holds less than 4 GiB. Cut the content into chunks first.')
  const compressed = compress(plain, level, hasChecksum)
  return compressed === undefined
    ? { header: headerOf('stored', plain.length), body: plain }
    : { header: headerOf('zstd', plain.length), body: compressed }
}

/**
 * The content of a frame; of a stored one a view, uncopied. Bytes that are no whole frame, or not one that
 * `packFrame` could have made, are `damaged.frame`. A stored body carries no checksum, and a compressed one
 * need not: the seal around a frame is what tells that its bytes are the ones written.
 */
export function openFrame(
  frame: Uint8Array,
  { plainBytesMax = chunkBytesMax, decompress = codec.decompress }: OpenOptions = {},
): Uint8Array {
  const { codec: wayOfWriting, plainBytes, headerBytes } = readFrameHeader(frame)
  if (plainBytes > plainBytesMax)
    throw new Fault(
      'limit.frame',
      `This frame says that it holds ${plainBytes} bytes, where at most ${plainBytesMax} are taken. It was not opened.`,
    )
  const body = frame.subarray(headerBytes)
  switch (wayOfWriting) {
    case 'stored':
      if (body.length !== plainBytes) throw damaged('does not have the length it says')
      return body
    case 'zstd':
      return expand(body, plainBytes, decompress)
    default:
      return wayOfWriting satisfies never
  }
}

/** What a frame says of itself, without opening it. Malformed headers are `damaged.frame`. */
export function readFrameHeader(frame: Uint8Array): FrameInfo {
  const wayOfWriting = codecs[frame[0] ?? codecs.length]
  if (wayOfWriting === undefined) throw damaged('starts with no codec that is known here')
  let plainBytes = 0
  for (let at = 1; at < frameHeaderBytesMax; at += 1) {
    const byte = frame[at] ?? 0x80
    plainBytes += (byte & 0x7f) * 2 ** (7 * (at - 1))
    if (byte >= 0x80) continue
    const isPadded = byte === 0 && at > 1
    if (isPadded || plainBytes > plainBytesCeiling) break
    return { codec: wayOfWriting, plainBytes, headerBytes: at + 1 }
  }
  throw damaged('does not say its length in the one allowed way')
}

function expand(body: Uint8Array, plainBytes: number, decompress: Decompress): Uint8Array {
  if (body.length >= plainBytes) throw damaged('is longer than what it says it holds')
  if (!isOneZstdFrame(body, plainBytes)) throw damaged('does not hold exactly one zstd frame')
  let plain: Uint8Array
  try {
    plain = decompress(body, plainBytes)
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown
    throw damaged('does not expand', thrown)
  }
  if (plain.length !== plainBytes) throw damaged('does not hold as much as it says')
  return plain
}

function compress(plain: Uint8Array, level: number, hasChecksum: boolean): Uint8Array | undefined {
  if (plain.length < compressedBytesMin || !looksCompressible(plain)) return undefined
  const body = codec.compress(plain, level, { hasChecksum })
  return body !== undefined && body.length < plain.length ? body : undefined
}

function headerOf(wayOfWriting: FrameCodec, plainBytes: number): Uint8Array {
  const header = [codecs.indexOf(wayOfWriting)]
  let rest = plainBytes
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) header.push((rest % 0x80) | 0x80)
  header.push(rest)
  return Uint8Array.from(header)
}

function checkLevel(level: number): void {
  if (Number.isInteger(level) && level >= 1 && level <= levelMax) return
  throw new Fault(
    'invalid.level',
    `The compression level is a whole number from 1 to ${levelMax}, not ${level}.`,
  )
}

function damaged(what: string, cause?: unknown): Fault {
  return new Fault(
    'damaged.frame',
    `This frame ${what}: it was damaged, or made by a newer version. Fetch another copy.`,
    cause === undefined ? {} : { cause },
  )
}
