/** What a guardian types, as what the node takes. */
const dayMs = 24 * 60 * 60 * 1000
export const everyDay: readonly number[] = [0, 1, 2, 3, 4, 5, 6]

/** The day at midnight UTC; undefined for what is no day, or has not passed. */
export function birthIn(typed: string, nowMs: number): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(typed)) return undefined
  const ms = Date.parse(typed)
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(typed)) return undefined
  return ms > nowMs - dayMs ? undefined : ms
}

export type Hours = {
  readonly days: readonly number[]
  readonly fromMinute: number
  readonly toMinute: number
}

/** "07:00-20:00" of every day; `null` for nothing typed, which sets no limit; undefined for what is no such window. */
export function hoursIn(typed: string): readonly Hours[] | null | undefined {
  const text = typed.replace(/\s/g, '')
  if (text === '') return null
  const match = /^(\d{1,2}):(\d{2})[-–](\d{1,2}):(\d{2})$/.exec(text)
  if (match === null) return undefined
  const [fromHour, fromRest, toHour, toRest] = match.slice(1).map(Number) as [number, number, number, number]
  const fromMinute = fromHour * 60 + fromRest
  const toMinute = toHour * 60 + toRest
  const isWindow = fromRest < 60 && toRest < 60 && fromMinute < toMinute && toMinute <= 24 * 60
  return isWindow ? [{ days: everyDay, fromMinute, toMinute }] : undefined
}

/** Letters and digits of any script, for a name that every disk takes. */
export function fileNameOf(name: string, ending: string): string {
  const plain = name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '')
  return `${plain === '' ? 'child' : plain}.${ending}`
}
