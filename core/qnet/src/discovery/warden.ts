import { asFault, Fault } from '@anarq/fault'
import { createBuckets } from '../buckets.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Message } from './messages.ts'

/** What a peer's faults and floods cost it: after some, it is not listened to for a while. */
export type Warden = {
  lets(from: NodeId): boolean
  /** `limit.rate` where it sends more than anybody needs to. */
  charge(from: NodeId, message: Message): void
  blame(from: NodeId, error: unknown): void
}

const strikesMax = 8
const muteMs = 10 * 60_000
const heldMax = 2048

export function createWarden(world: World, blamed: (peer: NodeId, code: string) => void): Warden {
  const buckets = createBuckets({ perSecond: 50, burst: 600 })
  const strikes = new Map<NodeId, { count: number; atMs: number }>()
  const isOver = (atMs: number): boolean => Math.abs(world.clock.nowMs() - atMs) > muteMs
  return {
    lets(from) {
      const held = strikes.get(from)
      return held === undefined || held.count < strikesMax || isOver(held.atMs)
    },
    charge(from, message) {
      if (!buckets.take(from, costOf(message), world.clock.nowMs()))
        throw new Fault('limit.rate', 'That are too many messages: wait a little.')
    },
    blame(from, error) {
      const held = strikes.get(from)
      const count = held === undefined || isOver(held.atMs) ? 1 : held.count + 1
      strikes.delete(from)
      strikes.set(from, { count, atMs: world.clock.nowMs() })
      if (strikes.size > heldMax) strikes.delete(strikes.keys().next().value as NodeId)
      blamed(from, typeof error === 'string' ? error : asFault(error).code)
    },
  }
}

/** About what it costs to answer, in the time of a record's signature. */
function costOf(message: Message): number {
  switch (message.kind) {
    case 'records':
      return Math.max(1, message.records.length)
    case 'want':
      return 1 + (message.ids.length >> 2)
    case 'votes':
      return 4 * Math.max(1, message.votes.length)
    case 'sync':
    case 'have':
    case 'put':
    case 'lie':
      return 5
    case 'lot':
      return 10
    case 'state':
      return 50
    case 'find':
    case 'found':
    case 'get':
    case 'hello':
    case 'welcome':
      return 2
    default:
      return message satisfies never
  }
}
