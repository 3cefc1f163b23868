/**
 * The hot path's port: compress, lock and seal chunks somewhere, in order of arrival or not.
 * The in-process implementation lives here; the one on worker threads in `@anarq/threads`.
 */
import { concatBytes } from '@anarq/bytes'
import { chunkOverheadBytes, sealChunk } from '@anarq/qlock'
import { addLock, frameHeaderBytesMax, lockOverheadBytes, packFrameParts } from '@anarq/qompress'
import { createWindowPool } from './window-pool.ts'

/**
 * Memory that goes around: a reader fills `bytes`, chunks are ranges of it, and their sealed blocks are written to
 * `sealed`, so that nothing is allocated for a chunk and nothing is copied between threads.
 */
export type Window = {
  readonly id: number
  readonly bytes: Uint8Array
  readonly sealed: Uint8Array
  /** Gives the memory back: the blocks in `sealed` are gone then. */
  release(): void
}

/** Where a chunk lies in `bytes`, and where its block may be written in `sealed`. */
export type SealRange = { readonly from: number; readonly to: number; readonly sealedAt: number }

export type SealKeys = { readonly chunkSecret: Uint8Array; readonly lockKey?: Uint8Array }

export type SealedRange = {
  /** A view of the window's memory. */
  readonly block: Uint8Array
  readonly digest: Uint8Array
  readonly key: Uint8Array
  readonly plainBytes: number
  readonly storedBytes: number
}

export type ChunkSealer = {
  readonly windowBytes: number
  /** Waits until memory is free: this is what bounds a put, whatever the size of the file. */
  window(signal?: AbortSignal): Promise<Window>
  /** Resolves in the order of the ranges. */
  seal(window: Window, ranges: readonly SealRange[], keys: SealKeys): Promise<readonly SealedRange[]>
  close(): Promise<void>
}

/** No block is longer than its chunk and this. */
export const sealedExtraBytesMax: number = frameHeaderBytesMax + lockOverheadBytes + chunkOverheadBytes

export type LocalSealerOptions = { windowBytes?: number; windowsMax?: number }

/** Room in `sealed` for the blocks of so many small chunks. */
const smallChunksMax = 4096

export function sealedRoomOf(windowBytes: number): number {
  return windowBytes + smallChunksMax * sealedExtraBytesMax
}

export function createLocalSealer({
  windowBytes = 8 * 1024 * 1024,
  windowsMax = 2,
}: LocalSealerOptions = {}): ChunkSealer {
  const windows = createWindowPool(windowsMax, () => ({
    bytes: new Uint8Array(windowBytes),
    sealed: new Uint8Array(sealedRoomOf(windowBytes)),
  }))
  return {
    windowBytes,
    window: windows.take,
    async seal({ bytes, sealed }, ranges, keys) {
      return ranges.map(({ from, to, sealedAt }) =>
        sealRange(bytes.subarray(from, to), keys, sealed.subarray(sealedAt)),
      )
    },
    async close() {},
  }
}

/** Compressed, and locked a second time where that was asked for: what Qlock may seal. */
type Compressed = { readonly stage: 'compressed'; readonly frame: readonly Uint8Array[] }

/** One chunk through two stages: Qompress (and its second lock, if asked for), then Qlock, into `out`. */
export function sealRange(
  plain: Uint8Array,
  { chunkSecret, lockKey }: SealKeys,
  out: Uint8Array,
): SealedRange {
  return seal(compress(plain, lockKey), chunkSecret, out, plain.length)
}

function compress(plain: Uint8Array, lockKey: Uint8Array | undefined): Compressed {
  const { header, body } = packFrameParts(plain)
  const frame = lockKey === undefined ? [header, body] : [addLock(lockKey, concatBytes(header, body))]
  return { stage: 'compressed', frame }
}

function seal(
  { frame }: Compressed,
  chunkSecret: Uint8Array,
  out: Uint8Array,
  plainBytes: number,
): SealedRange {
  const { block, digest, key } = sealChunk(chunkSecret, frame, out)
  return { block, digest, key, plainBytes, storedBytes: block.length }
}
