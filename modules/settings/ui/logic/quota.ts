/** The quota as people type it, in GB, and what is said of how full it is. */
import type { Tone } from '@anarq/design'

const gibibyte = 1024 ** 3
/** The least that the node takes. */
const bytesMin = 1024 ** 2

/** Undefined where it is no size. A comma or a point parts the whole from the rest. */
export function bytesIn(typed: string): number | undefined {
  const text = typed.trim().replace(',', '.')
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) return undefined
  const bytes = Math.round(Number(text) * gibibyte)
  return bytes < bytesMin ? undefined : bytes
}

export function gigabytes(bytes: number): string {
  return String(Math.round((bytes / gibibyte) * 1000) / 1000)
}

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
