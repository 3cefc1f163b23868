import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Message } from './engine.ts'

/** Plain data: JSON, and bytes. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain }

export type CodecLimits = {
  readonly messageBytesMax: number
  readonly valueDepthMax: number
  readonly valueNodesMax: number
}

/** Stands for bytes in the text: `{ "$bytes": 5 }` takes the next five. */
export const bytesKey = '$bytes'
/** As keys they would reach for a prototype, or for bytes that are not there. */
export const reservedKeys: readonly string[] = [bytesKey, '__proto__', 'constructor', 'prototype']
const reserved: ReadonlySet<string> = new Set(reservedKeys)

type Walk = { nodes: number; readonly parts: Uint8Array[]; readonly limits: CodecLimits }

/**
 * A value as a message. What JSON leaves out (undefined, as a property) is left out; what it would quietly change (functions,
 * class instances, numbers that are not finite, accessors) is `invalid.value`; what is too large is `limit.value`.
 */
export function encodeValue(value: unknown, limits: CodecLimits): Message {
  const walk: Walk = { nodes: 0, parts: [], limits }
  const text = JSON.stringify(pack(value ?? null, walk, 0))
  const bytes = concatBytes(...walk.parts)
  checkSize(text.length + bytes.length, limits)
  return { text, bytes }
}

/** The value of a message that a stranger wrote. Not well formed: `invalid.value`; too deep or too large: `limit.value`. */
export function decodeValue(message: Message, limits: CodecLimits): Plain {
  const { value, revive } = openMessage(message, limits)
  return revive(value)
}

export type OpenedMessage = {
  /** As JSON: nothing in it has been looked at yet. */
  readonly value: unknown
  /** Checks a part of it and puts bytes where they belong. Call it for the parts in order; `end` after the last. */
  revive(part: unknown): Plain
}

/** For whoever must read a head before the value is judged. The last part must take the last byte. */
export function openMessage({ text, bytes }: Message, limits: CodecLimits): OpenedMessage {
  checkSize(text.length + bytes.length, limits)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid.value', 'A message is not JSON.', { cause })
  }
  return {
    value,
    revive(part) {
      const walk: Unpacking = { nodes: 0, at: 0, bytes, limits }
      const revived = unpack(part, walk, 0)
      if (walk.at !== bytes.length)
        throw new Fault('invalid.value', `A message brings ${bytes.length} bytes and names ${walk.at}.`)
      return revived
    },
  }
}

function pack(value: unknown, walk: Walk, depth: number): unknown {
  count(walk, depth)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new Fault('invalid.value', `The number ${value} is not finite.`)
      return value
    case 'object':
      break
    default:
      throw new Fault('invalid.value', `A ${typeof value} is not plain data. Pass JSON values and bytes.`)
  }
  if (value === null) return null
  if (value instanceof Uint8Array) {
    walk.parts.push(value)
    return { [bytesKey]: value.length }
  }
  if (Array.isArray(value)) return Array.from(value, (item) => pack(item ?? null, walk, depth + 1))
  return packObject(value, walk, depth)
}

function packObject(value: object, walk: Walk, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw new Fault('invalid.value', 'An object of a class is not plain data. Pass JSON values and bytes.')
  const packed: Record<string, unknown> = {}
  for (const [key, { value: item, get, enumerable }] of Object.entries(
    Object.getOwnPropertyDescriptors(value),
  )) {
    if (enumerable !== true) continue
    checkKey(key)
    if (get !== undefined)
      throw new Fault('invalid.value', `The property ${key} is computed. Pass its value.`)
    if (item !== undefined) packed[key] = pack(item, walk, depth + 1)
  }
  return packed
}

type Unpacking = { nodes: number; at: number; readonly bytes: Uint8Array; readonly limits: CodecLimits }

function unpack(value: unknown, walk: Unpacking, depth: number): Plain {
  count(walk, depth)
  if (typeof value !== 'object' || value === null) return value as Plain
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) value[i] = unpack(value[i], walk, depth + 1)
    return value as Plain[]
  }
  const record = value as Record<string, unknown>
  // Own keys only: what JSON.parse makes of "__proto__" is an own key, and is refused like the others.
  const keys = Object.keys(record)
  if (keys.length === 1 && keys[0] === bytesKey) return takeBytes(record[bytesKey], walk)
  for (const key of keys) {
    checkKey(key)
    record[key] = unpack(record[key], walk, depth + 1)
  }
  return record as Plain
}

function takeBytes(length: unknown, walk: Unpacking): Uint8Array {
  const end = walk.at + (length as number)
  if (!Number.isSafeInteger(length) || (length as number) < 0 || end > walk.bytes.length)
    throw new Fault('invalid.value', 'A message names bytes that it does not bring.')
  const taken = walk.bytes.slice(walk.at, end)
  walk.at = end
  return taken
}

function count(walk: { nodes: number; readonly limits: CodecLimits }, depth: number): void {
  const { valueDepthMax, valueNodesMax } = walk.limits
  walk.nodes += 1
  if (depth > valueDepthMax)
    throw new Fault('limit.value', `A value is more than ${valueDepthMax} levels deep.`)
  if (walk.nodes > valueNodesMax)
    throw new Fault('limit.value', `A value has more than ${valueNodesMax} parts.`)
}

function checkKey(key: string): void {
  if (reserved.has(key)) throw new Fault('invalid.value', `The key "${key}" is reserved. Use another name.`)
}

function checkSize(size: number, { messageBytesMax }: CodecLimits): void {
  if (size > messageBytesMax)
    throw new Fault('limit.value', `A message has ${size} bytes; at most ${messageBytesMax} go in one.`)
}
