import { asFault, Fault, type Outcome, ok } from '@anarq/fault'
import { type Share, type Signer, wipe } from '@anarq/qlock'
import { delegationTtlMsMax, sealDelegation } from '../child/chain.ts'
import {
  formerDevicesMax,
  type GuardianSide,
  guardianShareOf,
  joinSubject,
  subjectLeafBytes,
} from '../child/custody.ts'
import { releaseShare } from '../child/handover.ts'
import { type IssuedChild, issueChild } from '../child/issue.ts'
import { type ChildLimits, checkLimits } from '../child/limits.ts'
import type { Enrolment } from '../devices.ts'
import type { PublicIdentity } from '../did/public-identity.ts'
import { type KeyringCore, requireActive, withSigner } from './core.ts'
import { publicAt } from './public-at.ts'
import { type ChildRecord, checkName, type IdentityRecord } from './record.ts'

export type NewChild = {
  readonly name: string
  /** An identity of this keyring; its root where nothing is said. Not an anonymous one. */
  readonly guardian?: string
  /** What the child's device handed over: `enrolmentOf(device, childScope)`. */
  readonly device: Enrolment
  /** Without one, the packet carries its share in the clear: hand it out on paper, or to a notary. */
  readonly second?: Pick<PublicIdentity, 'kemKey'>
  readonly limits: ChildLimits
}

export type ChildHandover = {
  readonly record: IdentityRecord
  /** For the child's device. */
  readonly invitation: Uint8Array
  /** For the second guardian. Nothing of it is kept here. */
  readonly packet: Uint8Array
}

/** Makes a child's identity. Its subject key exists only inside this call: it is split, has signed, and is wiped. */
export function createChild(core: KeyringCore, options: NewChild): ChildHandover {
  core.check()
  const name = checkName(options.name)
  const guardian = options.guardian ?? rootOf(core).did
  requireGuardian(core, guardian)
  const index = core.takeIndex('child')
  const subjectLeaf = core.random.bytes(subjectLeafBytes)
  try {
    const issued = issue(core, subjectLeaf, guardian, index, options)
    const child = childRecord(issued.side, guardian, core.clock.nowMs())
    const base = { kind: 'child', epoch: 0, status: 'active', formerly: [], devices: [] } as const
    const record = { ...base, did: issued.did, name, index, createdMs: core.clock.nowMs(), child }
    return { record: core.put(record), invitation: issued.invitation, packet: issued.packet }
  } finally {
    wipe(subjectLeaf)
  }
}

/** A delegation for the next days; new limits where the guardian changed them. Send it to the child's device. */
export function renewChild(
  core: KeyringCore,
  did: string,
  { limits, ttlMs = delegationTtlMsMax }: { readonly limits?: ChildLimits; readonly ttlMs?: number } = {},
): Uint8Array {
  const { record, child } = requireWard(core, did)
  const nowMs = core.clock.nowMs()
  const agreed = limits === undefined ? child.limits : checkLimits(limits)
  if (agreed.majorityMs !== child.limits.majorityMs) {
    throw new Fault('refused.majority', 'The day of majority was signed by the child and cannot be moved.')
  }
  if (nowMs >= agreed.majorityMs) {
    throw new Fault(
      'refused.majority',
      'The child is of age: no guardian acts for it any more. Release the key.',
    )
  }
  const delegation = withGuardian(core, child.guardian, (signer) =>
    sealDelegation(
      { did: child.guardian, signer },
      { child: did, device: child.device, limits: agreed },
      { nowMs, ttlMs, random: core.random },
    ),
  )
  core.put({ ...record, child: { ...child, limits: agreed, delegation, ...spanOf(agreed, nowMs, ttlMs) } })
  return delegation
}

