import { verifySignature } from '@anarq/qlock'
import type { PublicIdentity } from '@anarq/squid'

/** The identities that this node can verify: its own, and those whose cards it was given. */
export type Directory = {
  find(did: string): PublicIdentity | undefined
  add(identity: PublicIdentity): void
  /** With the keys it has now or had before: what was signed before a rotation stays signed. */
  verify(did: string, message: Uint8Array, signature: Uint8Array, context: string): boolean
  clear(): void
}

export function createDirectory(): Directory {
  const known = new Map<string, PublicIdentity>()
  return {
    find: (did) => known.get(did),
    add: (identity) => known.set(identity.did, identity),
    verify(did, message, signature, context) {
      const epochs = known.get(did)?.epochs ?? []
      return epochs
        .toReversed()
        .some(({ verifyKey }) => verifySignature(verifyKey, message, signature, context))
    },
    clear: () => known.clear(),
  }
}
