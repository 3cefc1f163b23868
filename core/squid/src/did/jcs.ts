import { Fault } from '@anarq/fault'

const depthMax = 64

/**
 * The one canonical text of a JSON value: keys sorted by UTF-16 code units, numbers as ECMAScript prints them, no
 * white space (JSON Canonicalization Scheme, RFC 8785). What JSON cannot say (non-finite numbers, `undefined`,
 * lone surrogates, more than 64 levels) is `invalid.json`.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0)
}

/** Parses text that must already be canonical, so that one value has one text: duplicate keys and spaces are `invalid.json`. */
export function parseCanonicalJson(text: string, what: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid.json', `${what} is malformed: it is not JSON, or it is cut short.`, { cause })
  }
  if (canonicalJson(value) === text) return value
  throw new Fault('invalid.json', `${what} is malformed: it is not in the canonical form of JSON.`)
}

function write(value: unknown, depth: number): string {
  if (depth > depthMax) throw unspeakable(`more than ${depthMax} levels`)
  switch (typeof value) {
    case 'string':
      return writeText(value)
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value)
      throw unspeakable('a number that is not finite')
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? writeArray(value, depth) : writeMap(value, depth)
    default:
      throw unspeakable(typeof value)
  }
}

function writeText(text: string): string {
  if (text.isWellFormed()) return JSON.stringify(text)
  throw unspeakable('text with half of a surrogate pair')
}

function writeArray(items: readonly unknown[], depth: number): string {
  return `[${items.map((item) => write(item, depth + 1)).join(',')}]`
}

function writeMap(map: object, depth: number): string {
  const entries = map as Readonly<Record<string, unknown>>
  const keys = Object.keys(entries).sort()
  return `{${keys.map((key) => `${writeText(key)}:${write(entries[key], depth + 1)}`).join(',')}}`
}

function unspeakable(found: string): Fault {
  return new Fault('invalid.json', `This value has no canonical JSON: it holds ${found}.`)
}
