import { primitives } from '@anarq/qlock'
import { type NodeId, nodeIdOf, type World } from '@anarq/qnet'
import {
  type CloseReport,
  createLink,
  type Link,
  type LinkEvents,
  type LinkIdentity,
  type LinkLimits,
} from '@anarq/qnet/link'
import { createSeededRandom } from '@anarq/random/testing'

export type Lab = {
  readonly world: World
  nowMs(): number
  /** Runs what is due in so many milliseconds, in order. */
  run(ms: number): void
  /** Moves what the clock says, and nothing else. */
  setClock(byMs: number): void
}

/** Virtual time: one queue for everything that happens. */
export function createLab(seed = 1): Lab {
  let now = 1_000_000
  let order = 0
  let skewMs = 0
  let queue: { readonly atMs: number; readonly order: number; readonly task: () => void }[] = []
  const random = createSeededRandom(seed)
  return {
    nowMs: () => now,
    setClock(byMs) {
      skewMs += byMs
    },
    world: {
      clock: { nowMs: () => now + skewMs },
      random,
      after(delayMs, task) {
        const entry = { atMs: now + Math.max(0, delayMs), order: order++, task }
        queue.push(entry)
        return () => {
          queue = queue.filter((one) => one !== entry)
        }
      },
    },
    run(ms) {
      const untilMs = now + ms
      for (;;) {
        const due = queue
          .filter(({ atMs }) => atMs <= untilMs)
          .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
        if (due === undefined) break
        queue = queue.filter((one) => one !== due)
        now = Math.max(now, due.atMs)
        due.task()
      }
      now = untilMs
    },
  }
}

export type Side = {
  readonly link: Link
  readonly messages: Uint8Array[]
  readonly cells: Uint8Array[]
  readonly closed: CloseReport[]
  readonly latencies: number[]
  /** Everything that this side gave to its transport. */
  readonly wire: Uint8Array[]
  /** Set to change, hold back (undefined) or watch what this side sends. */
  tap: (bytes: Uint8Array) => Uint8Array | undefined
}

export type Pair = {
  readonly lab: Lab
  readonly a: Side
  readonly b: Side
  readonly ids: readonly [string, string]
}

export type PairOptions = {
  readonly lab?: Lab
  readonly delayMs?: number
  readonly limits?: Partial<LinkLimits>
  readonly chunkBytes?: number
  readonly networks?: readonly [Uint8Array, Uint8Array]
  readonly events?: readonly [Partial<LinkEvents>, Partial<LinkEvents>]
}

export type LabIdentity = LinkIdentity & { readonly id: NodeId }

export function identityOf(seed: number): LabIdentity {
  const node = primitives.ed25519Key(new Uint8Array(32).fill(seed))
  return {
    node,
    agreement: primitives.x25519Key(new Uint8Array(32).fill(seed + 100)),
    id: nodeIdOf(node.publicKey),
  }
}

/** Two links over a pipe of some delay; the first is the initiator. */
export function createPair({
  lab = createLab(),
  delayMs = 1,
  limits = {},
  chunkBytes = 0,
  networks,
  events = [{}, {}],
}: PairOptions = {}): Pair {
  const [alice, bob] = [identityOf(1), identityOf(2)]
  const make = (index: 0 | 1): Side => {
    const side: Omit<Side, 'link'> & { link?: Link } = {
      messages: [],
      cells: [],
      closed: [],
      latencies: [],
      wire: [],
      tap: (bytes) => bytes,
    }
    side.link = createLink({
      world: lab.world,
      identity: index === 0 ? alice : bob,
      ...(index === 0 ? { target: { node: bob.id, agreementKey: bob.agreement.publicKey } } : {}),
      ...(networks === undefined ? {} : { network: networks[index] }),
      limits,
      transport: {
        write(bytes) {
          side.wire.push(bytes.slice())
          const sent = side.tap(bytes)
          if (sent !== undefined) lab.world.after(delayMs, () => deliver(1 - index, sent, chunkBytes))
          return true
        },
        end() {
          lab.world.after(delayMs, () => sides[1 - index]?.link.transportClosed())
        },
      },
      events: {
        onOpen() {},
        onMessage: (message) => void side.messages.push(message),
        onCell: (cell) => void side.cells.push(cell),
        onStream: () => undefined,
        onLatency: (ms) => void side.latencies.push(ms),
        onClosed: (report) => void side.closed.push(report),
        ...events[index],
      },
    })
    return side as Side
  }
  const sides: Side[] = []
  const deliver = (to: number, bytes: Uint8Array, size: number): void => {
    const { link } = sides[to] as Side
    if (size === 0) link.receive(bytes)
    else for (let at = 0; at < bytes.length; at += size) link.receive(bytes.subarray(at, at + size))
  }
  // The responder is there first: the initiator speaks as it is made.
  sides[1] = make(1)
  sides[0] = make(0)
  return { lab, a: sides[0], b: sides[1], ids: [alice.id, bob.id] }
}

export function opened(options?: PairOptions): Pair {
  const pair = createPair(options)
  pair.lab.run(10 * (options?.delayMs ?? 1))
  return pair
}
