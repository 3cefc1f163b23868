import { fromUtf8 } from '@anarq/bytes'
import { malformed } from './header.ts'

/** Records of an extended header; a value that is no UTF-8 is `undefined`. */
export type PaxRecords = ReadonlyMap<string, string | undefined>

const space = 0x20
const equals = 0x3d
const newline = 0x0a
const lengthDigitsMax = 7
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `length keyword=value\n` for each, where the length counts itself. */
export function writePax(records: Iterable<readonly [keyword: string, value: string]>): Uint8Array {
  let text = ''
  for (const [keyword, value] of records) {
    const body = ` ${keyword}=${value}\n`
    const bytes = isAscii(body) ? body.length : fromUtf8(body).length
    let digits = String(bytes).length
    if (String(bytes + digits).length > digits) digits += 1
    text += `${bytes + digits}${body}`
  }
  return fromUtf8(text)
}

export function readPax(bytes: Uint8Array): PaxRecords {
  const records = new Map<string, string | undefined>()
  for (let at = 0; at < bytes.length; ) {
    const length = readLength(bytes, at)
    const end = at + length
    const from = at + String(length).length + 1
    const equal = bytes.indexOf(equals, from)
    if (end > bytes.length || equal < from || equal >= end || bytes[end - 1] !== newline)
      throw malformed('an extended header is malformed')
    const keyword = decoded(bytes.subarray(from, equal))
    if (keyword === undefined || keyword === '')
      throw malformed('an extended header has a keyword that is none')
    records.set(keyword, decoded(bytes.subarray(equal + 1, end - 1)))
    at = end
  }
  return records
}

function readLength(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = at; i < at + lengthDigitsMax; i += 1) {
    const byte = bytes[i] ?? 0
    if (byte === space && i > at && value > 0) return value
    if (byte < 0x30 || byte > 0x39 || (byte === 0x30 && i === at)) break
    value = value * 10 + (byte - 0x30)
  }
  throw malformed('an extended header has a length that is none')
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
