import { fromBase64Url, fromUtf8, toBase64Url, toUtf8 } from '@anarq/bytes'
import type { EntryFacts } from '@anarq/kernel'

/** Beside a streamed content: what it is, as JSON in base64url. */
export const entryHeader = 'anarq-entry'
/** Asked for with `?1`: a content that breaks off ends with a trailer that says why, instead of a cut connection. */
export const trailersHeader = 'anarq-trailers'
export const faultTrailer = 'anarq-fault'

export type ContentFacts = {
  readonly entry: EntryFacts
  readonly bytes: number
  readonly type: string
  readonly etag: string
}

/** JSON as a header can carry it: printable ASCII. */
export function encodeHeader(value: object): string {
  return toBase64Url(fromUtf8(JSON.stringify(value)))
}

/** Throws `SyntaxError` on what is no such header. */
export function decodeHeader(text: string): unknown {
  return JSON.parse(toUtf8(fromBase64Url(text)))
}

/** Always an attachment, under its own name (RFC 6266, RFC 8187). */
export function dispositionOf(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  const extended = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${extended}`
}

const mediaTypePattern =
  /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}(?:; ?[a-z0-9-]{1,32}=[a-z0-9._-]{1,64})*$/i

/** A media type that a header can carry; anything else is just bytes. */
export function mediaTypeOf(type: string): string {
  return mediaTypePattern.test(type) ? type : 'application/octet-stream'
}
