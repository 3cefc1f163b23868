import type { BlockKeys, EnvelopeOwner, EpochKey, SealKeys, SealRange, Unopened } from '@anarq/flows'
import type { PackedFiles, PackedOpened } from './packed-files.ts'
import type { PackedRequests } from './packed-requests.ts'

/** Memory that both sides see, made known to a worker once. */
export type WindowNotice = {
  readonly kind: 'window'
  readonly window: number
  readonly bytes: SharedArrayBuffer
  readonly sealed: SharedArrayBuffer
}

export type Task =
  | {
      readonly kind: 'open'
      /** Holds the block from its start on; small, so that it is named with each task. */
      readonly memory: SharedArrayBuffer
      readonly bytes: number
      readonly keys: BlockKeys
    }
  | {
      readonly kind: 'files'
      /** Holds the blocks of all of them. */
      readonly memory: SharedArrayBuffer
      readonly files: PackedFiles
      readonly keys: readonly EpochKey[]
    }
  | {
      readonly kind: 'seal'
      readonly window: number
      readonly ranges: readonly SealRange[]
      readonly keys: SealKeys
    }
  | {
      readonly kind: 'envelopes'
      readonly requests: PackedRequests
      readonly owner: EnvelopeOwner
    }

export type Request = { readonly id: number; readonly task: Task }

export type Answer = SealAnswer | OpenAnswer | FilesAnswer

/**
 * For each range or request in order: the length of its bytes, and 32-byte hashes one after another (digest and key of a
 * block; the digest of an envelope). Blocks lie in the window, envelopes in `bytes`, one after another.
 */
export type SealAnswer = {
  readonly lengths: readonly number[]
  readonly hashes: Uint8Array
  readonly bytes?: Uint8Array
}

/** Plain bytes in memory of their own, or what was wrong. */
export type OpenAnswer = { readonly plain: Uint8Array | Unopened }

export type FilesAnswer = { readonly opened: PackedOpened }

export type Reply =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly error: string }

export type WorkerSettings = {
  /** Where Node keeps compiled code, when it does: a worker that starts from there starts in a third of the time. */
  readonly compileCache: string | undefined
}
