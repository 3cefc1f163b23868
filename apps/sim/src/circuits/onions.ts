import { primitives } from '@anarq/qlock'
import { type Exit, type Flow, type FlowEvents, type NodeId, nodeIdOf, type World } from '@anarq/qnet'
import {
  createClient,
  createPaths,
  createPool,
  createRelay,
  createSwitch,
  type Hop,
  type Pool,
  type RelayFacts,
  type Switch,
} from '@anarq/qnet/circuit'
import type { Random } from '@anarq/random'
import { createSeededRandom } from '@anarq/random/testing'
import { fractionOf, numberOf } from '../network.ts'
import { createQueue, type Queue } from '../queue.ts'

/** A cell as somebody sees it who watches every line, and cannot look inside. */
export type Sighting = { readonly atMs: number; readonly from: NodeId; readonly to: NodeId }

export type OnionNode = {
  readonly id: NodeId
  readonly hop: Hop
  readonly board: Switch
  readonly facts: RelayFacts | undefined
  /** Absent: a relay, which uses no circuits itself. */
  readonly pool: Pool | undefined
  sentBytes: number
  isDown: boolean
}

export type Onions = {
  readonly queue: Queue
  readonly random: Random
  readonly clients: readonly OnionNode[]
  readonly relays: readonly OnionNode[]
  /** Cells that clients sent, newest last; those that are older than ten seconds are forgotten. */
  readonly fromClients: Sighting[]
  /** Relays that one operator, who says so to nobody, has. */
  readonly hostile: ReadonlySet<NodeId>
  run(forMs: number): Promise<void>
  kill(node: OnionNode): void
}

export type OnionOptions = {
  readonly clients: number
  readonly relays: number
  readonly seed: number
  /** From 0 to 1, of relays. */
  readonly hostileShare: number
  readonly exit: (world: World) => Exit
}

const startMs = 1_767_225_600_000
const mapMs = 120
const baseMs = 4
const cellBytes = 4096
const lineBytesPerSecond = 12_500_000
const sightingsMs = 10_000

/** Clients, relays and exits over lines with a delay and a rate; everybody knows the same relays, as the agreed state of a period says. */
export function createOnions({ clients, relays, seed, hostileShare, exit }: OnionOptions): Onions {
  const queue = createQueue(startMs)
  const random = createSeededRandom(seed)
  const byId = new Map<NodeId, OnionNode>()
  const places = new Map<NodeId, readonly [number, number]>()
  const lines = new Map<string, number>()
  const fromClients: Sighting[] = []
  const facts: RelayFacts[] = []

  const look = (from: OnionNode, to: NodeId): void => {
    if (from.facts !== undefined) return
    const atMs = queue.nowMs()
    fromClients.push({ atMs, from: from.id, to })
    if (fromClients.length % 4096 !== 0) return
    const old = fromClients.findIndex((one) => one.atMs >= atMs - sightingsMs)
    if (old > 0) fromClients.splice(0, old)
  }
  const wayMs = (from: NodeId, to: NodeId): number => {
    const [a, b] = [places.get(from) ?? [0, 0], places.get(to) ?? [0, 0]]
    return baseMs + Math.hypot(a[0] - b[0], a[1] - b[1])
  }
  const send = (from: NodeId, to: NodeId, cell: Uint8Array): boolean => {
    const [node, other] = [byId.get(from), byId.get(to)]
    if (node === undefined || node.isDown) return true
    node.sentBytes += cell.length
    look(node, to)
    const line = `${from} ${to}`
    const freeMs = Math.max(lines.get(line) ?? 0, queue.nowMs()) + (cellBytes / lineBytesPerSecond) * 1000
    lines.set(line, freeMs)
    queue.at(freeMs + wayMs(from, to), () => {
      if (other === undefined || other.isDown) node.board.lost(to)
      else if (!node.isDown) other.board.receive(from, cell)
    })
    return true
  }
  const add = (at: number, isRelay: boolean): OnionNode => {
    const own = createSeededRandom(numberOf(random))
    const id = nodeIdOf(random.bytes(32))
    const onionKey = primitives.x25519Key(random.bytes(32))
    const hop = { node: id, onionKey: onionKey.publicKey }
    places.set(id, [fractionOf(random) * mapMs, fractionOf(random) * mapMs])
    const world: World = {
      clock: { nowMs: () => Math.floor(queue.nowMs()) },
      random: own,
      after: (delayMs, task) =>
        queue.at(queue.nowMs() + Math.max(0, delayMs), () => {
          if (!node.isDown) task()
        }),
    }
    const board = createSwitch({ world, self: id, wire: { send: (to, cell) => send(id, to, cell) } })
    const isExit = isRelay && at % 2 === 0
    const node: OnionNode = {
      id,
      hop,
      board,
      facts: isRelay ? factsOf(hop, at, isExit) : undefined,
      pool: isRelay ? undefined : openPool(world, board, facts),
      sentBytes: 0,
      isDown: false,
    }
    byId.set(id, node)
    if (!isRelay) return node
    const role = isExit ? { exit: exit(world) } : {}
    createRelay({ world, self: id, circuits: board, onionKeys: () => [onionKey], ...role })
    return node
  }
  const relayNodes = Array.from({ length: relays }, (_, at) => add(at, true))
  facts.push(...relayNodes.flatMap((node) => node.facts ?? []))
  const clientNodes = Array.from({ length: clients }, (_, at) => add(at, false))
  const hostile = new Set(relayNodes.filter(() => fractionOf(random) < hostileShare).map(({ id }) => id))
  return {
    queue,
    random,
    clients: clientNodes,
    relays: relayNodes,
    fromClients,
    hostile,
    run: (forMs) => queue.runWell(queue.nowMs() + forMs),
    kill(node) {
      node.isDown = true
      const at = facts.findIndex(({ hop }) => hop.node === node.id)
      if (at >= 0) facts.splice(at, 1)
      for (const other of byId.values()) if (!other.isDown) other.board.lost(node.id)
    },
  }
}

/** Each in a network of its own; they have been there for a while. */
function factsOf(hop: Hop, at: number, isExit: boolean): RelayFacts {
  return {
    hop,
    hosts: [`${20 + (at >> 8)}.${at & 255}.1.1`],
    neighbourhoods: [],
    isExit,
    declaredRate: 1e6,
    sinceMs: startMs - 1e9,
  }
}

function openPool(world: World, board: Switch, relays: readonly RelayFacts[]): Pool {
  const paths = createPaths({ world, relays: () => relays })
  return createPool({ world, client: createClient({ world, circuits: board }), paths })
}

/** A page of a host outside: so many bytes for a request, a moment after it has come. */
export function createPages(pageBytes: (host: string) => number, answerMs: number): OnionOptions['exit'] {
  return (world) => ({
    connect(host, _port, events: FlowEvents): Flow {
      let isOver = false
      world.after(answerMs, () => isOver || events.connected())
      return {
        write(request) {
          events.written(request.length)
          world.after(answerMs, () => {
            if (isOver) return
            events.data(new Uint8Array(pageBytes(host)))
            events.ended()
          })
        },
        consumed() {},
        end() {},
        reset() {
          isOver = true
        },
      }
    },
    resolve: (_host, done) => done([]),
    datagrams: () => ({ send() {}, close() {} }),
  })
}
