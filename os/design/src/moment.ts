/** Times for people, in their language and their own time zone. */
import type { Locale } from './messages.ts'

const tagOf: Readonly<Record<Locale, string>> = { en: 'en-GB', es: 'es-ES' }

export function dayOf(ms: number, locale: Locale, timeZone?: string): string {
  return new Intl.DateTimeFormat(tagOf[locale], { dateStyle: 'long', ...zone(timeZone) }).format(ms)
}

export function momentOf(ms: number, locale: Locale, timeZone?: string): string {
  const style = { dateStyle: 'medium', timeStyle: 'short' } as const
  return new Intl.DateTimeFormat(tagOf[locale], { ...style, ...zone(timeZone) }).format(ms)
}

/** To the second, for what is compared with other logs. */
export function exactlyOf(ms: number, locale: Locale, timeZone?: string): string {
  const style = { dateStyle: 'medium', timeStyle: 'medium' } as const
  return new Intl.DateTimeFormat(tagOf[locale], { ...style, ...zone(timeZone) }).format(ms)
}

const steps = [
  { unit: 'year', ms: 365.25 * 86_400_000 },
  { unit: 'month', ms: 30.4375 * 86_400_000 },
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
] as const

/** "3 days ago", "in 2 hours", "now": the largest unit that fits. */
export function agoOf(ms: number, nowMs: number, locale: Locale): string {
  const format = new Intl.RelativeTimeFormat(tagOf[locale], { numeric: 'auto' })
  const apart = ms - nowMs
  for (const { unit, ms: one } of steps)
    if (Math.abs(apart) >= one) return format.format(Math.trunc(apart / one), unit)
  return format.format(0, 'second')
}

function zone(timeZone: string | undefined): { timeZone?: string } {
  return timeZone === undefined ? {} : { timeZone }
}
