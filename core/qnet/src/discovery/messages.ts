import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { type NodeId, textOfNodeId } from '../node-id.ts'
import { recordBytesMax } from '../record/index.ts'
import { stateIdsMax } from '../state-link.ts'
import { fingerprintBytes, fingerprintParts } from './directory.ts'
import { idBytes } from './distance.ts'
import { lotBytes } from './lots.ts'
import { pointerBytesMax } from './pointers.ts'
import { voteBytesMax } from './state.ts'

/** What nodes say to each other here: a canonical DAG-CBOR list that begins with the number of its kind. */
export type Message =
  | (Greeting & { readonly kind: 'hello' })
  | (Greeting & { readonly kind: 'welcome' })
  | { readonly kind: 'sync'; fingerprint: Uint8Array; period: number }
  | { readonly kind: 'have'; parts: Uint8Array; known: readonly { id: NodeId; sequence: number }[] }
  | { readonly kind: 'want'; ids: readonly NodeId[] }
  | { readonly kind: 'records'; records: readonly Uint8Array[] }
  | { readonly kind: 'find'; nonce: number; target: Uint8Array }
  | { readonly kind: 'get'; nonce: number; target: Uint8Array }
  | { readonly kind: 'found'; nonce: number; records: readonly Uint8Array[]; pointer: Uint8Array | undefined }
  | { readonly kind: 'put'; pointer: Uint8Array }
  | { readonly kind: 'lie'; about: 'record' | 'vote'; first: Uint8Array; second: Uint8Array }
  | { readonly kind: 'votes'; votes: readonly Uint8Array[] }
  | { readonly kind: 'state'; state: Uint8Array }
  | { readonly kind: 'lot'; period: number; base: Uint8Array; lot: Uint8Array }

type Greeting = {
  readonly nonce: number
  /** By the sender's clock. */
  readonly timeMs: number
  /** The work that it asks newcomers for. */
  readonly bits: number
  readonly record: Uint8Array
}

/** Ids and votes of the largest state, who left it and who came, and what stands around them. */
export const discoveryBytesMax: number = 4 * stateIdsMax * 34 + 512 * (voteBytesMax + 3) + 64
export const recordsPerMessage = 32
export const knownPerMessage = 512
export const wantedPerMessage = 128
export const foundPerMessage = 8
export const votesPerMessage = 32

const kinds = [
  ...(['hello', 'welcome', 'sync', 'have', 'want', 'records'] as const),
  ...(['find', 'get', 'found', 'put', 'lie', 'votes', 'state', 'lot'] as const),
]
const nonceMax = 0xffff_ffff
const what = 'A message'

export function encodeMessage(message: Message): Uint8Array {
  return encodeCbor([kinds.indexOf(message.kind), ...partsOf(message)])
}

function partsOf(message: Message): readonly unknown[] {
  switch (message.kind) {
    case 'hello':
    case 'welcome':
      return [message.nonce, message.timeMs, message.bits, message.record]
    case 'sync':
      return [message.fingerprint, message.period]
    case 'have':
      return [message.parts, message.known.map(({ id, sequence }) => [idBytes(id), sequence])]
    case 'want':
      return [message.ids.map(idBytes)]
    case 'records':
      return [message.records]
    case 'find':
    case 'get':
      return [message.nonce, message.target]
    case 'found':
      return [message.nonce, message.records, message.pointer ?? new Uint8Array(0)]
    case 'put':
      return [message.pointer]
    case 'lie':
      return [message.about === 'record' ? 0 : 1, message.first, message.second]
    case 'votes':
      return [message.votes]
    case 'state':
      return [message.state]
    case 'lot':
      return [message.period, message.base, message.lot]
    default:
      return message satisfies never
  }
}

