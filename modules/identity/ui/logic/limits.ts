/** What a guardian allows, as facts that can be read. */
import type { Locale } from '@anarq/design'
import type { IdentitySay, MessageKey } from '../messages/messages.ts'

type Hours = { readonly days: readonly number[]; readonly fromMinute: number; readonly toMinute: number }

export type Limits = {
  readonly age: number
  readonly modules?: readonly string[]
  readonly contacts?: readonly string[]
  readonly hours?: readonly Hours[]
  readonly spendMax?: number
  readonly sharing: 'allow' | 'ask' | 'deny'
}

export type Fact = { readonly name: MessageKey; readonly value: string }

/** An absent list sets no limit; an empty one allows nothing. */
export function factsOfLimits(limits: Limits, say: IdentitySay, locale: Locale): readonly Fact[] {
  const { age, modules, contacts, hours, spendMax, sharing } = limits
  return [
    { name: 'limit.age', value: String(age) },
    { name: 'limit.sharing', value: say(`sharing.${sharing}`) },
    { name: 'limit.contacts', value: contactsText(contacts, say) },
    {
      name: 'limit.modules',
      value: modules === undefined ? say('limit.any') : modules.join(', ') || say('limit.none'),
    },
    { name: 'limit.hours', value: hoursText(hours, say, locale) },
    {
      name: 'limit.spend',
      value: spendMax === undefined ? say('limit.any') : say('limit.spend.units', { count: spendMax }),
    },
  ]
}

function contactsText(contacts: readonly string[] | undefined, say: IdentitySay): string {
  if (contacts === undefined) return say('limit.any')
  if (contacts.length === 0) return say('limit.none')
  return contacts.length === 1
    ? say('limit.contacts.one')
    : say('limit.contacts.count', { count: contacts.length })
}

function hoursText(hours: readonly Hours[] | undefined, say: IdentitySay, locale: Locale): string {
  if (hours === undefined) return say('limit.any')
  if (hours.length === 0) return say('limit.none')
  return hours
    .map(({ days, fromMinute, toMinute }) => {
      const named = days.map((day) => dayName(day, locale)).join(', ')
      return `${named} ${clockOf(fromMinute)}–${clockOf(toMinute)}`
    })
    .join('; ')
}

/** 0 is Sunday; 1970-01-04 was one. */
function dayName(day: number, locale: Locale): string {
  const format = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' })
  return format.format((3 + day) * 86_400_000)
}

function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}
