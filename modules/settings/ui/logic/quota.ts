/** What is said of how full it is. */
import type { Tone } from '@anarq/design'

export type Fullness = {
  readonly used: number
  readonly of: number
  readonly part: number
  readonly tone: Tone
}

export type Room = {
  readonly storedBytes: number
  readonly freeBytes?: number
  readonly quotaBytes?: number
}

/** Of the quota, or where the disk ends before it, of what there is; undefined where nobody knows. */
export function fullnessOf({ storedBytes, freeBytes, quotaBytes }: Room): Fullness | undefined {
  const disk = freeBytes === undefined ? undefined : storedBytes + freeBytes
  const limits = [quotaBytes, disk].filter((bytes) => bytes !== undefined)
  if (limits.length === 0) return undefined
  const of = Math.max(1, Math.min(...limits))
  const part = Math.min(1, storedBytes / of)
  return { used: storedBytes, of, part, tone: part >= 0.95 ? 'danger' : part >= 0.8 ? 'warning' : 'accent' }
}
