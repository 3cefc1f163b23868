import { toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { hashBlake3, verifySignature } from '@anarq/qlock'
import { type ProofReport, parseDocuments, parseProof, type VerifyAs, verifyProof } from '@anarq/qnet/branch'
import { type PublicIdentity, parsePublicIdentity } from '@anarq/squid'

/** Signatures checked with public identities that came along; what was checked once is remembered. */
export type CardVerifier = (cards: readonly Uint8Array[]) => VerifyAs

const cardsKeptMax = 256
const checkedMax = 8192

export function createCardVerifier(clock: Clock): CardVerifier {
  const identities = new Map<string, PublicIdentity | undefined>()
  const checked = new Map<string, boolean>()
  const identityOf = (card: Uint8Array): PublicIdentity | undefined => {
    const key = toHex(hashBlake3(card))
    if (!identities.has(key)) {
      const parsed = parsePublicIdentity(card, { nowMs: clock.nowMs() })
      identities.set(key, parsed.ok ? parsed.value : undefined)
      if (identities.size > cardsKeptMax) identities.delete(identities.keys().next().value as string)
    }
    return identities.get(key)
  }
  return (cards) => {
    const known = cards.flatMap((card) => identityOf(card) ?? [])
    return (did, message, signature, context) => {
      const keys = known.filter((one) => one.did === did).flatMap(({ epochs }) => epochs)
      if (keys.length === 0) return false
      const newest = (keys.at(-1) as (typeof keys)[number]).verifyKey
      const name = toHex(hashBlake3(newest, signature, hashBlake3(message)))
      const before = checked.get(name)
      if (before !== undefined) return before
      const isTrue = keys
        .toReversed()
        .some(({ verifyKey }) => verifySignature(verifyKey, message, signature, context))
      checked.set(name, isTrue)
      if (checked.size > checkedMax) checked.delete(checked.keys().next().value as string)
      return isTrue
    }
  }
}

/** With what the file itself carries, and nothing else. Throws `invalid.branch-proof`, or what its parts are wrong by. */
export function verifyBranchProof(bytes: Uint8Array, clock: Clock): ProofReport {
  const proof = parseProof(bytes)
  const { cards } = parseDocuments(proof.documents)
  return verifyProof(proof, createCardVerifier(clock)([...cards, proof.ownerCard]))
}