/** Form and limits; what stands inside is parsed by who uses it. Throws `invalid.…` or `limit.message`. */
export function parseMessage(bytes: Uint8Array): Message {
  if (bytes.length > discoveryBytesMax)
    throw new Fault('limit.message', 'A message of discovery is too long.')
  const [number, ...parts] = readArray(decodeCbor(bytes, what), what, { max: 5 })
  const kind = kinds[readInt(number, 'Its kind', { max: kinds.length - 1 })] as Message['kind']
  if (parts.length !== partCounts[kind])
    throw new Fault('invalid.shape', `${what} is malformed: expected ${partCounts[kind]} parts.`)
  return readParts(kind, parts)
}

const partCounts: Readonly<Record<Message['kind'], number>> = {
  hello: 4,
  welcome: 4,
  sync: 2,
  have: 2,
  want: 1,
  records: 1,
  find: 2,
  get: 2,
  found: 3,
  put: 1,
  lie: 3,
  votes: 1,
  state: 1,
  lot: 3,
}

function readParts(kind: Message['kind'], [a, b, c, d]: readonly unknown[]): Message {
  switch (kind) {
    case 'hello':
    case 'welcome':
      return {
        kind,
        nonce: readNonce(a),
        timeMs: readInt(b, 'Its time'),
        bits: readInt(c, 'Its bits', { max: 64 }),
        record: readBytes(d, 'Its record', { max: recordBytesMax }),
      }
    case 'sync':
      return {
        kind,
        fingerprint: readBytes(a, 'Its fingerprint', { length: fingerprintBytes }),
        period: readInt(b, 'Its period', { max: 0xffff_ffff }),
      }
    case 'have':
      return {
        kind,
        parts: readBytes(a, 'Its parts', { max: fingerprintParts }),
        known: readArray(b, 'Its list', { max: knownPerMessage }).map(readKnown),
      }
    case 'want':
      return { kind, ids: readArray(a, 'Its list', { max: wantedPerMessage }).map(readId) }
    case 'records':
      return { kind, records: readMany(a, recordsPerMessage, recordBytesMax) }
    case 'find':
    case 'get':
      return { kind, nonce: readNonce(a), target: readBytes(b, 'Its target', { length: 32 }) }
    case 'found': {
      const pointer = readBytes(c, 'Its pointer', { max: pointerBytesMax })
      const records = readMany(b, foundPerMessage, recordBytesMax)
      return { kind, nonce: readNonce(a), records, pointer: pointer.length === 0 ? undefined : pointer }
    }
    case 'put':
      return { kind, pointer: readBytes(a, 'Its pointer', { max: pointerBytesMax }) }
    case 'lie':
      return {
        kind,
        about: readInt(a, 'Its kind of lie', { max: 1 }) === 0 ? 'record' : 'vote',
        first: readBytes(b, 'Its evidence', { max: recordBytesMax }),
        second: readBytes(c, 'Its evidence', { max: recordBytesMax }),
      }
    case 'votes':
      return { kind, votes: readMany(a, votesPerMessage, voteBytesMax) }
    case 'state':
      return { kind, state: readBytes(a, 'Its state') }
    case 'lot':
      return {
        kind,
        period: readInt(a, 'Its period', { max: 0xffff_ffff }),
        base: readBytes(b, 'Its base', { length: 32 }),
        lot: readBytes(c, 'Its lot', { length: lotBytes }),
      }
    default:
      return kind satisfies never
  }
}

function readNonce(value: unknown): number {
  return readInt(value, 'Its number', { max: nonceMax })
}

function readId(value: unknown): NodeId {
  return textOfNodeId(readBytes(value, 'An id', { length: 32 }))
}

function readKnown(value: unknown): { id: NodeId; sequence: number } {
  const [id, sequence] = readArray(value, 'An entry', { max: 2 })
  return { id: readId(id), sequence: readInt(sequence, 'Its number') }
}

function readMany(value: unknown, most: number, bytesMax: number): readonly Uint8Array[] {
  return readArray(value, 'Its list', { max: most }).map((one) =>
    readBytes(one, 'An entry', { max: bytesMax }),
  )
}
