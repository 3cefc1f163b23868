import { Fault } from '@anarq/fault'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { type CloseReport, createLink, type Link, type LinkTarget } from '@anarq/qnet/link'
import { type AddressGate, createAddressGate } from './address-gate.ts'
import type { Pipe } from './carrier.ts'
import type { LinksLimits, LinksOptions } from './links-options.ts'
import { Peer } from './peer.ts'

/** Every link of a node, whoever began it, and the peers that they lead to. */
export type Pool = {
  readonly self: NodeId
  readonly isClosed: boolean
  readonly peers: ReadonlyMap<NodeId, Peer>
  peerOf(id: NodeId): Peer
  /** A peer that nothing leads to and nothing waits for takes no room. */
  forgetIdle(peer: Peer): void
  /** Resolves when the handshake is done; `unavailable.peer` where it fails. */
  open(pipe: Pipe, target: LinkTarget): Promise<void>
  /** A stranger knocks. */
  admit(pipe: Pipe): void
  close(): Promise<void>
}

export function createPool(options: LinksOptions, limits: LinksLimits): Pool {
  const { world, identity, events } = options
  const self = nodeIdOf(identity.node.publicKey)
  const shared = { self, world, limits }
  const gate = createAddressGate(world, limits)
  const peers = new Map<NodeId, Peer>()
  const links = new Set<Link>()
  let isClosed = false
  let onEmpty: (() => void) | undefined

  const peerOf = (id: NodeId): Peer => {
    const known = peers.get(id)
    if (known !== undefined) return known
    const peer = new Peer(shared, id)
    peers.set(id, peer)
    return peer
  }

  const forgetIdle = (peer: Peer): void => {
    if (peer.isIdle && peers.get(peer.id) === peer) peers.delete(peer.id)
  }

  const closed = (id: NodeId, link: Link, report: CloseReport): void => {
    const peer = peers.get(id)
    if (peer === undefined) return
    if (peer.remove(link)) events.onDown?.(id, report)
    forgetIdle(peer)
  }

  /** A link over this pipe; with a target, this side speaks first. The promise is that of its handshake. */
  const attach = (pipe: Pipe, target?: LinkTarget, admission?: Admission): Promise<void> =>
    new Promise((resolve, reject) => {
      const link = linkOver(pipe, target, options, {
        onOpen(id) {
          admission?.proved()
          if (id === self || isClosed) link.close('refused')
          else if (peerOf(id).add(link, pipe.remoteAddress)) events.onUp?.(id)
          resolve()
        },
        onClosed(id, report) {
          links.delete(link)
          admission?.release()
          reject(new Fault('unavailable.peer', 'The other side did not open a link.'))
          if (id !== undefined) closed(id, link, report)
          if (links.size === 0) onEmpty?.()
        },
      })
      links.add(link)
      start(pipe, link)
    })

  return {
    self,
    get isClosed() {
      return isClosed
    },
    peers,
    peerOf,
    forgetIdle,
    open: (pipe, target) => attach(pipe, target),
    admit(pipe) {
      const admission = isClosed ? undefined : admissionOf(gate, pipe.remoteAddress)
      if (admission === undefined) pipe.end()
      else attach(pipe, undefined, admission).catch(() => {})
    },
    async close() {
      isClosed = true
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve
      })
      for (const link of links) link.close('goingAway')
      if (links.size > 0) await empty
    },
  }
}

type Ends = {
  readonly onOpen: (id: NodeId) => void
  /** Without an id where it never opened. */
  readonly onClosed: (id: NodeId | undefined, report: CloseReport) => void
}

function linkOver(
  pipe: Pipe,
  target: LinkTarget | undefined,
  { world, identity, network, linkLimits, events }: LinksOptions,
  { onOpen, onClosed }: Ends,
): Link {
  let peer: NodeId | undefined
  return createLink({
    world,
    identity,
    transport: pipe,
    ...(target === undefined ? {} : { target }),
    ...(network === undefined ? {} : { network }),
    ...(linkLimits === undefined ? {} : { limits: linkLimits }),
    events: {
      onOpen(id) {
        peer = id
        onOpen(id)
      },
      onMessage: (message) => events.onMessage?.(peer as NodeId, message),
      onCell: (cell) => events.onCell?.(peer as NodeId, cell),
      onCellRoom: () => events.onCellRoom?.(peer as NodeId),
      onStream: (stream) => events.onStream?.(peer as NodeId, stream),
      onLatency: (latencyMs) => events.onLatency?.(peer as NodeId, latencyMs),
      onClosed: (report) => onClosed(peer, report),
    },
  })
}

/** Apart from the link's making, because what has come already is told before this returns. */
function start(pipe: Pipe, link: Link): void {
  pipe.start({
    onData: (bytes) => link.receive(bytes),
    onDrain: () => link.writable(),
    onClosed: () => link.transportClosed(),
  })
}

type Admission = { proved(): void; release(): void }

function admissionOf(gate: AddressGate, address: string): Admission | undefined {
  if (!gate.admit(address)) return undefined
  let hasProved = false
  return {
    proved() {
      hasProved = true
      gate.proved()
    },
    release: () => gate.release(address, hasProved),
  }
}
