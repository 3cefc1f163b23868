import type { Pipe, PipeEvents } from '@anarq/links'
import type { World } from '@anarq/qnet'

export type RelayPipeOptions = {
  readonly world: World
  /** The broker's pace for both ways together. */
  readonly bytesPerSecond: number
  /** To the broker. */
  send(bytes: Uint8Array): void
  /** This side ended it; once. */
  ended(): void
}

/** The sealed bytes of one link, passed on by a broker. */
export type RelayPipe = Pipe & {
  /** From the broker. */
  take(bytes: Uint8Array): void
  /** The broker ended it, or is gone. */
  closed(): void
}

/** What a broker takes in one piece is more; smaller ones keep others of its node waiting for less long. */
const pieceBytesMax = 16_384
const queuedBytesHigh = 65_536
/** What comes before the link listens. */
const heldBytesMax = 131_072
/** Of a second, that goes out at once after a while of silence. */
const burst = 0.25
/** The other side has the same share; what is left is room for what was held up and comes at once. */
const share = 0.45

/** Sends at a pace that the broker bears: who is faster is cut off there. */
export function createRelayPipe({ world, bytesPerSecond, send, ended }: RelayPipeOptions): RelayPipe {
  const perMs = (bytesPerSecond * share) / 1000
  const tokensMax = Math.max(pieceBytesMax, bytesPerSecond * share * burst)
  const queue: Uint8Array[] = []
  const held: Uint8Array[] = []
  let events: PipeEvents | undefined
  let queuedBytes = 0
  let heldBytes = 0
  let tokens = tokensMax
  let filledMs = performance.now()
  let isWaiting = false
  let isFull = false
  let isEnding = false
  let isOver = false

  const over = (): void => {
    if (isOver) return
    isOver = true
    queue.length = 0
    // Whoever writes is never called back before it returns.
    queueMicrotask(() => events?.onClosed())
  }
  const finish = (): void => {
    if (isOver) return
    over()
    ended()
  }
  const pump = (): void => {
    if (isWaiting || isOver) return
    const nowMs = performance.now()
    tokens = Math.min(tokensMax, tokens + (nowMs - filledMs) * perMs)
    filledMs = nowMs
    for (let piece = queue[0]; piece !== undefined && tokens >= piece.length; piece = queue[0]) {
      queue.shift()
      tokens -= piece.length
      queuedBytes -= piece.length
      send(piece)
    }
    const next = queue[0]
    if (next !== undefined) {
      isWaiting = true
      world.after(Math.ceil((next.length - tokens) / perMs), () => {
        isWaiting = false
        pump()
      })
    } else if (isEnding) finish()
    if (isFull && queuedBytes < queuedBytesHigh / 2) {
      isFull = false
      queueMicrotask(() => events?.onDrain())
    }
  }
  return {
    remoteAddress: '',
    way: 'relayed',
    start(given) {
      events = given
      for (const bytes of held.splice(0)) given.onData(bytes)
      if (isOver) queueMicrotask(() => given.onClosed())
    },
    write(bytes) {
      if (isOver || isEnding) return true
      for (let at = 0; at < bytes.length; at += pieceBytesMax)
        queue.push(bytes.subarray(at, at + pieceBytesMax))
      queuedBytes += bytes.length
      pump()
      isFull ||= queuedBytes >= queuedBytesHigh
      return !isFull
    },
    end() {
      isEnding = true
      pump()
    },
    take(bytes) {
      if (isOver) return
      if (events !== undefined) events.onData(bytes)
      else if (heldBytes + bytes.length > heldBytesMax) finish()
      else {
        held.push(bytes)
        heldBytes += bytes.length
      }
    },
    closed: over,
  }
}
