import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { type NodeId, textOfNodeId } from '../node-id.ts'
import {
  addressesMax,
  checkAddress,
  type NodeAddress,
  type NodeRecord,
  type Transport,
  verifyByNode,
} from '../record/index.ts'
import { idBytes } from './distance.ts'

/** Enough to open a link to a node: from an invitation, a seed list, a cache or a record. */
export type Contact = {
  readonly id: NodeId
  readonly linkKey: Uint8Array
  readonly addresses: readonly NodeAddress[]
  /** Nodes that bring others to it, where it says so. */
  readonly brokerIds?: readonly NodeId[]
}

export function contactOfRecord({ id, linkKey, addresses, brokers }: NodeRecord): Contact {
  const brokerIds = brokers.map(textOfNodeId)
  return { id, linkKey, addresses, ...(brokerIds.length === 0 ? {} : { brokerIds }) }
}

/** First nodes, named by somebody whose key the product or the person knows. */
export type SeedList = {
  /** Newer ones are higher. */
  readonly sequence: number
  readonly issuedMs: number
  readonly expiresMs: number
  readonly contacts: readonly Contact[]
}

export type SeedListSigner = {
  readonly publicKey: Uint8Array
  sign(label: string, bytes: Uint8Array): Uint8Array
}

export const seedListBytesMax = 32_768
const contactsMax = 64
const label = 'anarq seed list v1'
const what = 'The seed list'

export function signSeedList(signer: SeedListSigner, list: SeedList): Uint8Array {
  const body = {
    v: 1,
    sequence: list.sequence,
    issued: list.issuedMs,
    expires: list.expiresMs,
    contacts: list.contacts.map(({ id, linkKey, addresses }) => [
      idBytes(id),
      linkKey,
      addresses.map(({ transport, host, port }) => [transport, host, port]),
    ]),
  }
  return encodeCbor({ ...body, signature: signer.sign(label, encodeCbor(body)) })
}

/**
 * The list, if it is signed by this key, not over, and not older than one that was seen before (`sequenceMin`): else
 * `invalid.…`, `limit.seeds`, `refused.signature`, `refused.expired` or `refused.rollback`. A clock may be wrong by `skewMs`.
 */
export function openSeedList(
  bytes: Uint8Array,
  { publicKey, nowMs, sequenceMin = 0, skewMs = 24 * 3_600_000 }: OpenSeedListOptions,
): SeedList {
  if (bytes.length > seedListBytesMax) throw new Fault('limit.seeds', 'The seed list is too long.')
  const fields = readFields(
    decodeCbor(bytes, what),
    ['v', 'sequence', 'issued', 'expires', 'contacts', 'signature'],
    what,
  )
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  const { signature, ...body } = fields
  const isSigned = verifyByNode(
    publicKey,
    label,
    encodeCbor(body),
    readBytes(signature, 'Its signature', { length: 64 }),
  )
  if (!isSigned)
    throw new Fault('refused.signature', 'The seed list is not signed by the key that is expected.')
  const issuedMs = readInt(fields.issued, 'Its time of issue')
  const list: SeedList = {
    sequence: readInt(fields.sequence, 'Its number'),
    issuedMs,
    expiresMs: readInt(fields.expires, 'Its end', { min: issuedMs }),
    contacts: readArray(fields.contacts, 'Its nodes', { max: contactsMax }).map(readContact),
  }
  if (list.expiresMs < nowMs - skewMs)
    throw new Fault('refused.expired', 'The seed list is over: get a newer one, or an invitation.')
  if (list.sequence < sequenceMin)
    throw new Fault('refused.rollback', 'The seed list is older than one that was seen before.')
  return list
}

export type OpenSeedListOptions = {
  readonly publicKey: Uint8Array
  readonly nowMs: number
  readonly sequenceMin?: number
  readonly skewMs?: number
}

export function readContact(value: unknown): Contact {
  const parts = readArray(value, 'A node', { max: 3 })
  return {
    id: textOfNodeId(readBytes(parts[0], 'Its id', { length: 32 })),
    linkKey: readBytes(parts[1], 'Its link key', { length: 32 }),
    addresses: readArray(parts[2], 'Its addresses', { max: addressesMax }).map((address) => {
      const [transport, host, port] = readArray(address, 'An address', { max: 3 })
      return checkAddress({
        transport: readText(transport, 'Its transport', { max: 8 }) as Transport,
        host: readText(host, 'Its host', { max: 120 }),
        port: readInt(port, 'Its port'),
      })
    }),
  }
}
