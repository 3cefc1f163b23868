/** What one node asks another, and what it is answered: strict DAG-CBOR both ways, each with a limit. */
import { asFault, Fault, type FaultCode } from '@anarq/fault'
import { decodeCbor, encodeCbor, parseCid, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { blockBytesMax, envelopeBytesMax, pingBytesMax, readerSlotBytes } from '@anarq/qnt'
import { type Delegation, delegationBytesMax, parseDelegation } from '@anarq/qonsent'

export type PeerQuestion = OpenQuestion | BlockQuestion

/** For the content of what a ping file names. */
export type OpenQuestion = {
  readonly ask: 'open'
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
const questionBytesMax = 8192
const textMax = 512
const codePattern =
  /^(?:invalid|refused|missing|conflict|damaged|limit|busy|unavailable|cancelled|internal)\.[a-z-]{1,40}$/

export function encodeQuestion(question: PeerQuestion): Uint8Array {
  return encodeCbor({ ...question })
}

/** `invalid.question` for anything but what `encodeQuestion` makes. */
export function parseQuestion(bytes: Uint8Array): PeerQuestion {
  if (bytes.length > questionBytesMax) throw wrong()
  try {
    const value = decodeCbor(bytes, 'A question')
    const { ask } = value as { ask?: unknown }
    return ask === 'block' ? readBlockQuestion(value) : readOpenQuestion(value)
  } catch {
    throw wrong()
  }
}

function readBlockQuestion(value: unknown): BlockQuestion {
  const { cid } = readFields(value, ['ask', 'cid'], 'A question')
  return { ask: 'block', cid: parseCid(readText(cid, 'The block', { max: 128 })).toString() }
}

function readOpenQuestion(value: unknown): OpenQuestion {
  const known = ['ask', 'ping', 'subject', 'module', 'purpose', 'nonce', 'atMs', 'signature']
  const fields = readFields(value, known, 'A question')
  if (fields.ask !== 'open') throw wrong()
  return {
    ask: 'open',
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

export function encodeBlockAnswer(block: Uint8Array): Uint8Array {
  return encodeCbor({ is: 'block', block })
}

/** What a refusal says is for whoever asks; a defect of this node is this node's business. */
export function encodeRefusal(error: unknown): Uint8Array {
  const { code, message } = asFault(error)
  const isOurs = code.startsWith('internal.') || !codePattern.test(code)
  return encodeCbor({
    is: 'refused',
    code: isOurs ? 'internal.peer' : code,
    sentence: isOurs ? 'The other node could not answer.' : message.slice(0, textMax),
  })
}

/** Throws what the other node refused with; `invalid.answer` where it is no answer. */
export function parseOpenAnswer(bytes: Uint8Array): OpenAnswer {
  return reading(bytes, (value) => {
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

export function parseBlockAnswer(bytes: Uint8Array): Uint8Array {
  return reading(bytes, (value) => {
    const fields = readFields(value, ['is', 'block'], 'An answer')
    if (fields.is !== 'block') throw noAnswer()
    return readBytes(fields.block, 'The block', { max: blockBytesMax })
  })
}

function reading<T>(bytes: Uint8Array, read: (value: unknown) => T): T {
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
  if ((value as { is?: unknown } | null)?.is !== 'refused') return undefined
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
