import { concatBytes } from '@anarq/bytes'
import type { DatagramEvents, Datagrams, Flow, FlowEvents, StreamEnd, Target } from '../flow.ts'
import type { World } from '../world.ts'
import { createAsked, isPort } from './asked.ts'
import { command, type Message } from './cell.ts'
import { createEnd } from './end.ts'
import { offsetBytes, readOffset, type Stream } from './stream.ts'
import { isHostText, tokenBytes, writeBegin } from './target.ts'

/** What a ready circuit does for its owner. */
export type ClientStreams = {
  /** Undefined: this circuit has all the streams it may have. What is refused comes as `closed`. */
  open(target: Target, events: FlowEvents): Flow | undefined
  /** A stream that outlives this circuit: to a service of the last hop only. */
  openKept(service: string, events: FlowEvents): KeptStream | undefined
  /** A kept stream of a lost circuit goes on here, at the same last hop; `done` when that hop says that it has it. */
  resume(kept: KeptStream, done?: () => void): boolean
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
const tokens = new WeakMap<KeptStream, { readonly token: Uint8Array; readonly stream: Stream }>()

export function createClientStreams({
  world,
  send,
}: {
  readonly world: World
  readonly send: (message: Message) => void
}): Inner {
  const end = createEnd({ world, send })
  const freeId = (): number | undefined => {
    let id = end.freeId()
    for (let tries = 0; id !== undefined && asked.has(id); tries += 1)
      id = tries > 1024 ? undefined : end.freeId()
    return id
  }
  const asked = createAsked({ send, end, freeId })
  const opening = new Map<number, Stream>()
  const resuming = new Map<number, { readonly stream: Stream; readonly done: () => void }>()

  const begin = (target: Target, events: FlowEvents, token?: Uint8Array): Stream | undefined => {
    const id = freeId()
    if (id === undefined) return undefined
    const isSayable = target.kind === 'service' || (isHostText(target.host) && isPort(target.port))
    const isEarly = target.kind === 'host' && target.isEarly === true
    const stream = end.open(id, events, { isKept: token !== undefined, early: isEarly ? 'sends' : 'none' })
    if (!isSayable) queueMicrotask(() => stream.abandon('unresolved'))
    else {
      opening.set(id, stream)
      const data = writeBegin(token === undefined ? { target } : { target, token })
      send({ command: command.begin, stream: id, data })
    }
    return stream
  }
  const resumed = (id: number, data: Uint8Array): boolean => {
    const entry = resuming.get(id)
    const received = readOffset(data, 0)
    if (entry === undefined || received === undefined || data.length !== 8) return false
    resuming.delete(id)
    // Asked for on another circuit meanwhile, it has no business here.
    if (!end.holds(entry.stream)) return true
    if (!entry.stream.rewind(received)) return false
    entry.stream.connected()
    entry.done()
    return true
  }

  return {
    open: (target, events) => begin(target, events)?.flow,
    openKept(service, events) {
      const token = world.random.bytes(tokenBytes)
      const stream = begin({ kind: 'service', service }, events, token)
      return stream && keep(stream, token)
    },
    resume(kept, done = () => {}) {
      const id = freeId()
      const known = tokens.get(kept)
      if (id === undefined || known === undefined || kept.isOver) return false
      const { token, stream } = known
      end.adopt(id, stream)
      resuming.set(id, { stream, done })
      const data = concatBytes(token, offsetBytes(stream.received))
      send({ command: command.resume, stream: id, data })
      return true
    },
    resolve: asked.resolve,
    associate: asked.associate,
    receive(message) {
      const { command: kind, stream: id, data } = message
      const answered = asked.receive(message)
      if (answered !== undefined) return answered
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
      asked.detach(reason)
      end.detach(reason)
    },
    get streams() {
      return end.streams + asked.associations
    },
    get rttMs() {
      return end.congestion.rttMs
    },
  }
}

function keep(stream: Stream, token: Uint8Array): KeptStream {
  const kept: KeptStream = {
    flow: stream.flow,
    abandon: (reason) => stream.abandon(reason),
    get isOver() {
      return stream.isOver
    },
  }
  tokens.set(kept, { token, stream })
  return kept
}
