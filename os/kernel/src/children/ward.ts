import { Fault, unwrap } from '@anarq/fault'
import {
  childMayAct,
  type IdentityRecord,
  type Keyring,
  type PublicIdentity,
  publicOfPeer,
} from '@anarq/squid'
import type { Finding } from '../health/operations.ts'

/** Whether the keys of an identity are in this home: those of a child are not in its guardian's. */
export function livesHere({ child }: IdentityRecord): boolean {
  return child?.side !== 'guardian'
}

/** Throws where a child's device may do nothing now: not renewed, or of age and its key not taken over yet. */
export function checkDelegated(record: IdentityRecord, nowMs: number): void {
  if (record.child?.side !== 'child') return
  const { code } = childMayAct(record, { kind: 'content', rating: 0 }, nowMs)
  const { delegatedUntilMs } = record.child
  if (code === 'child.expired')
    throw new Fault(
      'refused.expired',
      `No guardian has renewed this device since ${dayOf(delegatedUntilMs)}. Ask your guardian for a new file (anarq id renew) and take it in with: anarq id join FILE`,
    )
  if (code === 'child.majority')
    throw new Fault(
      'refused.majority',
      'You are of age: your guardians act for you no more. Ask one of them to hand your key over (anarq id release), and take it in with: anarq id join FILE',
    )
}

/**
 * A child as this home verifies it: by its device's key while it is a minor, by its own once it took that over, and
 * what either or a lost device signed before stays signed.
 */
export function actingIdentity(keyring: Keyring, did: string): PublicIdentity {
  const { child } = keyring.record(did)
  if (child === undefined) {
    using open = keyring.open(did)
    return open.public()
  }
  const identity = unwrap(publicOfPeer(child.long))
  const devices = [...child.formerDeviceKeys, child.deviceKey]
  const keys = child.stage === 'adult' ? [...devices, identity.verifyKey] : [identity.verifyKey, ...devices]
  const epochs = keys.map((verifyKey, epoch) => ({ verifyKey, kemKey: identity.kemKey, epoch, fromMs: 0 }))
  return { ...identity, verifyKey: keys.at(-1) ?? identity.verifyKey, epochs }
}

const soonMs = 2 * 86_400_000

/** What a guardian or a child should know of delegations that end. */
export function delegationFindings(keyring: Keyring, nowMs: number): Finding[] {
  const found: Finding[] = []
  for (const { name, status, child } of keyring.list()) {
    if (child === undefined || child.stage === 'adult' || status === 'revoked') continue
    const { side, delegatedUntilMs, limits } = child
    const isChild = side === 'child'
    const whose = isChild ? 'This device' : `The device of ${name}`
    if (nowMs >= limits.majorityMs)
      found.push({
        severity: isChild ? 'warning' : 'info',
        what: isChild ? 'You are of age, and your key is with your guardians.' : `${name} is of age.`,
        advice: isChild ? 'Ask for it, and take it in with: anarq id join FILE' : `anarq id release ${name}`,
      })
    else
      found.push({
        severity: delegatedUntilMs - nowMs < soonMs ? 'warning' : 'info',
        what: `${whose} acts until ${dayOf(delegatedUntilMs)} without another renewal.`,
        ...(isChild ? {} : { advice: `anarq id renew ${name}` }),
      })
  }
  return found
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
