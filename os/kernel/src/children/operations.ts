/** What doors offer to guardians and children: a part of `Operations`, plain data as all of it. */
import type { IdentityFacts } from '../operations.ts'

/** A window of the child's week in local time; `toMinute` is not inside any more. */
export type ChildHours = {
  /** 0 is Sunday. */
  readonly days: readonly number[]
  readonly fromMinute: number
  readonly toMinute: number
}

/** What a guardian allows. A list that is absent sets no limit; an empty one allows nothing. */
export type ChildLimits = {
  /** Content that is meant for an older age is blocked. */
  readonly age: number
  readonly modules?: readonly string[]
  /** DIDs of whom the child may meet. */
  readonly contacts?: readonly string[]
  readonly hours?: readonly ChildHours[]
  /** Minutes that the child's clock is ahead of UTC. */
  readonly utcOffsetMinutes?: number
  /** The largest payment, in the smallest unit of account. */
  readonly spendMax?: number
  /** "ask": the guardian is asked first, and changes the limits. */
  readonly sharing: 'allow' | 'ask' | 'deny'
}

/** What is set anew; `null` takes a limit away (the age then follows the birthdays, sharing is asked for). */
export type LimitsChange = { readonly [name in keyof ChildLimits]?: ChildLimits[name] | null | undefined }

/** What a guardian and the child itself see of the child. */
export type ChildFacts = {
  /** Whose home this is. */
  readonly side: 'guardian' | 'child'
  /** "adult" from when the child took its key over; only the child's own home knows. */
  readonly stage: 'minor' | 'adult'
  readonly guardian: string
  readonly majorityMs: number
  /** Until when the child's device acts without another renewal. */
  readonly delegatedUntilMs: number
  readonly limits: ChildLimits
}

export type NewChild = {
  readonly name: string
  /** The day of birth (UTC): decides the age and when control passes over. */
  readonly birthMs: number
  /** What the child's device wrote: see `AccountOperations.enrol`. */
  readonly device: string
  /** An identity of this home, or one whose card is known; absent: the second share is in the clear. */
  readonly second?: string | undefined
  readonly limits?: LimitsChange | undefined
}

/** What is carried from the guardian, as text: to the child's device, and to the second guardian. */
export type ChildFiles = { readonly invitation: string; readonly guardianShare: string }

/** Guardians' side. The identity in use is the guardian of the children that it makes. */
export type GuardianOperations = {
  /** A delegation for the next days, and other limits where they change. The child's device takes it in with `join`. */
  renew(
    ref: string,
    options?: { limits?: LimitsChange | undefined; days?: number | undefined },
  ): Promise<IdentityFacts & { readonly delegation: string }>
  /** Another device for a child whose own is lost; takes the second guardian's share. */
  recover(
    ref: string,
    input: { device: string; guardianShare: string; second?: string | undefined },
  ): Promise<IdentityFacts & ChildFiles>
  /** From majority on: what the child's device takes its key over with. */
  release(ref: string): Promise<{ readonly release: string }>
  /** The second guardian's: makes its share readable for the first one (or for another identity). */
  lendShare(guardianShare: string, options?: { to?: string | undefined }): Promise<{ guardianShare: string }>
  /** The second guardian's: the same as `release`, where the first one does not. */
  releaseShare(guardianShare: string): Promise<{ readonly release: string }>
}
