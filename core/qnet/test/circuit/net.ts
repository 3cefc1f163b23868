import { type AgreementKey, primitives } from '@anarq/qlock'
import {
  type Exit,
  type Flow,
  type FlowEvents,
  type NodeId,
  nodeIdOf,
  type Services,
  type World,
} from '@anarq/qnet'
import { systemRandom } from '@anarq/random'
import {
  type Circuit,
  type Client,
  type ClientSettings,
  createClient,
  createRelay,
  createSwitch,
  type Hop,
  type Relay,
  type RelaySettings,
  type Switch,
} from '../../src/circuit/index.ts'

/** Virtual time: whoever is due next runs next. */
export type Time = World & { run(untilMs?: number): void; readonly nowMs: number }

export function createTime(): Time {
  type Due = { atMs: number; order: number; task: () => void; isOff: boolean }
  const heap: Due[] = []
  let now = 1_000_000
  let order = 0
  const before = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  const push = (due: Due): void => {
    let at = heap.push(due) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!before(due, heap[up]!)) break
      heap[at] = heap[up]!
      at = up
    }
    heap[at] = due
  }
  const pop = (): Due | undefined => {
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      if (down >= heap.length) break
      if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down += 1
      if (!before(heap[down]!, last)) break
      heap[at] = heap[down]!
      at = down
    }
    heap[at] = last
    return top
  }
  return {
    clock: { nowMs: () => now },
    random: systemRandom,
    after(delayMs, task) {
      const due = { atMs: now + Math.max(0, delayMs), order: order++, task, isOff: false }
      push(due)
      return () => {
        due.isOff = true
      }
    },
    run(forMs = 60_000) {
      const until = now + forMs
      while (heap[0] !== undefined && heap[0].atMs <= until) {
        const due = pop() as Due
        now = Math.max(now, due.atMs)
        if (!due.isOff) due.task()
      }
      now = until
    },
    get nowMs() {
      return now
    },
  }
}

export type NetNode = {
  readonly id: NodeId
  readonly hop: Hop
  readonly onionKey: AgreementKey
  readonly board: Switch
  readonly relay: Relay | undefined
  readonly client: Client
}
export type Seen = { readonly from: NodeId; readonly to: NodeId; readonly cell: Uint8Array }
export type Net = {
  readonly time: Time
  readonly nodes: NetNode[]
  add(role: {
    isRelay?: boolean
    exit?: Exit
    services?: Services
    relaySettings?: Partial<RelaySettings>
    clientSettings?: Partial<ClientSettings>
  }): NetNode
  /** Sees each cell on its way; may change it, or let it go (false). */
  watch(tap: (seen: Seen) => boolean | undefined): void
  kill(node: NetNode): void
}
export type NetOptions = {
  readonly latencyMs?: number
  /** Cells that a link takes before it says that it has enough. */
  readonly linkCells?: number
  readonly time?: Time
}

/** Nodes in one process, joined by wires with a delay. */
export function createNet({ latencyMs = 1, linkCells = 1 << 20, time = createTime() }: NetOptions = {}): Net {
  const byId = new Map<NodeId, NetNode>()
  const dead = new Set<NodeId>()
  const taps: ((seen: Seen) => boolean | undefined)[] = []
  const nodes: NetNode[] = []
  const wireOf = (self: NodeId) => {
    const under = new Map<NodeId, number>()
    return {
      send(to: NodeId, sent: Uint8Array): boolean {
        const cell = sent.slice()
        const isLost = taps.some((tap) => tap({ from: self, to, cell }) === false)
        const count = (under.get(to) ?? 0) + 1
        under.set(to, count)
        time.after(latencyMs, () => {
          const left = (under.get(to) ?? 1) - 1
          under.set(to, left)
          if (!dead.has(to) && !dead.has(self) && !isLost) byId.get(to)?.board.receive(self, cell)
          if (left === linkCells >> 1) byId.get(self)?.board.drained(to)
          if (!byId.has(to) || dead.has(to)) byId.get(self)?.board.lost(to)
        })
        return count < linkCells
      },
    }
  }
  return {
    time,
    nodes,
    add({ isRelay = true, exit, services, relaySettings = {}, clientSettings = {} }) {
      const id = nodeIdOf(systemRandom.bytes(32))
      const onionKey = primitives.x25519Key(systemRandom.bytes(32))
      const board = createSwitch({ world: time, wire: wireOf(id), self: id })
      const relay = isRelay
        ? createRelay({
            world: time,
            self: id,
            circuits: board,
            onionKeys: () => [onionKey],
            ...(exit === undefined ? {} : { exit }),
            ...(services === undefined ? {} : { services }),
            settings: relaySettings,
          })
        : undefined
      const client = createClient({
        world: time,
        circuits: board,
        settings: { paddingMs: undefined, ...clientSettings },
      })
      const node = { id, hop: { node: id, onionKey: onionKey.publicKey }, onionKey, board, relay, client }
      byId.set(id, node)
      nodes.push(node)
      return node
    },
    watch(tap) {
      taps.push(tap)
    },
    kill(node) {
      dead.add(node.id)
      for (const other of nodes) other.board.lost(node.id)
    },
  }
}

