/**
 * A network on one event queue: virtual time, latency, loss, partitions, all of it from one seed, so that a test of 200
 * nodes is replayed byte for byte. Each node has a `World` whose clock may be wrong and a `Wire` to all others.
 */
import type { Clock } from '@anarq/clock'
import { primitives } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { createSeededRandom } from '@anarq/random/testing'
import type { NodeId } from './node-id.ts'
import { messageBytesMax, type Wire, type World } from './world.ts'

export {
  type OpenLastingRegisterStore,
  testLastingRegisterStore,
  testRegisterStore,
} from './registers/testing.ts'
export {
  type OpenLastingStores,
  type OpenStores,
  testLastingStores,
  testSwarmStores,
} from './swarm/testing.ts'

// A run leaves no moment in which this could load by itself.
await primitives.warmUp()

export type TestNetOptions = {
  seed: number
  startMs?: number
  /** One way, drawn evenly between the two for each pair of nodes once, and up to a tenth more for each message. */
  latencyMs?: readonly [least: number, most: number]
  /** From 0 to 1, of messages. */
  loss?: number
}

export type TestNode = {
  readonly id: NodeId
  readonly world: World
  readonly wire: Wire
  /** What to do with a message; without one it is lost. */
  receive: ((from: NodeId, message: Uint8Array) => void) | undefined
  /** How wrong this node's clock is. */
  clockOffsetMs: number
  /** Off: nothing goes out or comes in, and no timer of it fires any more. */
  isDown: boolean
}

export type TestNetStats = { sent: number; delivered: number; lost: number; bytes: number }

export type TestNet = {
  /** The true time. */
  readonly clock: Clock
  readonly stats: TestNetStats
  add(id: NodeId): TestNode
  node(id: NodeId): TestNode | undefined
  /** Events between the true nodes of no group and others are let through; between two groups nothing is. */
  partition(...groups: readonly (readonly NodeId[])[]): void
  heal(): void
  /** Runs something at a time from now, whatever nodes are down. */
  after(delayMs: number, task: () => void): () => void
  run(forMs: number): void
  /** The milliseconds until it held, or `undefined` where it did not within `maxMs`. Asked after each event. */
  runUntil(holds: () => boolean, maxMs: number): number | undefined
}

type Event = { readonly atMs: number; readonly order: number; task: (() => void) | undefined }

export function createTestNet({
  seed,
  startMs = Date.UTC(2026, 0, 1),
  latencyMs = [10, 60],
  loss = 0,
}: TestNetOptions): TestNet {
  const queue = createQueue(startMs)
  const random = createSeededRandom(seed)
  const nodes = new Map<NodeId, TestNode>()
  const latencies = new Map<string, number>()
  const arrivals = new Map<string, number>()
  const stats: TestNetStats = { sent: 0, delivered: 0, lost: 0, bytes: 0 }
  let sides = new Map<NodeId, number>()

  const isCut = (a: NodeId, b: NodeId): boolean => {
    const [left, right] = [sides.get(a), sides.get(b)]
    return left !== undefined && right !== undefined && left !== right
  }
  const latencyOf = (from: NodeId, to: NodeId): number => {
    const pair = from < to ? from + to : to + from
    const known = latencies.get(pair) ?? latencyMs[0] + (latencyMs[1] - latencyMs[0]) * fraction(random)
    latencies.set(pair, known)
    return known * (1 + fraction(random) / 10)
  }
  const send = (from: TestNode, to: NodeId, message: Uint8Array): void => {
    if (from.isDown) return
    stats.sent += 1
    stats.bytes += message.length
    const isLost = message.length > messageBytesMax || fraction(random) < loss || isCut(from.id, to)
    if (isLost || !nodes.has(to)) {
      stats.lost += 1
      return
    }
    // The order between two nodes is kept, as on a link.
    const atMs = Math.max(queue.nowMs() + latencyOf(from.id, to), arrivals.get(from.id + to) ?? 0)
    arrivals.set(from.id + to, atMs)
    queue.at(atMs, () => {
      const node = nodes.get(to)
      if (node?.receive === undefined || node.isDown || isCut(from.id, to)) {
        stats.lost += 1
        return
      }
      stats.delivered += 1
      node.receive(from.id, message)
    })
  }

  return {
    clock: { nowMs: () => Math.floor(queue.nowMs()) },
    stats,
    add(id) {
      const node: TestNode = {
        id,
        receive: undefined,
        clockOffsetMs: 0,
        isDown: false,
        world: {
          clock: { nowMs: () => Math.floor(queue.nowMs() + node.clockOffsetMs) },
          random: createSeededRandom(new DataView(random.bytes(4).buffer).getInt32(0)),
          after: (delayMs, task) =>
            queue.at(queue.nowMs() + Math.max(0, delayMs), () => node.isDown || task()),
        },
        wire: { send: (to, message) => send(node, to, message) },
      }
      nodes.set(id, node)
      return node
    },
    node: (id) => nodes.get(id),
    partition(...groups) {
      sides = new Map(groups.flatMap((group, side) => group.map((id): [NodeId, number] => [id, side])))
    },
    heal: () => sides.clear(),
    after: (delayMs, task) => queue.at(queue.nowMs() + delayMs, task),
    run: (forMs) => {
      queue.run(queue.nowMs() + forMs, () => false)
    },
    runUntil(holds, maxMs) {
      const beganMs = queue.nowMs()
      return holds() || queue.run(beganMs + maxMs, holds) ? queue.nowMs() - beganMs : undefined
    },
  }
}

/** From 0 to below 1. */
function fraction(random: Random): number {
  return new DataView(random.bytes(4).buffer).getUint32(0) / 0x1_0000_0000
}

type Queue = {
  nowMs(): number
  at(atMs: number, task: () => void): () => void
  /** Whether `holds` did before the time was up. */
  run(untilMs: number, holds: () => boolean): boolean
}

/** A binary heap by time, then by the order in which events were asked for. */
function createQueue(startMs: number): Queue {
  const heap: Event[] = []
  let nowMs = startMs
  let order = 0
  const isBefore = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  const swap = (i: number, j: number): void => {
    const held = heap[i] as Event
    heap[i] = heap[j] as Event
    heap[j] = held
  }
  const push = (event: Event): void => {
    let i = heap.push(event) - 1
    for (let up = (i - 1) >> 1; i > 0 && isBefore(heap[i] as Event, heap[up] as Event); up = (i - 1) >> 1) {
      swap(i, up)
      i = up
    }
  }
  const pop = (): Event => {
    const top = heap[0] as Event
    const last = heap.pop() as Event
    if (heap.length === 0) return top
    heap[0] = last
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < heap.length && isBefore(heap[left] as Event, heap[least] as Event)) least = left
      if (right < heap.length && isBefore(heap[right] as Event, heap[least] as Event)) least = right
      if (least === i) return top
      swap(i, least)
      i = least
    }
  }
  return {
    nowMs: () => nowMs,
    at(atMs, task) {
      const event: Event = { atMs, order: order++, task }
      push(event)
      return () => {
        event.task = undefined
      }
    },
    run(untilMs, holds) {
      while (heap.length > 0 && (heap[0] as Event).atMs <= untilMs) {
        const { atMs, task } = pop()
        nowMs = Math.max(nowMs, atMs)
        if (task === undefined) continue
        task()
        if (holds()) return true
      }
      nowMs = untilMs
      return false
    },
  }
}
