import type { IdentityFacts, IdentityKindName } from './operations.ts'

/** "waiting": a child's device that was enrolled, unlocked; its guardian's file is still to come. */
export type NodeState = 'empty' | 'waiting' | 'locked' | 'open'

export type AccountOperations = {
  status(): Promise<NodeStatus>
  init(input: { name: string; passphrase: string }): Promise<{ did: string; words: string }>
  recover(input: {
    words: string
    name: string
    passphrase: string
  }): Promise<{ did: string; identities: number }>
  /** In an empty home, on a child's own device: makes its keys, and the text that its guardian needs of them. */
  enrol(input: { name: string; passphrase: string }): Promise<{ name: string; device: string }>
  /** The same text once more, while the guardian's answer is waited for. */
  enrolment(): Promise<{ name: string; device: string }>
  /** Takes in what a guardian made: the child's identity, a renewal, or at majority the child's own key. */
  join(input: { file: string }): Promise<IdentityFacts>
  /** Checks the passphrase where it is unlocked already, too. */
  unlock(input: { passphrase: string }): Promise<void>
  /** For whoever forgot the passphrase: the 24 words open this home, and it has the new one from then on. */
  unlockByWords(input: { words: string; passphrase: string }): Promise<void>
  lock(): Promise<void>
  /** The identity in use lets the holder of an Ed25519 key (32 bytes, base64url) sign requests in its name for some hours. */
  certify(input: { key: string; ttlMs?: number }): Promise<SessionFacts>
  changePassphrase(input: { from: string; to: string }): Promise<void>
  /** The passkeys that open this home, as a browser has to know them to ask for one: while it is locked, too. */
  passkeys(): Promise<readonly PasskeySlotFacts[]>
  /** With what they are called; refused while locked. */
  listPasskeys(): Promise<readonly PasskeyFacts[]>
  /** `refused.passkey` for one that opens nothing, or opens nothing any more. */
  unlockByPasskey(input: { credential: string; secret: string }): Promise<void>
  /** Another way in beside the passphrase, which is asked for once more. A changed passphrase leaves it as it is. */
  addPasskey(input: NewPasskeyInput): Promise<void>
  /** Its secret opens nothing from now on. */
  removePasskey(input: { credential: string }): Promise<void>
  /** The person showed that they have the words; asked for by nobody from now on. */
  confirmWords(): Promise<void>
  /** Shows the words again to who left before they were confirmed; `refused.words` afterwards. */
  showWords(input: { passphrase: string }): Promise<{ words: string }>
}

/** All bytes as base64url. */
export type PasskeySlotFacts = {
  readonly credential: string
  readonly host: string
  readonly salt: string
}

export type PasskeyFacts = Omit<PasskeySlotFacts, 'salt'> & {
  readonly name: string
  readonly addedMs: number
}

export type NewPasskeyInput = PasskeySlotFacts & {
  readonly passphrase: string
  readonly name: string
  /** What the authenticator answers to the salt (WebAuthn, extension `prf`), 32 bytes. */
  readonly secret: string
}

export type SessionFacts = {
  readonly did: string
  readonly name: string
  readonly kind: IdentityKindName
  readonly keyid: string
  /** For the header `Anarq-Session`. */
  readonly certificate: string
  readonly expiresMs: number
}

export type NodeStatus = {
  readonly state: NodeState
  readonly version: string
  /** The identity in use; absent while locked. */
  readonly current?: { readonly did: string; readonly name: string; readonly kind: IdentityKindName }
}
