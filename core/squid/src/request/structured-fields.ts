import { toBase64 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

/** The part of RFC 8941 that signatures need: dictionaries of items and inner lists. Dates, decimals and lists are refused. */
export type BareItem =
  | { readonly type: 'integer'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'token'; readonly value: string }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'boolean'; readonly value: boolean }

export type Parameters = ReadonlyMap<string, BareItem>
export type Item = { readonly item: BareItem; readonly parameters: Parameters }
export type InnerList = { readonly items: readonly Item[]; readonly parameters: Parameters }
export type Dictionary = ReadonlyMap<string, Item | InnerList>

const membersMax = 64
const keyPattern = /[a-z*][a-z0-9_\-.*]*/y
const integerPattern = /-?[0-9]{1,15}(?![0-9.])/y
const stringPattern = /"((?:[ !#-[\]-~]|\\["\\])*)"/y
const tokenPattern = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y
const bytesPattern = /:([A-Za-z0-9+/]*={0,2}):/y
const booleanPattern = /\?([01])/y
const commaPattern = /[ \t]*,[ \t]*/y
const spacePattern = / */y

/** Parses a dictionary (RFC 8941, 4.2.2), strictly: a key that comes twice, or anything left over, is `invalid.header`. */
export function parseDictionary(text: string, header: string): Dictionary {
  const reader = createReader(text.replace(/^ +| +$/g, ''), header)
  const members = new Map<string, Item | InnerList>()
  while (!reader.isDone()) {
    const key = reader.take(keyPattern)
    if (members.has(key)) throw reader.fault(`"${key}" comes twice`)
    if (members.size >= membersMax) throw reader.fault('it has too many members')
    members.set(
      key,
      reader.skip('=') ? readMember(reader) : { item: yes, parameters: readParameters(reader) },
    )
    if (reader.isDone()) break
    reader.take(commaPattern)
    if (reader.isDone()) throw reader.fault('it ends with a comma')
  }
  return members
}

export function isInnerList(member: Item | InnerList): member is InnerList {
  return 'items' in member
}

/** The one text of an inner list (RFC 8941, 4.1.1.1): what a signature covers as its own parameters. */
export function writeInnerList({ items, parameters }: InnerList): string {
  const written = items.map((item) => `${writeItem(item.item)}${writeParameters(item.parameters)}`)
  return `(${written.join(' ')})${writeParameters(parameters)}`
}

export function writeItem(item: BareItem): string {
  switch (item.type) {
    case 'integer':
      if (Number.isSafeInteger(item.value) && Math.abs(item.value) < 1e15) return String(item.value)
      throw new Fault('invalid.header', 'A number in a header has at most 15 digits.')
    case 'string':
      if (/^[ -~]*$/.test(item.value)) return `"${item.value.replace(/["\\]/g, '\\$&')}"`
      throw new Fault('invalid.header', 'A text in a header is printable ASCII.')
    case 'token':
      return item.value
    case 'bytes':
      return `:${toBase64(item.value)}:`
    case 'boolean':
      return item.value ? '?1' : '?0'
    default:
      return item satisfies never
  }
}

type Reader = {
  isDone(): boolean
  /** The whole match, or its first group; a fault where the pattern does not match here. */
  take(pattern: RegExp): string
  tryTake(pattern: RegExp): string | undefined
  sees(character: string): boolean
  skip(character: string): boolean
  fault(why: string): Fault
}

const yes: BareItem = { type: 'boolean', value: true }

function createReader(text: string, header: string): Reader {
  let at = 0
  const tryTake = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) return undefined
    at += match[0].length
    return match[1] ?? match[0]
  }
  const fault = (why: string) => new Fault('invalid.header', `The header ${header} is malformed: ${why}.`)
  return {
    isDone: () => at >= text.length,
    tryTake,
    take(pattern) {
      const found = tryTake(pattern)
      if (found === undefined) throw fault(`at character ${at + 1} something else was expected`)
      return found
    },
    sees: (character) => text[at] === character,
    skip(character) {
      const isHere = text[at] === character
      if (isHere) at += 1
      return isHere
    },
    fault,
  }
}

function readMember(reader: Reader): Item | InnerList {
  if (!reader.skip('(')) return readItem(reader)
  const items: Item[] = []
  reader.take(spacePattern)
  while (!reader.skip(')')) {
    if (reader.isDone()) throw reader.fault('a list in it does not end')
    if (items.length >= membersMax) throw reader.fault('a list in it is too long')
    items.push(readItem(reader))
    if (reader.take(spacePattern) === '' && !reader.sees(')'))
      throw reader.fault('a list in it lacks a space')
  }
  return { items, parameters: readParameters(reader) }
}

function readItem(reader: Reader): Item {
  return { item: readBareItem(reader), parameters: readParameters(reader) }
}

function readParameters(reader: Reader): Parameters {
  const parameters = new Map<string, BareItem>()
  while (reader.skip(';')) {
    reader.take(spacePattern)
    const key = reader.take(keyPattern)
    if (parameters.has(key)) throw reader.fault(`"${key}" comes twice`)
    parameters.set(key, reader.skip('=') ? readBareItem(reader) : yes)
  }
  return parameters
}

function readBareItem(reader: Reader): BareItem {
  const integer = reader.tryTake(integerPattern)
  if (integer !== undefined) return { type: 'integer', value: Number(integer) }
  const string = reader.tryTake(stringPattern)
  if (string !== undefined) return { type: 'string', value: string.replace(/\\(.)/g, '$1') }
  const bytes = reader.tryTake(bytesPattern)
  if (bytes !== undefined) return { type: 'bytes', value: readBytes(bytes, reader) }
  const boolean = reader.tryTake(booleanPattern)
  if (boolean !== undefined) return { type: 'boolean', value: boolean === '1' }
  return { type: 'token', value: reader.take(tokenPattern) }
}

function readBytes(text: string, reader: Reader): Uint8Array {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch {
    throw reader.fault('it holds bytes that are not base64')
  }
}

function writeParameters(parameters: Parameters): string {
  let text = ''
  for (const [key, item] of parameters) {
    text += item.type === 'boolean' && item.value ? `;${key}` : `;${key}=${writeItem(item)}`
  }
  return text
}
