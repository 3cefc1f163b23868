import { compareBytes, concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { hashBlake3, primitives, type SigningKey } from '@anarq/qlock'
import { mayWrite, type Named } from './descriptor.ts'

/** One version of a register's value, signed by who wrote it. */
export type Entry = {
  /** From 1 on. */
  readonly version: number
  /** The hash of the version before; of the first, the register's id. */
  readonly previous: Uint8Array
  readonly value: Uint8Array
  /** When, as its writer says. */
  readonly atMs: number
  readonly writer: Uint8Array
  readonly signature: Uint8Array
}

export const valueBytesMax: number = 16 * 1024
const entryLabel = fromUtf8('anarq register entry v1\n')
const hashLabel = fromUtf8('anarq register entry hash v1\n')

export type EntryFields = Pick<Entry, 'atMs' | 'previous' | 'value' | 'version'>

export function writeEntry(
  { id }: Pick<Named, 'id'>,
  fields: EntryFields,
  key: Pick<SigningKey, 'publicKey' | 'sign'>,
): Entry {
  if (fields.value.length > valueBytesMax)
    throw new Fault(
      'limit.register-value',
      `A register holds at most ${valueBytesMax} bytes: keep more in the drive, and its name here.`,
    )
  return { ...fields, writer: key.publicKey.slice(), signature: key.sign(statementOf(id, fields)) }
}

/** Whether somebody who may write wrote it. Whether it comes next is another question. */
export function isWritten({ id, descriptor }: Named, entry: Entry): boolean {
  return (
    mayWrite(descriptor, entry.writer) &&
    primitives.ed25519Verify(entry.writer, statementOf(id, entry), entry.signature)
  )
}

/** Whether it is the one that comes after `last`, or the first. */
export function follows({ id }: Pick<Named, 'id'>, entry: EntryFields, last: Entry | undefined): boolean {
  return (
    entry.version === (last?.version ?? 0) + 1 &&
    equalBytes(entry.previous, last === undefined ? id : hashOfEntry(last))
  )
}

export function hashOfEntry(entry: Entry): Uint8Array {
  return hashBlake3(hashLabel, encodeCbor(encodeEntry(entry)))
}

/** Of two of a private register, whose owner wrote apart: the later, then the lesser hash. The same everywhere. */
export function isLater(a: Entry, b: Entry): boolean {
  return a.version !== b.version ? a.version > b.version : compareBytes(hashOfEntry(a), hashOfEntry(b)) < 0
}

export function encodeEntry({
  version,
  previous,
  value,
  atMs,
  writer,
  signature,
}: Entry): readonly unknown[] {
  return [version, previous, value, atMs, writer, signature]
}

export function readEntry(value: unknown): Entry {
  const [version, previous, content, atMs, writer, signature, ...rest] = readArray(value, 'An entry', {
    max: 6,
  })
  if (rest.length > 0) throw new Fault('invalid.shape', 'An entry of a register is malformed.')
  return {
    version: readInt(version, 'Its version', { min: 1, max: 0xffff_ffff }),
    previous: readBytes(previous, 'The hash before', { length: 32 }),
    value: readBytes(content, 'Its value', { max: valueBytesMax }),
    atMs: readInt(atMs, 'Its time'),
    writer: readBytes(writer, 'Its writer', { length: 32 }),
    signature: readBytes(signature, 'Its signature', { length: 64 }),
  }
}

function statementOf(id: Uint8Array, { version, previous, value, atMs }: EntryFields): Uint8Array {
  return concatBytes(entryLabel, encodeCbor([id, version, previous, hashBlake3(value), atMs]))
}
