/** What one node asks another, and what it is answered: strict DAG-CBOR both ways, each with a limit. */
import { concatBytes } from '@anarq/bytes'
import { asFault, Fault, type FaultCode } from '@anarq/fault'
import { decodeCbor, encodeCbor, parseCid, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { blockBytesMax, envelopeBytesMax, pingBytesMax, readerSlotBytes } from '@anarq/qnt'
import { type Delegation, delegationBytesMax, parseDelegation } from '@anarq/qonsent'

export type PeerQuestion =
  | BlockQuestion
  | GiveQuestion
  | NextQuestion
  | OpenQuestion
  | TreeQuestion
  | WriteQuestion

/** For the content of the one file that a ping file names. */
export type OpenQuestion = SignedQuestion & { readonly ask: 'open' }

/** For what lies in the folder that it names: with contents, or as a list. */
export type TreeQuestion = SignedQuestion & {
  readonly ask: 'tree'
  readonly isList: boolean
  /** A path in the folder: this and what is below it. */
  readonly only?: string
}

/** To write into the file or folder that it names; the pieces of it follow. */
export type WriteQuestion = SignedQuestion & { readonly ask: 'write' }

/** One piece of what is written (`encodeItems`), the first number 0. The answer says that there is room for more, or how it ended. */
export type GiveQuestion = {
  readonly ask: 'give'
  readonly writing: Uint8Array
  readonly number: number
  readonly piece: Uint8Array
  readonly isLast: boolean
}

/** For the next page of a tree. */
export type NextQuestion = { readonly ask: 'next'; readonly walk: Uint8Array; readonly page: number }

/** What a reader signs: only this once, and only now. */
export type SignedQuestion = {
  readonly ping: Uint8Array
  readonly subject: string
  /** The app that asks on their behalf, as their node says. */
  readonly module: string
  readonly purpose?: string
  readonly nonce: Uint8Array
  readonly atMs: number
  /** Ed25519, over the access request with its nonce and time. */
  readonly signature: Uint8Array
}

/** For a sealed block by its digest; which codec it has is told by who asks. */
export type BlockQuestion = { readonly ask: 'block'; readonly cid: string }

export type OpenAnswer = {
  readonly envelope: Uint8Array
  readonly slot: Uint8Array
  readonly cid: string
  readonly delegation: Delegation
}

export const nonceBytes = 16
const signatureBytes = 64
const onlyLettersMax = 4096
const pagesMax = 1_000_000
export const writingBytes = 16
export const givenBytesMax: number = 64 * 1024
const questionBytesMax = 8192
const numberMax = 2 ** 40
const textMax = 512
const codePattern =
  /^(?:invalid|refused|missing|conflict|damaged|limit|busy|unavailable|cancelled|internal)\.[a-z-]{1,40}$/

export function encodeQuestion(question: PeerQuestion): Uint8Array {
  return encodeCbor({ ...question })
}

/** `invalid.question` for anything but what `encodeQuestion` makes. */
export function parseQuestion(bytes: Uint8Array): PeerQuestion {
  if (bytes.length > questionBytesMax + givenBytesMax) throw wrong()
  try {
    const value = decodeCbor(bytes, 'A question')
    const { ask } = value as { ask?: unknown }
    if (ask === 'give') return readGiveQuestion(value)
    if (bytes.length > questionBytesMax) throw wrong()
    if (ask === 'block') return readBlockQuestion(value)
    if (ask === 'next') return readNextQuestion(value)
    return ask === 'tree' ? readTreeQuestion(value) : readSignedQuestion(value)
  } catch {
    throw wrong()
  }
}

function readBlockQuestion(value: unknown): BlockQuestion {
  const { cid } = readFields(value, ['ask', 'cid'], 'A question')
  return { ask: 'block', cid: parseCid(readText(cid, 'The block', { max: 128 })).toString() }
}

function readNextQuestion(value: unknown): NextQuestion {
  const { walk, page } = readFields(value, ['ask', 'walk', 'page'], 'A question')
  return {
    ask: 'next',
    walk: readBytes(walk, 'The walk', { length: 16 }),
    page: readInt(page, 'The page', { min: 1, max: pagesMax }),
  }
}

const signedFields = ['ping', 'subject', 'module', 'purpose', 'nonce', 'atMs', 'signature'] as const

function readSignedQuestion(value: unknown): OpenQuestion | WriteQuestion {
  const { ask, ...fields } = readFields(value, ['ask', ...signedFields], 'A question')
  if (ask !== 'open' && ask !== 'write') throw wrong()
  return { ask, ...readSigned(fields) }
}

function readGiveQuestion(value: unknown): GiveQuestion {
  const known = ['ask', 'writing', 'number', 'piece', 'isLast'] as const
  const { writing, number, piece, isLast } = readFields(value, known, 'A question')
  if (typeof isLast !== 'boolean') throw wrong()
  return {
    ask: 'give',
    writing: readBytes(writing, 'The writing', { length: writingBytes }),
    number: readInt(number, 'Its number', { max: numberMax }),
    piece: readBytes(piece, 'The piece', { max: givenBytesMax }),
    isLast,
  }
}

function readTreeQuestion(value: unknown): TreeQuestion {
  const known = ['ask', 'isList', 'only', ...signedFields] as const
  const { isList, only, ask: _, ...fields } = readFields(value, known, 'A question')
  if (typeof isList !== 'boolean') throw wrong()
  return {
    ask: 'tree',
    isList,
    ...(only === undefined ? {} : { only: readText(only, 'The path', { max: onlyLettersMax }) }),
    ...readSigned(fields),
  }
}

function readSigned(
  fields: Readonly<Partial<Record<(typeof signedFields)[number], unknown>>>,
): SignedQuestion {
  return {
    ping: readBytes(fields.ping, 'The ping file', { max: pingBytesMax }),
    subject: readText(fields.subject, 'Who asks', { max: 2048 }),
    module: readText(fields.module, 'The app', { max: 256 }),
    ...(fields.purpose === undefined
      ? {}
      : { purpose: readText(fields.purpose, 'The purpose', { max: 256 }) }),
    nonce: readBytes(fields.nonce, 'The nonce', { length: nonceBytes }),
    atMs: readInt(fields.atMs, 'The time'),
    signature: readBytes(fields.signature, 'The signature', { length: signatureBytes }),
  }
}

export function encodeOpenAnswer({ envelope, slot, cid, delegation }: OpenAnswer): Uint8Array {
  return encodeCbor({ is: 'opened', envelope, slot, cid, delegation: delegation.bytes })
}

/** No CBOR begins an answer with this byte: a block follows as it is, which spares both sides two copies of it. */
const blockMark = 0

export function encodeBlockAnswer(block: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(blockMark), block)
}

