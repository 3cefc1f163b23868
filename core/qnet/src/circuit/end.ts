import type { FlowEvents, StreamEnd } from '../flow.ts'
import type { World } from '../world.ts'
import { command, dataBytesMax, type Message } from './cell.ts'
import { type Congestion, cellsPerAck, createCongestion } from './congestion.ts'
import { createStream, type Stream, type StreamLink } from './stream.ts'
import type { Early } from './stream-halves.ts'

/**
 * One end of a circuit, the client's or the last hop's: its streams, in turn, as far as each one's credit and the circuit's
 * congestion window allow.
 */
export type End = {
  /** False: the peer broke the protocol, and the circuit ends. Only what belongs to a stream or to `ack`. */
  receive(message: Message): boolean
  /** A number that no stream has, or undefined: as many as may be are open. */
  freeId(): number | undefined
  open(id: number, events: FlowEvents, how: { readonly isKept: boolean; readonly early: Early }): Stream
  /** A kept stream comes over from a circuit that was lost. */
  adopt(id: number, stream: Stream): void
  has(id: number): boolean
  /** Cells besides streams that count for congestion: datagrams. False when there is no room just now. */
  sendCounted(message: Message): boolean
  holds(stream: Stream): boolean
  /** All streams lose this circuit. */
  detach(reason: StreamEnd): void
  readonly streams: number
  readonly congestion: Congestion
}
export type EndOptions = {
  readonly world: World
  readonly send: (message: Message) => void
  readonly streamsMax?: number
}

/** What the windows of one circuit's streams may grow to beyond the first, together. */
const growthBytesMax = 16 * 1024 * 1024
const none = new Uint8Array(0)

export function createEnd({ world, send, streamsMax = 128 }: EndOptions): End {
  const streams = new Map<number, Stream>()
  /** Those with something to send, in turn. */
  const waiting = new Map<number, Stream>()
  const congestion = createCongestion()
  const growth = createGrowth()
  let counted = 0
  let lastId = 0
  let isPumping = false

  const linkOf = (id: number, stream: () => Stream): StreamLink => {
    const share = growth()
    return {
      send: (kind, data) => send({ command: kind, stream: id, data }),
      wake() {
        const one = stream()
        if (one.hasNext()) waiting.set(id, one)
        pump()
      },
      over() {
        streams.delete(id)
        waiting.delete(id)
        share.giveBack()
      },
      mayGrow: share.take,
    }
  }
  /** Each stream one cell, then the next: nobody's download keeps another's from its turn. */
  const pump = (): void => {
    if (isPumping) return
    isPumping = true
    for (let turn = waiting.entries().next(); !turn.done; turn = waiting.entries().next()) {
      if (!congestion.canSend()) break
      const [id, stream] = turn.value
      waiting.delete(id)
      const next = stream.next(dataBytesMax)
      if (next === 'end') send({ command: command.end, stream: id, data: none })
      else if (next !== undefined) sendCounted({ command: command.data, stream: id, data: next })
      if (stream.hasNext()) waiting.set(id, stream)
    }
    isPumping = false
  }
  const sendCounted = (message: Message): void => {
    congestion.sent(world.clock.nowMs())
    send(message)
  }
  const count = (): void => {
    counted += 1
    if (counted % cellsPerAck === 0) send({ command: command.ack, stream: 0, data: none })
  }
  const adopt = (id: number, stream: Stream): void => {
    streams.set(id, stream)
    stream.attach(linkOf(id, () => stream))
  }

  return {
    receive({ command: kind, stream: id, data }) {
      if (kind === command.ack) {
        if (!congestion.acknowledged(world.clock.nowMs())) return false
        pump()
        return true
      }
      if (kind === command.data || kind === command.datagram) count()
      // A stream that is over here may not be over there yet.
      return streams.get(id)?.receive(kind, data) ?? true
    },
    freeId() {
      if (streams.size >= streamsMax) return undefined
      do lastId = (lastId % 65_535) + 1
      while (streams.has(lastId))
      return lastId
    },
    open(id, events, { isKept, early }) {
      const stream = createStream(events, isKept, early)
      adopt(id, stream)
      return stream
    },
    adopt,
    has: (id) => streams.has(id),
    holds: (stream) => [...streams.values()].includes(stream),
    sendCounted(message) {
      if (!congestion.canSend()) return false
      sendCounted(message)
      return true
    },
    detach(reason) {
      waiting.clear()
      for (const stream of [...streams.values()]) stream.detach(reason)
      streams.clear()
    },
    get streams() {
      return streams.size
    },
    congestion,
  }
}

type Share = { take(bytes: number): boolean; giveBack(): void }

/** What all windows together have grown beyond their first, and the share of each stream in it. */
function createGrowth(): () => Share {
  let grown = 0
  return () => {
    let own = 0
    return {
      take(bytes) {
        if (grown + bytes > growthBytesMax) return false
        grown += bytes
        own += bytes
        return true
      },
      giveBack() {
        grown -= own
        own = 0
      },
    }
  }
}
