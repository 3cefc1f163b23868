import { Fault } from '@anarq/fault'
import { createSigner, type Signer, wipe, wrapKey } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { deviceIdOf, type Enrolment } from '../devices.ts'
import type { PublicIdentity } from '../did/public-identity.ts'
import { delegationTtlMsMax, sealAuthority, sealConsent, sealDelegation } from './chain.ts'
import { childDid, childLeafOf, type GuardianSide, leafInfo, sealInfo, splitSubject } from './custody.ts'
import { encodeInvitation, encodePacket } from './handover.ts'
import { type ChildLimits, checkLimits } from './limits.ts'

export type IssueOptions = {
  readonly guardian: { readonly public: PublicIdentity; readonly signer: Signer }
  /** 32 bytes, the same each time they are asked for: they come from the guardian's words. */
  readonly guardianShare: Uint8Array
  /** Without one, the packet carries its share in the clear: hand it out on paper, or to a notary. */
  readonly second?: Pick<PublicIdentity, 'kemKey'>
  readonly device: Enrolment
  /** Of the devices that the child had before. */
  readonly formerDeviceKeys?: readonly Uint8Array[]
  readonly limits: ChildLimits
  readonly nowMs: number
  readonly random: Random
}

export type IssuedChild = {
  readonly did: string
  readonly side: GuardianSide
  /** For the child's device; only it can open it. */
  readonly invitation: Uint8Array
  /** For the second guardian. */
  readonly packet: Uint8Array
}

/** Makes everything that a subject key has to make, so that the caller can wipe the leaf afterwards. */
export function issueChild(subjectLeaf: Uint8Array, options: IssueOptions): IssuedChild {
  const { guardian, device, random, nowMs, formerDeviceKeys = [] } = options
  const limits = checkLimits(options.limits)
  if (limits.majorityMs <= nowMs) throw new Fault('invalid.limits', 'The day of majority has passed already.')
  const childLeaf = childLeafOf(subjectLeaf)
  const signer = createSigner(subjectLeaf)
  const { short: did, long } = childDid(signer, childLeaf)
  const shares = splitSubject(subjectLeaf, options.guardianShare, random)
  const seal = (secret: Uint8Array, info: string) => wrapKey(device.kemKey, secret, { info, random })
  const party = { did: guardian.public.did, signer: guardian.signer }
  const deviceId = deviceIdOf(device.verifyKey)
  const side: GuardianSide = {
    long,
    authority: sealAuthority({ did, signer }, party.did, limits.majorityMs),
    consent: sealConsent(party, did, limits, nowMs),
    delegation: sealDelegation(
      party,
      { child: did, device: deviceId, limits },
      { nowMs, random, ttlMs: delegationTtlMsMax },
    ),
    limits,
    device: deviceId,
    deviceKey: device.verifyKey,
    formerDeviceKeys,
    deviceKem: device.kemKey,
    sealedShare: seal(shares.child, sealInfo('share-3', did)),
  }
  const leaf = seal(childLeaf, leafInfo(did, formerDeviceKeys))
  const { deviceKem, sealedShare } = side
  const share = { x: 2, bytes: shares.second }
  const held = {
    child: did,
    guardian: party.did,
    majorityMs: limits.majorityMs,
    deviceKem,
    sealedShare,
    share,
  }
  const packet = encodePacket(held, options.second, random)
  wipe(childLeaf, shares.second, shares.child)
  signer.dispose()
  return { did, side, packet, invitation: encodeInvitation(side, leaf, guardian.public) }
}
