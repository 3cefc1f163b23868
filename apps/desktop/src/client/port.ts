import type { AppTopic } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { Call } from '@anarq/sdk/client'
import type { BackendAnswer, BackendAsked } from '../bridge/frame-calls.ts'
import type { MadePasskey, PasskeyProof, PasskeySlot } from './passkeys.ts'

/** What the shell may do stands in its own manifest, like that of any app. */
export const shellApp = 'os.anarq.shell'

export type NodeState = 'empty' | 'waiting' | 'locked' | 'open'
export type Session = { readonly did: string; readonly name: string; readonly kind: string }
export type Topic = AppTopic

export type Passkey = {
  readonly credential: string
  readonly host: string
  readonly name: string
  readonly addedMs: number
}
/** What this browser shows while it asks to be let in. */
export type Ask = { readonly id: string; readonly digits: string }

/** What the shell needs of the node. Failures are `Fault`s whose sentence can be shown. */
export type Client = {
  /** What people would call the browser that this is. */
  readonly browserName: string
  status(): Promise<{ readonly state: NodeState; readonly version: string }>
  /** In an empty home. The words are given once, here. */
  begin(input: { name: string; passphrase: string }): Promise<{ readonly words: readonly string[] }>
  recover(input: {
    words: string
    name: string
    passphrase: string
  }): Promise<{ readonly identities: number }>
  /** In an empty home, which is locked then: a backup from this browser's machine. */
  restore(input: {
    readonly file: Blob
    readonly onProgress?: (at: { bytes: number }) => void
    readonly signal?: AbortSignal
  }): Promise<{ readonly damagedParts: number }>
  /** In an empty home: the keys of a child's own device. Its guardian needs what `enrolment` gives. */
  enrol(input: { name: string; passphrase: string }): Promise<void>
  enrolment(input: { passphrase: string }): Promise<{ readonly name: string; readonly device: string }>
  /** Takes in what a guardian made for this device, and is in. */
  join(input: { file: string; passphrase: string }): Promise<void>
  unlock(input: { passphrase: string }): Promise<void>
  /** With the words, for whoever forgot the passphrase; it is the new one from then on. */
  unlockByWords(input: { words: string; passphrase: string }): Promise<void>
  /** What unlocks it here, beside the passphrase. */
  passkeySlots(): Promise<readonly PasskeySlot[]>
  unlockByPasskey(proof: PasskeyProof): Promise<void>
  passkeys(): Promise<readonly Passkey[]>
  addPasskey(input: MadePasskey & { passphrase: string; name: string }): Promise<void>
  removePasskey(credential: string): Promise<void>
  /** Asks a browser that is in; `answerOf` says what it said, and begins the session when it was let in. */
  ask(): Promise<Ask>
  /** `missing.ask` when nobody answered for too long. */
  answerOf(id: string): Promise<'waiting' | 'refused' | 'approved'>
  /** Once more, until they are confirmed. */
  showWords(input: { passphrase: string }): Promise<{ readonly words: readonly string[] }>
  confirmWords(): Promise<void>
  lock(): Promise<void>
  /** Everything acts for this identity from now on. */
  use(did: string): Promise<void>
  /** Undefined while this page is not in. */
  session(): Session | undefined
  onSession(listener: () => void): () => void
  /**
   * The typed face, for one app: the node holds it to what that app was granted, and a part of the system to its manifest.
   * The shell itself is one of them, and nothing on this page calls as the person.
   */
  sdkFor(app: string): AppSdk
  /** Calls made for an app: the node holds them to what that app was granted. */
  callFor(app: string): Call
  /** Asks an app's own backend, and nothing that is not below it. */
  askBackend(app: string, asked: BackendAsked, signal?: AbortSignal): Promise<BackendAnswer>
  /** Says that something changed, and whether the node answers; gives what stops it. */
  watch(listener: { changed(topic: Topic): void; reachable(isReachable: boolean): void }): () => void
}
