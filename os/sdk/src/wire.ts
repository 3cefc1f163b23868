import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

/** Plain data with bytes in it, as JSON: bytes become `{ "$bytes": "<base64url>" }`. */
export function toWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: toBase64Url(value) }
  if (Array.isArray(value)) return value.map(toWire)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toWire(one)]))
  return value
}

/** The other way; `invalid.wire` for bytes that are none, or for what is nested too deeply. */
export function fromWire(value: unknown, depth = 0): unknown {
  if (depth > depthMax) throw new Fault('invalid.wire', `Values are nested at most ${depthMax} deep.`)
  if (Array.isArray(value)) return value.map((one) => fromWire(one, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && first?.[0] === '$bytes') return bytesOf(first[1])
  return Object.fromEntries(entries.map(([key, one]) => [key, fromWire(one, depth + 1)]))
}

const depthMax = 32

function bytesOf(value: unknown): Uint8Array {
  try {
    if (typeof value === 'string') return fromBase64Url(value)
  } catch {
    // Falls to the same sentence: it is no base64url.
  }
  throw new Fault('invalid.wire', 'Bytes are written as { "$bytes": "<base64url>" }.')
}
