import { pick } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Directory } from './directory.ts'
import { knownPerMessage, type Message, recordsPerMessage, wantedPerMessage } from './messages.ts'

/**
 * Records spread in two ways: what is new goes to a few peers within a second, and from time to time two nodes compare what they
 * hold and exchange the difference, so that whatever was lost arrives in the end.
 */
export type Gossip = {
  /** New here: to be passed on, not back. */
  spread(id: NodeId, from: NodeId): void
  compare(peer: NodeId): void
  receive(from: NodeId, message: Extract<Message, { kind: 'have' | 'sync' | 'want' }>): void
}

export type GossipOptions = {
  readonly world: World
  readonly directory: Directory
  readonly fanout: number
  live(): readonly NodeId[]
  period(): number
  send(to: NodeId, message: Message): void
  /** The other holds an older state of the network than we do. */
  isBehind(peer: NodeId): void
}

const spreadAfterMs = 1_000
const compareAfterMsMin = 5_000
const messagesPerExchange = 16
const peersHeldMax = 1024

export function createGossip(options: GossipOptions): Gossip {
  const { world, directory } = options
  const fresh = new Map<NodeId, NodeId>()
  const comparedMs = new Map<NodeId, number>()
  let isWaiting = false

  const sendRecords = (to: NodeId, ids: readonly NodeId[]): void => {
    const records = ids.flatMap((id) => directory.get(id)?.record.bytes ?? [])
    for (let at = 0; at < records.length; at += recordsPerMessage)
      options.send(to, { kind: 'records', records: records.slice(at, at + recordsPerMessage) })
  }
  const flush = (): void => {
    isWaiting = false
    const batch = [...fresh]
    fresh.clear()
    for (const peer of pick(world.random, options.live(), options.fanout))
      sendRecords(
        peer,
        batch.filter(([id, from]) => from !== peer && id !== peer).map(([id]) => id),
      )
  }
  /** What the other lacks goes to it, what we lack is asked for. */
  const exchange = (
    from: NodeId,
    known: readonly { id: NodeId; sequence: number }[],
    parts: Uint8Array,
  ): void => {
    const theirs = new Map(known.map(({ id, sequence }) => [id, sequence]))
    const wanted = known
      .filter(
        ({ id, sequence }) => (directory.get(id)?.record.sequence ?? -1) < sequence && !directory.isEnded(id),
      )
      .map(({ id }) => id)
    if (wanted.length > 0) options.send(from, { kind: 'want', ids: wanted.slice(0, wantedPerMessage) })
    const lacking = directory
      .within(parts)
      .filter(({ record }) => (theirs.get(record.id) ?? -1) < record.sequence)
    sendRecords(
      from,
      lacking.slice(0, messagesPerExchange * recordsPerMessage).map(({ record }) => record.id),
    )
  }

  return {
    spread(id, from) {
      fresh.set(id, from)
      if (isWaiting) return
      isWaiting = true
      world.after(spreadAfterMs, flush)
    },
    compare(peer) {
      const now = world.clock.nowMs()
      const lastMs = comparedMs.get(peer)
      if (lastMs !== undefined && now >= lastMs && now - lastMs < compareAfterMsMin) return
      comparedMs.delete(peer)
      comparedMs.set(peer, now)
      if (comparedMs.size > peersHeldMax) comparedMs.delete(comparedMs.keys().next().value as NodeId)
      options.send(peer, { kind: 'sync', fingerprint: directory.fingerprint(), period: options.period() })
    },
    receive(from, message) {
      switch (message.kind) {
        case 'sync': {
          if (message.period < options.period()) options.isBehind(from)
          const parts = wholeParts(
            directory,
            pick(world.random, directory.differing(message.fingerprint), 64),
          )
          const known = directory
            .within(parts)
            .map(({ record }) => ({ id: record.id, sequence: record.sequence }))
          if (parts.length > 0) options.send(from, { kind: 'have', parts, known })
          return
        }
        case 'have':
          exchange(from, message.known, message.parts)
          return
        case 'want':
          sendRecords(from, message.ids.slice(0, wantedPerMessage))
          return
        default:
          message satisfies never
      }
    },
  }
}

/** As many of these parts as fit a message whole: what is not in the list is then really not there. */
function wholeParts(directory: Directory, parts: readonly number[]): Uint8Array {
  let room = knownPerMessage
  const fitting = parts.filter((part) => {
    const { length } = directory.within(Uint8Array.of(part))
    if (length > room) return false
    room -= length
    return true
  })
  return Uint8Array.from(fitting)
}
