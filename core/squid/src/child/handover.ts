import { equalBytes } from '@anarq/bytes'
import { asFault, Fault, failed, type Outcome, ok, unwrap } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import {
  createKemKey,
  type KemKey,
  kemPublicKeyBytes,
  type Share,
  unwrapKey,
  verifyKeyBytes,
  wipe,
  wrapKey,
  wrapOverheadBytes,
} from '@anarq/qlock'
import type { Random } from '@anarq/random'
import type { DeviceKeys } from '../devices.ts'
import {
  encodePublicIdentity,
  type PublicIdentity,
  parsePublicIdentity,
  publicOfPeer,
} from '../did/public-identity.ts'
import { verifyChildChain, verifyConsent } from './chain.ts'
import {
  formerDevicesMax,
  type GuardianSide,
  joinSubject,
  leafInfo,
  sealInfo,
  subjectLeafBytes,
} from './custody.ts'
import type { ChildLimits } from './limits.ts'

export type AcceptedInvitation = {
  readonly child: PublicIdentity
  readonly guardian: PublicIdentity
  readonly authority: Uint8Array
  readonly consent: Uint8Array
  readonly delegation: Uint8Array
  readonly limits: ChildLimits
  readonly fromMs: number
  readonly untilMs: number
  readonly formerDeviceKeys: readonly Uint8Array[]
  /** Secret: opens the child's own data and what others wrap for it. Signs nothing. */
  readonly childLeaf: Uint8Array
}

