import { compareBytes, equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readFields,
  readInt,
  readOptional,
  readText,
} from '@anarq/ipld'
import { type NodeId, nodeIdOf } from '../node-id.ts'
import { addressesMax, checkAddress, hostLettersMax, type NodeAddress, type Transport } from './address.ts'
import { type NodeKeys, verifyByNode } from './keys.ts'
import { bitsOfWork, workBytes, workDayOf } from './work.ts'

/** What a node offers to others, beside being one. */
export type OfferedRole = 'broker' | 'exit' | 'operator' | 'relay'

/** What a node says of itself. Bounded to 1 KiB as canonical DAG-CBOR, signed with Ed25519, good for hours. */
export type RecordFields = {
  /** X25519, whom a link is opened to. */
  readonly linkKey: Uint8Array
  readonly onionKey: Uint8Array
  readonly onionEndMs: number
  /** At most 4; none for a node that nobody can dial. */
  readonly addresses: readonly NodeAddress[]
  /** Nodes that bring others to this one: at most 3. */
  readonly brokers: readonly Uint8Array[]
  readonly roles: readonly OfferedRole[]
  /** 0 to 15: doublings of 1 MB/s that the node gives to others, as it says itself. */
  readonly capacity: number
  /** The share of the time, in ten-thousandths, that an operator says it is there: what it is measured against. */
  readonly guarantee?: number
  /** At most 4 ids of BranchNets, 32 bytes each. */
  readonly branches: readonly Uint8Array[]
  /** Nodes of one operator name the same 32 bytes, so that no circuit uses two of them. */
  readonly family?: Uint8Array
  /** Since when it has been there without a break, as it says itself. */
  readonly sinceMs: number
  /** Newer ones are higher. A time in milliseconds does, so that a node restored from a backup never repeats one. */
  readonly sequence: number
  readonly issuedMs: number
  /** At most 24 hours later. */
  readonly expiresMs: number
  readonly work: Uint8Array
}

export type NodeRecord = RecordFields & {
  readonly id: NodeId
  readonly publicKey: Uint8Array
  /** As it came, signature and all: what is passed on. */
  readonly bytes: Uint8Array
}

export const recordBytesMax = 1024
export const recordLifeMsMax: number = 24 * 3_600_000

const label = 'anarq node record v1'
const offeredRoles: readonly OfferedRole[] = ['broker', 'exit', 'operator', 'relay']
const brokersMax = 3
const branchesMax = 4
const known = [
  ...['v', 'key', 'link', 'onion', 'onionEnd', 'addresses', 'brokers', 'roles', 'capacity', 'branches'],
  ...['family', 'guarantee', 'since', 'sequence', 'issued', 'expires', 'work', 'signature'],
]
/** Less is no guarantee; all of the time is one that nobody can give. */
export const guaranteeLeast = 5_000
export const guaranteeMost = 9_999

export function signRecord(keys: NodeKeys, fields: RecordFields): NodeRecord {
  const body = bodyOf(keys.publicKey, fields)
  const signature = keys.sign(label, encodeCbor(body))
  return parseRecord(encodeCbor({ ...body, signature }))
}

/** Form and limits alone: `verifyRecord` says whether to believe it. Throws `invalid.…` or `limit.record`. */
export function parseRecord(bytes: Uint8Array): NodeRecord {
  return read(bytes).record
}

/**
 * A record that is whole: formed, paid for with at least `bits` of work, and signed. The work comes first because it costs one
 * hash and the signature a hundred. Throws `invalid.…`, `limit.record`, `refused.work` or `refused.signature`.
 */
export function verifyRecord(bytes: Uint8Array, bits: number): NodeRecord {
  const { record, signature } = read(bytes)
  if (workOfRecord(record) < bits)
    throw new Fault('refused.work', `The record shows too little work: ${bits} bits are asked for.`)
  if (!verifyByNode(record.publicKey, label, encodeCbor(bodyOf(record.publicKey, record)), signature))
    throw new Fault('refused.signature', 'The record is not signed by the node that it is about.')
  return record
}

export function workOfRecord({ publicKey, issuedMs, work }: NodeRecord): number {
  return bitsOfWork(publicKey, workDayOf(issuedMs), work)
}

/** Clocks differ: whoever is off by less than `skewMs` is still understood. */
export function timingOfRecord(record: NodeRecord, nowMs: number, skewMs: number): 'early' | 'good' | 'over' {
  if (record.issuedMs > nowMs + skewMs) return 'early'
  return record.expiresMs < nowMs - skewMs ? 'over' : 'good'
}

/**
 * Which of two records of one node stands. `lie`: the node signed two different ones with one number, which both together prove to
 * everybody, and which ends it.
 */
