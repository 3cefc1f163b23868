import type { SealKeys, SealRange } from '@anarq/flows'

/** Memory that both sides see, made known to a worker once. */
export type WindowNotice = {
  readonly kind: 'window'
  readonly window: number
  readonly bytes: SharedArrayBuffer
  readonly sealed: SharedArrayBuffer
}

export type SealRequest = {
  readonly kind: 'seal'
  readonly id: number
  readonly window: number
  readonly ranges: readonly SealRange[]
  readonly keys: SealKeys
}

/** For each range in order: its block's length, then digest and key, 32 bytes each, one after another. */
export type SealReply =
  | { readonly id: number; readonly lengths: readonly number[]; readonly hashes: Uint8Array }
  | { readonly id: number; readonly error: string }
