import { fromBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { type NodeId, textOfNodeId } from '../node-id.ts'
import { readLink, writeLink } from '../state-link.ts'
import type { StateLink } from '../state-set.ts'
import { reportBytesMax } from './report.ts'

/** What nodes say to each other here: a canonical DAG-CBOR list that begins with the number of its kind. */
export type Message =
  /** Are you there? */
  | { readonly kind: 'probe'; nonce: number }
  | { readonly kind: 'here'; nonce: number }
  /** Is that one there, for you? */
  | { readonly kind: 'look'; nonce: number; at: NodeId }
  | { readonly kind: 'saw'; nonce: number; isThere: boolean }
  /** What the sender has of some periods: who has something else sends its own, and asks. */
  | { readonly kind: 'have'; isAnswer: boolean; held: readonly { period: number; tag: Uint8Array }[] }
  | { readonly kind: 'reports'; reports: readonly Uint8Array[] }
  /** What was before the state with this hash? */
  | { readonly kind: 'past'; hash: Uint8Array }
  | { readonly kind: 'links'; hash: Uint8Array; links: readonly StateLink[] }

export const periodsPerMessage = 64
export const reportsPerMessage = 32
export const linksPerMessage = 64
export const tagBytes = 8
export const rolesBytesMax: number = reportsPerMessage * (reportBytesMax + 3) + 64
const kinds = ['probe', 'here', 'look', 'saw', 'have', 'reports', 'past', 'links'] as const
const partCounts: Readonly<Record<Message['kind'], number>> = {
  probe: 1,
  here: 1,
  look: 2,
  saw: 2,
  have: 2,
  reports: 1,
  past: 1,
  links: 2,
}
const nonceMax = 0xffff_ffff
const what = 'A message'

export function encodeMessage(message: Message): Uint8Array {
  return encodeCbor([kinds.indexOf(message.kind), ...partsOf(message)])
}

function partsOf(message: Message): readonly unknown[] {
  switch (message.kind) {
    case 'probe':
    case 'here':
      return [message.nonce]
    case 'look':
      return [message.nonce, fromBase32(message.at)]
    case 'saw':
      return [message.nonce, message.isThere ? 1 : 0]
    case 'have':
      return [message.isAnswer ? 1 : 0, message.held.map(({ period, tag }) => [period, tag])]
    case 'reports':
      return [message.reports]
    case 'past':
      return [message.hash]
    case 'links':
      return [message.hash, message.links.map(writeLink)]
    default:
      return message satisfies never
  }
}

/** Form and limits; reports are parsed by who takes them. Throws `invalid.…` or `limit.message`. */
export function parseMessage(bytes: Uint8Array): Message {
  if (bytes.length > rolesBytesMax) throw new Fault('limit.message', 'A message about roles is too long.')
  const [number, ...parts] = readArray(decodeCbor(bytes, what), what, { max: 3 })
  const kind = kinds[readInt(number, 'Its kind', { max: kinds.length - 1 })] as Message['kind']
  if (parts.length !== partCounts[kind])
    throw new Fault('invalid.shape', `${what} is malformed: expected ${partCounts[kind]} parts.`)
  const [a, b] = parts
  switch (kind) {
    case 'probe':
    case 'here':
      return { kind, nonce: readNonce(a) }
    case 'look':
      return { kind, nonce: readNonce(a), at: textOfNodeId(readBytes(b, 'An id', { length: 32 })) }
    case 'saw':
      return { kind, nonce: readNonce(a), isThere: readFlag(b) }
    case 'have':
      return {
        kind,
        isAnswer: readFlag(a),
        held: readArray(b, 'Its list', { max: periodsPerMessage }).map(readHeld),
      }
    case 'reports':
      return {
        kind,
        reports: readArray(a, 'Its list', { max: reportsPerMessage }).map((one) =>
          readBytes(one, 'A report', { max: reportBytesMax }),
        ),
      }
    case 'past':
      return { kind, hash: readBytes(a, 'A hash', { length: 32 }) }
    case 'links':
      return {
        kind,
        hash: readBytes(a, 'A hash', { length: 32 }),
        links: readArray(b, 'Its list', { max: linksPerMessage }).map(readLink),
      }
    default:
      return kind satisfies never
  }
}

function readNonce(value: unknown): number {
  return readInt(value, 'Its number', { max: nonceMax })
}

function readFlag(value: unknown): boolean {
  return readInt(value, 'A flag', { max: 1 }) === 1
}

function readHeld(value: unknown): { period: number; tag: Uint8Array } {
  const row = readArray(value, 'An entry', { max: 2 })
  return {
    period: readInt(row[0], 'Its period', { max: nonceMax }),
    tag: readBytes(row[1], 'Its tag', { length: tagBytes }),
  }
}
