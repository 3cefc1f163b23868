import { concatBytes } from '@anarq/bytes'
import type { FlowEvents } from '../flow.ts'
import { command } from './cell.ts'
import type { StreamLink } from './stream.ts'

const windowFirst = 256 * 1024
const windowMax = 8 * 1024 * 1024
/** Written and not yet sent, at most. */
const pendingBytesMax = windowMax
export const creditBytes = 16

/** Before it is known whether the stream connects: whether this end sends, or takes, what may come to nothing. */
export type Early = 'none' | 'sends' | 'takes'

/** What both halves of a stream's end know of it. */
export type StreamState = {
  readonly early: Early
  link: StreamLink | undefined
  isConnected: boolean
  isOver: boolean
  /** Moved to another circuit, whose other end has not said yet how far it is: what went out now would come twice. */
  isMoving: boolean
}
export type Credit = { readonly granted: number; readonly received: number }

/** What goes out: as far as the other end's credit reaches, and of a kept stream held until it was received. */
export type Sending = {
  /** False: more than may wait. */
  write(bytes: Uint8Array): boolean
  end(): void
  hasNext(): boolean
  next(bytesMax: number): Uint8Array | 'end' | undefined
  /** False: the other end cannot have received so much. */
  credited(credit: Credit): boolean
  rewind(peerReceived: number): boolean
  clear(): void
  readonly isEnding: boolean
  /** The end went out, and of a kept stream it was received too. */
  readonly isDone: boolean
  /** All that could be held went out and was received. */
  readonly isDelivered: boolean
}

export function createSending(state: StreamState, events: FlowEvents, isKept: boolean): Sending {
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

  const tellBlocked = (): void => {
    if (!state.isConnected || unsentBytes === 0 || allowed > sent || blockedAt === allowed) return
    blockedAt = allowed
    state.link?.send(command.blocked, new Uint8Array(0))
  }
  const isOpen = (): boolean =>
    (state.isConnected || state.early === 'sends') && !state.isOver && !state.isMoving
  const sentWithEnd = (): number => sent + (isEndSent ? 1 : 0)
  const dropHeld = (peerReceived: number): void => {
    const { pieces } = held
    while (pieces[0] !== undefined && held.from + pieces[0].length <= peerReceived)
      held.from += (pieces.shift() as Uint8Array).length
    if (pieces.length === 0 && isEndSent && peerReceived > sent) held.from = sent + 1
  }

  return {
    write(bytes) {
      unsent.push(bytes)
      unsentBytes += bytes.length
      if (unsentBytes > pendingBytesMax) return false
      tellBlocked()
      return true
    },
    end() {
      isEnding = true
    },
    hasNext: () =>
      isOpen() && ((unsentBytes > 0 && allowed > sent) || (unsentBytes === 0 && isEnding && !isEndSent)),
    next(bytesMax) {
      if (!isOpen()) return undefined
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
      return 'end'
    },
    credited({ granted, received }) {
      if (received > sentWithEnd()) return false
      allowed = Math.max(allowed, granted)
      if (isKept) dropHeld(received)
      return true
    },
    rewind(peerReceived) {
      if (peerReceived < held.from || peerReceived > sentWithEnd()) return false
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
      return true
    },
    clear() {
      unsent.length = 0
      held.pieces.length = 0
    },
    get isEnding() {
      return isEnding
    },
    get isDone() {
      return isEndSent && (!isKept || held.from > sent)
    },
    get isDelivered() {
      return isEndSent && (!isKept || held.pieces.length === 0)
    },
  }
}

/** What comes in: as far as credit was given, which doubles where it holds the other end up. */
export type Receiving = {
  /** False, here as below: the other end may not send this now. */
  data(bytes: Uint8Array): boolean
  end(): boolean
  consumed(bytes: number): void
  /** Credit to the other end, where so much was used that it is worth a message; or in any case. */
  grant(isForced: boolean): void
  /** The other end has more than it may send. */
  grow(): void
  readonly hasPeerEnded: boolean
  /** The end counted as one. */
  readonly received: number
}

export function createReceiving(state: StreamState, events: FlowEvents, isKept: boolean): Receiving {
  let received = 0
  let consumed = 0
  let granted = windowFirst
  let window = windowFirst
  let hasPeerEnded = false

  /** On a new circuit a kept stream's bytes may come before the service behind it has answered. */
  const mayReceive = (): boolean => !hasPeerEnded && (state.isConnected || isKept || state.early === 'takes')
  const grant = (isForced: boolean): void => {
    if (!isForced && granted - consumed > (window * 3) / 4) return
    granted = Math.max(granted, consumed + window)
    state.link?.send(command.credit, creditOf(granted, received + (hasPeerEnded ? 1 : 0)))
  }
  return {
    data(bytes) {
      if (!mayReceive() || received + bytes.length > granted) return false
      received += bytes.length
      events.data(bytes)
      return true
    },
    end() {
      if (!mayReceive()) return false
      hasPeerEnded = true
      if (isKept) grant(true)
      events.ended()
      return true
    },
    consumed(bytes) {
      consumed = Math.min(consumed + Math.max(0, bytes), received)
      if (!hasPeerEnded) grant(false)
    },
    grant,
    grow() {
      // The window holds it up, unless what came is not used here.
      if (hasPeerEnded || window >= windowMax || received - consumed > window / 2) return
      if (!state.link?.mayGrow(window)) return
      window *= 2
      grant(true)
    },
    get hasPeerEnded() {
      return hasPeerEnded
    },
    get received() {
      return received + (hasPeerEnded ? 1 : 0)
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
