import { type ByteRange, readByteRange } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

/** What a content is, for preconditions (RFC 9110, section 13). */
export type Validators = { readonly etag: string; readonly modifiedMs: number }

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** The one range that a Range header asks for; undefined: the whole. `invalid.range` where it lies outside. */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | undefined {
  const range = readByteRange(header, bytes)
  if (range !== 'outside') return range
  throw new Fault('invalid.range', `The range asked for lies outside: there are ${bytes} bytes.`, {
    data: { bytes },
  })
}

/** Whether the client has it already: If-None-Match, or else If-Modified-Since (sections 13.1.2, 13.1.3). */
export function isNotModified(headers: Headers, { etag, modifiedMs }: Validators): boolean {
  const tags = textOf(headers['if-none-match'])
  if (tags !== undefined) return tags.trim() === '*' || listOf(tags).includes(weak(etag))
  const since = Date.parse(textOf(headers['if-modified-since']) ?? '')
  return !Number.isNaN(since) && Math.floor(modifiedMs / 1000) * 1000 <= since
}

/** Whether a Range counts: If-Range names exactly this version, or is absent (section 13.1.5). */
export function isRangeValid(headers: Headers, { etag, modifiedMs }: Validators): boolean {
  const condition = textOf(headers['if-range'])?.trim()
  if (condition === undefined) return true
  if (condition.startsWith('"')) return condition === etag
  return Date.parse(condition) === Math.floor(modifiedMs / 1000) * 1000
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

/** Entity tags of a list, compared weakly. */
function listOf(tags: string): string[] {
  return (tags.match(/(?:W\/)?"[^"]*"/g) ?? []).map(weak)
}

function weak(tag: string): string {
  return tag.replace(/^W\//, '')
}
