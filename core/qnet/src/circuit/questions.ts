import { concatBytes } from '@anarq/bytes'
import { codeOfEnd, type Datagrams, type Exit, type StreamEnd } from '../flow.ts'
import { command, dataBytesMax, type Message } from './cell.ts'
import type { End } from './end.ts'
import { readHost, writeAddresses, writeHost } from './target.ts'

/** What a last hop does besides streams: names looked up, datagrams. */
export type Questions = {
  /** False, here as below: the client broke the protocol. */
  resolve(id: number, data: Uint8Array): boolean
  associate(id: number): void
  has(id: number): boolean
  /** A message of an association that stands. */
  receive(message: Message): boolean
  close(): void
}
export type QuestionsOptions = {
  readonly send: (message: Message) => void
  readonly end: End
  readonly exit: Exit | undefined
}

const questionsMax = 16

export function createQuestions({ send, end, exit }: QuestionsOptions): Questions {
  const associations = new Map<number, Datagrams>()
  let questions = 0
  const refuse = (id: number, reason: StreamEnd): void => send(refusal(id, reason))

  return {
    resolve(id, data) {
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
    },
    associate(id) {
      if (exit === undefined || associations.size >= questionsMax) {
        refuse(id, exit === undefined ? 'refused' : 'resources')
        return
      }
      const datagrams = exit.datagrams({
        connected: () => send({ command: command.connected, stream: id, data: new Uint8Array(0) }),
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
    },
    has: (id) => associations.has(id),
    receive(message) {
      const datagrams = associations.get(message.stream)
      if (message.command === command.reset || message.command === command.end) {
        associations.delete(message.stream)
        datagrams?.close()
        return true
      }
      const to = message.command === command.datagram ? readHost(message.data) : undefined
      if (to === undefined) return false
      datagrams?.send(to.host, to.port, message.data.subarray(to.bytes))
      return end.receive(message)
    },
    close() {
      for (const datagrams of associations.values()) datagrams.close()
      associations.clear()
    },
  }
}

export function refusal(id: number, reason: StreamEnd): Message {
  return { command: command.reset, stream: id, data: Uint8Array.of(codeOfEnd(reason)) }
}
