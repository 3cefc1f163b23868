import { concatBytes, fromBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readInt, readText } from '@anarq/ipld'
import { type NodeId, nodeIdBytes, textOfNodeId } from '../node-id.ts'
import { addressesMax, checkAddress, type NodeAddress, type Transport } from '../record/index.ts'

/**
 * What nodes, brokers and those who are to meet say to each other. Control is a short canonical DAG-CBOR list; what a broker
 * forwards is a fixed layout: 0xff, pair(8), bytes.
 */
export type Control =
  | { readonly kind: 'probe'; nonce: Uint8Array; addresses: readonly NodeAddress[] }
  | { readonly kind: 'probed'; nonce: Uint8Array; outcome: ProbeOutcome }
  | { readonly kind: 'reserve' }
  | { readonly kind: 'reserved'; lifeMs: number; observed: readonly NodeAddress[] }
  | { readonly kind: 'open'; to: NodeId }
  | {
      readonly kind: 'opened'
      to: NodeId
      pair: Uint8Array
      observed: readonly NodeAddress[]
      /** Of the pair, both ways together: who sends faster is cut off. */
      bytesPerSecond: number
    }
  | { readonly kind: 'incoming'; from: NodeId; pair: Uint8Array; bytesPerSecond: number }
  | { readonly kind: 'refused'; to: NodeId; code: string }
  | { readonly kind: 'close'; pair: Uint8Array; code: string }
  | { readonly kind: 'connect'; attempt: number; addresses: readonly NodeAddress[] }
  | { readonly kind: 'meet'; attempt: number; addresses: readonly NodeAddress[] }
  | { readonly kind: 'start'; attempt: number }
  | { readonly kind: 'trial' | 'trialled' | 'settled'; nonce: Uint8Array }

/** `foreign`: none of the addresses was the one that the asker comes from, so none was dialled. */
export type ProbeOutcome = 'busy' | 'dialled' | 'foreign'
export type Data = { readonly kind: 'data'; pair: Uint8Array; bytes: Uint8Array }

export const controlBytesMax = 1024
export const dataBytesMax = 66_560
export const pairBytes = 8
const bytesPerSecondMin = 1024
const bytesPerSecondMax = 2 ** 30
export const nonceBytes = 16
const dataByte = 0xff
const outcomes: readonly ProbeOutcome[] = ['busy', 'dialled', 'foreign']
const kinds = [
  ...(['probe', 'probed', 'reserve', 'reserved', 'open', 'opened', 'incoming', 'refused', 'close'] as const),
  ...(['connect', 'meet', 'start', 'trial', 'trialled', 'settled'] as const),
]
const what = 'A message'

export function encodeControl(message: Control): Uint8Array {
  return encodeCbor([kinds.indexOf(message.kind), ...partsOf(message)])
}

export function encodeData(pair: Uint8Array, bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(dataByte), pair, bytes)
}

function partsOf(message: Control): readonly unknown[] {
  switch (message.kind) {
    case 'probe':
      return [message.nonce, message.addresses.map(partsOfAddress)]
    case 'probed':
      return [message.nonce, outcomes.indexOf(message.outcome)]
    case 'reserve':
      return []
    case 'reserved':
      return [message.lifeMs, message.observed.map(partsOfAddress)]
    case 'open':
      return [fromBase32(message.to)]
    case 'opened':
      return [
        ...[fromBase32(message.to), message.pair, message.observed.map(partsOfAddress)],
        message.bytesPerSecond,
      ]
    case 'incoming':
      return [fromBase32(message.from), message.pair, message.bytesPerSecond]
    case 'refused':
      return [fromBase32(message.to), message.code]
    case 'close':
      return [message.pair, message.code]
    case 'connect':
    case 'meet':
      return [message.attempt, message.addresses.map(partsOfAddress)]
    case 'start':
      return [message.attempt]
    case 'trial':
    case 'trialled':
    case 'settled':
      return [message.nonce]
    default:
      return message satisfies never
  }
}

