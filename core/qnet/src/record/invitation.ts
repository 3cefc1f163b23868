import { concatBytes, fromBase32, fromBase64Url, fromUtf8, toBase64Url, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type NodeId, nodeIdOf, textOfNodeId } from '../node-id.ts'
import {
  addressesMax,
  bytesOfHost,
  checkAddress,
  hostOfBytes,
  kindOfHost,
  type NodeAddress,
  transports,
} from './address.ts'
import { type NodeKeys, verifyByNode } from './keys.ts'

/**
 * One line that a person gives another by any means: whom to open a link to, and where. Signed by the node, so that a changed
 * address is noticed; who gave it is for the person to know.
 *
 * Bytes behind `anarq:` in base64url: version(1) = 1, flags(1: 1 = secret, 2 = DID, 4 = brokers), key(32), link key(32), end in
 * seconds(u32), count of addresses(1), the addresses, secret(16)?, length and DID?, count of brokers(1) and these?, signature(64). An
 * address is form(1: transport × 4 + 0 for IPv4, 1 for IPv6, 2 for a name), port(u16), then 4 bytes, 16 bytes, or length(1) and
 * name. A broker is its node id(32), link key(32) and an address.
 */
export type InvitationFields = {
  readonly addresses: readonly NodeAddress[]
  readonly endMs: number
  /** 16 bytes that the node takes once: who shows them was invited. */
  readonly secret?: Uint8Array
  /** Who the person at this node is. */
  readonly did?: string
  /** By whom one comes to a node that nobody can dial: at most 2. */
  readonly brokers?: readonly InvitedBroker[]
}

export type InvitedBroker = {
  readonly id: NodeId
  readonly linkKey: Uint8Array
  readonly address: NodeAddress
}

export type Invitation = InvitationFields & {
  readonly id: NodeId
  readonly publicKey: Uint8Array
  readonly linkKey: Uint8Array
}

/** A QR code of this length has 77 modules a side, which a phone reads. */
export const invitationLettersMax = 400
export const invitationBrokersMax = 2
export const invitationSecretBytes = 16

const scheme = 'anarq:'
const label = 'anarq invitation v1'
const signatureBytes = 64
const hostForms = ['ip4', 'ip6', 'name'] as const

/** `limit.invitation` where it would be longer than a QR code that a phone reads at once: fewer addresses, or no DID. */
export function writeInvitation(keys: NodeKeys, fields: InvitationFields): string {
  const { addresses, endMs, secret, did, brokers = [] } = fields
  if (addresses.length > addressesMax || (secret !== undefined && secret.length !== invitationSecretBytes))
    throw new Fault('invalid.invitation', 'An invitation has at most 4 addresses and a secret of 16 bytes.')
  if (brokers.length > invitationBrokersMax)
    throw new Fault('invalid.invitation', 'An invitation names at most 2 brokers.')
  const flags = (secret === undefined ? 0 : 1) | (did === undefined ? 0 : 2) | (brokers.length === 0 ? 0 : 4)
  const body = concatBytes(
    Uint8Array.of(1, flags),
    keys.publicKey,
    keys.link.publicKey,
    uint32(Math.floor(endMs / 1000)),
    Uint8Array.of(addresses.length),
    ...addresses.map(writeAddress),
    secret ?? new Uint8Array(0),
    did === undefined ? new Uint8Array(0) : withLength(fromUtf8(did)),
    brokers.length === 0 ? new Uint8Array(0) : Uint8Array.of(brokers.length),
    ...brokers.map(writeBroker),
  )
  const text = scheme + toBase64Url(concatBytes(body, keys.sign(label, body)))
  if (text.length > invitationLettersMax)
    throw new Fault(
      'limit.invitation',
      'The invitation is too long: name fewer addresses or brokers, or leave out the DID.',
    )
  parseInvitation(text)
  return text
}