/** The child's device opens its invitation and checks all of it. */
export function openInvitation(
  bytes: Uint8Array,
  device: DeviceKeys,
  nowMs: number,
): Outcome<AcceptedInvitation> {
  const what = 'This invitation'
  try {
    const known = ['v', 'long', 'guardian', 'authority', 'consent', 'delegation', 'devices', 'leaf'] as const
    const fields = readFields(decodeCbor(bytes, what), known, what)
    readInt(fields.v, what, { min: 1, max: 1 })
    const child = unwrap(publicOfPeer(readText(fields.long, what, { max: 16_384 })))
    const guardian = unwrap(parsePublicIdentity(readBytes(fields.guardian, what), { nowMs }))
    const [authority, consent, delegation] = [fields.authority, fields.consent, fields.delegation].map(
      (part) => readBytes(part, what, { max: 65_536 }),
    ) as [Uint8Array, Uint8Array, Uint8Array]
    const consented = unwrap(verifyConsent(consent, guardian)).child
    if (consented !== child.did) {
      return failed('refused.invitation', 'The consent in this invitation is for another child.')
    }
    const formerDeviceKeys = readDeviceKeys(fields.devices, what)
    const info = leafInfo(child.did, formerDeviceKeys)
    const childLeaf = unwrapKey(device.kem, readBytes(fields.leaf, what), { info })
    if (childLeaf === undefined || !isChildLeaf(childLeaf, child)) {
      return failed(
        'refused.invitation',
        'This invitation was made for another device, or changed on the way.',
      )
    }
    const deviceKey = device.signer.publicKey
    const chain = verifyChildChain({ child, guardian, authority, delegation, deviceKey }, nowMs)
    if (!chain.ok) {
      wipe(childLeaf)
      return chain
    }
    const { limits, fromMs, untilMs } = chain.value
    const signed = { authority, consent, delegation, limits, fromMs, untilMs }
    return ok({ child, guardian, ...signed, formerDeviceKeys, childLeaf })
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

export type GuardianPacket = {
  readonly child: string
  readonly guardian: string
  readonly majorityMs: number
  readonly deviceKem: Uint8Array
  readonly sealedShare: Uint8Array
  /** Secret: with the guardian's or the child's share it gives the subject key. */
  readonly share: Share
}

/** The second guardian's share; `kem` is needed where the packet was sealed to an identity. */
export function openGuardianPacket(bytes: Uint8Array, kem?: KemKey): Outcome<GuardianPacket> {
  const what = 'This guardian packet'
  try {
    const known = ['v', 'child', 'guardian', 'majority', 'deviceKem', 'sealedShare', 'share', 'open'] as const
    const fields = readFields(decodeCbor(bytes, what), known, what)
    readInt(fields.v, what, { min: 1, max: 1 })
    const child = readText(fields.child, what, { max: 256 })
    const share =
      fields.open !== undefined
        ? readBytes(fields.open, what, { length: subjectLeafBytes })
        : kem && unwrapKey(kem, readBytes(fields.share, what), { info: sealInfo('share-2', child) })
    if (share === undefined) return failed('refused.key', 'This guardian packet was sealed to somebody else.')
    return ok({
      child,
      guardian: readText(fields.guardian, what, { max: 256 }),
      majorityMs: readInt(fields.majority, what),
      deviceKem: readBytes(fields.deviceKem, what, { length: kemPublicKeyBytes }),
      sealedShare: readBytes(fields.sealedShare, what, { length: sealedShareBytes }),
      share: { x: 2, bytes: share },
    })
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

/** The same packet for somebody else to open: how the second guardian lends its share to the first, for a recovery. */
export function lendGuardianPacket(
  packet: GuardianPacket,
  to: Pick<PublicIdentity, 'kemKey'>,
  random: Random,
): Uint8Array {
  return encodePacket(packet, to, random)
}

/**
 * What a guardian (either of them) hands to the child at majority: the child's own sealed share and the guardian's,
 * both sealed to the child's device. That it happens only from `majorityMs` on is this function's doing, not
 * mathematics: a guardian with other software can release earlier, and none can be made to release at all.
 */
export function releaseShare(
  held: Pick<GuardianPacket, 'child' | 'majorityMs' | 'deviceKem' | 'sealedShare' | 'share'>,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): Uint8Array {
  if (nowMs < held.majorityMs) {
    throw new Fault(
      'refused.majority',
      'The child is not of age yet. The key is handed over on the agreed day.',
      {
        data: { majorityMs: held.majorityMs },
      },
    )
  }
  const info = sealInfo('release', held.child)
  const share = wrapKey(held.deviceKem, held.share.bytes, { info, random })
  return encodeCbor({ v: 1, child: held.child, x: held.share.x, share, own: held.sealedShare })
}

/** The subject leaf, put together on the child's device from a release. */
export function openRelease(bytes: Uint8Array, child: PublicIdentity, kem: KemKey): Outcome<Uint8Array> {
  const what = 'This release'
  try {
    const fields = readFields(decodeCbor(bytes, what), ['v', 'child', 'x', 'share', 'own'], what)
    readInt(fields.v, what, { min: 1, max: 1 })
    if (fields.child !== child.did) return failed('refused.shares', 'This release is for another child.')
    const x = readInt(fields.x, what, { min: 1, max: 2 })
    const share = unwrapKey(kem, readBytes(fields.share, what), { info: sealInfo('release', child.did) })
    const own = unwrapKey(kem, readBytes(fields.own, what), { info: sealInfo('share-3', child.did) })
    if (share === undefined || own === undefined) {
      return failed('refused.key', 'This release was sealed to another device.')
    }
    return joinSubject(
      [
        { x, bytes: share },
        { x: 3, bytes: own },
      ],
      child.did,
    )
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

const sealedShareBytes: number = subjectLeafBytes + wrapOverheadBytes

function isChildLeaf(childLeaf: Uint8Array, child: PublicIdentity): boolean {
  const kem = createKemKey(childLeaf)
  kem.dispose()
  return equalBytes(kem.publicKey, child.kemKey)
}

export function encodeInvitation(side: GuardianSide, leaf: Uint8Array, guardian: PublicIdentity): Uint8Array {
  const { long, authority, consent, delegation, formerDeviceKeys: devices } = side
  return encodeCbor({
    v: 1,
    long,
    guardian: encodePublicIdentity(guardian),
    authority,
    consent,
    delegation,
    devices,
    leaf,
  })
}

/** Without a receiver the share lies in it in the clear. */
export function encodePacket(
  { child, guardian, majorityMs: majority, deviceKem, sealedShare, share }: GuardianPacket,
  to: Pick<PublicIdentity, 'kemKey'> | undefined,
  random: Random,
): Uint8Array {
  const body = { v: 1, child, guardian, majority, deviceKem, sealedShare }
  if (to === undefined) return encodeCbor({ ...body, open: share.bytes })
  const info = sealInfo('share-2', child)
  return encodeCbor({ ...body, share: wrapKey(to.kemKey, share.bytes, { info, random }) })
}

function readDeviceKeys(value: unknown, what: string): Uint8Array[] {
  return readArray(value, what, { max: formerDevicesMax }).map((key) =>
    readBytes(key, what, { length: verifyKeyBytes }),
  )
}
