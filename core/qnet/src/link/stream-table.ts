import { Fault } from '@anarq/fault'
import { frameType, type OutFrame, type StreamPart, writeCode, writeCredit } from './frame.ts'
import {
  type LinkStream,
  linkWindowBytes,
  resetCode,
  type StreamEvents,
  type StreamHost,
  StreamState,
  streamWindowBytes,
} from './stream.ts'

/** Of each side's own opening, at once. */
export const streamsMax = 256

/** The link that a table is of. */
export type TableHost = {
  readonly isInitiator: boolean
  /** Something is to be sent: a frame of control, or of a stream. */
  control(frame: OutFrame): void
  wake(): void
  /** A stream that the other side opened; undefined refuses it. */
  onStream(stream: LinkStream): StreamEvents | undefined
}

export type Verdict = 'ok' | 'protocol' | 'limit'

/** All streams of a link, their credit, and whose turn it is. */
export class StreamTable implements StreamHost {
  readonly #host: TableHost
  /** Made with the first stream: most links have none most of the time. */
  #streams: Map<number, StreamState> | undefined
  #turns: StreamState[] = []
  #nextId: number
  #peerIdMax = 0
  #own = 0
  #theirs = 0
  #sendWindow = linkWindowBytes
  #receiveWindow = linkWindowBytes
  #creditDue = 0
  isClosing = false

  constructor(host: TableHost) {
    this.#host = host
    this.#nextId = host.isInitiator ? 1 : 2
  }

  get size(): number {
    return this.#streams?.size ?? 0
  }

  open(events: StreamEvents): LinkStream {
    if (this.#own >= streamsMax || this.#nextId > 0xffff_fffd)
      throw new Fault(
        'limit.streams',
        `A link has at most ${streamsMax} streams of one side. End one of them first.`,
      )
    const stream = this.#add(this.#nextId, events)
    this.#nextId += 2
    this.#own += 1
    return stream
  }

  /** The next frame of whoever's turn it is, and what is to be called once it has left. */
  next(): { readonly frame: OutFrame; readonly left: () => void } | undefined {
    for (let i = this.#turns.length; i > 0; i -= 1) {
      const stream = this.#turns.shift() as StreamState
      stream.isQueued = false
      if (!stream.canSend) continue
      if (this.#sendWindow === 0 && !stream.needsNoCredit) {
        this.ready(stream)
        continue
      }
      const { frame, bytes } = stream.next(this.#sendWindow)
      this.#sendWindow -= bytes
      if (stream.canSend) this.ready(stream)
      return { frame, left: () => stream.left() }
    }
    return undefined
  }

  take(id: number, part: StreamPart): Verdict {
    this.#receiveWindow -= part.data.length
    if (this.#receiveWindow < 0) return 'limit'
    const stream = this.#streams?.get(id) ?? this.#admit(id)
    if (typeof stream === 'string') {
      if (stream === 'ok') this.#giveBack(part.data.length)
      return stream
    }
    if (stream.isPeerEnded || part.offset !== stream.received) return 'protocol'
    if (part.data.length === 0 && !part.isLast) return 'protocol'
    stream.received += part.data.length
    stream.receiveWindow -= part.data.length
    if (stream.receiveWindow < 0) return 'limit'
    if (part.data.length > 0) {
      stream.unconsumed += part.data.length
      stream.events?.onData(part.data)
    }
    if (part.isLast && !stream.isGone) stream.peerEnded()
    return 'ok'
  }

  takeCredit(id: number, isStream: boolean, credit: number): Verdict {
    if (isStream) return this.#streams?.get(id)?.credit(credit) === false ? 'limit' : 'ok'
    this.#sendWindow += credit
    this.#host.wake()
    return this.#sendWindow > 0x7fff_ffff ? 'limit' : 'ok'
  }

  takeReset(id: number, code: number): void {
    const stream = this.#streams?.get(id)
    if (stream !== undefined) this.#drop(stream, code)
  }

  /** Every stream is told that it is gone. */
  clear(): void {
    for (const stream of [...(this.#streams?.values() ?? [])]) this.#drop(stream, resetCode.linkClosed)
    this.#turns = []
  }

  ready(stream: StreamState): void {
    if (!stream.isQueued) {
      stream.isQueued = true
      this.#turns.push(stream)
    }
    this.#host.wake()
  }

  reset(stream: StreamState, code: number): void {
    this.#host.control({ type: frameType.reset, id: stream.id, pieces: [writeCode(code)] })
    this.#drop(stream, code)
  }

  consumed(stream: StreamState, bytes: number): void {
    stream.unconsumed -= bytes
    stream.creditDue += bytes
    if (stream.creditDue >= streamWindowBytes / 4 && !stream.isPeerEnded && !stream.isGone) {
      this.#host.control(creditFrame(stream.id, true, stream.creditDue))
      stream.receiveWindow += stream.creditDue
      stream.creditDue = 0
    }
    this.#giveBack(bytes)
  }

  settled(stream: StreamState): void {
    // Its credit comes back when whoever has the data says so: a stream that ended takes room as long as its bytes do.
    this.#remove(stream)
  }

  #giveBack(bytes: number): void {
    this.#creditDue += bytes
    if (this.#creditDue < linkWindowBytes / 4) return
    this.#host.control(creditFrame(0, false, this.#creditDue))
    this.#receiveWindow += this.#creditDue
    this.#creditDue = 0
  }

  /** A stream that is not here: new, refused, or gone already, whose late frames are nobody's. */
  #admit(id: number): StreamState | Verdict {
    const isTheirs = id !== 0 && (id % 2 === 1) !== this.#host.isInitiator
    if (!isTheirs) return id !== 0 && id < this.#nextId ? 'ok' : 'protocol'
    if (id <= this.#peerIdMax) return 'ok'
    this.#peerIdMax = id
    const isFull = this.#theirs >= streamsMax
    if (!isFull && !this.isClosing) {
      const stream = this.#add(id, undefined)
      this.#theirs += 1
      stream.events = this.#host.onStream(stream)
      if (stream.isGone) return 'ok'
      if (stream.events !== undefined) return stream
      this.#remove(stream)
    }
    const code = isFull ? resetCode.limit : resetCode.refused
    this.#host.control({ type: frameType.reset, id, pieces: [writeCode(code)] })
    return 'ok'
  }

  #add(id: number, events: StreamEvents | undefined): StreamState {
    const stream = new StreamState(id, this)
    stream.events = events
    this.#streams ??= new Map()
    this.#streams.set(id, stream)
    return stream
  }

  #drop(stream: StreamState, code: number): void {
    if (stream.isGone) return
    const { events } = stream
    this.#remove(stream)
    this.#giveBack(stream.unconsumed)
    stream.unconsumed = 0
    events?.onReset(code)
  }

  #remove(stream: StreamState): void {
    this.#streams?.delete(stream.id)
    if ((stream.id % 2 === 1) === this.#host.isInitiator) this.#own -= 1
    else this.#theirs -= 1
    stream.drop()
  }
}

function creditFrame(id: number, isStream: boolean, credit: number): OutFrame {
  return { type: frameType.windowUpdate, id, pieces: [writeCredit(isStream, credit)] }
}
