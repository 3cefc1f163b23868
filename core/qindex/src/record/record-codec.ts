import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  cborCodec,
  cidOfDigest,
  decodeCbor,
  digestOf,
  encodeCbor,
  readArray,
  readBytes,
  readInt,
  readText,
} from '@anarq/ipld'
import {
  checkText,
  checkValue,
  type Field,
  type FieldValue,
  fieldNameCharsMax,
  type IndexRecord,
  idBytes,
  isLink,
  kindCharsMax,
} from './record.ts'
import { compareStamps, readStamp, type Stamp } from './stamp.ts'

/**
 * Record = [id, kind, groups]; group = [ms, counter, device, name, value, name, value, …]: the fields that one
 * commit wrote share their stamp. Groups go by stamp, names within a group by text order. A frequent name is its
 * number in `shortNames`, and a file version is one tuple, so a file takes about 250 bytes. One record has
 * exactly one encoding; every other is refused, because the trie's root must depend on what it holds only.
 */
export function encodeRecord({ id, kind, fields }: IndexRecord): Uint8Array {
  const groups: unknown[][] = []
  let group: unknown[] = []
  let before: Stamp | undefined
  for (const name of inOrder(fields)) {
    const { stamp, value } = fields.get(name) as Field
    if (before === undefined || compareStamps(before, stamp) !== 0) {
      group = [stamp.ms, stamp.counter, stamp.device]
      groups.push(group)
      before = stamp
    }
    pushField(group, name, value)
  }
  return encodeCbor([id, kind, groups])
}

/** Sorting keeps the order of equals: by name within one stamp. A record that is new has one. */
function inOrder(fields: IndexRecord['fields']): string[] {
  const names = [...fields.keys()].sort()
  const stampOf = (name: string): Stamp => (fields.get(name) as Field).stamp
  const first = names[0] === undefined ? undefined : stampOf(names[0])
  const hasOneStamp = names.every((name) => stampOf(name) === first)
  return hasOneStamp ? names : names.sort((a, b) => compareStamps(stampOf(a), stampOf(b)))
}

/** Strict; anything that `encodeRecord` would not have written is `damaged.record`. */
export function decodeRecord(bytes: Uint8Array): IndexRecord {
  try {
    return readRecord(decodeCbor(bytes, 'An index record'))
  } catch (cause) {
    throw new Fault('damaged.record', 'A record of the index is malformed and was not used.', { cause })
  }
}

/** Numbers are for ever: append, never reorder. */
const shortNames = [
  'name',
  'parent',
  'type',
  'bytes',
  'modifiedMs',
  'createdMs',
  'mode',
  'owner',
  'trashedMs',
  'words',
  'note',
  'decoy',
  'locked',
] as const
const codeOfName = new Map<string, number>(shortNames.map((name, code) => [name, code]))
const versionCode = 255
const versionKeys = ['cid', 'bytes', 'storedBytes', 'modifiedMs', 'savedMs', 'type', 'root'] as const
const digestBytes = 32
/** Multicodec table: https://github.com/multiformats/multicodec */
const blake3Code = 0x1e
const typeCharsMax = 256

function pushField(group: unknown[], name: string, value: FieldValue): void {
  const tuple = versionTuple(name, value)
  if (tuple !== undefined) group.push(versionCode, tuple)
  else group.push(codeOfName.get(name) ?? name, value)
}