/** Another device for the child, where the old one is lost: takes the second guardian's share. */
export function recoverChild(
  core: KeyringCore,
  did: string,
  options: {
    readonly share: Share
    readonly device: Enrolment
    readonly second?: Pick<PublicIdentity, 'kemKey'>
  },
): Outcome<ChildHandover> {
  try {
    const { record, child } = requireWard(core, did)
    const own = ownShare(core, record.index)
    const joined = joinSubject([own, options.share], did)
    wipe(own.bytes)
    if (!joined.ok) return joined
    try {
      const issued = issue(core, joined.value, child.guardian, record.index, {
        ...options,
        limits: child.limits,
        formerDeviceKeys: [...child.formerDeviceKeys, child.deviceKey].slice(-formerDevicesMax),
      })
      const renewed = childRecord(issued.side, child.guardian, core.clock.nowMs())
      const { invitation, packet } = issued
      return ok({ record: core.put({ ...record, child: renewed }), invitation, packet })
    } finally {
      wipe(joined.value)
    }
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

/** From the day of majority: what the child's device needs to take its key over. Before it, `refused.majority`. */
export function releaseChild(core: KeyringCore, did: string): Uint8Array {
  const { record, child } = requireWard(core, did)
  const { deviceKem, sealedShare, limits } = child
  if (deviceKem === undefined || sealedShare === undefined) {
    throw new Fault('damaged.keyring', 'The share of this child is not in the keyring.')
  }
  const share = ownShare(core, record.index)
  const held = { child: did, majorityMs: limits.majorityMs, deviceKem, sealedShare, share }
  try {
    return releaseShare(held, { nowMs: core.clock.nowMs(), random: core.random })
  } finally {
    wipe(share.bytes)
  }
}

function issue(
  core: KeyringCore,
  subjectLeaf: Uint8Array,
  guardian: string,
  index: number,
  {
    device,
    second,
    limits,
    formerDeviceKeys = [],
  }: Pick<NewChild, 'device' | 'second' | 'limits'> & { readonly formerDeviceKeys?: readonly Uint8Array[] },
): IssuedChild {
  const share = ownShare(core, index)
  try {
    return withGuardian(core, guardian, (signer, identity) =>
      issueChild(subjectLeaf, {
        guardian: { public: identity, signer },
        guardianShare: share.bytes,
        ...(second === undefined ? {} : { second }),
        device,
        formerDeviceKeys,
        limits,
        nowMs: core.clock.nowMs(),
        random: core.random,
      }),
    )
  } finally {
    wipe(share.bytes)
  }
}

function ownShare(core: KeyringCore, index: number): Share {
  const leaf = core.leafAt('child', index, 0)
  const bytes = guardianShareOf(leaf)
  wipe(leaf)
  return { x: 1, bytes }
}

/** The DID that the child's subject key named may be a former one by now: its own keys still answer for it. */
function withGuardian<T>(
  core: KeyringCore,
  did: string,
  use: (signer: Signer, identity: PublicIdentity) => T,
): T {
  const { record, epoch } = core.find(did)
  requireActive(record)
  return withSigner(core, record, epoch, (signer) => use(signer, publicAt(core, did)))
}

function requireGuardian(core: KeyringCore, did: string): void {
  const { record, isFormer } = core.find(did)
  requireActive(record)
  if (isFormer || record.kind === 'anonymous' || record.kind === 'child') {
    throw new Fault('refused.guardian', 'This identity cannot be a guardian: a child has to know who it is.')
  }
}

function requireWard(core: KeyringCore, did: string): { record: IdentityRecord; child: ChildRecord } {
  core.check()
  const { record } = core.find(did)
  requireActive(record)
  if (record.child?.side === 'guardian') return { record, child: record.child }
  throw new Fault('refused.guardian', 'This keyring is not the guardian of this identity.')
}

function rootOf(core: KeyringCore): IdentityRecord {
  const root = core.records().find(({ kind }) => kind === 'root')
  if (root !== undefined) return root
  throw new Fault('refused.guardian', "A child's keyring makes no children.")
}

function childRecord(side: GuardianSide, guardian: string, nowMs: number): ChildRecord {
  const span = spanOf(side.limits, nowMs, delegationTtlMsMax)
  return { ...side, ...span, side: 'guardian', stage: 'minor', guardian }
}

function spanOf(
  { majorityMs }: ChildLimits,
  nowMs: number,
  ttlMs: number,
): { delegatedFromMs: number; delegatedUntilMs: number } {
  const until = Math.min(nowMs + Math.min(ttlMs, delegationTtlMsMax), majorityMs)
  return { delegatedFromMs: nowMs, delegatedUntilMs: until }
}
