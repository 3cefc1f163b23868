import { compareBytes, equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, encodeCbor } from '@anarq/ipld'
import { compareStamps, type Stamp } from './stamp.ts'

/** What a field can hold: the data of DAG-CBOR. `null` is a value too: "taken away". */
export type FieldValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Cid
  | readonly FieldValue[]
  | { readonly [key: string]: FieldValue }

export type Field = { readonly stamp: Stamp; readonly value: FieldValue }

/** What is known of one thing. Fields need no schema; `kind` says what reads them: `file`, `folder`, … */
export type IndexRecord = {
  readonly id: Uint8Array
  readonly kind: string
  readonly fields: ReadonlyMap<string, Field>
}

/** Fields to set on the record of this id, which is made where there is none. */
export type Change = {
  readonly id: Uint8Array
  readonly kind: string
  readonly set: Readonly<Record<string, FieldValue>>
}

export const idBytes = 16
export const kindCharsMax = 64
export const fieldNameCharsMax = 256
/** What a commit may make of one record; about 10,000 versions of a file. */
export const recordBytesMax: number = 2 * 1024 * 1024
const valueDepthMax = 16

/**
 * The least record that is at least both: field by field the greater stamp wins, and on equal stamps the greater
 * encoded value; of two kinds, the greater in text order. Commutative, associative and idempotent, so replicas
 * that have seen the same writes agree, whatever the order (state-based CRDT, Shapiro et al., INRIA RR-7506).
 * Returns `a` or `b` itself where one of them is the answer.
 */
export function joinRecords(a: IndexRecord, b: IndexRecord): IndexRecord {
  if (!equalBytes(a.id, b.id)) throw new Fault('internal.join', 'Records of two things cannot be joined.')
  const fields = new Map(a.fields)
  let takenFromB = 0
  for (const [name, field] of b.fields) {
    const other = fields.get(name)
    if (other !== undefined && compareFields(other, field) >= 0) continue
    fields.set(name, field)
    takenFromB += 1
  }
  const { kind } = a.kind >= b.kind ? a : b
  if (takenFromB === 0 && kind === a.kind) return a
  if (b.fields.size === fields.size && kind === b.kind && winsEverywhere(b, fields)) return b
  return { id: a.id, kind, fields }
}

/** The record that a change alone makes, every field under one stamp. */
export function recordOf({ id, kind, set }: Change, stamp: Stamp): IndexRecord {
  const fields = new Map<string, Field>()
  for (const name of Object.keys(set)) fields.set(name, { stamp, value: set[name] as FieldValue })
  return { id, kind, fields }
}

/** What is wrong with a change, found before it joins others in a commit: `invalid.change`. */
export function checkChange({ id, kind, set }: Change): void {
  if (!(id instanceof Uint8Array) || id.length !== idBytes) throw invalid(`a record id has ${idBytes} bytes`)
  checkText(kind, 'a kind', kindCharsMax)
  const names = Object.keys(set)
  if (names.length === 0) throw invalid('a change sets at least one field')
  for (const name of names) {
    checkText(name, 'a field name', fieldNameCharsMax)
    checkValue(set[name], name)
  }
}

export function checkText(text: unknown, what: string, charsMax: number): void {
  if (typeof text !== 'string' || text.length === 0 || text.length > charsMax || !text.isWellFormed()) {
    throw invalid(`${what} is text of 1 to ${charsMax} characters`)
  }
}

/** Only what DAG-CBOR gives back as it was: `undefined`, NaN, broken text and `__proto__` keys do not survive. */
export function checkValue(value: unknown, name: string, depth = 0): void {
  if (value === null || typeof value === 'boolean' || value instanceof Uint8Array) return
  if (typeof value === 'string' && value.isWellFormed()) return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (typeof value !== 'object' || depth === valueDepthMax) {
    throw invalid(`the field "${name.slice(0, 40)}" holds what an index cannot keep`)
  }
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item, name, depth + 1)
  } else if (!isLink(value)) {
    for (const key of Object.keys(value)) {
      if (key === '__proto__' || !key.isWellFormed())
        throw invalid(`"${name.slice(0, 40)}" holds a key of no use`)
      checkValue((value as Record<string, unknown>)[key], name, depth + 1)
    }
  }
}

export function isLink(value: unknown): value is Cid {
  return typeof value === 'object' && value !== null && 'asCID' in value && value.asCID === value
}

function compareFields(a: Field, b: Field): number {
  const order = compareStamps(a.stamp, b.stamp)
  if (order !== 0 || a.value === b.value) return order
  return compareBytes(encodeCbor(a.value), encodeCbor(b.value))
}

function winsEverywhere(record: IndexRecord, joined: ReadonlyMap<string, Field>): boolean {
  for (const [name, field] of joined) {
    const own = record.fields.get(name)
    if (own !== field && (own === undefined || compareFields(own, field) !== 0)) return false
  }
  return true
}

function invalid(detail: string): Fault {
  return new Fault('invalid.change', `This cannot be indexed: ${detail}.`)
}
