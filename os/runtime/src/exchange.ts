import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

/** What a route hands over. `path` is below the app's own root and begins with "/". */
export type BackendRequest = {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export type BackendResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export type BackendEvent = { readonly name: string; readonly detail: unknown }

/** What an app may say about its answer. The rest (cookies, policies, origins) is the door's to say. */
const headersAllowed: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'etag',
  'last-modified',
  'location',
  'retry-after',
])
const headerCharsMax = 4096

/**
 * The answer of a backend: `{ status?, headers?, body? }`, body as text or bytes; nothing at all is 204. Anything else is
 * `invalid.response`.
 */
export function readResponse(value: unknown): BackendResponse {
  if (value === null || value === undefined) return { status: 204, headers: {}, body: new Uint8Array(0) }
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array)
    throw invalid('is no object with status, headers and body')
  const { status = 200, headers = {}, body = new Uint8Array(0), ...others } = value as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(`has "${other.slice(0, 40)}" beside status, headers and body`)
  if (!Number.isSafeInteger(status) || (status as number) < 200 || (status as number) > 599)
    throw invalid('has a status that is not from 200 to 599')
  return { status: status as number, headers: readHeaders(headers), body: readBody(body) }
}

function readHeaders(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw invalid('has headers that are no object')
  const headers: Record<string, string> = {}
  for (const [given, text] of Object.entries(value)) {
    const name = given.toLowerCase()
    if (!headersAllowed.has(name))
      throw invalid(`sets the header "${given.slice(0, 40)}"; allowed are ${[...headersAllowed].join(', ')}`)
    // Visible ASCII and blanks (RFC 9110, 5.5): no line break can start a header of its own.
    if (typeof text !== 'string' || text.length > headerCharsMax || !/^[\t\x20-\x7e]*$/.test(text))
      throw invalid(`sets the header "${name}" to what cannot be sent`)
    headers[name] = text
  }
  return headers
}

function readBody(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return fromUtf8(value)
  throw invalid('has a body that is neither text nor bytes')
}

function invalid(what: string): Fault {
  return new Fault('invalid.response', `The answer of the app ${what}. Tell its author.`)
}
