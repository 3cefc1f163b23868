import { concatBytes } from '@anarq/bytes'
import { codeOfEnd, endOfCode, type Flow, type FlowEvents, type StreamEnd } from '../flow.ts'
import { command } from './cell.ts'

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

export const windowFirst: number = 256 * 1024
export const windowMax: number = 8 * 1024 * 1024
/** Written and not yet sent, at most. */
const pendingBytesMax = windowMax
export const creditBytes = 16

export function createStream(events: FlowEvents, isKept: boolean): Stream {
  let link: StreamLink | undefined
  let isConnected = false
  let isOver = false

  const unsent: Uint8Array[] = []
  let unsentBytes = 0
  let sent = 0
  /** How far `written` was told: what goes out a second time is not told again. */
  let told = 0
  let allowed = windowFirst
  let blockedAt = -1
  let isEnding = false
  let isEndSent = false
  /** Of a kept stream: what was sent and is not known to be received, from byte `held.from` on. */
  const held = { from: 0, pieces: [] as Uint8Array[] }

  let received = 0
  let consumed = 0
  let granted = windowFirst
  let window = windowFirst
  let hasPeerEnded = false

  const finish = (reason: StreamEnd): void => {
    if (isOver) return
    isOver = true
    unsent.length = 0
    held.pieces.length = 0
    link?.over()
    link = undefined
    events.closed(reason)
  }
  const isEndReceived = (): boolean => !isKept || held.from > sent
  const finishIfDone = (): void => {
    if (isEndSent && hasPeerEnded && isEndReceived()) finish('done')
  }
  /** On a new circuit a kept stream's bytes may come before the service behind it has answered. */
  const mayReceive = (): boolean => isConnected || isKept
  const grant = (isForced: boolean): void => {
    if (!isForced && granted - consumed > (window * 3) / 4) return
    granted = Math.max(granted, consumed + window)
    link?.send(command.credit, creditOf(granted, received + (hasPeerEnded ? 1 : 0)))
  }
  /** The other end has more than it may send: the window holds it up, unless what came is not used here. */
  const grow = (): void => {
    if (hasPeerEnded || window >= windowMax || received - consumed > window / 2) return
    if (!link?.mayGrow(window)) return
    window *= 2
    grant(true)
  }
  const tellBlocked = (): void => {
    if (!isConnected || unsentBytes === 0 || allowed > sent || blockedAt === allowed) return
    blockedAt = allowed
    link?.send(command.blocked, new Uint8Array(0))
  }
  const violate = (): boolean => {
    finish('protocol')
    return false
  }
  const dropHeld = (peerReceived: number): void => {
    const { pieces } = held
    while (pieces[0] !== undefined && held.from + pieces[0].length <= peerReceived)
      held.from += (pieces.shift() as Uint8Array).length
    if (pieces.length === 0 && isEndSent && peerReceived > sent) held.from = sent + 1
  }

  const flow: Flow = {
    write(bytes) {
      if (isOver || isEnding || bytes.length === 0) return
      unsent.push(bytes)
      unsentBytes += bytes.length
      if (unsentBytes > pendingBytesMax) {
        link?.send(command.reset, Uint8Array.of(codeOfEnd('resources')))
        finish('resources')
      } else {
        tellBlocked()
        link?.wake()
      }
    },
    consumed(bytes) {
      if (isOver) return
      consumed = Math.min(consumed + Math.max(0, bytes), received)
      if (!hasPeerEnded) grant(false)
    },
    end() {
      if (isOver || isEnding) return
      isEnding = true
      link?.wake()
    },
    reset(reason) {
      if (isOver) return
      isOver = true
      link?.send(command.reset, Uint8Array.of(codeOfEnd(reason)))
      link?.over()
      link = undefined
    },
  }

  return {
    flow,
    isKept,
    hasNext: () =>
      isConnected &&
      !isOver &&
      ((unsentBytes > 0 && allowed > sent) || (unsentBytes === 0 && isEnding && !isEndSent)),
    next(bytesMax) {
      if (!isConnected || isOver) return undefined
      const room = Math.min(bytesMax, allowed - sent, unsentBytes)
      if (room > 0) {
        const bytes = takeFrom(unsent, room)
        unsentBytes -= room
        sent += room
        if (isKept) held.pieces.push(bytes)
        if (sent > told) events.written(sent - told)
        told = Math.max(told, sent)
        tellBlocked()
        return bytes
      }
      if (unsentBytes > 0 || !isEnding || isEndSent) return undefined
      isEndSent = true
      queueMicrotask(finishIfDone)
      return 'end'
    },
    receive(kind, data) {
      if (isOver) return true
      switch (kind) {
        case command.data:
          if (hasPeerEnded || !mayReceive() || received + data.length > granted) return violate()
          received += data.length
          events.data(data)
          return true
        case command.end:
          if (hasPeerEnded || !mayReceive()) return violate()
          hasPeerEnded = true
          if (isKept) grant(true)
          events.ended()
          finishIfDone()
          return true
        case command.credit: {
          const credit = readCredit(data)
          if (credit === undefined || credit.received > sent + (isEndSent ? 1 : 0)) return violate()
          allowed = Math.max(allowed, credit.granted)
          if (isKept) dropHeld(credit.received)
          finishIfDone()
          link?.wake()
          return true
        }
        case command.blocked:
          grow()
          return true
        case command.reset:
          finish(endOfCode(data[0]))
          return true
        default:
          return violate()
      }
    },
    connected() {
      if (isConnected || isOver) return
      isConnected = true
      events.connected()
      link?.wake()
    },
    attach(to) {
      link?.over()
      link = to
    },
    detach(reason) {
      link = undefined
      if (isOver) return
      const isDelivered = isEndSent && hasPeerEnded && (!isKept || held.pieces.length === 0)
      if (isDelivered) finish('done')
      else if (!isKept || reason !== 'lost') finish(reason)
    },
    abandon: finish,
    get received() {
      return received + (hasPeerEnded ? 1 : 0)
    },
    rewind(peerReceived) {
      if (peerReceived < held.from || peerReceived > sent + (isEndSent ? 1 : 0)) return violate()
      dropHeld(peerReceived)
      // A piece of which a part was received goes out again without that part.
      const again = concatBytes(...held.pieces).subarray(
        Math.max(0, Math.min(peerReceived, sent) - held.from),
      )
      held.pieces.length = 0
      held.from = peerReceived
      sent -= again.length
      if (again.length > 0) unsent.unshift(again)
      unsentBytes += again.length
      if (isEndSent && peerReceived <= sent + again.length) isEndSent = false
      grant(true)
      finishIfDone()
      link?.wake()
      return true
    },
    get isOver() {
      return isOver
    },
  }
}

function takeFrom(pieces: Uint8Array[], bytes: number): Uint8Array {
  const first = pieces[0] as Uint8Array
  if (first.length > bytes) {
    pieces[0] = first.subarray(bytes)
    return first.subarray(0, bytes)
  }
  if (first.length === bytes) return pieces.shift() as Uint8Array
  const out = new Uint8Array(bytes)
  let filled = 0
  while (filled < bytes) {
    const piece = pieces.shift() as Uint8Array
    const part = piece.subarray(0, bytes - filled)
    out.set(part, filled)
    filled += part.length
    if (part.length < piece.length) pieces.unshift(piece.subarray(part.length))
  }
  return out
}

function creditOf(granted: number, received: number): Uint8Array {
  const out = new Uint8Array(creditBytes)
  const view = new DataView(out.buffer)
  view.setBigUint64(0, BigInt(granted))
  view.setBigUint64(8, BigInt(received))
  return out
}

function readCredit(data: Uint8Array): { granted: number; received: number } | undefined {
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