export function encodeRefusal(error: unknown): Uint8Array {
  return encodeCbor({ is: 'refused', ...refusalFields(error) })
}

/** What a refusal says is for whoever asks; a defect of this node is this node's business. */
export function refusalFields(error: unknown): { readonly code: string; readonly sentence: string } {
  const { code, message } = asFault(error)
  const isOurs = code.startsWith('internal.') || !codePattern.test(code)
  return {
    code: isOurs ? 'internal.peer' : code,
    sentence: isOurs ? 'The other node could not answer.' : message.slice(0, textMax),
  }
}

/** Throws what the other node refused with; `invalid.answer` where it is no answer. */
export function parseOpenAnswer(bytes: Uint8Array): OpenAnswer {
  return readingAnswer(bytes, (value) => {
    const fields = readFields(value, ['is', 'envelope', 'slot', 'cid', 'delegation'], 'An answer')
    if (fields.is !== 'opened') throw noAnswer()
    return {
      envelope: readBytes(fields.envelope, 'The envelope', { max: envelopeBytesMax }),
      slot: readBytes(fields.slot, 'The key', { length: readerSlotBytes }),
      cid: parseCid(readText(fields.cid, 'The name', { max: 128 })).toString(),
      delegation: parseDelegation(readBytes(fields.delegation, 'The grant', { max: delegationBytesMax })),
    }
  })
}

/** A view into the answer. */
export function parseBlockAnswer(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === blockMark && bytes.length <= blockBytesMax + 1) return bytes.subarray(1)
  return readingAnswer(bytes, () => {
    throw noAnswer()
  })
}

/** The strict reading of an answer that may be a refusal: thrown as what it says; `invalid.answer` for anything else. */
export function readingAnswer<T>(bytes: Uint8Array, read: (value: unknown) => T): T {
  let value: unknown
  try {
    value = decodeCbor(bytes, 'An answer')
  } catch {
    throw noAnswer()
  }
  const refusal = refusalOf(value)
  if (refusal !== undefined) throw refusal
  try {
    return read(value)
  } catch {
    throw noAnswer()
  }
}

function refusalOf(value: unknown): Fault | undefined {
  return (value as { is?: unknown } | null)?.is === 'refused' ? faultOf(value) : undefined
}

/** A fault in another node's words. */
export function faultOf(value: unknown): Fault {
  const { code, sentence } = value as { code?: unknown; sentence?: unknown }
  if (typeof code !== 'string' || !codePattern.test(code) || typeof sentence !== 'string') return noAnswer()
  return new Fault(code as FaultCode, sentence.slice(0, textMax))
}

function wrong(): Fault {
  return new Fault('invalid.question', 'This node does not understand what it was asked.')
}

function noAnswer(): Fault {
  return new Fault(
    'invalid.answer',
    'What the other node answered cannot be understood. Ask its owner to update it.',
  )
}