export function compareRecords(held: NodeRecord, other: NodeRecord): 'lie' | 'newer' | 'older' | 'same' {
  if (held.id !== other.id) throw new Fault('internal.records', 'Records of two nodes have no order.')
  if (other.sequence !== held.sequence) return other.sequence > held.sequence ? 'newer' : 'older'
  return equalBytes(held.bytes, other.bytes) ? 'same' : 'lie'
}

function bodyOf(publicKey: Uint8Array, fields: RecordFields): Readonly<Record<string, unknown>> {
  return {
    v: 1,
    key: publicKey,
    link: fields.linkKey,
    onion: fields.onionKey,
    onionEnd: fields.onionEndMs,
    addresses: fields.addresses.map(({ transport, host, port }) => [transport, host, port]),
    brokers: fields.brokers,
    roles: fields.roles,
    capacity: fields.capacity,
    branches: fields.branches,
    ...(fields.family === undefined ? {} : { family: fields.family }),
    // Left out where there is none, so that every other record is the one that it was before there were guarantees.
    ...(fields.guarantee === undefined ? {} : { guarantee: fields.guarantee }),
    since: fields.sinceMs,
    sequence: fields.sequence,
    issued: fields.issuedMs,
    expires: fields.expiresMs,
    work: fields.work,
  }
}

function read(bytes: Uint8Array): { record: NodeRecord; signature: Uint8Array } {
  if (bytes.length > recordBytesMax)
    throw new Fault('limit.record', `A node's record has at most ${recordBytesMax} bytes.`)
  const what = "A node's record"
  const fields = readFields(decodeCbor(bytes, what), known, what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  const publicKey = readBytes(fields.key, 'Its key', { length: 32 })
  const issuedMs = readInt(fields.issued, 'Its time of issue')
  const family = readOptional(fields.family, (value) => readBytes(value, 'Its family', { length: 32 }))
  const roles = readRoles(fields.roles)
  const guarantee = readOptional(fields.guarantee, (value) =>
    readInt(value, 'Its guarantee', { min: guaranteeLeast, max: guaranteeMost }),
  )
  if (guarantee !== undefined && !roles.includes('operator'))
    throw new Fault('invalid.shape', 'Its guarantee is malformed: expected none without the role operator.')
  const record: NodeRecord = {
    id: nodeIdOf(publicKey),
    publicKey,
    bytes: bytes.slice(),
    linkKey: readBytes(fields.link, 'Its link key', { length: 32 }),
    onionKey: readBytes(fields.onion, 'Its onion key', { length: 32 }),
    onionEndMs: readInt(fields.onionEnd, "Its onion key's end"),
    addresses: readArray(fields.addresses, 'Its addresses', { max: addressesMax }).map(readAddress),
    brokers: readIds(fields.brokers, 'Its brokers', brokersMax),
    roles,
    capacity: readInt(fields.capacity, 'Its capacity', { max: 15 }),
    branches: readIds(fields.branches, 'Its branches', branchesMax),
    ...(family === undefined ? {} : { family }),
    ...(guarantee === undefined ? {} : { guarantee }),
    sinceMs: readInt(fields.since, 'Its beginning', { max: issuedMs }),
    sequence: readInt(fields.sequence, 'Its number'),
    issuedMs,
    expiresMs: readInt(fields.expires, 'Its end', { min: issuedMs + 1, max: issuedMs + recordLifeMsMax }),
    work: readBytes(fields.work, 'Its work', { length: workBytes }),
  }
  return { record, signature: readBytes(fields.signature, 'Its signature', { length: 64 }) }
}

function readAddress(value: unknown): NodeAddress {
  const parts = readArray(value, 'An address', { max: 3 })
  return checkAddress({
    transport: readText(parts[0], 'Its transport', { max: 8 }) as Transport,
    host: readText(parts[1], 'Its host', { max: hostLettersMax }),
    port: readInt(parts[2], 'Its port'),
  })
}

/** Sorted and each once, so that one set has one spelling. */
function readRoles(value: unknown): readonly OfferedRole[] {
  const roles = readArray(value, 'Its roles', { max: offeredRoles.length }).map((role) => {
    const text = readText(role, 'A role', { max: 16 })
    const found = offeredRoles.find((one) => one === text)
    if (found === undefined)
      throw new Fault('invalid.shape', 'A role is malformed: expected one that is known.')
    return found
  })
  if (roles.some((role, i) => i > 0 && role <= (roles[i - 1] as string)))
    throw new Fault('invalid.shape', 'Its roles are malformed: expected each once, sorted.')
  return roles
}

function readIds(value: unknown, what: string, max: number): readonly Uint8Array[] {
  const ids = readArray(value, what, { max }).map((id) => readBytes(id, what, { length: 32 }))
  if (ids.some((id, i) => i > 0 && compareBytes(id, ids[i - 1] as Uint8Array) <= 0))
    throw new Fault('invalid.shape', `${what} are malformed: expected each once, sorted.`)
  return ids
}