/** Throws `invalid.…` or `limit.message`. */
export function parseNat(bytes: Uint8Array): Control | Data {
  if (bytes[0] === dataByte) return parseData(bytes)
  if (bytes.length > controlBytesMax)
    throw new Fault('limit.message', 'A message about paths has at most 1,024 bytes.')
  const [number, ...parts] = readArray(decodeCbor(bytes, what), what, { max: 5 })
  const message = readControl(
    kinds[readInt(number, 'Its kind', { max: kinds.length - 1 })] as Control['kind'],
    parts,
  )
  if (parts.length !== partsOf(message).length)
    throw new Fault('invalid.shape', `${what} has parts too many.`)
  return message
}

function parseData(bytes: Uint8Array): Data {
  if (bytes.length > dataBytesMax) throw new Fault('limit.message', 'A piece of a relayed link is too long.')
  if (bytes.length <= 1 + pairBytes) throw new Fault('invalid.shape', 'A piece of a relayed link is empty.')
  return { kind: 'data', pair: bytes.slice(1, 1 + pairBytes), bytes: bytes.subarray(1 + pairBytes) }
}

function readControl(kind: Control['kind'], [a, b, c, d]: readonly unknown[]): Control {
  switch (kind) {
    case 'probe':
      return { kind, nonce: readNonce(a), addresses: readAddresses(b) }
    case 'probed': {
      const outcome = outcomes[readInt(b, 'Its outcome', { max: outcomes.length - 1 })] as ProbeOutcome
      return { kind, nonce: readNonce(a), outcome }
    }
    case 'reserve':
      return { kind }
    case 'reserved':
      return {
        kind,
        lifeMs: readInt(a, 'Its life', { min: 1000, max: 86_400_000 }),
        observed: readAddresses(b),
      }
    case 'open':
      return { kind, to: readId(a) }
    case 'opened':
      return {
        ...{ kind, to: readId(a), pair: readPair(b), observed: readAddresses(c) },
        bytesPerSecond: readPace(d),
      }
    case 'incoming':
      return { kind, from: readId(a), pair: readPair(b), bytesPerSecond: readPace(c) }
    case 'refused':
      return { kind, to: readId(a), code: readText(b, 'Its code', { max: 40 }) }
    case 'close':
      return { kind, pair: readPair(a), code: readText(b, 'Its code', { max: 40 }) }
    case 'connect':
    case 'meet':
      return { kind, attempt: readInt(a, 'Its attempt', { max: 15 }), addresses: readAddresses(b) }
    case 'start':
      return { kind, attempt: readInt(a, 'Its attempt', { max: 15 }) }
    case 'trial':
    case 'trialled':
    case 'settled':
      return { kind, nonce: readNonce(a) }
    default:
      return kind satisfies never
  }
}

function partsOfAddress({ transport, host, port }: NodeAddress): readonly unknown[] {
  return [transport, host, port]
}

function readAddresses(value: unknown): readonly NodeAddress[] {
  return readArray(value, 'Its addresses', { max: addressesMax }).map((address) => {
    const [transport, host, port, more] = readArray(address, 'An address', { max: 3 })
    if (more !== undefined) throw new Fault('invalid.shape', 'An address has parts too many.')
    return checkAddress({
      transport: readText(transport, 'Its transport', { max: 8 }) as Transport,
      host: readText(host, 'Its host', { max: 120 }),
      port: readInt(port, 'Its port'),
    })
  })
}

function readId(value: unknown): NodeId {
  return textOfNodeId(readBytes(value, 'An id', { length: nodeIdBytes }))
}

function readPair(value: unknown): Uint8Array {
  return readBytes(value, 'Its pair', { length: pairBytes })
}

function readPace(value: unknown): number {
  return readInt(value, 'Its pace', { min: bytesPerSecondMin, max: bytesPerSecondMax })
}

function readNonce(value: unknown): Uint8Array {
  return readBytes(value, 'Its number', { length: nonceBytes })
}
