import { concatBytes } from '@anarq/bytes'
import { messageBytesMax } from '../world.ts'
import { frameType, type MessagePart, type OutFrame, writeMessageHead } from './frame.ts'

/** Content of one frame: large enough that sealing costs little a byte, small enough that others get their turn. */
export const partBytesMax: number = 32 * 1024
/** Of one side that are under way in parts, and their bytes. */
export const messagesOpenMax = 16
export const messageBytesOpenMax: number = 2 * messageBytesMax

type Outgoing = { readonly id: number; readonly bytes: Uint8Array; sent: number }

/**
 * Messages that wait to be sent. What fits one frame passes by what does not; large ones take turns, as many as the other side has
 * room for.
 */
export class MessageSender {
  readonly #queuedBytesMax: number
  #small: Uint8Array[] = []
  #open: Outgoing[] = []
  #waiting: Uint8Array[] = []
  #openBytes = 0
  #queuedBytes = 0
  #nextId = 1
  #isSmallTurn = true

  constructor(queuedBytesMax: number) {
    this.#queuedBytesMax = queuedBytesMax
  }

  get isEmpty(): boolean {
    return this.#queuedBytes === 0 && this.#small.length === 0
  }

  /** False where there is no room: the message is lost. */
  push(message: Uint8Array): boolean {
    // An empty message is no load, but it is a message.
    if (message.length > messageBytesMax || this.#queuedBytes + message.length > this.#queuedBytesMax)
      return false
    if (this.#small.length >= this.#queuedBytesMax / 64) return false
    this.#queuedBytes += message.length
    if (message.length <= partBytesMax) this.#small.push(message)
    else this.#waiting.push(message)
    return true
  }

  next(): OutFrame | undefined {
    this.#isSmallTurn = !this.#isSmallTurn
    return this.#isSmallTurn
      ? (this.#nextSmall() ?? this.#nextPart())
      : (this.#nextPart() ?? this.#nextSmall())
  }

  clear(): void {
    this.#small = []
    this.#open = []
    this.#waiting = []
    this.#openBytes = 0
    this.#queuedBytes = 0
  }

  #nextSmall(): OutFrame | undefined {
    const message = this.#small.shift()
    if (message === undefined) return undefined
    this.#queuedBytes -= message.length
    return { type: frameType.message, id: 0, pieces: [writeMessageHead(true, true), message] }
  }

  #nextPart(): OutFrame | undefined {
    this.#openWaiting()
    const message = this.#open.shift()
    if (message === undefined) return undefined
    const { id, bytes, sent } = message
    const part = bytes.subarray(sent, sent + partBytesMax)
    message.sent += part.length
    this.#queuedBytes -= part.length
    const isLast = message.sent === bytes.length
    if (isLast) this.#openBytes -= bytes.length
    else this.#open.push(message)
    return { type: frameType.message, id, pieces: [writeMessageHead(sent === 0, isLast), part] }
  }

  #openWaiting(): void {
    for (;;) {
      const first = this.#waiting[0]
      if (first === undefined || this.#open.length >= messagesOpenMax) return
      if (this.#openBytes + first.length > messageBytesOpenMax) return
      this.#waiting.shift()
      this.#openBytes += first.length
      this.#open.push({ id: this.#nextId, bytes: first, sent: 0 })
      this.#nextId = this.#nextId === 0xffff_ffff ? 1 : this.#nextId + 1
    }
  }
}

type Incoming = { readonly parts: Uint8Array[]; bytes: number }

export type Received = { readonly message?: Uint8Array } | 'protocol' | 'limit'

/** Puts messages together again. Memory is taken by what has come, never by what was promised. */
export class MessageReceiver {
  #open: Map<number, Incoming> | undefined
  #bytes = 0

  take(id: number, { isFirst, isLast, data }: MessagePart): Received {
    if (isFirst && isLast) return id === 0 ? { message: data } : 'protocol'
    if (id === 0 || this.#open?.has(id) === isFirst) return 'protocol'
    const incoming = isFirst ? this.#begin(id) : this.#open?.get(id)
    if (incoming === undefined) return isFirst ? 'limit' : 'protocol'
    incoming.parts.push(data)
    incoming.bytes += data.length
    this.#bytes += data.length
    // Many tiny parts would cost more memory than their bytes: a part that is not the last is of some size.
    if (!isLast && data.length < partBytesMin) return 'protocol'
    if (incoming.bytes > messageBytesMax || this.#bytes > messageBytesOpenMax) return 'limit'
    if (!isLast) return {}
    this.#open?.delete(id)
    this.#bytes -= incoming.bytes
    return { message: concatBytes(...incoming.parts) }
  }

  clear(): void {
    this.#open = undefined
    this.#bytes = 0
  }

  #begin(id: number): Incoming | undefined {
    this.#open ??= new Map()
    if (this.#open.size >= messagesOpenMax) return undefined
    const incoming = { parts: [], bytes: 0 }
    this.#open.set(id, incoming)
    return incoming
  }
}

const partBytesMin = 1024
