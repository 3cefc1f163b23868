import { hashBlake3 } from '@anarq/qlock'
import type { NodeId, World } from '@anarq/qnet'
import {
  type Card,
  createCard,
  createCardReader,
  createMemoryHeadStore,
  createMemoryStore,
  createSigning,
  createSwarm,
  placeOfNode,
  type Signing,
  type Store,
  type Swarm,
  type SwarmSettings,
} from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'

type Event = { readonly atMs: number; readonly order: number; readonly run: () => void; isOff: boolean }

export type Node = {
  readonly card: Card
  readonly signing: Signing
  readonly store: Store
  readonly blamed: string[]
  swarm: Swarm
  isDown: boolean
  side: number
  /** Changes a message on its way out, or drops it with `undefined`. */
  twist: ((to: NodeId, message: Uint8Array) => Uint8Array | undefined) | undefined
}

export type Net = {
  readonly nodes: ReadonlyMap<NodeId, Node>
  readonly counts: { messages: number; bytes: number }
  add(known?: readonly NodeId[], store?: Store): Node
  run(forMs: number): void
  /** So many nodes, each told of the first. */
  grow(count: number): Node[]
}

/** Real signatures, real messages, virtual time: the same from the same seed. */
export function createNet(seed: number, settings: Partial<SwarmSettings> = {}): Net {
  const random = createSeededRandom(seed)
  const nodes = new Map<NodeId, Node>()
  const queue: Event[] = []
  let nowMs = 1_767_225_600_000
  let order = 0
  const counts = { messages: 0, bytes: 0 }
  const rules = {
    seedOf: (period: number) => (period === 7 ? new Uint8Array(32).fill(7) : undefined),
    workBits: 4,
  }
  const readCard = createCardReader(rules)

  const at = (delayMs: number, run: () => void): (() => void) => {
    const event: Event = { atMs: nowMs + Math.max(0, delayMs), order: order++, run, isOff: false }
    let low = 0
    let high = queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = queue[middle] as Event
      if (other.atMs > event.atMs || (other.atMs === event.atMs && other.order > event.order))
        low = middle + 1
      else high = middle
    }
    queue.splice(low, 0, event)
    return () => {
      event.isOff = true
    }
  }

  function add(known: readonly NodeId[] = [], store: Store = createMemoryStore()): Node {
    const signing = createSigning(hashBlake3(random.bytes(32)))
    const card = createCard(signing.publicKey, 7, rules, random)
    const own = createSeededRandom(nodes.size * 7919 + seed)
    const world: World = {
      clock: { nowMs: () => nowMs },
      random: own,
      after: (delayMs, task) => at(delayMs, () => node.isDown || task()),
    }
    const node: Node = {
      card,
      signing,
      store,
      blamed: [],
      isDown: false,
      side: 0,
      twist: undefined,
    } as unknown as Node
    node.swarm = createSwarm({
      card,
      world,
      signing,
      store,
      headStore: createMemoryHeadStore(),
      readCard,
      isHead: (feed, sequence, head, signature) =>
        signature[0] === feed[0] && signature[1] === sequence && head.length === 32,
      placeOf: (publicKey) => {
        const seed = rules.seedOf(7)
        return seed && placeOfNode(publicKey, seed)
      },
      blame: (_peer, code) => node.blamed.push(code),
      wire: {
        send(to, given) {
          const message = node.twist === undefined ? given : node.twist(to, given)
          if (node.isDown || message === undefined) return
          counts.messages += 1
          counts.bytes += message.length
          at(10 + (own.bytes(1)[0] as number) / 8, () => {
            const other = nodes.get(to)
            if (other !== undefined && !other.isDown && other.side === node.side)
              other.swarm.receive(card.id, message)
          })
        },
      },
      settings,
    })
    nodes.set(card.id, node)
    node.swarm.start(known)
    return node
  }

  function run(forMs: number): void {
    const untilMs = nowMs + forMs
    for (let next = queue.at(-1); next !== undefined && next.atMs <= untilMs; next = queue.at(-1)) {
      queue.pop()
      nowMs = next.atMs
      if (!next.isOff) next.run()
    }
    nowMs = untilMs
  }

  return {
    nodes,
    counts,
    add,
    run,
    grow(count: number): Node[] {
      const first = [...nodes.values()][0] ?? add()
      const added = [first]
      while (nodes.size < count) {
        added.push(add([first.card.id]))
        run(300)
      }
      run(60_000)
      return [...nodes.values()]
    },
  }
}

/** What is wrong with who thinks to be where; nothing when all live nodes agree. */
export function disagreements(nodes: Iterable<Node>): string[] {
  const wrong: string[] = []
  const live = [...nodes].filter(({ isDown }) => !isDown)
  const byPrefix = new Map<string, string>()
  for (const { swarm, card } of live) {
    const view = swarm.view()
    if (view === undefined) {
      wrong.push(`${card.id.slice(0, 6)} has no neighbourhood`)
      continue
    }
    const text = `${view.epoch}:${view.members.map(({ id }) => id).join(',')}`
    if ((byPrefix.get(view.prefix) ?? text) !== text) wrong.push(`two views of "${view.prefix}"`)
    byPrefix.set(view.prefix, text)
  }
  const named = [...byPrefix.values()].flatMap((text) => text.slice(text.indexOf(':') + 1).split(','))
  const dead = named.filter((id) => !live.some(({ card }) => card.id === id))
  if (dead.length > 0) wrong.push(`${dead.length} members are gone`)
  if (new Set(named).size !== named.length) wrong.push('a node has two seats')
  if (named.length - dead.length !== live.length) wrong.push(`${live.length} live, ${named.length} seated`)
  return wrong
}