/** An end that sends back what comes, and ends when it does. */
export const echo: Services = {
  connect(_service, events) {
    queueMicrotask(() => events.connected())
    return {
      write(bytes) {
        events.data(bytes)
        events.written(bytes.length)
      },
      consumed() {},
      end() {
        events.ended()
        events.closed('done')
      },
      reset() {},
    }
  },
}

/** An end that takes everything, says when it has used it, and remembers. */
export type Sink = Services & { readonly pieces: Uint8Array[]; readonly ends: string[]; events?: FlowEvents }
export function createSink(): Sink {
  const sink: Sink = {
    pieces: [],
    ends: [],
    connect(_service, events) {
      sink.events = events
      queueMicrotask(() => events.connected())
      return {
        write(bytes) {
          sink.pieces.push(bytes)
          events.written(bytes.length)
        },
        consumed() {},
        end() {
          sink.ends.push('ended')
          events.ended()
        },
        reset(reason) {
          sink.ends.push(reason)
        },
      }
    },
  }
  return sink
}

/** An end that gives so many bytes, as fast as they go: never more than half a megabyte ahead. */
export function createSource(total: number): Services {
  return {
    connect(_service, events) {
      let left = total
      const give = (bytes: number): void => {
        for (let room = Math.min(bytes, left); room > 0; room -= 65_536) {
          const piece = Math.min(room, 65_536)
          left -= piece
          events.data(new Uint8Array(piece))
        }
        if (left === 0) events.ended()
      }
      queueMicrotask(() => {
        events.connected()
        give(524_288)
      })
      return { write: (bytes) => events.written(bytes.length), consumed: give, end() {}, reset() {} }
    },
  }
}

/** Reads all that comes, at once, and keeps it. */
export type Reader = {
  readonly events: FlowEvents
  readonly log: string[]
  readonly pieces: Uint8Array[]
  use(opened: Flow | undefined): Flow
  readonly written: number
}
export function createReader(): Reader {
  const pieces: Uint8Array[] = []
  const log: string[] = []
  let flow: Flow | undefined
  let written = 0
  const events: FlowEvents = {
    connected: () => log.push('connected'),
    data(bytes) {
      pieces.push(bytes.slice())
      flow?.consumed(bytes.length)
    },
    written(bytes) {
      written += bytes
    },
    ended: () => log.push('ended'),
    closed: (reason) => log.push(reason),
  }
  return {
    events,
    log,
    pieces,
    use(opened: Flow | undefined): Flow {
      if (opened === undefined) throw new Error('no stream')
      flow = opened
      return opened
    },
    get written() {
      return written
    },
  }
}

/** Microtasks, then virtual time. */
export async function settle(time: Time, forMs = 1000, steps = 20): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    await Promise.resolve()
    time.run(forMs / steps)
  }
  await Promise.resolve()
}

export async function buildCircuit(
  net: Net,
  client: NetNode,
  path: readonly NetNode[],
  forMs = 2000,
): Promise<{ circuit: Circuit; log: string[] }> {
  const log: string[] = []
  const circuit = client.client.build(
    path.map(({ hop }) => hop),
    { ready: () => log.push('ready'), over: (reason, hops) => log.push(`${reason} after ${hops}`) },
  )
  await settle(net.time, forMs)
  return { circuit, log }
}
