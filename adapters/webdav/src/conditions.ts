import type { IncomingMessage } from 'node:http'
import { type ByteRange, readByteRange } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import type { EntryDetails } from '@anarq/kernel'
import { type Call, find, globalPath, headerOf, hrefOfGlobal } from './call.ts'
import { type IfState, ifHolds, parseIf, tokensOf } from './if-header.ts'
import { type Change, lockAgainst, locksOn, withoutExpired } from './locks.ts'
import { placeOfUrl } from './paths.ts'
import { refusal } from './refusal.ts'

/** Preconditions of RFC 9110, section 13, in its order; `true` where the client has it already (304). */
export function checkConditions(request: IncomingMessage, there: EntryDetails | undefined): boolean {
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  const match = headerOf(request, 'if-match')
  const noneMatch = headerOf(request, 'if-none-match')
  const unmodified = timeOf(request, 'if-unmodified-since')
  const modified = timeOf(request, 'if-modified-since')
  if (match !== undefined) {
    if (!isListed(match, there, false)) throw failed('If-Match')
  } else if (unmodified !== undefined && there !== undefined && secondsOf(there) > unmodified) {
    throw failed('If-Unmodified-Since')
  }
  if (noneMatch !== undefined) {
    if (!isListed(noneMatch, there, true)) return false
    if (isReading) return true
    throw failed('If-None-Match')
  }
  return isReading && modified !== undefined && there !== undefined && secondsOf(there) <= modified
}

/** Whether a Range counts (section 13.1.5): If-Range names exactly this version, or is absent. */
export function isRangeWanted(request: IncomingMessage, there: EntryDetails): boolean {
  const condition = headerOf(request, 'if-range')?.trim()
  if (condition === undefined) return true
  return condition.startsWith('"') ? condition === there.etag : Date.parse(condition) === secondsOf(there)
}

/** The one range that is asked for (section 14.2), `to` excluded; undefined where the whole is to be sent. */
export function rangeOf(request: IncomingMessage, bytes: number): ByteRange | undefined {
  const range = readByteRange(headerOf(request, 'range'), bytes)
  if (range !== 'outside') return range
  throw refusal(416, 'invalid.range', `The range asked for lies outside: there are ${bytes} bytes.`, {
    headers: { 'content-range': `bytes */${bytes}` },
  })
}

/**
 * The If header (RFC 4918, section 10.4): 412 where no list of it holds. Resolves to the lock tokens that the client
 * submits with it.
 */
export async function checkIf(call: Call): Promise<ReadonlySet<string>> {
  const header = headerOf(call.request, 'if')
  if (header === undefined) return new Set()
  const lists = parseIf(header)
  const states = new Map<string | undefined, IfState>()
  for (const { resource } of lists)
    if (!states.has(resource)) states.set(resource, await stateOf(call, resource))
  if (ifHolds(lists, (resource) => states.get(resource) as IfState)) return tokensOf(lists)
  throw refusal(412, 'conflict.condition', 'What the If header of this request says does not hold any more.')
}

/** 423 where a lock is in the way whose token was not submitted by the key that holds it. */
export function checkLocks(call: Call, change: Change, tokens: ReadonlySet<string>): void {
  const { door, access } = call
  const path = globalPath(call, change.path)
  const table = withoutExpired(door.locks, door.clock.nowMs())
  const lock = lockAgainst(table, { ...change, path }, { tokens, by: access.key.id })
  if (lock !== undefined) throw lockedBy(call, lock.root)
}

export function lockedBy(call: Call, root: string): Fault {
  return refusal(423, 'conflict.locked', 'This is locked. Unlock it first, or send the token of its lock.', {
    condition: 'lock-token-submitted',
    hrefs: [hrefOfGlobal(call, root)],
  })
}

async function stateOf(call: Call, resource: string | undefined): Promise<IfState> {
  const { door, drive, request } = call
  const place = resource === undefined ? call : placeOfUrl(resource, request, door.prefix)
  if (place === undefined) return { etag: undefined, tokens: new Set() }
  const there = await find(drive, place.path)
  const locks = locksOn(withoutExpired(door.locks, door.clock.nowMs()), globalPath(call, place.path))
  return { etag: there?.etag, tokens: new Set(locks.map(({ token }) => token)) }
}

function isListed(header: string, there: EntryDetails | undefined, isWeak: boolean): boolean {
  if (there === undefined) return false
  if (header.trim() === '*') return true
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? []
  return tags.some((tag) => (isWeak ? tag.replace(/^W\//, '') : tag) === there.etag)
}

function timeOf(request: IncomingMessage, name: string): number | undefined {
  const time = Date.parse(headerOf(request, name) ?? '')
  return Number.isNaN(time) ? undefined : time
}

function secondsOf({ modifiedMs }: EntryDetails): number {
  return Math.floor(modifiedMs / 1000) * 1000
}

function failed(header: string): Fault {
  return refusal(412, 'conflict.condition', `What ${header} says does not hold any more: look again.`)
}