/** `v/<10 digits>/<16 hex>` = [sequence, envelope digest + body root, bytes, storedBytes, modifiedMs, savedMs, type]. */
function versionTuple(name: string, value: FieldValue): unknown[] | undefined {
  if (!name.startsWith('v/') || typeof value !== 'object' || value === null) return undefined
  const fields = value as Readonly<Record<string, FieldValue>>
  if (Object.keys(fields).length !== versionKeys.length) return undefined
  const { cid, bytes, storedBytes, modifiedMs, savedMs, type, root } = fields
  const sequence = Number(name.slice(2, 12))
  const isShort =
    isLink(cid) &&
    cid.code === cborCodec &&
    cid.multihash.code === blake3Code &&
    cid.multihash.size === digestBytes &&
    root instanceof Uint8Array &&
    root.length === digestBytes &&
    typeof type === 'string' &&
    type.length <= typeCharsMax &&
    isCount(sequence) &&
    isCount(bytes) &&
    isCount(storedBytes) &&
    isCount(modifiedMs) &&
    isCount(savedMs) &&
    name === versionName(sequence, digestOf(cid))
  if (!isShort) return undefined
  const digests = new Uint8Array(2 * digestBytes)
  digests.set(digestOf(cid))
  digests.set(root, digestBytes)
  return [sequence, digests, bytes, storedBytes, modifiedMs, savedMs, type]
}

export function versionName(sequence: number, envelopeDigest: Uint8Array): string {
  return `v/${String(sequence).padStart(10, '0')}/${toHex(envelopeDigest.subarray(0, 8))}`
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function readRecord(value: unknown): IndexRecord {
  const [id, kind, groups, ...rest] = readArray(value, 'A record')
  if (rest.length > 0) throw new Fault('invalid.shape', 'A record has more parts than are known.')
  checkText(kind, 'a kind', kindCharsMax)
  const fields = new Map<string, Field>()
  let before: Stamp | undefined
  for (const item of readArray(groups, 'The groups of a record')) {
    const stamp = readGroup(item, fields)
    if (before !== undefined && compareStamps(before, stamp) >= 0) throw outOfOrder()
    before = stamp
  }
  if (before === undefined) throw new Fault('invalid.shape', 'A record has no fields.')
  return { id: readBytes(id, 'A record id', { length: idBytes }), kind: readText(kind, 'A kind'), fields }
}

function readGroup(item: unknown, fields: Map<string, Field>): Stamp {
  const group = readArray(item, 'A group of fields')
  if (group.length < 5 || group.length % 2 === 0) throw outOfOrder()
  const stamp = readStamp(group[0], group[1], group[2], 'A stamp')
  let before = ''
  for (let i = 3; i < group.length; i += 2) {
    const [name, value] = readField(group[i], group[i + 1])
    if (name <= before || fields.has(name)) throw outOfOrder()
    fields.set(name, { stamp, value })
    before = name
  }
  return stamp
}

function readField(name: unknown, value: unknown): [string, FieldValue] {
  if (typeof name === 'number') {
    if (name === versionCode) return readVersion(value)
    const known = shortNames[name]
    if (known === undefined) throw new Fault('invalid.shape', 'A record has a field of unknown number.')
    checkValue(value, known)
    return [known, value as FieldValue]
  }
  checkText(name, 'a field name', fieldNameCharsMax)
  const text = name as string
  checkValue(value, text)
  if (codeOfName.has(text) || versionTuple(text, value as FieldValue) !== undefined) throw outOfOrder()
  return [text, value as FieldValue]
}

function readVersion(tuple: unknown): [string, FieldValue] {
  const [sequence, digests, ...rest] = readArray(tuple, 'A version', { max: versionKeys.length })
  const [bytes, storedBytes, modifiedMs, savedMs, type] = rest
  const both = readBytes(digests, 'A version', { length: 2 * digestBytes })
  const envelope = both.subarray(0, digestBytes)
  const number = readInt(sequence, 'A version number', { max: 9_999_999_999 })
  const value: FieldValue = {
    cid: cidOfDigest(cborCodec, envelope),
    bytes: readInt(bytes, 'A size'),
    storedBytes: readInt(storedBytes, 'A size'),
    modifiedMs: readInt(modifiedMs, 'A time'),
    savedMs: readInt(savedMs, 'A time'),
    type: readText(type, 'A media type', { max: typeCharsMax }),
    root: both.subarray(digestBytes),
  }
  return [versionName(number, envelope), value]
}

function outOfOrder(): Fault {
  return new Fault('invalid.shape', 'A record is not in its one canonical form.')
}
