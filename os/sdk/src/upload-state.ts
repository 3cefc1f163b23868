import type { FaultCode } from '@anarq/fault'
import type { BackupReport, EntryFacts, RestoreReport } from '@anarq/kernel'

/** What the node says of bytes that may stop and go on: a file, or a backup that is checked or restored. */
export type UploadState = {
  readonly id: string
  /** Of a file; else empty. */
  readonly path: string
  readonly bytes: number
  /** So many bytes the node has; it goes on here. */
  readonly offset: number
  readonly state: 'open' | 'done' | 'failed'
  /** At this moment somebody sends. */
  readonly isComing: boolean
  readonly entry?: EntryFacts
  readonly isUnchanged?: boolean
  /** Of a backup that was checked: what is in it. */
  readonly backup?: BackupReport
  /** Of a backup that was restored: what came back. */
  readonly restored?: RestoreReport
  /** Why it failed: as a fault says it. */
  readonly code?: FaultCode
  readonly sentence?: string
}
