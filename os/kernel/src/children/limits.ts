import { Fault } from '@anarq/fault'
import type { IdentityState } from '@anarq/qonsent'
import { type ChildRecord, childMayAct, type IdentityRecord, type ChildLimits as Signed } from '@anarq/squid'
import type { ChildFacts, ChildLimits, LimitsChange } from './operations.ts'

/** Control passes to the child on this birthday. */
export const majorityYears = 18

/**
 * What a child begins with: content of its own age, nobody to meet but its guardian, nothing shared without asking;
 * and what the guardian says otherwise.
 */
export function firstLimits(
  {
    birthMs,
    guardian,
    limits = {},
  }: { birthMs: number; guardian: string; limits?: LimitsChange | undefined },
  nowMs: number,
): Signed {
  const majorityMs = majorityOf(birthMs)
  if (!Number.isSafeInteger(majorityMs) || birthMs > nowMs)
    throw new Fault('invalid.birth', 'A child has a day of birth, and it has passed already.')
  if (majorityMs <= nowMs)
    throw new Fault(
      'invalid.birth',
      `Who was born on that day is ${majorityYears} or older: make an identity of their own instead, with anarq init.`,
    )
  const start: Signed = {
    majorityMs,
    ageTag: ageAt(majorityMs, nowMs),
    contacts: [guardian],
    sharing: 'ask',
  }
  return changed(start, limits, nowMs)
}

/** The limits at a renewal. An age that was never set apart grows with the birthdays. */
export function renewedLimits(
  { limits, delegatedFromMs }: Pick<ChildRecord, 'limits' | 'delegatedFromMs'>,
  change: LimitsChange,
  nowMs: number,
): Signed {
  const isGrowing = limits.ageTag === ageAt(limits.majorityMs, delegatedFromMs)
  const ageTag = isGrowing ? ageAt(limits.majorityMs, nowMs) : limits.ageTag
  return changed({ ...limits, ageTag }, change, nowMs)
}

export function childFacts({ side, stage, guardian, limits, delegatedUntilMs }: ChildRecord): ChildFacts {
  const { majorityMs, ageTag, sharing = 'ask', ...lists } = limits
  const shown: ChildLimits = { age: ageTag, sharing, ...lists }
  return { side, stage, guardian, majorityMs, delegatedUntilMs, limits: shown }
}

/** What policies decide by: absent for whoever is no minor. */
export function decidable(record: IdentityRecord, nowMs: number): IdentityState['child'] {
  const { child } = record
  if (child === undefined || child.stage === 'adult') return undefined
  const { ageTag, modules, contacts, spendMax, sharing } = child.limits
  // Content for everybody is within any limits but those of time, renewal and majority.
  const { verdict } = childMayAct(record, { kind: 'content', rating: 0 }, nowMs)
  return {
    mayAct: verdict === 'allow',
    age: ageTag,
    mayShare: sharing === 'allow',
    ...(modules === undefined ? {} : { modules }),
    ...(contacts === undefined ? {} : { contacts }),
    ...(spendMax === undefined ? {} : { spendLeft: spendMax }),
  }
}

function changed(limits: Signed, { age, sharing, ...lists }: LimitsChange, nowMs: number): Signed {
  const set = Object.entries(lists).filter(([, value]) => value !== undefined)
  const all = { ...limits, ...Object.fromEntries(set) }
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
  const grown = age === null ? ageAt(limits.majorityMs, nowMs) : (age ?? limits.ageTag)
  const asked = sharing === null ? 'ask' : (sharing ?? limits.sharing ?? 'ask')
  return { ...kept, majorityMs: limits.majorityMs, ageTag: grown, sharing: asked }
}

function majorityOf(birthMs: number): number {
  const birth = new Date(birthMs)
  return Date.UTC(birth.getUTCFullYear() + majorityYears, birth.getUTCMonth(), birth.getUTCDate())
}

/** Full years at a time, of who comes of age on a day. */
function ageAt(majorityMs: number, atMs: number): number {
  const birthday = new Date(majorityMs)
  const at = new Date(atMs)
  const isAfter =
    at.getUTCMonth() > birthday.getUTCMonth() ||
    (at.getUTCMonth() === birthday.getUTCMonth() && at.getUTCDate() >= birthday.getUTCDate())
  const years = at.getUTCFullYear() - birthday.getUTCFullYear() + majorityYears
  return Math.max(0, isAfter ? years : years - 1)
}
