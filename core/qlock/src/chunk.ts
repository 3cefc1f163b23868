import { equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '#primitives'
import { checkKey, tagBytes } from './primitives/lengths.ts'

/** A sealed frame, its name and the key that opens it. Whoever holds the key can open it; keep it sealed. */
export type SealedChunk = {
  readonly block: Uint8Array
  /** BLAKE3 of the block, 32 bytes. */
  readonly digest: Uint8Array
  readonly key: Uint8Array
}

const commitmentBytes = 32
export const chunkOverheadBytes: number = commitmentBytes + tagBytes
/** The largest frame. */
export const chunkFrameBytesMax: number = 8 * 1024 * 1024

const info = fromUtf8('q/v1/chunk')
/** A key seals one frame only, being its keyed hash, so that one nonce is enough. */
const nonce = new Uint8Array(12)

/**
 * Seals a frame deterministically under a secret of its owner: equal frames give equal blocks to this owner, and tell
 * nobody else anything. key = BLAKE3-keyed(secret, frame); encryption key || commitment = HKDF-SHA512(key);
 * block = commitment(32) || AES-256-GCM(frame) || tag(16). The frame may come in pieces, which are not joined first.
 * With `out`, the block is a view of its beginning.
 */
export function sealChunk(
  chunkSecret: Uint8Array,
  frame: Uint8Array | readonly Uint8Array[],
  out?: Uint8Array,
): SealedChunk {
  const { pieces, joinedBytes } =
    frame instanceof Uint8Array ? { pieces: [frame], joinedBytes: 0 } : joined(frame)
  const { key, okm, frameBytes } = keysOf(chunkSecret, pieces)
  const blockBytes = frameBytes + chunkOverheadBytes
  if (out !== undefined && out.length < blockBytes)
    throw new Fault('internal.buffer', `A block of ${blockBytes} bytes does not fit into ${out.length}.`)
  const block = out === undefined ? primitives.allocate(blockBytes) : out.subarray(0, blockBytes)
  block.set(okm.subarray(32))
  primitives.aesGcmSealInto(okm.subarray(0, 32), nonce, pieces, block, commitmentBytes)
  okm.fill(0)
  joining.fill(0, 0, joinedBytes)
  return { block, digest: primitives.blake3(block), key }
}

/** Where the pieces of a small frame are joined: hashing and sealing them one by one costs more than a copy. */
const joining = new Uint8Array(16 * 1024)

function joined(frame: readonly Uint8Array[]): { pieces: readonly Uint8Array[]; joinedBytes: number } {
  const bytes = frame.reduce((sum, piece) => sum + piece.length, 0)
  if (bytes > joining.length || frame.length < 2) return { pieces: frame, joinedBytes: 0 }
  let at = 0
  for (const piece of frame) {
    joining.set(piece, at)
    at += piece.length
  }
  return { pieces: [joining.subarray(0, bytes)], joinedBytes: bytes }
}

/** The frame; undefined where the key is another's, or the block was changed or cut. */
export function openChunk(key: Uint8Array, block: Uint8Array): Uint8Array | undefined {
  checkKey(key, 32)
  if (block.length < chunkOverheadBytes || block.length > chunkFrameBytesMax + chunkOverheadBytes)
    return undefined
  const okm = primitives.hkdfSha512(key, { info, length: 64 })
  const isOurs = equalBytes(okm.subarray(32), block.subarray(0, commitmentBytes))
  const frame = isOurs
    ? primitives.aesGcmOpen(okm.subarray(0, 32), nonce, block.subarray(commitmentBytes))
    : undefined
  okm.fill(0)
  return frame
}

/**
 * As `openChunk`, into `outs`, one filled after another, which together are `chunkOverheadBytes` shorter than the block.
 * False for a wrong key or a changed block: what lies in them then is nobody's to use.
 */
export function openChunkInto(key: Uint8Array, block: Uint8Array, outs: readonly Uint8Array[]): boolean {
  checkKey(key, 32)
  const frameBytes = outs.reduce((sum, out) => sum + out.length, 0)
  if (frameBytes > chunkFrameBytesMax || block.length !== frameBytes + chunkOverheadBytes) return false
  const okm = primitives.hkdfSha512(key, { info, length: 64 })
  const isOurs = equalBytes(okm.subarray(32), block.subarray(0, commitmentBytes))
  const sealed = block.subarray(commitmentBytes)
  const isOpen = isOurs && primitives.aesGcmOpenInto(okm.subarray(0, 32), nonce, sealed, outs)
  okm.fill(0)
  return isOpen
}

function keysOf(
  chunkSecret: Uint8Array,
  frame: readonly Uint8Array[],
): { key: Uint8Array; okm: Uint8Array; frameBytes: number } {
  const frameBytes = frame.reduce((sum, piece) => sum + piece.length, 0)
  if (frameBytes > chunkFrameBytesMax)
    throw new Fault(
      'limit.frame',
      `A frame of ${frameBytes} bytes is over the ${chunkFrameBytesMax} of one block.`,
    )
  const key = primitives.blake3Keyed(chunkSecret, ...frame)
  return { key, okm: primitives.hkdfSha512(key, { info, length: 64 }), frameBytes }
}