/** Whole, signed and in its one spelling, or `invalid.invitation`; of its end the caller judges. */
export function parseInvitation(text: string): Invitation {
  if (!text.startsWith(scheme) || text.length > invitationLettersMax) throw malformed()
  const bytes = decode(text.slice(scheme.length))
  const cursor = { bytes, at: 0 }
  if (take(cursor, 1)[0] !== 1) throw malformed()
  const flags = byteOf(cursor)
  const publicKey = take(cursor, 32)
  const linkKey = take(cursor, 32)
  const end = take(cursor, 4)
  const count = byteOf(cursor)
  if (flags > 7 || count > addressesMax) throw malformed()
  const addresses = Array.from({ length: count }, () => readAddress(cursor))
  const secret = (flags & 1) === 0 ? undefined : take(cursor, invitationSecretBytes)
  const did = (flags & 2) === 0 ? undefined : readDid(cursor)
  const brokers = (flags & 4) === 0 ? undefined : readBrokers(cursor)
  const body = bytes.slice(0, cursor.at)
  const signature = take(cursor, signatureBytes)
  if (cursor.at !== bytes.length || !verifyByNode(publicKey, label, body, signature)) throw malformed()
  return {
    id: nodeIdOf(publicKey),
    publicKey,
    linkKey,
    addresses,
    endMs: new DataView(end.buffer).getUint32(0) * 1000,
    ...(secret === undefined ? {} : { secret }),
    ...(did === undefined ? {} : { did }),
    ...(brokers === undefined ? {} : { brokers }),
  }
}

type Cursor = { readonly bytes: Uint8Array; at: number }

function writeAddress(address: NodeAddress): Uint8Array {
  const { transport, host, port } = checkAddress(address)
  const form = hostForms.indexOf(kindOfHost(host) as 'name')
  const head = Uint8Array.of(transports.indexOf(transport) * 4 + form, port >> 8, port & 255)
  return concatBytes(head, bytesOfHost(host) ?? withLength(fromUtf8(host)))
}

function readAddress(cursor: Cursor): NodeAddress {
  const form = byteOf(cursor)
  const port = (byteOf(cursor) << 8) | byteOf(cursor)
  const transport = transports[form >> 2]
  const hostForm = hostForms[form & 3]
  if (transport === undefined || hostForm === undefined) throw malformed()
  const host = hostForm === 'name' ? readUtf8(cursor) : hostOfBytes(take(cursor, hostForm === 'ip4' ? 4 : 16))
  if (kindOfHost(host) !== hostForm || port === 0) throw malformed()
  return { transport, host, port }
}

function writeBroker({ id, linkKey, address }: InvitedBroker): Uint8Array {
  return concatBytes(fromBase32(id), linkKey, writeAddress(address))
}

/** None at all is spelled by the flag alone. */
function readBrokers(cursor: Cursor): readonly InvitedBroker[] {
  const count = byteOf(cursor)
  if (count === 0 || count > invitationBrokersMax) throw malformed()
  return Array.from({ length: count }, () => {
    const id = textOfNodeId(take(cursor, 32))
    return { id, linkKey: take(cursor, 32), address: readAddress(cursor) }
  })
}

function readDid(cursor: Cursor): string {
  const did = readUtf8(cursor)
  if (!/^did:[a-z0-9]{1,16}:[\w.:%-]{1,180}$/.test(did)) throw malformed()
  return did
}

function readUtf8(cursor: Cursor): string {
  try {
    return toUtf8(take(cursor, byteOf(cursor)))
  } catch {
    throw malformed()
  }
}

function take(cursor: Cursor, length: number): Uint8Array {
  const { bytes, at } = cursor
  if (at + length > bytes.length) throw malformed()
  cursor.at += length
  return bytes.slice(at, at + length)
}

function byteOf(cursor: Cursor): number {
  return take(cursor, 1)[0] as number
}

function decode(text: string): Uint8Array {
  try {
    const bytes = fromBase64Url(text)
    if (toBase64Url(bytes) === text) return bytes
  } catch {
    // Not the alphabet: malformed as all else.
  }
  throw malformed()
}

function withLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 255) throw new Fault('limit.invitation', 'A part of the invitation is too long.')
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function malformed(): Fault {
  return new Fault(
    'invalid.invitation',
    'That is no whole invitation: copy the line again, from "anarq:" to its end.',
  )
}
