import { asFault, Fault, failed, type Outcome, ok, unwrap } from '@anarq/fault'
import { verifyChildChain } from '../child/chain.ts'
import { openRelease } from '../child/handover.ts'
import { childScope, deviceKeysOf } from '../devices.ts'
import {
  encodePublicIdentity,
  type PublicIdentity,
  parsePublicIdentity,
  publicOfPeer,
} from '../did/public-identity.ts'
import type { KeyringCore } from './core.ts'
import type { ChildRecord, IdentityRecord } from './record.ts'

/** The child's device takes a renewal from its guardian; `guardian` where the guardian has rotated keys since. */
export function acceptDelegation(
  core: KeyringCore,
  delegation: Uint8Array,
  guardianIdentity?: Uint8Array,
): Outcome<IdentityRecord> {
  try {
    const { record, child } = requireChild(core)
    const nowMs = core.clock.nowMs()
    const guardian = guardianOf(child, guardianIdentity, nowMs)
    const keys = deviceKeysOf(core.device, childScope)
    keys.dispose()
    const identity = unwrap(publicOfPeer(child.long))
    const { authority } = child
    const deviceKey = keys.signer.publicKey
    const chain = { child: identity, guardian, authority, delegation, deviceKey }
    const { limits, fromMs, untilMs } = unwrap(verifyChildChain(chain, nowMs))
    // Even where it lasts longer: a guardian who set narrower limits since must not be undone by an earlier file.
    if (fromMs < child.delegatedFromMs) {
      return failed('conflict.delegation', 'This delegation is older than the one held here.')
    }
    const span = { delegatedFromMs: fromMs, delegatedUntilMs: untilMs }
    const renewed = {
      ...child,
      ...span,
      delegation,
      limits,
      guardianIdentity: encodePublicIdentity(guardian),
    }
    return ok(core.put({ ...record, child: renewed }))
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

/** At majority: the child's device puts its subject key together from a guardian's release, and signs with it from now on. */
export function takeOver(core: KeyringCore, release: Uint8Array): Outcome<IdentityRecord> {
  try {
    const { record, child } = requireChild(core)
    const keys = deviceKeysOf(core.device, childScope)
    const subjectLeaf = openRelease(release, unwrap(publicOfPeer(child.long)), keys.kem)
    keys.dispose()
    if (!subjectLeaf.ok) return subjectLeaf
    core.setSubjectLeaf(subjectLeaf.value)
    return ok(core.put({ ...record, child: { ...child, stage: 'adult' } }))
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

function guardianOf(child: ChildRecord, fresh: Uint8Array | undefined, nowMs: number): PublicIdentity {
  if (child.guardianIdentity === undefined) {
    throw new Fault('damaged.keyring', 'The guardian of this child is not in the keyring.')
  }
  const held = unwrap(parsePublicIdentity(child.guardianIdentity, { nowMs: Number.POSITIVE_INFINITY }))
  if (fresh === undefined) return held
  if (unwrap(parsePublicIdentity(fresh, { nowMs })).did !== child.guardian) {
    throw new Fault('refused.delegation', 'This delegation comes from somebody else than the guardian.')
  }
  const known = held.versionId === undefined ? {} : { known: held.versionId }
  return unwrap(parsePublicIdentity(fresh, { nowMs, did: child.guardian, ...known }))
}

function requireChild(core: KeyringCore): { record: IdentityRecord; child: ChildRecord } {
  core.check()
  for (const record of core.records()) {
    if (record.child?.side === 'child') return { record, child: record.child }
  }
  throw new Fault('refused.child', "This is not a child's keyring.")
}
