import { formatBytes } from '@anarq/bytes'
import { readFrameHeader } from './frame.ts'

/** `storedBytes` is what a place is charged for. */
export type Sizes = { readonly plainBytes: number; readonly storedBytes: number }

/** What compression did to a file, a folder or a transmission. */
export type SavingStats = Sizes & {
  readonly frames: number
  readonly framesCompressed: number
}

export const noFrames: SavingStats = { plainBytes: 0, storedBytes: 0, frames: 0, framesCompressed: 0 }

/** The share that was saved, 0 to 1: 0.75 means that a quarter is stored. 0 for what did not shrink. */
export function savingOf({ plainBytes, storedBytes }: Sizes): number {
  return plainBytes > 0 ? Math.max(0, 1 - storedBytes / plainBytes) : 0
}

export function countFrame(stats: SavingStats, frame: Uint8Array): SavingStats {
  const { codec, plainBytes } = readFrameHeader(frame)
  return {
    plainBytes: stats.plainBytes + plainBytes,
    storedBytes: stats.storedBytes + frame.length,
    frames: stats.frames + 1,
    framesCompressed: stats.framesCompressed + (codec === 'stored' ? 0 : 1),
  }
}

/** As a person reads it: "4.0 MiB stored as 1.0 MiB, 75 % saved". */
export function describeSaving(sizes: Sizes): string {
  const stored = `${formatBytes(sizes.plainBytes)} stored as ${formatBytes(sizes.storedBytes)}`
  const percent = Math.floor(savingOf(sizes) * 100)
  return percent > 0 ? `${stored}, ${percent} % saved` : `${stored}, nothing saved`
}
