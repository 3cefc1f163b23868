import { Fault } from '@anarq/fault'
import { decodeCbor, readArray, readBytes, readInt, readText } from '@anarq/ipld'
import { type Chain, numberOf, readChain, tagBytes } from './chain.ts'
import { idBytes, type Named, readDescriptor } from './descriptor.ts'
import { type Entry, readEntry } from './entry.ts'

export type Message =
  /** A version to be decided, and for its first one the register as it was founded. */
  | { readonly kind: 'offer'; readonly founded: Chain; readonly entry: Entry }
  | {
      readonly kind: 'agree'
      readonly id: Uint8Array
      readonly number: number
      readonly part: readonly unknown[]
    }
  | { readonly kind: 'state'; readonly chain: Chain }
  /** How far one is, and where that ends: eight bytes of the last version's hash. */
  | { readonly kind: 'have'; readonly id: Uint8Array; readonly number: number; readonly tag: Uint8Array }
  | { readonly kind: 'number?'; readonly asked: number; readonly id: Uint8Array }
  /** What is after so many steps that the asker has. */
  | { readonly kind: 'get'; readonly asked: number; readonly id: Uint8Array; readonly after: number }
  | { readonly kind: 'answer'; readonly body: readonly unknown[] }

const numberMax = 0xffff_ffff

/** Strict, one message of the room; throws `invalid.…` or `refused.register`. */
export function parseMessage(bytes: Uint8Array): Message {
  const [kindRead, ...body] = readArray(decodeCbor(bytes), 'A message', { max: 8 })
  const kind = readText(kindRead, 'Its kind', { max: 16 })
  switch (kind) {
    case 'offer':
      return { kind, founded: readFounded(body[0], body[1]), entry: readEntry(body[2]) }
    case 'agree':
      return {
        kind,
        id: readId(body[0]),
        number: readInt(body[1], 'A number', { min: 1, max: numberMax }),
        part: readArray(body[2], 'A part', { max: 8 }),
      }
    case 'state':
      return { kind, chain: readChain(body[0]) }
    case 'have':
      return {
        kind,
        id: readId(body[0]),
        number: readInt(body[1], 'A number', { max: numberMax }),
        tag: readBytes(body[2], 'A tag', { length: tagBytes }),
      }
    case 'number?':
      return { kind, asked: readInt(body[0], 'A number', { max: numberMax }), id: readId(body[1]) }
    case 'get':
      return {
        kind,
        asked: readInt(body[0], 'A number', { max: numberMax }),
        id: readId(body[1]),
        after: readInt(body[2], 'A number', { max: numberMax }),
      }
    case 'answer':
      return { kind, body }
    default:
      throw new Fault('invalid.kind', 'A message about registers is of no kind that is known here.')
  }
}

function readFounded(descriptor: unknown, founders: unknown): Chain {
  const { descriptor: of }: Named = readDescriptor(descriptor)
  if (of.class === 'private') throw new Fault('invalid.register', 'A private register is offered to nobody.')
  const chain = readChain([descriptor, founders, [], []])
  if (numberOf(chain) !== 0) throw new Fault('invalid.register', 'A register begins with nothing.')
  return chain
}

function readId(value: unknown): Uint8Array {
  return readBytes(value, 'A register', { length: idBytes })
}
