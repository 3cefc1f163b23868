import { frameType, type OutFrame, writeStreamHead } from './frame.ts'
import { partBytesMax } from './messages.ts'

/** What a side may send before it is given more: the wire's, for every link of this version. */
export const streamWindowBytes: number = 512 * 1024
export const linkWindowBytes: number = 2 * 1024 * 1024
/** From here on `write` asks its caller to wait; at the second the stream is reset, because the caller did not. */
const queuedBytesHigh = 1024 * 1024
const queuedBytesMax = 16 * 1024 * 1024

/** What the one who uses a stream is told. `onData` has the bytes for good, and gives credit back with `consumed`. */
export type StreamEvents = {
  onData(bytes: Uint8Array): void
  /** The other side sends nothing more. */
  onEnd(): void
  /** The stream is gone: by the other side, by its link's end, or by a limit. Nothing comes after it. */
  onReset(code: number): void
  /** After a `write` that was false. */
  onDrain(): void
}

export type LinkStream = {
  readonly id: number
  /** The bytes are the stream's from now on. False asks to wait for `onDrain`. */
  write(bytes: Uint8Array): boolean
  /** After what is written. */
  end(): void
  reset(code?: number): void
  /** So many of the bytes that came are out of the way: the other side may send as many more. */
  consumed(bytes: number): void
}

/** Codes of RESET; from 16 on they are those of whoever uses streams. */
export const resetCode = { cancelled: 0, refused: 1, limit: 2, linkClosed: 3 } as const

/** What a stream needs of the table that it is in. */
export type StreamHost = {
  /** It has something to send. */
  ready(stream: StreamState): void
  reset(stream: StreamState, code: number): void
  consumed(stream: StreamState, bytes: number): void
  settled(stream: StreamState): void
}

export class StreamState implements LinkStream {
  readonly id: number
  readonly #host: StreamHost
  events: StreamEvents | undefined
  isGone = false
  /** Bytes that came and are not yet given back as credit. */
  unconsumed = 0
  /** Credit that is to be announced. */
  creditDue = 0
  isQueued = false
  receiveWindow: number = streamWindowBytes
  received = 0
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #sent = 0
  #sendWindow = streamWindowBytes
  #isEnding = false
  #isEnded = false
  #isPeerEnded = false
  #wantsDrain = false

  constructor(id: number, host: StreamHost) {
    this.id = id
    this.#host = host
  }

  get isSettled(): boolean {
    return this.#isEnded && this.#isPeerEnded
  }

  get isPeerEnded(): boolean {
    return this.#isPeerEnded
  }

  get canSend(): boolean {
    if (this.isGone || this.#isEnded) return false
    return this.#queuedBytes > 0 ? this.#sendWindow > 0 : this.#isEnding
  }

  /** Whether it has nothing but its end to send, for which no credit is needed. */
  get needsNoCredit(): boolean {
    return this.#queuedBytes === 0
  }

  write(bytes: Uint8Array): boolean {
    if (this.isGone || this.#isEnding) return false
    if (this.#queuedBytes + bytes.length > queuedBytesMax) {
      this.#host.reset(this, resetCode.limit)
      return false
    }
    if (bytes.length > 0) {
      this.#queue.push(bytes)
      this.#queuedBytes += bytes.length
      this.#host.ready(this)
    }
    this.#wantsDrain = this.#queuedBytes >= queuedBytesHigh
    return !this.#wantsDrain
  }

  end(): void {
    if (this.isGone || this.#isEnding) return
    this.#isEnding = true
    this.#host.ready(this)
  }

  reset(code: number = resetCode.cancelled): void {
    if (!this.isGone) this.#host.reset(this, code)
  }

  consumed(bytes: number): void {
    if (this.unconsumed > 0) this.#host.consumed(this, Math.min(bytes, this.unconsumed))
  }

  /** The next frame, of at most `credit` bytes of the link's. */
  next(credit: number): { readonly frame: OutFrame; readonly bytes: number } {
    const bytes = Math.min(partBytesMax, this.#queuedBytes, this.#sendWindow, credit)
    const pieces: Uint8Array[] = []
    for (let left = bytes; left > 0; ) {
      const first = this.#queue[0] as Uint8Array
      if (first.length <= left) {
        pieces.push(first)
        this.#queue.shift()
        left -= first.length
      } else {
        pieces.push(first.subarray(0, left))
        this.#queue[0] = first.subarray(left)
        left = 0
      }
    }
    this.#queuedBytes -= bytes
    this.#sendWindow -= bytes
    const isLast = this.#isEnding && this.#queuedBytes === 0
    const head = writeStreamHead(isLast, this.#sent, bytes)
    this.#sent += bytes
    this.#isEnded = isLast
    return { frame: { type: frameType.stream, id: this.id, pieces: [head, ...pieces] }, bytes }
  }

  /** After a frame has left, because what is called here may write again. */
  left(): void {
    if (this.#wantsDrain && this.#queuedBytes <= queuedBytesHigh / 2) {
      this.#wantsDrain = false
      this.events?.onDrain()
    }
    if (this.isSettled && !this.isGone) this.#host.settled(this)
  }

  /** False where the other side gives more than can be counted. */
  credit(bytes: number): boolean {
    this.#sendWindow += bytes
    if (this.canSend) this.#host.ready(this)
    return this.#sendWindow <= 0x7fff_ffff
  }

  peerEnded(): void {
    this.#isPeerEnded = true
    this.events?.onEnd()
    if (this.isSettled && !this.isGone) this.#host.settled(this)
  }

  drop(): void {
    this.isGone = true
    this.#queue = []
    this.#queuedBytes = 0
  }
}
