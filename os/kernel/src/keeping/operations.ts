/** How well others keep what is here, and how it comes back from them: a part of `Operations`, plain data as all of it. */
import type { Ref } from '../operations.ts'

export type KeepingOperations = {
  /** Of the identity in use. */
  kept(): Promise<KeptFacts>
  /** Of one file, or of all files of a folder. */
  keptOf(ref: Ref): Promise<KeptEntryFacts>
  /**
   * Brings everything of this home back from other nodes: identities, indexes, then every block that is not here. With an invitation
   * where this node knows nobody. Can be done again, and goes on where it was. Codes: `unavailable.neighbours`,
   * `missing.index` where nobody keeps anything under these words, `busy.return`.
   */
  bringBack(options?: {
    invitation?: string | undefined
    signal?: AbortSignal | undefined
  }): Promise<ReturnFacts>
}

/**
 * `full`: all holders have a copy, so that any five losses leave one; this node may be one of the holders. `fewer`: some, because
 * there are not enough other nodes. `alone`: none elsewhere that is known of; the only copy is here.
 */
export type KeptGuarantee = 'alone' | 'fewer' | 'full'

export type KeptCounts = { readonly full: number; readonly fewer: number; readonly alone: number }

export type KeptFacts = {
  /** Whether there is anybody now who could keep anything. */
  readonly isAmongNeighbours: boolean
  /** Holders that are wanted for each block. */
  readonly copies: number
  /** Whether all that is here was looked at since this node started; else the counts are of what was. */
  readonly isCounted: boolean
  /** Blocks, by how they are kept; `alone` are those that still wait. */
  readonly blocks: KeptCounts
  /** The state of the index up to which everything comes back with the words alone; absent: none yet. */
  readonly index?: { readonly sequence: number; readonly isNewest: boolean; readonly copies: number }
  /** Of the holders of the last block that too few took: how many have no room, and how many none for this node any more. */
  readonly refused?: { readonly full: number; readonly share: number }
  /** What this node holds for others; absent: it is on no network. */
  readonly held?: { readonly blocks: number; readonly bytes: number; readonly bytesMax: number }
  /** While something comes back from others. */
  readonly returning?: { readonly blocks: number; readonly bytes: number }
}

export type KeptEntryFacts = {
  readonly name: string
  /** Of the block that is kept worst. */
  readonly guarantee: KeptGuarantee
  readonly files: number
  readonly blocks: KeptCounts
}

export type ReturnFacts = {
  readonly identities: number
  /** That are here now, with those that were here before. */
  readonly files: number
  /** Fetched from others. */
  readonly blocks: number
  readonly bytes: number
  /** Blocks that nobody who answers keeps. */
  readonly missing: number
}
