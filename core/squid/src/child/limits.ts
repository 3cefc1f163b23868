import { Fault } from '@anarq/fault'
import { type Fields, readArray, readFields, readInt, readOptional, readText } from '@anarq/ipld'

/** A window of the child's week in local time; `toMinute` is not inside any more. */
export type Hours = {
  /** 0 is Sunday. */
  readonly days: readonly number[]
  readonly fromMinute: number
  readonly toMinute: number
}

/** What a guardian sets. A list that is absent sets no limit; an empty list allows nothing. */
export type ChildLimits = {
  /** From here on (milliseconds) no guardian's signature counts any more. */
  readonly majorityMs: number
  /** Content rated for an older age is blocked. */
  readonly ageTag: number
  readonly modules?: readonly string[]
  /** DIDs; anybody else has to be asked for. */
  readonly contacts?: readonly string[]
  readonly hours?: readonly Hours[]
  /** Minutes that the child's clock is ahead of UTC. */
  readonly utcOffsetMinutes?: number
  /** The largest payment without asking, in the smallest unit. */
  readonly spendMax?: number
  readonly sharing?: 'allow' | 'ask' | 'deny'
}

export type ChildAction =
  | { readonly kind: 'module'; readonly module: string }
  | { readonly kind: 'contact'; readonly did: string }
  | { readonly kind: 'payment'; readonly amount: number }
  | { readonly kind: 'share' }
  | { readonly kind: 'content'; readonly rating: number }

/** `ask` means: put it before the guardian. */
export type ChildVerdict = {
  readonly verdict: 'allow' | 'ask' | 'deny'
  readonly code: string
  readonly sentence: string
}

const listMax = 1000
const minutesADay = 1440

/** What the limits alone say to an action. Pure; time zones and daylight saving are the caller's `utcOffsetMinutes`. */
export function limitsAllow(limits: ChildLimits, action: ChildAction, nowMs: number): ChildVerdict {
  if (!isWithin(limits, nowMs)) return verdict('deny', 'hours', 'This is outside the hours that were agreed.')
  switch (action.kind) {
    case 'module':
      if (limits.modules?.includes(action.module) ?? true) return allowed
      return verdict('deny', 'module', `The module "${action.module}" is not among those that were agreed.`)
    case 'contact':
      if (limits.contacts?.includes(action.did) ?? true) return allowed
      return verdict('ask', 'contact', 'This contact is new. Your guardian is asked first.')
    case 'payment':
      return payment(limits, action.amount)
    case 'share':
      if ((limits.sharing ?? 'ask') === 'allow') return allowed
      if (limits.sharing === 'deny') return verdict('deny', 'share', 'Sharing is not among what was agreed.')
      return verdict('ask', 'share', 'Your guardian is asked before something is shared.')
    case 'content':
      if (action.rating <= limits.ageTag) return allowed
      return verdict('deny', 'rating', `This is rated for ${action.rating} and older.`)
    default:
      return action satisfies never
  }
}

/** Throws `invalid.limits` where the limits contradict themselves. */
export function checkLimits(limits: ChildLimits): ChildLimits {
  readLimits(writeLimits(limits))
  return limits
}

/** As a map for DAG-CBOR, without absent fields. */
export function writeLimits(limits: ChildLimits): Record<string, unknown> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}

export function readLimits(value: unknown): ChildLimits {
  const fields = readFields(value, limitNames, 'The limits')
  return {
    majorityMs: readInt(fields.majorityMs, 'The day of majority'),
    ageTag: readInt(fields.ageTag, 'The age tag', { max: 99 }),
    ...optional(fields, 'modules', readTexts),
    ...optional(fields, 'contacts', readTexts),
    ...optional(fields, 'hours', readHours),
    ...optional(fields, 'utcOffsetMinutes', (v) => readInt(v, 'The offset', { min: -840, max: 840 })),
    ...optional(fields, 'spendMax', (v) => readInt(v, 'The largest payment')),
    ...optional(fields, 'sharing', readSharing),
  }
}

export const allowed: ChildVerdict = {
  verdict: 'allow',
  code: 'allowed',
  sentence: 'This is within what was agreed.',
}

export function verdict(kind: ChildVerdict['verdict'], code: string, sentence: string): ChildVerdict {
  return { verdict: kind, code: `child.${code}`, sentence }
}

const limitNames = [
  'majorityMs',
  'ageTag',
  'modules',
  'contacts',
  'hours',
  'utcOffsetMinutes',
  'spendMax',
  'sharing',
] as const

function payment({ spendMax }: ChildLimits, amount: number): ChildVerdict {
  if (!Number.isSafeInteger(amount) || amount < 0) {
    return verdict('deny', 'payment', 'This is no amount that can be paid.')
  }
  if (spendMax === undefined || amount <= spendMax) return allowed
  return verdict('ask', 'payment', `This is more than ${spendMax}. Your guardian is asked first.`)
}

function isWithin({ hours, utcOffsetMinutes = 0 }: ChildLimits, nowMs: number): boolean {
  if (hours === undefined) return true
  const local = new Date(nowMs + utcOffsetMinutes * 60_000)
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes()
  return hours.some(
    ({ days, fromMinute, toMinute }) =>
      days.includes(local.getUTCDay()) && minute >= fromMinute && minute < toMinute,
  )
}

function optional<K extends (typeof limitNames)[number], T>(
  fields: Fields,
  name: K,
  read: (value: unknown) => T,
): { [key in K]?: T } {
  const value = readOptional(fields[name], read)
  return value === undefined ? {} : ({ [name]: value } as { [key in K]?: T })
}

function readTexts(value: unknown): string[] {
  return readArray(value, 'A list of limits', { max: listMax }).map((text) =>
    readText(text, 'A limit', { max: 256 }),
  )
}

function readHours(value: unknown): Hours[] {
  return readArray(value, 'The hours', { max: 64 }).map((entry) => {
    const fields = readFields(entry, ['days', 'fromMinute', 'toMinute'], 'The hours')
    const days = readArray(fields.days, 'The days', { max: 7 }).map((day) =>
      readInt(day, 'A day', { max: 6 }),
    )
    const fromMinute = readInt(fields.fromMinute, 'A minute', { max: minutesADay - 1 })
    return {
      days,
      fromMinute,
      toMinute: readInt(fields.toMinute, 'A minute', { min: fromMinute + 1, max: minutesADay }),
    }
  })
}

function readSharing(value: unknown): 'allow' | 'ask' | 'deny' {
  if (value === 'allow' || value === 'ask' || value === 'deny') return value
  throw new Fault('invalid.limits', 'Sharing is allowed, asked for or denied; nothing else.')
}
