import { asFault, failed, type Outcome, ok } from '@anarq/fault'
import { readBytes, readFields, readInt, readText } from '@anarq/ipld'
import type { Signer } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { deviceIdOf } from '../devices.ts'
import { clockSkewMs } from '../did/key-log.ts'
import type { PublicIdentity } from '../did/public-identity.ts'
import { checkStatement, readStatement, sealStatement } from '../statement.ts'
import { type ChildLimits, readLimits, writeLimits } from './limits.ts'

/** A delegation lives at most this long: without the guardian's renewal it ends, offline too. */
export const delegationTtlMsMax: number = 7 * 86_400_000

type Party = { readonly did: string; readonly signer: Signer }

/** Signed once by the child's subject key, before that key is wiped: this guardian may act for me until I am of age. */
export function sealAuthority(child: Party, guardian: string, majorityMs: number): Uint8Array {
  return sealStatement('authority', { v: 1, iss: child.did, aud: guardian, exp: majorityMs }, child.signer)
}

/** Signed by the guardian when the child is made: I consent to this identity, under these limits. */
export function sealConsent(guardian: Party, child: string, limits: ChildLimits, atMs: number): Uint8Array {
  const fields = { v: 1, iss: guardian.did, sub: child, limits: writeLimits(limits), at: atMs }
  return sealStatement('consent', fields, guardian.signer)
}

/** Signed by the guardian at each renewal: this device may act for the child, within these limits, for some days. */
export function sealDelegation(
  guardian: Party,
  {
    child,
    device,
    limits,
  }: { readonly child: string; readonly device: string; readonly limits: ChildLimits },
  { nowMs, ttlMs, random }: { readonly nowMs: number; readonly ttlMs: number; readonly random: Random },
): Uint8Array {
  const exp = Math.min(nowMs + Math.min(ttlMs, delegationTtlMsMax), limits.majorityMs)
  const nonce = random.bytes(16)
  const parties = { iss: guardian.did, aud: device, sub: child }
  const fields = { v: 1, ...parties, limits: writeLimits(limits), nbf: nowMs, exp, nonce }
  return sealStatement('delegation', fields, guardian.signer)
}

export type Consent = {
  readonly guardian: string
  readonly child: string
  readonly limits: ChildLimits
  readonly atMs: number
}

/** Whether the guardian consented to the child's identity, and to which limits. */
export function verifyConsent(bytes: Uint8Array, guardian: PublicIdentity): Outcome<Consent> {
  const what = 'This consent'
  return attempt(() => {
    const statement = readStatement(bytes, what)
    const fields = readFields(statement.fields, ['v', 'iss', 'sub', 'limits', 'at'], what)
    readInt(fields.v, what, { min: 1, max: 1 })
    if (fields.iss !== guardian.did)
      return failed('refused.signature', 'This consent is of another guardian.')
    const signed = checkStatement('consent', statement, guardian.verifyKey, what)
    if (!signed.ok) return signed
    const limits = readLimits(fields.limits)
    return ok({ guardian: guardian.did, child: readDid(fields.sub), limits, atMs: readInt(fields.at, what) })
  })
}

export type Delegation = {
  readonly guardian: string
  readonly device: string
  readonly child: string
  readonly limits: ChildLimits
  readonly fromMs: number
  readonly untilMs: number
}

/** Whether a delegation holds at a time. Clocks of a guardian and a child may differ a little, so it may come from the future. */
export function isDelegated(
  { fromMs, untilMs }: Pick<Delegation, 'fromMs' | 'untilMs'>,
  nowMs: number,
): boolean {
  return nowMs >= fromMs - clockSkewMs && nowMs < untilMs
}

/** What a delegation says, unverified. */
function readDelegation(
  bytes: Uint8Array,
): Delegation & { readonly statement: ReturnType<typeof readStatement> } {
  const what = 'This delegation'
  const statement = readStatement(bytes, what)
  const known = ['v', 'iss', 'aud', 'sub', 'limits', 'nbf', 'exp', 'nonce'] as const
  const fields = readFields(statement.fields, known, what)
  readInt(fields.v, what, { min: 1, max: 1 })
  readBytes(fields.nonce, what, { length: 16 })
  const fromMs = readInt(fields.nbf, what)
  return {
    statement,
    guardian: readDid(fields.iss),
    device: readText(fields.aud, what, { max: 64 }),
    child: readDid(fields.sub),
    limits: readLimits(fields.limits),
    fromMs,
    untilMs: readInt(fields.exp, what, { min: fromMs, max: fromMs + delegationTtlMsMax }),
  }
}

/** What a child's device shows beside its signature. */
export type ChildChain = {
  readonly child: PublicIdentity
  readonly guardian: PublicIdentity
  readonly authority: Uint8Array
  readonly delegation: Uint8Array
  readonly deviceKey: Uint8Array
}

/**
 * Whether the device may sign for the child now: the subject key gave the guardian authority, the guardian gave the
 * device this delegation, and both hold. Needs nothing but its arguments, so it works offline.
 */
export function verifyChildChain(chain: ChildChain, nowMs: number): Outcome<Delegation> {
  const { child, guardian } = chain
  return attempt(() => {
    const authority = verifyAuthority(chain.authority, child, guardian.did)
    if (!authority.ok) return authority
    const { statement, ...delegation } = readDelegation(chain.delegation)
    const signed = checkStatement('delegation', statement, guardian.verifyKey, 'This delegation')
    if (!signed.ok) return signed
    const isMeant =
      delegation.guardian === guardian.did &&
      delegation.child === child.did &&
      delegation.device === deviceIdOf(chain.deviceKey)
    if (guardian.hasEnded) return failed('refused.revoked', 'The identity of this guardian has ended.')
    if (!isMeant)
      return failed('refused.delegation', 'This delegation is for another child, guardian or device.')
    if (delegation.limits.majorityMs !== authority.value || delegation.untilMs > authority.value) {
      return failed('refused.delegation', 'This delegation reaches beyond the authority of the guardian.')
    }
    if (!isDelegated(delegation, nowMs)) {
      return failed('refused.expired', 'This delegation does not hold now. The guardian renews it.')
    }
    return ok(delegation)
  })
}

/** Until when the guardian has authority. */
function verifyAuthority(bytes: Uint8Array, child: PublicIdentity, guardian: string): Outcome<number> {
  const what = 'This authority'
  const statement = readStatement(bytes, what)
  const fields = readFields(statement.fields, ['v', 'iss', 'aud', 'exp'], what)
  readInt(fields.v, what, { min: 1, max: 1 })
  if (fields.iss !== child.did || fields.aud !== guardian) {
    return failed('refused.delegation', 'This authority is of another child, or for another guardian.')
  }
  const signed = checkStatement('authority', statement, child.verifyKey, what)
  return signed.ok ? ok(readInt(fields.exp, what)) : signed
}

function readDid(value: unknown): string {
  return readText(value, 'A DID', { max: 256 })
}

function attempt<T>(work: () => Outcome<T>): Outcome<T> {
  try {
    return work()
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}
