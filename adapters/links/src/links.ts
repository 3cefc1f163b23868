import { Fault } from '@anarq/fault'
import type { NodeId, Wire } from '@anarq/qnet'
import type { CloseReason, Link, LinkStream, LinkTarget, StreamEvents } from '@anarq/qnet/link'
import { type Carrier, type Listener, type Pipe, type PipeWay, schemeOf } from './carrier.ts'
import { createDialler } from './dialler.ts'
import { type LinksLimits, type LinksOptions, linksLimitsDefault } from './links-options.ts'
import type { Peer } from './peer.ts'
import { createPool } from './pool.ts'

export type PeerFacts = {
  readonly peer: NodeId
  readonly isInitiator: boolean
  readonly latencyMs: number | undefined
  /** The other side's network address as it is seen here, without its port; empty where there is none. */
  readonly address: string
  /** The port that it comes from, or is reached at; undefined where the way to it has none. */
  readonly port: number | undefined
  readonly way: PipeWay | undefined
}

/** All links of a node: one to each peer, opened when somebody has something to say, and shared by all who do. */
export type Links = Wire & {
  /** `invalid.address` for a scheme that no carrier has. */
  listen(address: string): Promise<Listener>
  /** Resolves when a link is open here; the other side knows half a round trip later. `unavailable.peer` where no address leads to one. */
  connect(to: NodeId): Promise<void>
  /** Opens a link where there is none. `unavailable.peer`, `limit.streams`. */
  openStream(to: NodeId, events: StreamEvents): Promise<LinkStream>
  /** Over a link that is open; false where there is none, or no room. */
  sendCell(to: NodeId, cell: Uint8Array): boolean
  /**
   * A link over a pipe that came to be by other means; with a target this side speaks first, else the other does. Resolves when it
   * is open with a target, and at once without one. `unavailable.peer`.
   */
  take(pipe: Pipe, target?: LinkTarget): Promise<void>
  /** Over the link that is on trial beside a relayed one, to try it; lost where there is none. */
  sendOnTrial(to: NodeId, message: Uint8Array): void
  /** What is on trial is used from now on; the relayed link ends when what is in it has. */
  prefer(peer: NodeId): void
  /** Measures the round trip to a peer that is linked. */
  ping(to: NodeId): void
  disconnect(peer: NodeId, reason?: CloseReason): void
  peers(): PeerFacts[]
  /** Of one peer; undefined where no link is open. */
  peer(id: NodeId): PeerFacts | undefined
  /** Every peer is told, and what is queued still goes out, for some seconds at most. */
  close(): Promise<void>
}

export function createLinks(options: LinksOptions): Links {
  const { world, carriers, find } = options
  const limits: LinksLimits = { ...linksLimitsDefault, ...options.limits }
  const pool = createPool(options, limits)
  const dialler = createDialler({
    world,
    carriers,
    find,
    open: pool.open,
    dialMsMax: limits.dialMsMax,
    dialled: (peer, isReached) => options.events.onDialled?.(peer, isReached),
  })
  const listeners = new Set<Listener>()

  const connected = async (to: NodeId): Promise<Link> => {
    if (pool.isClosed || to === pool.self)
      throw new Fault('unavailable.peer', 'There is no link to that node from here.')
    const peer = pool.peerOf(to)
    try {
      if (peer.active === undefined)
        await dialler.dial(to).catch((fault: unknown) => {
          // Meanwhile the other side has opened one.
          if (peer.active === undefined) throw fault
        })
      const link = peer.active
      if (link === undefined) throw new Fault('unavailable.peer', 'The link broke again at once. Try again.')
      return link
    } finally {
      if (peer.active === undefined) peer.forgetWaiting()
      pool.forgetIdle(peer)
    }
  }

  return {
    async listen(address) {
      const listener = await listenBy(carriers, address, pool.admit)
      listeners.add(listener)
      return {
        address: listener.address,
        async close() {
          listeners.delete(listener)
          await listener.close()
        },
      }
    },
    connect: async (to) => void (await connected(to)),
    openStream: async (to, events) => (await connected(to)).openStream(events),
    send(to, message) {
      if (pool.isClosed || to === pool.self) return
      const peer = pool.peerOf(to)
      peer.send(message)
      if (peer.active === undefined) connected(to).catch(() => {})
    },
    sendCell: (to, cell) => pool.peers.get(to)?.active?.sendCell(cell) ?? false,
    async take(pipe, target) {
      if (target !== undefined) await pool.open(pipe, target)
      else pool.admit(pipe)
    },
    sendOnTrial: (to, message) => void pool.peers.get(to)?.onTrial?.sendMessage(message),
    prefer: (id) => pool.peers.get(id)?.prefer(),
    ping: (to) => pool.peers.get(to)?.active?.ping(),
    disconnect: (id, reason = 'done') => pool.peers.get(id)?.close(reason),
    peers: () => [...pool.peers.values()].flatMap((peer) => factsOf(peer) ?? []),
    peer(id) {
      const peer = pool.peers.get(id)
      return peer && factsOf(peer)
    },
    async close() {
      dialler.close()
      await Promise.all([...listeners].map((listener) => listener.close()))
      await pool.close()
    },
  }
}

function listenBy(
  carriers: readonly Carrier[],
  address: string,
  onPipe: (pipe: Pipe) => void,
): Promise<Listener> {
  for (const { scheme, listen } of carriers)
    if (scheme === schemeOf(address) && listen !== undefined) return listen(address, onPipe)
  const text = `Nothing here can listen at ${address}. Use another kind of address.`
  return Promise.reject(new Fault('invalid.address', text))
}

function factsOf({ id, active, pipe }: Peer): PeerFacts | undefined {
  return (
    active && {
      peer: id,
      isInitiator: active.isInitiator,
      latencyMs: active.latencyMs,
      address: pipe?.remoteAddress ?? '',
      port: pipe?.remotePort,
      way: pipe?.way,
    }
  )
}
