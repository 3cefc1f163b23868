import { concatBytes, toBase64Url } from '@anarq/bytes'
import { failed, type Outcome, ok } from '@anarq/fault'
import {
  createKemKey,
  createSigner,
  deriveSecret,
  hashBlake3,
  joinShares,
  type Share,
  type Signer,
  splitSecret,
  wipe,
} from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type PeerDid, peerDidOf } from '../did/peer-did.ts'
import type { ChildLimits } from './limits.ts'

export const subjectLeafBytes = 32
/** The keys of so many lost devices are remembered. */
export const formerDevicesMax = 64

/**
 * Who holds what of a child's subject key (a random leaf, 32 bytes), 2 of 3:
 * share 1 the guardian (derived from the guardian's words), share 2 the second guardian, share 3 the child's device
 * (sealed to it, kept by both guardians until majority). The leaf itself is wiped as soon as it is split.
 */
export type GuardianSide = {
  readonly long: string
  readonly authority: Uint8Array
  readonly consent: Uint8Array
  readonly delegation: Uint8Array
  readonly limits: ChildLimits
  /** The child's device, and what it verifies with. */
  readonly device: string
  readonly deviceKey: Uint8Array
  /** Of lost devices, oldest first: what they signed stays signed. */
  readonly formerDeviceKeys: readonly Uint8Array[]
  readonly deviceKem: Uint8Array
  readonly sealedShare: Uint8Array
}

/** The subject leaf of two shares, where it gives the child's DID; `refused.shares` where it does not. */
export function joinSubject(shares: readonly Share[], did: string): Outcome<Uint8Array> {
  const subjectLeaf = joinShares(shares)
  const childLeaf = childLeafOf(subjectLeaf)
  const signer = createSigner(subjectLeaf)
  const isRight = childDid(signer, childLeaf).short === did
  signer.dispose()
  wipe(childLeaf)
  if (isRight) return ok(subjectLeaf)
  wipe(subjectLeaf)
  return failed('refused.shares', 'These two shares do not belong together, or belong to another child.')
}

/** One way: who holds the child's leaf reads the child's data and cannot sign as the child. */
export function childLeafOf(subjectLeaf: Uint8Array): Uint8Array {
  return deriveSecret(subjectLeaf, 'q/v1/child/leaf')
}

/** Share 1, from the guardian's leaf of class child. */
export function guardianShareOf(leaf: Uint8Array): Uint8Array {
  return deriveSecret(leaf, 'q/v1/child/share')
}

/** Shares 2 and 3; with share 1 given, they follow from it and the leaf. */
export function splitSubject(
  subjectLeaf: Uint8Array,
  guardianShare: Uint8Array,
  random: Random,
): { readonly second: Uint8Array; readonly child: Uint8Array } {
  const fixedShare = { x: 1, bytes: guardianShare }
  const [, second, child] = splitSecret(subjectLeaf, { shares: 3, threshold: 2, random, fixedShare })
  return { second: (second as Share).bytes, child: (child as Share).bytes }
}

export function childDid(signer: Signer, childLeaf: Uint8Array): PeerDid {
  const kem = createKemKey(childLeaf)
  kem.dispose()
  return peerDidOf({ verifyKey: signer.publicKey, kemKey: kem.publicKey })
}

/** Names the devices of before, so that whoever changes their list on the way makes the leaf unreadable. */
export function leafInfo(did: string, formerDeviceKeys: readonly Uint8Array[]): string {
  return sealInfo(`leaf/${toBase64Url(hashBlake3(concatBytes(...formerDeviceKeys)))}`, did)
}

/** What a wrapped secret is for, and whose; a share can never pass for another. */
export function sealInfo(purpose: string, did: string): string {
  return `q/v1/child/${purpose}/${did}`
}
