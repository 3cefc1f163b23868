/** What a worker does with one chunk. A module of its own, so that a worker loads little else. */
import { concatBytes, discard } from '@anarq/bytes'
import { sealChunk } from '@anarq/qlock'
import { addLock, packFrameParts } from '@anarq/qompress'

export type SealKeys = { readonly chunkSecret: Uint8Array; readonly lockKey?: Uint8Array }

export type SealedRange = {
  /** A view of the window's memory. */
  readonly block: Uint8Array
  readonly digest: Uint8Array
  readonly key: Uint8Array
  readonly plainBytes: number
  readonly storedBytes: number
}

/** Compressed, and locked a second time where that was asked for: what Qlock may seal. */
type Compressed = { readonly stage: 'compressed'; readonly frame: readonly Uint8Array[] }

/** One chunk through two stages: Qompress (and its second lock, if asked for), then Qlock, into `out`. */
export function sealRange(
  plain: Uint8Array,
  { chunkSecret, lockKey }: SealKeys,
  out: Uint8Array,
): SealedRange {
  return seal(compress(plain, lockKey), chunkSecret, out, plain)
}

function compress(plain: Uint8Array, lockKey: Uint8Array | undefined): Compressed {
  const { header, body } = packFrameParts(plain, { hasChecksum: false })
  const frame = lockKey === undefined ? [header, body] : [addLock(lockKey, concatBytes(header, body))]
  return { stage: 'compressed', frame }
}

function seal(
  { frame }: Compressed,
  chunkSecret: Uint8Array,
  out: Uint8Array,
  plain: Uint8Array,
): SealedRange {
  const { block, digest, key } = sealChunk(chunkSecret, frame, out)
  for (const part of frame) if (part !== plain) discard(part)
  return { block, digest, key, plainBytes: plain.length, storedBytes: block.length }
}
