import { primitives } from '@anarq/qlock'
import { type Exit, type NodeId, nodeIdOf, type World } from '@anarq/qnet'
import {
  createClient,
  createPaths,
  createPool,
  createRelay,
  createSwitch,
  type Pool,
  type RelayFacts,
  type Switch,
} from '@anarq/qnet/circuit'
import { systemRandom } from '@anarq/random'

/** Real time and chance; the timers keep no test alive. */
const world: World = {
  clock: { nowMs: () => Date.now() },
  random: systemRandom,
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

type Network = {
  readonly pool: Pool
  /** Paths in the order in which they were built. */
  readonly built: readonly (readonly NodeId[])[]
  readonly client: NodeId
  /** Who sent cells to a node. */
  neighboursOf(id: NodeId): ReadonlySet<NodeId>
  kill(id: NodeId): void
}

/** A client and relays in this process, joined by wires that bring each cell in the next turn of the loop. */
export function createNetwork(relayCount: number, exits: readonly Exit[]): Network {
  const boards = new Map<NodeId, Switch>()
  const dead = new Set<NodeId>()
  const seen = new Map<NodeId, Set<NodeId>>()
  const add = (): { id: NodeId; board: Switch } => {
    const id = nodeIdOf(systemRandom.bytes(32))
    const board = createSwitch({
      world,
      self: id,
      wire: {
        send(to, sent) {
          const cell = sent.slice()
          seen.set(to, (seen.get(to) ?? new Set()).add(id))
          setImmediate(() => {
            if (dead.has(to)) boards.get(id)?.lost(to)
            else if (!dead.has(id)) boards.get(to)?.receive(id, cell)
          })
          return true
        },
      },
    })
    boards.set(id, board)
    return { id, board }
  }
  const addRelay = (at: number): RelayFacts => {
    const { id, board } = add()
    const onionKey = primitives.x25519Key(systemRandom.bytes(32))
    const exit = exits[at]
    createRelay({
      ...{ world, self: id, circuits: board, onionKeys: () => [onionKey] },
      ...(exit === undefined ? {} : { exit }),
    })
    return {
      hop: { node: id, onionKey: onionKey.publicKey },
      hosts: [`${20 + at}.1.1.1`],
      neighbourhoods: [],
      isExit: exit !== undefined,
      declaredRate: 1e6,
      sinceMs: 0,
    }
  }
  const client = add()
  const relays = Array.from({ length: relayCount }, (_, at) => addRelay(at))
  const built: (readonly NodeId[])[] = []
  const builder = createClient({ world, circuits: client.board })
  const pool = createPool({
    world,
    client: {
      build(path, events) {
        built.push(path.map(({ node }) => node))
        return builder.build(path, events)
      },
    },
    paths: createPaths({ world, relays: () => relays }),
  })
  return {
    pool,
    built,
    client: client.id,
    neighboursOf: (id) => seen.get(id) ?? new Set(),
    kill(id) {
      dead.add(id)
      for (const board of boards.values()) board.lost(id)
    },
  }
}
