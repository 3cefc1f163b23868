/** Figures as people read them. */
export function formatSize(bytes: number, locale: string): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)} ${units[unit]}`
}

const dayMs = 86_400_000

/** Today by the hour, this year by the day, before that with the year. */
export function formatTime(ms: number, nowMs: number, locale: string): string {
  const [at, now] = [new Date(ms), new Date(nowMs)]
  if (at.toDateString() === now.toDateString())
    return at.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })
  const isYesterday = at.toDateString() === new Date(nowMs - dayMs).toDateString()
  if (isYesterday) return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-1, 'day')
  const isThisYear = at.getFullYear() === now.getFullYear()
  return at.toLocaleDateString(locale, {
    day: 'numeric',
    month: 'short',
    ...(isThisYear ? {} : { year: 'numeric' }),
  })
}

export function formatMoment(ms: number, locale: string): string {
  return new Date(ms).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' })
}

/** "about 2 min", rounded as nobody counts seconds. */
export function formatRest(seconds: number, locale: string): string {
  const unit = seconds < 60 ? 'second' : seconds < 3600 ? 'minute' : 'hour'
  const value =
    unit === 'second'
      ? Math.max(5, Math.ceil(seconds / 5) * 5)
      : Math.ceil(seconds / (unit === 'minute' ? 60 : 3600))
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value)
}
