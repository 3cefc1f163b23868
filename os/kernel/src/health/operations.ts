/** What can be asked about the home as a whole: a part of `Operations`, plain data as all of it. */
import type { Ref } from '../operations.ts'

export type HealthOperations = {
  /** Reads everything that a name (or all names) stands on, and says what is damaged. */
  verify(
    ref?: Ref,
    options?: {
      onProgress?: (done: { files: number; bytes: number }) => void
      signal?: AbortSignal | undefined
    },
  ): Promise<VerifyReport>
  doctor(): Promise<readonly Finding[]>
  /** Everything needed to come back, sealed as it lies: one file. */
  backup(signal?: AbortSignal): AsyncIterable<Uint8Array>
  /**
   * Into an empty home, whose resident then unlocks it with the passphrase that it had: `conflict.identity` and `conflict.home`
   * where there is anything that the backup does not know. What is broken off leaves no identity and can be begun again. A backup that is
   * damaged brings back what is whole; `damaged.backup`, and nothing, where that is not its keys and one state of an index.
   */
  restoreBackup(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<RestoreReport>
  /** What a backup holds, read to its end, and how it compares with what is here. Nothing is brought back. */
  checkBackup(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<BackupReport>
  /** How much there is, of what, and how much room is left. */
  storage(): Promise<StorageFacts>
  /** How large the store may grow; absent: as large as the disk lets it. `invalid.quota` for less than a MiB. */
  setQuota(input: { bytes?: number | undefined }): Promise<StorageFacts>
  /** Frees the room of what is in no version any more. */
  compact(signal?: AbortSignal): Promise<{ freedBytes: number }>
}

export type VerifyReport = {
  readonly files: number
  readonly bytes: number
  readonly findings: readonly Finding[]
}

export type Finding = {
  readonly severity: 'info' | 'warning' | 'error'
  readonly what: string
  /** The path of what it concerns, where that is known. */
  readonly path?: string
  readonly advice?: string
}

export type StorageFacts = {
  /** Of the identity in use: its files, those in the trash included. */
  readonly files: number
  /** Of their latest versions, as they are without sealing and compression. */
  readonly contentBytes: number
  readonly trashedBytes: number
  /** Of all identities of this home, as it lies sealed on the disk. */
  readonly storedBytes: number
  /** Of that: index, envelopes and lists, with their second copies. */
  readonly indexBytes: number
  /** Of that: what is no part of anything any more, and can be tidied away. */
  readonly looseBytes: number
  readonly freeBytes?: number
  readonly diskBytes?: number
  readonly quotaBytes?: number
  /** What this machine holds for others, beside all that; at most `bytesMax`. Absent: it is on no network. */
  readonly held?: { readonly blocks: number; readonly bytes: number; readonly bytesMax: number }
}

export type RestoreReport = {
  readonly blocks: number
  readonly bytes: number
  /** Of the backup, that were not as they were written and stayed out: once unlocked, `verify` names the files that miss them. */
  readonly damagedParts: number
}

/** What a drill found in a backup. */
export type BackupReport = {
  /** Whether it is one of this home: then what is in it was opened and counted. */
  readonly isOurs: boolean
  /** When it was made; backups of before this was written do not say. */
  readonly madeMs?: number
  /** When the newest change that is in it was made. */
  readonly newestMs?: number
  readonly blocks: number
  readonly bytes: number
  /** Of those of this home, how many it brings back. */
  readonly identities: number
  /** What would come back: the person's files of all identities, those in the trash included. */
  readonly files: number
  readonly contentBytes: number
  /** Files in it that would not come back whole, and where the first of them lie. */
  readonly brokenFiles: number
  readonly brokenPaths: readonly string[]
  /** The same of what is here now. */
  readonly identitiesHere: number
  readonly filesHere: number
  readonly contentBytesHere: number
  readonly since: SinceBackup
}

/** What is otherwise here than in a backup. */
export type SinceBackup = {
  /** Files of the person that it has not, or has otherwise, and where the first of them lie. */
  readonly added: number
  readonly changed: number
  readonly paths: readonly string[]
  /** Files in it that are not here any more: they would come back. */
  readonly gone: number
  /** What apps and the desktop keep for themselves, added or changed: settings, where windows lie, an app's own data. */
  readonly ofApps: number
  /** Grants and keys of tools that it does not know of, and lists of what was taken back that are older in it. */
  readonly permissions: number
}
