import { Fault } from '@anarq/fault'
import { CID } from 'multiformats/cid'
import { type Cid, checkKind } from './cid.ts'

/** A decoded map whose keys were checked against what is known. */
export type Fields = Readonly<Record<string, unknown>>

/** The value as a map with only known keys; anything else is `invalid.shape`. `what` names the thing in messages. */
export function readFields(value: unknown, known: readonly string[], what: string): Fields {
  const isMap =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  if (!isMap || 'asCID' in value) throw shape(what, 'a map')
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new Fault('invalid.shape', `${what} has an unknown field "${key.slice(0, 40)}".`)
  }
  return value as Fields
}

/** Bytes, of exactly or of at most so many. */
export function readBytes(
  value: unknown,
  what: string,
  { length, max }: { length?: number; max?: number } = {},
): Uint8Array {
  if (!(value instanceof Uint8Array)) throw shape(what, 'bytes')
  if (length !== undefined && value.length !== length) throw shape(what, `${length} bytes`)
  if (max !== undefined && value.length > max) throw shape(what, `at most ${max} bytes`)
  return value
}

export function readText(value: unknown, what: string, { max = 4096 }: { max?: number } = {}): string {
  if (typeof value !== 'string') throw shape(what, 'text')
  if (value.length > max) throw shape(what, `at most ${max} characters`)
  return value
}

/** A safe integer between the bounds, both included. */
export function readInt(
  value: unknown,
  what: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number {
  if (!Number.isSafeInteger(value)) throw shape(what, 'a whole number')
  const number = value as number
  if (number < min || number > max) throw shape(what, `a number from ${min} to ${max}`)
  return number
}

export function readArray(
  value: unknown,
  what: string,
  { max = 65_536 }: { max?: number } = {},
): readonly unknown[] {
  if (!Array.isArray(value)) throw shape(what, 'a list')
  if (value.length > max) throw shape(what, `at most ${max} entries`)
  return value
}

export function readCid(value: unknown, what: string): Cid {
  // A map with fields of these names is not one.
  if (!(value instanceof CID)) throw shape(what, 'a CID')
  return checkKind(value)
}

/** `undefined` where the field is absent, else what the reader makes of it. */
export function readOptional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value)
}

function shape(what: string, wanted: string): Fault {
  return new Fault('invalid.shape', `${what} is malformed: expected ${wanted}.`)
}
