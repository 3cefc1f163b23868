import { type Exit, type Flow, type FlowEvents, joinFlows, type Services, type StreamEnd } from '../flow.ts'
import type { World } from '../world.ts'
import { command, type Message } from './cell.ts'
import { createEnd } from './end.ts'
import type { Kept } from './kept.ts'
import { createQuestions, refusal } from './questions.ts'
import { offsetBytes, readOffset, type Stream } from './stream.ts'
import { type Begin, readBegin, tokenBytes } from './target.ts'

/** A circuit's last hop: what streams end in. Made with the first message that asks for it. */
export type Terminal = {
  /** False: the client broke the protocol, and the circuit ends. */
  receive(message: Message): boolean
  /** The circuit is gone: kept streams wait for another one. */
  close(): void
}
export type TerminalOptions = {
  readonly world: World
  readonly send: (message: Message) => void
  /** Absent: this node lets nothing out. */
  readonly exit?: Exit | undefined
  readonly services?: Services | undefined
  readonly kept: Kept
}

const none = new Uint8Array(0)

export function createTerminal({ world, send, exit, services, kept }: TerminalOptions): Terminal {
  const end = createEnd({ world, send })
  const questions = createQuestions({ send, end, exit })
  const keptHere = new Set<Stream>()

  const refuse = (id: number, reason: StreamEnd): void => send(refusal(id, reason))
  const isFree = (id: number): boolean => id !== 0 && !end.has(id) && !questions.has(id)

  const begin = (id: number, { target, token }: Begin): void => {
    if (end.freeId() === undefined) {
      refuse(id, 'resources')
      return
    }
    if (target.kind === 'host' ? exit === undefined : services === undefined) {
      refuse(id, 'refused')
      return
    }
    let out: Flow | undefined
    const stream = end.open(id, { connected() {}, ...joinFlows(() => out) } satisfies FlowEvents, {
      isKept: token !== undefined,
      early: 'takes',
    })
    if (token !== undefined && !kept.add(token, stream)) {
      stream.flow.reset('resources')
      return
    }
    if (token !== undefined) keptHere.add(stream)
    const events: FlowEvents = {
      ...joinFlows(() => stream.flow),
      connected() {
        if (stream.isOver) return
        send({ command: command.connected, stream: id, data: none })
        stream.connected()
      },
    }
    out =
      target.kind === 'host'
        ? exit?.connect(target.host, target.port, events)
        : services?.connect(target.service, events)
    if (out === undefined) stream.flow.reset('refused')
  }

  const resume = (id: number, data: Uint8Array): boolean => {
    const received = readOffset(data, tokenBytes)
    if (data.length !== tokenBytes + 8 || received === undefined) return false
    const stream = kept.find(data.subarray(0, tokenBytes))
    if (stream === undefined) {
      refuse(id, 'lost')
      return true
    }
    const said = offsetBytes(stream.received)
    end.adopt(id, stream)
    keptHere.add(stream)
    send({ command: command.resumed, stream: id, data: said })
    return stream.rewind(received)
  }

  return {
    receive(message) {
      const { command: kind, stream: id, data } = message
      if (questions.has(id)) return questions.receive(message)
      switch (kind) {
        case command.begin: {
          const asked = readBegin(data)
          if (asked === undefined || !isFree(id)) return false
          begin(id, asked)
          return true
        }
        case command.resume:
          return isFree(id) && resume(id, data)
        case command.resolve:
          return questions.resolve(id, data)
        case command.associate:
          if (!isFree(id)) return false
          questions.associate(id)
          return true
        default:
          return endCommands.has(kind) && end.receive(message)
      }
    },
    close() {
      questions.close()
      const mine = [...keptHere].filter((stream) => end.holds(stream))
      end.detach('lost')
      for (const stream of mine) kept.wait(stream)
    },
  }
}

/** What a client may say of streams that are open. */
const endCommands: ReadonlySet<number> = new Set([
  command.ack,
  command.data,
  command.datagram,
  command.end,
  command.blocked,
  command.credit,
  command.reset,
])
