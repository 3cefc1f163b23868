import { codeOfEnd, endOfCode, type Flow, type FlowEvents, type StreamEnd } from '../flow.ts'
import { command } from './cell.ts'
import {
  type Credit,
  createReceiving,
  createSending,
  creditBytes,
  type Early,
  type Receiving,
  type Sending,
  type StreamState,
} from './stream-halves.ts'

/**
 * One stream at one of its two ends. The receiver says up to which byte it takes (`credit`), and how far it has received; a
 * sender that has more says so (`blocked`), and a receiver that keeps up doubles its window. A
 * kept stream (to a service of a node, never to a host outside) holds what was sent until it was received, and outlives
 * its circuit: on the next one both ends say how far they are, and the rest is sent again.
 */
export type Stream = {
  readonly flow: Flow
  readonly isKept: boolean
  /** What goes out next: bytes, the end, or nothing just now. */
  next(bytesMax: number): Uint8Array | 'end' | undefined
  hasNext(): boolean
  /** False: the peer broke the protocol. */
  receive(kind: number, data: Uint8Array): boolean
  connected(): void
  attach(link: StreamLink): void
  /** The circuit is gone. A kept stream waits; any other one is over. */
  detach(reason: StreamEnd): void
  /** Nobody comes back for it. */
  abandon(reason: StreamEnd): void
  /** Bytes received, the end counted as one: what a new circuit begins with. */
  readonly received: number
  /** The other end has received so much: what lies behind goes out again. False: it cannot have. */
  rewind(peerReceived: number): boolean
  readonly isOver: boolean
}
export type StreamLink = {
  send(kind: number, data: Uint8Array): void
  /** There is something for `next`. */
  wake(): void
  /** The stream is over: forget it. */
  over(): void
  /** May a window grow by so much? */
  mayGrow(bytes: number): boolean
}

export function createStream(events: FlowEvents, isKept: boolean, early: Early): Stream {
  const state: StreamState = { early, link: undefined, isConnected: false, isOver: false, isMoving: false }
  const sending = createSending(state, events, isKept)
  const receiving = createReceiving(state, events, isKept)

  const finish = (reason: StreamEnd): void => {
    if (state.isOver) return
    state.isOver = true
    sending.clear()
    state.link?.over()
    state.link = undefined
    events.closed(reason)
  }
  const finishIfDone = (): void => {
    if (sending.isDone && receiving.hasPeerEnded) finish('done')
  }
  const violate = (): boolean => {
    finish('protocol')
    return false
  }
  const flow: Flow = {
    write(bytes) {
      if (state.isOver || sending.isEnding || bytes.length === 0) return
      if (sending.write(bytes)) state.link?.wake()
      else {
        state.link?.send(command.reset, Uint8Array.of(codeOfEnd('resources')))
        finish('resources')
      }
    },
    consumed(bytes) {
      if (!state.isOver) receiving.consumed(bytes)
    },
    end() {
      if (state.isOver || sending.isEnding) return
      sending.end()
      state.link?.wake()
    },
    reset(reason) {
      if (state.isOver) return
      state.isOver = true
      state.link?.send(command.reset, Uint8Array.of(codeOfEnd(reason)))
      state.link?.over()
      state.link = undefined
    },
  }
  return {
    flow,
    isKept,
    hasNext: sending.hasNext,
    next(bytesMax) {
      const next = sending.next(bytesMax)
      if (next === 'end') queueMicrotask(finishIfDone)
      return next
    },
    receive(kind, data) {
      if (state.isOver) return true
      if (kind === command.reset) {
        finish(endOfCode(data[0]))
        return true
      }
      if (!take(sending, receiving, kind, data)) return violate()
      if (kind === command.end || kind === command.credit) finishIfDone()
      if (kind === command.credit) state.link?.wake()
      return true
    },
    connected() {
      if (state.isConnected || state.isOver) return
      state.isConnected = true
      events.connected()
      state.link?.wake()
    },
    attach(to) {
      if (state.link !== undefined) state.isMoving = true
      state.link?.over()
      state.link = to
    },
    detach(reason) {
      state.link = undefined
      state.isMoving = true
      if (state.isOver) return
      if (sending.isDelivered && receiving.hasPeerEnded) finish('done')
      else if (!isKept || reason !== 'lost') finish(reason)
    },
    abandon: finish,
    get received() {
      return receiving.received
    },
    rewind(peerReceived) {
      if (!sending.rewind(peerReceived)) return violate()
      state.isMoving = false
      receiving.grant(true)
      finishIfDone()
      state.link?.wake()
      return true
    },
    get isOver() {
      return state.isOver
    },
  }
}

/** False: not now, or not so. */
function take(sending: Sending, receiving: Receiving, kind: number, data: Uint8Array): boolean {
  switch (kind) {
    case command.data:
      return receiving.data(data)
    case command.end:
      return receiving.end()
    case command.credit: {
      const credit = readCredit(data)
      return credit !== undefined && sending.credited(credit)
    }
    case command.blocked:
      receiving.grow()
      return true
    default:
      return false
  }
}

function readCredit(data: Uint8Array): Credit | undefined {
  if (data.length !== creditBytes) return undefined
  const [granted, received] = [readOffset(data, 0), readOffset(data, 8)]
  return granted === undefined || received === undefined ? undefined : { granted, received }
}

/** A place in a stream: 8 bytes, below 2^53. */
export function readOffset(data: Uint8Array, at: number): number | undefined {
  if (data.length < at + 8) return undefined
  const value = new DataView(data.buffer, data.byteOffset + at).getBigUint64(0)
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(value)
}

export function offsetBytes(offset: number): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt(offset))
  return out
}
