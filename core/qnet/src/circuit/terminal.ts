import { concatBytes, toHex } from '@anarq/bytes'
import {
  codeOfEnd,
  type Datagrams,
  type Exit,
  type Flow,
  type FlowEvents,
  joinFlows,
  type Services,
  type StreamEnd,
} from '../flow.ts'
import type { World } from '../world.ts'
import { command, dataBytesMax, type Message } from './cell.ts'
import { createEnd } from './end.ts'
import { offsetBytes, readOffset, type Stream } from './stream.ts'
import { type Begin, readBegin, readHost, tokenBytes, writeAddresses, writeHost } from './target.ts'

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

/** Kept streams of all circuits of this node, by the token that their client drew. */
export type Kept = {
  add(token: Uint8Array, stream: Stream): boolean
  find(token: Uint8Array): Stream | undefined
  /** Nobody is connected to it: it waits so long, and then it is over. */
  wait(stream: Stream): void
}

const keptMax = 1024
const keptMs = 120_000
const questionsMax = 16
const none = new Uint8Array(0)

export function createKept(world: World): Kept {
  const byToken = new Map<string, { stream: Stream; cancel?: () => void }>()
  const sweep = (): void => {
    for (const [token, { stream }] of byToken) if (stream.isOver) byToken.delete(token)
  }
  return {
    add(token, stream) {
      if (byToken.size >= keptMax) sweep()
      if (byToken.size >= keptMax || byToken.has(toHex(token))) return false
      byToken.set(toHex(token), { stream })
      return true
    },
    find(token) {
      const entry = byToken.get(toHex(token))
      entry?.cancel?.()
      return entry?.stream.isOver === false ? entry.stream : undefined
    },
    wait(stream) {
      for (const [token, entry] of byToken) {
        if (entry.stream !== stream) continue
        if (stream.isOver) byToken.delete(token)
        else
          entry.cancel = world.after(keptMs, () => {
            byToken.delete(token)
            stream.abandon('lost')
          })
      }
    },
  }
}

export function createTerminal({ world, send, exit, services, kept }: TerminalOptions): Terminal {
  const end = createEnd({ world, send })
  const associations = new Map<number, Datagrams>()
  const keptHere = new Set<Stream>()
  let questions = 0

  const refuse = (id: number, reason: StreamEnd): void =>
    send({ command: command.reset, stream: id, data: Uint8Array.of(codeOfEnd(reason)) })
  const isFree = (id: number): boolean => id !== 0 && !end.has(id) && !associations.has(id)

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
    const stream = end.open(
      id,
      { connected() {}, ...joinFlows(() => out) } satisfies FlowEvents,
      token !== undefined,
    )
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

  const resolve = (id: number, data: Uint8Array): boolean => {
    const asked = readHost(data)
    if (asked === undefined || asked.bytes !== data.length) return false
    if (exit === undefined) refuse(id, 'refused')
    else if (questions >= questionsMax) refuse(id, 'resources')
    else {
      questions += 1
      exit.resolve(asked.host, (addresses) => {
        questions -= 1
        send({ command: command.resolved, stream: id, data: writeAddresses(addresses) })
      })
    }
    return true
  }

  const associate = (id: number): void => {
    if (exit === undefined) {
      refuse(id, 'refused')
      return
    }
    if (associations.size >= questionsMax) {
      refuse(id, 'resources')
      return
    }
    const datagrams = exit.datagrams({
      connected: () => send({ command: command.connected, stream: id, data: none }),
      datagram(host, port, bytes) {
        const data = concatBytes(writeHost(host, port), bytes)
        // Like any network, this one loses datagrams when there are too many, or when one is too long.
        if (data.length <= dataBytesMax) end.sendCounted({ command: command.datagram, stream: id, data })
      },
      closed(reason) {
        if (associations.delete(id)) refuse(id, reason)
      },
    })
    associations.set(id, datagrams)
  }

  const ofAssociation = (message: Message, datagrams: Datagrams): boolean => {
    if (message.command === command.reset || message.command === command.end) {
      associations.delete(message.stream)
      datagrams.close()
      return true
    }
    const to = message.command === command.datagram ? readHost(message.data) : undefined
    if (to === undefined) return false
    datagrams.send(to.host, to.port, message.data.subarray(to.bytes))
    return end.receive(message)
  }

  return {
    receive(message) {
      const { command: kind, stream: id, data } = message
      const association = associations.get(id)
      if (association !== undefined) return ofAssociation(message, association)
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
          return resolve(id, data)
        case command.associate:
          if (!isFree(id)) return false
          associate(id)
          return true
        case command.ack:
        case command.data:
        case command.datagram:
        case command.end:
        case command.blocked:
        case command.credit:
        case command.reset:
          return end.receive(message)
        default:
          return false
      }
    },
    close() {
      for (const datagrams of associations.values()) datagrams.close()
      associations.clear()
      const mine = [...keptHere].filter((stream) => end.holds(stream))
      end.detach('lost')
      for (const stream of mine) kept.wait(stream)
    },
  }
}
