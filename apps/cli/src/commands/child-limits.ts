import type { ChildHours, ChildLimits, LimitsChange } from '@anarq/kernel'
import { type OptionSpec, textOf, textsOf, UsageError, type Values } from '../command.ts'

export const limitOptions: OptionSpec = {
  age: { type: 'string' },
  modules: { type: 'string' },
  contacts: { type: 'string' },
  hours: { type: 'string', multiple: true },
  'utc-offset': { type: 'string' },
  spend: { type: 'string' },
  sharing: { type: 'string' },
}

export const limitUsage: readonly string[] = [
  '--sharing allow|ask|deny     ask (as it begins): the guardian is asked first, and changes this',
  '--contacts DID,DID|any|none  whom the child may meet; as it begins, its guardian alone',
  '--modules qdrive,qpic|any    the parts of AnarQ that it may use; as it begins, any',
  '--hours mon-fri=07:00-20:00  when it may act; repeat it for other days; any takes the limit away',
  '--utc-offset +02:00          of the hours; as it begins, that of this machine',
  '--age N|birthday             content for an older age is blocked; birthday (as it begins) follows its own age',
  '--spend N|any                the largest payment',
]

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** The limits that the command line names, and nothing for the others. */
export function limitsOf(values: Values): LimitsChange {
  const age = textOf(values, 'age')
  const modules = listOf(textOf(values, 'modules'))
  const contacts = listOf(textOf(values, 'contacts'))
  const hours = hoursOf(textsOf(values, 'hours'))
  const offset = textOf(values, 'utc-offset')
  const spend = textOf(values, 'spend')
  const sharing = textOf(values, 'sharing')
  const isTimed = hours != null || offset !== undefined
  return {
    ...(age === undefined ? {} : { age: age === 'birthday' ? null : whole(age, 'age', 99) }),
    ...(modules === undefined ? {} : { modules }),
    ...(contacts === undefined ? {} : { contacts }),
    ...(hours === undefined ? {} : { hours }),
    ...(isTimed ? { utcOffsetMinutes: offsetOf(offset) } : {}),
    ...(spend === undefined
      ? {}
      : { spendMax: spend === 'any' ? null : whole(spend, 'spend', Number.MAX_SAFE_INTEGER) }),
    ...(sharing === undefined ? {} : { sharing: sharingOf(sharing) }),
  }
}

export function describeLimits(limits: ChildLimits): string {
  const { age, modules, contacts, hours, utcOffsetMinutes = 0, spendMax, sharing } = limits
  const list = (all: readonly string[] | undefined): string =>
    all === undefined ? 'any' : all.length === 0 ? 'none' : all.join(', ')
  const windows = hours?.map(({ days: on, fromMinute, toMinute }) => {
    const names = on.map((day) => days[day] ?? '').join(',')
    return `${names} ${clockOf(fromMinute)}-${clockOf(toMinute)}`
  })
  const sign = utcOffsetMinutes < 0 ? '-' : '+'
  return [
    `sharing: ${sharing === 'ask' ? 'the guardian is asked first' : sharing}`,
    `contacts: ${list(contacts)}`,
    `modules: ${list(modules)}`,
    `hours: ${windows === undefined ? 'any' : `${list(windows)} (UTC${sign}${clockOf(Math.abs(utcOffsetMinutes))})`}`,
    `age: ${age}`,
    `payments: ${spendMax === undefined ? 'any' : `up to ${spendMax}`}`,
  ].join('\n')
}

function listOf(text: string | undefined): string[] | null | undefined {
  if (text === undefined) return undefined
  if (text === 'any') return null
  return text === 'none' ? [] : text.split(',').map((one) => one.trim())
}

/** Each as `mon-fri=07:00-20:00` or `sat,sun=09:00-21:00`. */
function hoursOf(texts: readonly string[]): ChildHours[] | null | undefined {
  if (texts.length === 0) return undefined
  if (texts.includes('any')) return null
  return texts.filter((text) => text !== 'none').map(windowOf)
}

function windowOf(text: string): ChildHours {
  const match = /^([a-z,-]+)=(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(text)
  const fromMinute = Number(match?.[2]) * 60 + Number(match?.[3])
  const toMinute = Number(match?.[4]) * 60 + Number(match?.[5])
  const on = (match?.[1] ?? '').split(',').flatMap(spanOf)
  if (!(fromMinute < toMinute) || toMinute > 1440 || on.length === 0 || on.includes(-1))
    throw new UsageError(`--hours takes days and times such as mon-fri=07:00-20:00, not "${text}".`)
  return { days: [...new Set(on)], fromMinute, toMinute }
}

/** `mon`, or `fri-mon` over the end of the week; -1 stands for what is no day. */
function spanOf(text: string): number[] {
  const [first = -1, last = first, ...more] = text
    .split('-')
    .map((name) => (days as readonly string[]).indexOf(name))
  if (first < 0 || last < 0 || more.length > 0) return [-1]
  const span = [first]
  for (let day = first; day !== last; ) {
    day = (day + 1) % 7
    span.push(day)
  }
  return span
}

function offsetOf(text: string | undefined): number {
  if (text === undefined) return -new Date().getTimezoneOffset()
  const match = /^([+-])(\d{2}):(\d{2})$/.exec(text)
  const minutes = Number(match?.[2]) * 60 + Number(match?.[3])
  if (match === null || minutes > 840)
    throw new UsageError(`--utc-offset takes an offset such as +02:00, not "${text}".`)
  return match[1] === '-' ? -minutes : minutes
}

function sharingOf(text: string): ChildLimits['sharing'] {
  if (text === 'allow' || text === 'ask' || text === 'deny') return text
  throw new UsageError(`--sharing is allow, ask or deny, not "${text}".`)
}

function whole(text: string, name: string, max: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= max) return number
  throw new UsageError(`--${name} takes a whole number up to ${max}, not "${text}".`)
}

function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}
