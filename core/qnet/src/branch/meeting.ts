import { concatBytes, equalBytes, fromHex, toHex } from '@anarq/bytes'
import { primitives, type SigningKey } from '@anarq/qlock'
import { type Pointer, pointerBody, type SignedPointer, writePointer } from '../discovery/pointers.ts'
import type { NodeId } from '../node-id.ts'
import { branchIdOf } from './charter.ts'
import { nodeStatement } from './signed.ts'

/** Which members lead into a branch stands near the hash of this, for as long as members say it again. */
export function meetingSubjectOf(branch: string): string {
  return `branch:${branch}`
}

/** From 32 secret bytes that all members have, and nobody else. */
export function createMeetingKey(secret: Uint8Array): SigningKey {
  return primitives.ed25519Key(secret)
}

/**
 * Signed by the branch's meeting key. The key and the name of the first charter go with it: the branch's id is their hash, so whoever
 * stores it can check it without knowing the branch.
 */
export function signMeeting(
  { branch, firstName, key }: { branch: string; firstName: Uint8Array; key: SigningKey },
  facts: { nodes: readonly NodeId[]; sequence: number; expiresMs: number },
): SignedPointer {
  const pointer: Pointer = { subject: meetingSubjectOf(branch), ...facts }
  const signature = key.sign(nodeStatement('meeting', pointerBody(pointer)))
  return writePointer(pointer, concatBytes(key.publicKey, firstName, signature))
}

/** Whether members of the branch that it names signed it. Of any other subject: false. */
export function isMeeting({ pointer, body, signature }: SignedPointer): boolean {
  const id = /^branch:([0-9a-f]{64})$/.exec(pointer.subject)?.[1]
  if (id === undefined || signature.length !== 128) return false
  const key = signature.subarray(0, 32)
  const isItsKey = equalBytes(branchIdOf(key, signature.subarray(32, 64)), fromHex(id))
  return isItsKey && primitives.ed25519Verify(key, nodeStatement('meeting', body), signature.subarray(64))
}

/** Whether this secret is the one of that public key. */
export function isMeetingSecret(secret: Uint8Array, publicKey: Uint8Array): boolean {
  const key = createMeetingKey(secret)
  try {
    return toHex(key.publicKey) === toHex(publicKey)
  } finally {
    key.dispose()
  }
}
