/**
 * The hot path's port: compress, lock and seal chunks, and seal envelopes, somewhere, in order of arrival or not.
 * The in-process implementation lives here; the one on worker threads in `@anarq/threads`.
 */
import { chunkOverheadBytes } from '@anarq/qlock'
import { frameHeaderBytesMax, lockOverheadBytes } from '@anarq/qompress'
import type { Random } from '@anarq/random'
import type { BlockKeys, Unopened } from './open-block.ts'
import type { EpochKey, OpenedFile, StoredFile } from './open-file.ts'
import { type EnvelopeOwner, type EnvelopeRequest, type NamedBytes, sealEnvelopes } from './seal-envelopes.ts'
import { type SealedRange, type SealKeys, sealRange } from './seal-range.ts'
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

export type Sealer = {
  readonly windowBytes: number
  /** Waits until memory is free: this is what bounds a put, whatever the size of the file. */
  window(signal?: AbortSignal): Promise<Window>
  /** Resolves in the order of the ranges. */
  seal(window: Window, ranges: readonly SealRange[], keys: SealKeys): Promise<readonly SealedRange[]>
  /** In the order of the requests; their blocks are named by the sealer. */
  sealEnvelopes(requests: readonly EnvelopeRequest[], owner: EnvelopeOwner): Promise<readonly NamedBytes[]>
  /** Memory for stored blocks that will be opened elsewhere; undefined where all of it is taken: then open it here. */
  room(bytes: number): BlockRoom | undefined
  /** Starts what is slow to start, for whoever knows that chunks will come; nothing where it has begun. */
  prepare(): void
  close(): Promise<void>
}

/** No block is longer than its chunk and this. */
export const sealedExtraBytesMax: number = frameHeaderBytesMax + lockOverheadBytes + chunkOverheadBytes

/** The way back: blocks are read to `bytes`, and checked, unsealed and expanded on another thread. */
export type BlockRoom = {
  readonly bytes: Uint8Array
  /** The plain bytes are the caller's. The room is given back, whatever comes of it. */
  open(keys: BlockKeys): Promise<Uint8Array | Unopened>
  /** The room holds the stored blocks of small files instead, as views of `bytes`: all of them at once, in their order. */
  openFiles(
    files: readonly StoredFile[],
    keys: readonly EpochKey[],
  ): Promise<readonly (OpenedFile | undefined)[]>
  /** Gives the room back unused. */
  release(): void
}

export type LocalSealerOptions = { random: Random; windowBytes?: number; windowsMax?: number }

/** Room in `sealed` for the blocks of so many small chunks. */
const smallChunksMax = 4096

export function sealedRoomOf(windowBytes: number): number {
  return windowBytes + smallChunksMax * sealedExtraBytesMax
}

export function createLocalSealer({
  random,
  windowBytes = 8 * 1024 * 1024,
  windowsMax = 2,
}: LocalSealerOptions): Sealer {
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
    sealEnvelopes: async (requests, owner) => sealEnvelopes(requests, owner, random),
    room: () => undefined,
    prepare() {},
    async close() {},
  }
}
