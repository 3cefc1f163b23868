import type { Did } from './command.ts'

/** Whether `did`, with the keys it had when it signed, made this signature under this context. False for unknown identities. */
export type VerifyAs = (did: Did, message: Uint8Array, signature: Uint8Array, context: string) => boolean

/** What is known of an identity at the time of a decision. */
export type IdentityState = {
  readonly status: 'active' | 'revoked' | 'unknown'
  /** `root`, `sub`, `anonymous`, `child`, `organisation`, `agent`. */
  readonly kind?: string
  /** Present for a child: what its guardians allow now. */
  readonly child?: ChildLimits
}

export type ChildLimits = {
  /** False outside the agreed hours, or when no guardian renewed. */
  readonly mayAct: boolean
  readonly age?: number
  /** The apps it may use; absent is any. */
  readonly modules?: readonly string[]
  /** The identities it may meet; absent is any. */
  readonly contacts?: readonly Did[]
  /** False where sharing is denied, or to be asked for first. */
  readonly mayShare?: boolean
  /** In the smallest unit of account. */
  readonly spendLeft?: number
}

/** What a decision needs of identities. */
export type Identities = {
  readonly verify: VerifyAs
  stateOf(did: Did): Promise<IdentityState>
}
