import { concatBytes } from '@anarq/bytes'
import {
  codeOfEnd,
  type DatagramEvents,
  type Datagrams,
  endOfCode,
  type Flow,
  type FlowEvents,
  type StreamEnd,
  type Target,
} from '../flow.ts'
import type { World } from '../world.ts'
import { command, dataBytesMax, type Message } from './cell.ts'
import { createEnd } from './end.ts'
import { offsetBytes, readOffset, type Stream } from './stream.ts'
import { isHostText, readAddresses, readHost, tokenBytes, writeBegin, writeHost } from './target.ts'

/** What a ready circuit does for its owner. */
export type ClientStreams = {
  /** Undefined: this circuit has all the streams it may have. What is refused comes as `closed`. */
  open(target: Target, events: FlowEvents): Flow | undefined
  /** A stream that outlives this circuit: to a service of the last hop only. */
  openKept(service: string, events: FlowEvents): KeptStream | undefined
  /** A kept stream of a lost circuit goes on here, at the same last hop. */
  resume(kept: KeptStream): boolean
  /** Addresses of a name, as the exit sees it; none where there are none. */
  resolve(host: string, done: (addresses: readonly string[]) => void): void
  associate(events: DatagramEvents): Datagrams | undefined
  readonly streams: number
  /** To the last hop and back, as the streams' acknowledgements say. */
  readonly rttMs: number | undefined
}
export type KeptStream = { readonly flow: Flow; readonly isOver: boolean; abandon(reason: StreamEnd): void }

type Inner = ClientStreams & {
  /** False: the last hop broke the protocol. */
  receive(message: Message): boolean
  detach(reason: StreamEnd): void
}
type Association = DatagramEvents & { isConnected: boolean }

const tokens = new WeakMap<KeptStream, { readonly token: Uint8Array; readonly stream: Stream }>()

export function createClientStreams({
  world,
  send,
}: {
  readonly world: World
  readonly send: (message: Message) => void
}): Inner {
  const end = createEnd({ world, send })
  const opening = new Map<number, Stream>()
  const resuming = new Map<number, Stream>()
  const questions = new Map<number, (addresses: readonly string[]) => void>()
  const associations = new Map<number, Association>()
  const freeId = (): number | undefined => {
    let id = end.freeId()
    for (let tries = 0; id !== undefined && (questions.has(id) || associations.has(id)); tries += 1)
      id = tries > 1024 ? undefined : end.freeId()
    return id
  }

  const begin = (target: Target, events: FlowEvents, token?: Uint8Array): Stream | undefined => {
    const id = freeId()
    if (id === undefined) return undefined
    const isSayable = target.kind === 'service' || (isHostText(target.host) && isPort(target.port))
    const stream = end.open(id, events, token !== undefined)
    if (!isSayable) queueMicrotask(() => stream.abandon('unresolved'))
    else {
      opening.set(id, stream)
      send({
        command: command.begin,
        stream: id,
        data: writeBegin(token === undefined ? { target } : { target, token }),
      })
    }
    return stream
  }

  const resumed = (id: number, data: Uint8Array): boolean => {
    const stream = resuming.get(id)
    const received = readOffset(data, 0)
    if (stream === undefined || received === undefined || data.length !== 8) return false
    resuming.delete(id)
    if (!stream.rewind(received)) return false
    stream.connected()
    return true
  }
  const resolved = (id: number, addresses: readonly string[] | undefined): boolean => {
    const done = questions.get(id)
    questions.delete(id)
    if (done === undefined || addresses === undefined) return false
    done(addresses)
    return true
  }
  const ofAssociation = (message: Message, association: Association): boolean => {
    const { command: kind, stream: id, data } = message
    if (kind === command.reset) {
      associations.delete(id)
      association.closed(endOfCode(data[0]))
      return true
    }
    if (kind === command.connected && !association.isConnected) {
      association.isConnected = true
      association.connected()
      return true
    }
    const from = kind === command.datagram ? readHost(data) : undefined
    if (from === undefined) return false
    association.datagram(from.host, from.port, data.slice(from.bytes))
    return end.receive(message)
  }

  return {
    open: (target, events) => begin(target, events)?.flow,
    openKept(service, events) {
      const token = world.random.bytes(tokenBytes)
      const stream = begin({ kind: 'service', service }, events, token)
      if (stream === undefined) return undefined
      const kept: KeptStream = {
        flow: stream.flow,
        abandon: (reason) => stream.abandon(reason),
        get isOver() {
          return stream.isOver
        },
      }
      tokens.set(kept, { token, stream })
      return kept
    },
    resume(kept) {
      const id = freeId()
      const known = tokens.get(kept)
      if (id === undefined || known === undefined || kept.isOver) return false
      const { token, stream } = known
      end.adopt(id, stream)
      resuming.set(id, stream)
      const data = concatBytes(token, offsetBytes(stream.received))
      send({ command: command.resume, stream: id, data })
      return true
    },
    resolve(host, done) {
      const id = freeId()
      if (id === undefined || !isHostText(host)) return queueMicrotask(() => done([]))
      questions.set(id, done)
      send({ command: command.resolve, stream: id, data: writeHost(host, 0) })
    },
    associate(events) {
      const id = freeId()
      if (id === undefined) return undefined
      associations.set(id, { ...events, isConnected: false })
      send({ command: command.associate, stream: id, data: new Uint8Array(0) })
      return {
        send(host, port, bytes) {
          if (!associations.has(id) || !isHostText(host) || !isPort(port)) return
          const data = concatBytes(writeHost(host, port), bytes)
          if (data.length <= dataBytesMax) end.sendCounted({ command: command.datagram, stream: id, data })
        },
        close() {
          if (associations.delete(id))
            send({ command: command.reset, stream: id, data: Uint8Array.of(codeOfEnd('done')) })
        },
      }
    },
    receive(message) {
      const { command: kind, stream: id, data } = message
      const association = associations.get(id)
      if (association !== undefined) return ofAssociation(message, association)
      if (kind === command.resolved) return resolved(id, readAddresses(data))
      if (questions.has(id)) return kind === command.reset && resolved(id, [])
      if (kind === command.resumed) return resumed(id, data)
      if (kind === command.connected) {
        const stream = opening.get(id)
        opening.delete(id)
        // It may have been given up here before the answer came.
        stream?.connected()
        return true
      }
      if (kind === command.reset) {
        opening.delete(id)
        resuming.delete(id)
      }
      return end.receive(message)
    },
    detach(reason) {
      for (const done of questions.values()) done([])
      questions.clear()
      for (const { closed } of associations.values()) closed(reason)
      associations.clear()
      end.detach(reason)
    },
    get streams() {
      return end.streams + associations.size
    },
    get rttMs() {
      return end.congestion.rttMs
    },
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}
