import type { Locale } from '@anarq/design'

/** Never rounded up: 99.999 % of the time is not all of it. */
export function percentOf(percent: number, locale: Locale): string {
  const floored = Math.floor(percent * 100 + 1e-6) / 100
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 }).format(floored / 100)
}
