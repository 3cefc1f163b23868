import { hashBlake3, primitives } from '@anarq/qlock'
import type { NodeId, World } from '@anarq/qnet'
import {
  type Card,
  createCard,
  createCardReader,
  createMemoryHeadStore,
  createMemoryStore,
  createSwarm,
  placeOfNode,
  type Signing,
  type Store,
  type Swarm,
  type SwarmSettings,
} from '@anarq/qnet/swarm'
import type { Random } from '@anarq/random'
import { createSeededRandom } from '@anarq/random/testing'
import { createQueue, type Queue } from './queue.ts'

/** Why a message did not arrive. */
export type Lost = 'chance' | 'partition' | 'sender down' | 'receiver down'

export type Traffic = { messages: number; bytes: number }

export type SimNode = {
  readonly card: Card
  readonly store: Store
  readonly swarm: Swarm
  readonly sent: Traffic
  isDown: boolean
  isHostile: boolean
  side: number
  blames: number
  send(to: NodeId, message: Uint8Array): void
}

export type Network = {
  readonly queue: Queue
  readonly nodes: Map<NodeId, SimNode>
  readonly delivered: Traffic
  readonly lost: Map<Lost, number>
  readonly random: Random
  add(known: readonly NodeId[], store?: Store): SimNode
  run(forMs: number): void
  live(): SimNode[]
}

export type NetworkOptions = {
  readonly seed: number
  /** From 0 to 1, of messages. */
  readonly loss?: number
  /** What a node's line takes, in bytes a second: a message waits for those before it. */
  readonly lineBytesPerSecond?: number
  readonly settings?: Partial<SwarmSettings>
}

// A run leaves no moment in which this could load by itself.
await primitives.warmUp()

const startMs = 1_767_225_600_000
/** A node's place on a map of so many milliseconds a side; light and routers take the distance, and a base. */
const mapMs = 120
const baseMs = 4
const period = 1

/** Thousands of swarm nodes on one row of events. The same seed gives the same run, to the byte. */
export function createNetwork({
  seed,
  loss = 0.005,
  lineBytesPerSecond = 12_500_000,
  settings = {},
}: NetworkOptions): Network {
  const queue = createQueue(startMs)
  const random = createSeededRandom(seed)
  const nodes = new Map<NodeId, SimNode>()
  const delivered: Traffic = { messages: 0, bytes: 0 }
  const lost = new Map<Lost, number>()
  const periodSeed = hashBlake3(Uint8Array.of(seed & 0xff))
  const rules = { seedOf: (of: number) => (of === period ? periodSeed : undefined), workBits: 4 }
  const readCard = createCardReader(rules, 1_000_000)

  const lose = (why: Lost): void => void lost.set(why, (lost.get(why) ?? 0) + 1)

  function add(known: readonly NodeId[], store: Store = createMemoryStore()): SimNode {
    const own = createSeededRandom(numberOf(random))
    const signing = createStandIn(random.bytes(32))
    const card = createCard(signing.publicKey, period, rules, random)
    const where = [fractionOf(random) * mapMs, fractionOf(random) * mapMs] as const
    let lineFreeMs = 0

    function send(to: NodeId, message: Uint8Array): void {
      node.sent.messages += 1
      node.sent.bytes += message.length
      if (node.isDown) {
        lose('sender down')
        return
      }
      if (fractionOf(random) < loss) {
        lose('chance')
        return
      }
      const other = nodes.get(to)
      if (other === undefined) {
        lose('receiver down')
        return
      }
      lineFreeMs = Math.max(lineFreeMs, queue.nowMs()) + (message.length / lineBytesPerSecond) * 1000
      const there = places.get(to) ?? where
      const wayMs = baseMs + Math.hypot(where[0] - there[0], where[1] - there[1])
      queue.at(lineFreeMs + wayMs * (1 + fractionOf(random) / 10), () => {
        if (other.isDown) {
          lose('receiver down')
          return
        }
        if (other.side !== node.side) {
          lose('partition')
          return
        }
        delivered.messages += 1
        delivered.bytes += message.length
        other.swarm.receive(card.id, message)
      })
    }

    const world: World = {
      clock: { nowMs: () => Math.floor(queue.nowMs()) },
      random: own,
      after: (delayMs, task) =>
        queue.at(queue.nowMs() + Math.max(0, delayMs), () => {
          if (!node.isDown) task()
        }),
    }
    const node: SimNode = {
      card,
      store,
      sent: { messages: 0, bytes: 0 },
      isDown: false,
      isHostile: false,
      side: 0,
      blames: 0,
      send,
      swarm: createSwarm({
        card,
        world,
        wire: { send },
        signing,
        store,
        headStore: createMemoryHeadStore(),
        readCard,
        isHead: () => true,
        placeOf: (publicKey) => placeOfNode(publicKey, periodSeed),
        blame: () => {
          node.blames += 1
        },
        settings,
      }),
    }
    nodes.set(card.id, node)
    places.set(card.id, where)
    node.swarm.start(known)
    return node
  }

  const places = new Map<NodeId, readonly [number, number]>()
  return {
    queue,
    nodes,
    delivered,
    lost,
    random,
    add,
    run: (forMs) => queue.run(queue.nowMs() + forMs),
    live: () => [...nodes.values()].filter(({ isDown }) => !isDown),
  }
}

/**
 * Signatures of the size and behaviour of Ed25519's, but as cheap as a hash, because thousands of nodes sign on one processor here.
 * Whoever knows the public key could forge one: no liar of a scenario does.
 */
function createStandIn(seed: Uint8Array): Signing {
  const publicKey = hashBlake3(seed)
  const sign = (key: Uint8Array, message: Uint8Array): Uint8Array => {
    const half = hashBlake3(key, message)
    const whole = new Uint8Array(64)
    whole.set(half)
    whole.set(half, 32)
    return whole
  }
  return {
    publicKey,
    sign: (message) => sign(publicKey, message),
    verify: (key, message, signature) =>
      key.length === 32 &&
      signature.length === 64 &&
      hashBlake3(key, message).every((byte, i) => signature[i] === byte),
  }
}

export function fractionOf(random: Random): number {
  return (numberOf(random) >>> 0) / 0x1_0000_0000
}

export function numberOf(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4)
  return (a << 24) | (b << 16) | (c << 8) | d
}
