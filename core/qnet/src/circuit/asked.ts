import { concatBytes } from '@anarq/bytes'
import { codeOfEnd, type DatagramEvents, type Datagrams, endOfCode, type StreamEnd } from '../flow.ts'
import { command, dataBytesMax, type Message } from './cell.ts'
import type { End } from './end.ts'
import { isHostText, readAddresses, readHost, writeHost } from './target.ts'

/** What a client asks of its exit besides streams: names looked up, datagrams. */
export type Asked = {
  resolve(host: string, done: (addresses: readonly string[]) => void): void
  associate(events: DatagramEvents): Datagrams | undefined
  has(id: number): boolean
  /** Undefined: none of these. False: the exit broke the protocol. */
  receive(message: Message): boolean | undefined
  detach(reason: StreamEnd): void
  readonly associations: number
}
export type AskedOptions = {
  readonly send: (message: Message) => void
  readonly end: End
  readonly freeId: () => number | undefined
}

type Association = DatagramEvents & { isConnected: boolean }

export function createAsked({ send, end, freeId }: AskedOptions): Asked {
  const questions = new Map<number, (addresses: readonly string[]) => void>()
  const associations = new Map<number, Association>()

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
    has: (id) => questions.has(id) || associations.has(id),
    receive(message) {
      const { command: kind, stream: id, data } = message
      const association = associations.get(id)
      if (association !== undefined) return ofAssociation(message, association)
      if (kind === command.resolved) return resolved(id, readAddresses(data))
      if (questions.has(id)) return kind === command.reset && resolved(id, [])
      return undefined
    },
    detach(reason) {
      for (const done of questions.values()) done([])
      questions.clear()
      for (const { closed } of associations.values()) closed(reason)
      associations.clear()
    },
    get associations() {
      return associations.size
    },
  }
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}
