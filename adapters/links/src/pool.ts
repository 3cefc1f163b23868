import { Fault } from '@anarq/fault'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import {
  type CloseReport,
  createLink,
  type Link,
  type LinkEvents,
  type LinkStream,
  type LinkTarget,
  type StreamEvents,
} from '@anarq/qnet/link'
import { type AddressGate, createAddressGate } from './address-gate.ts'
import type { Pipe, PipeEvents } from './carrier.ts'
import { readDialBack } from './dial-back.ts'
import type { LinksLimits, LinksOptions } from './links-options.ts'
import { type Carried, Peer } from './peer.ts'

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

  const host: Host = {
    options,
    gate,
    opened(held, id) {
      if (id === self || isClosed) {
        held.link.close('refused')
        return
      }
      if (peerOf(id).add(held)) events.onUp?.(id)
      events.onLink?.(id, held.pipe.way, held.isOnTrial)
    },
    closed(held, id, report) {
      links.delete(held.link)
      if (id !== undefined) closed(id, held.link, report)
      if (links.size === 0) onEmpty?.()
    },
  }

  /** A link over this pipe; with a target, this side speaks first. Who dialled is told of its handshake. */
  const attach = (held: HeldLink): void => {
    links.add(held.link)
    held.start()
  }

  return {
    self,
    get isClosed() {
      return isClosed
    },
    peers,
    peerOf,
    forgetIdle,
    open: (pipe, target) =>
      new Promise((resolve, reject) => attach(new HeldLink(host, pipe, { target, resolve, reject }))),
    admit(pipe) {
      if (isClosed || !gate.admit(pipe.remoteAddress)) pipe.end()
      else attach(new HeldLink(host, pipe))
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

/** What a link needs of the pool that it is in. */
type Host = {
  readonly options: LinksOptions
  readonly gate: AddressGate
  opened(held: HeldLink, id: NodeId): void
  /** Without an id where it never opened. */
  closed(held: HeldLink, id: NodeId | undefined, report: CloseReport): void
}

/** Who dialled waits for the handshake; a stranger who knocked counts at the gate instead. */
type Dialled = {
  readonly target: LinkTarget
  readonly resolve: () => void
  readonly reject: (fault: Fault) => void
}

/** A link and its pipe, each of which calls the other through this. A class, because there are as many as links. */
class HeldLink implements Carried, LinkEvents, PipeEvents {
  readonly #host: Host
  readonly pipe: Pipe
  isOnTrial = false
  readonly #isDialled: boolean
  #dialled: Dialled | undefined
  #peer: NodeId | undefined
  readonly link: Link

  constructor(host: Host, pipe: Pipe, dialled?: Dialled) {
    const { world, identity, network, linkLimits } = host.options
    this.#host = host
    this.pipe = pipe
    this.#dialled = dialled
    this.#isDialled = dialled !== undefined
    this.link = createLink({
      world,
      identity,
      transport: pipe,
      ...(dialled === undefined ? {} : { target: dialled.target }),
      ...(network === undefined ? {} : { network }),
      ...(linkLimits === undefined ? {} : { limits: linkLimits }),
      events: this,
    })
  }

  /** Apart from the making, because what has come already is told before this returns. */
  start(): void {
    this.pipe.start(this)
  }

  onData(bytes: Uint8Array): void {
    const number = this.#peer === undefined && !this.#isDialled ? readDialBack(bytes) : undefined
    if (number === undefined) this.link.receive(bytes)
    else {
      this.link.close()
      this.#host.options.events.onDialBack?.(number)
    }
  }

  onDrain(): void {
    this.link.writable()
  }

  onOpen(id: NodeId): void {
    this.#peer = id
    if (!this.#isDialled) this.#host.gate.proved()
    this.#host.opened(this, id)
    this.#dialled?.resolve()
    this.#dialled = undefined
  }

  onMessage(message: Uint8Array): void {
    this.#host.options.events.onMessage?.(this.#peer as NodeId, message, this.isOnTrial)
  }

  onCell(cell: Uint8Array): void {
    this.#host.options.events.onCell?.(this.#peer as NodeId, cell)
  }

  onCellRoom(): void {
    this.#host.options.events.onCellRoom?.(this.#peer as NodeId)
  }

  onStream(stream: LinkStream): StreamEvents | undefined {
    return this.#host.options.events.onStream?.(this.#peer as NodeId, stream)
  }

  onLatency(latencyMs: number): void {
    this.#host.options.events.onLatency?.(this.#peer as NodeId, latencyMs)
  }

  /** Of the link with a report, of the pipe without one. */
  onClosed(report?: CloseReport): void {
    if (report === undefined) {
      this.link.transportClosed()
      return
    }
    if (!this.#isDialled) this.#host.gate.release(this.pipe.remoteAddress, this.#peer !== undefined)
    this.#dialled?.reject(new Fault('unavailable.peer', 'The other side did not open a link.'))
    this.#dialled = undefined
    this.#host.closed(this, this.#peer, report)
  }
}
