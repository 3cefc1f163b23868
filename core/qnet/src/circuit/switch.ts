import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { cellBytes, cellCommand, circuitOf, destroyCell, type EndReason } from './cell.ts'

/** Cells to neighbours, over their links. */
export type CellWire = {
  /**
   * 4,096 bytes, the wire's from now on. Never throws. False: the link has enough for now; `drained` says when it takes
   * more. What cannot be sent at all is told by `lost`.
   */
  send(to: NodeId, cell: Uint8Array): boolean
}

/** One circuit on one link, as the one of its two ends that is here. */
export type CircuitPort = {
  readonly peer: NodeId
  readonly circuit: number
  /** The header is written already. */
  send(cell: Uint8Array): void
  /** Forgets the circuit here; with a reason the neighbour is told. */
  close(reason?: EndReason): void
}
export type PortEvents = {
  cell(cell: Uint8Array): void
  /** The link is gone, or took too little: the port is closed already. */
  lost(reason: EndReason): void
}

/** The table of all circuits of a node, its own and those that it passes on, and the cells that wait for each link. */
export type Switch = {
  /** A new circuit over the link to a neighbour. Undefined: there are as many as may be. */
  open(peer: NodeId, events: PortEvents): CircuitPort | undefined
  receive(from: NodeId, cell: Uint8Array): void
  /** The link to this node takes cells again. */
  drained(peer: NodeId): void
  /** The link to this node is gone, or cannot be had. */
  lost(peer: NodeId): void
  /** Who answers to CREATE. Without one nobody does: a client is no relay. */
  onCreate(create: (port: CircuitPort, cell: Uint8Array) => PortEvents | undefined): void
  readonly circuits: number
}
export type SwitchOptions = {
  readonly world: World
  readonly wire: CellWire
  readonly self: NodeId
  readonly circuitsPerPeerMax?: number
  /** Cells of one circuit that wait for one link, before the circuit ends: more than a congestion window of both ends. */
  readonly cellsWaitingMax?: number
}

type Slot = PortEvents & { readonly port: CircuitPort; waiting: Uint8Array[]; taken: number }
type Peer = {
  readonly slots: Map<number, Slot>
  /** Circuits with cells that wait, in turn. */
  readonly turns: Set<Slot>
  isFull: boolean
}

export function createSwitch({
  world,
  wire,
  self,
  circuitsPerPeerMax = 4096,
  cellsWaitingMax = 2 * 4096,
}: SwitchOptions): Switch {
  const table = createTable(wire, cellsWaitingMax)
  const { peers, peerOf } = table
  let create: ((port: CircuitPort, cell: Uint8Array) => PortEvents | undefined) | undefined

  /** The node with the greater id takes the upper half of the numbers, so that both can open at once. */
  const upperHalf = (peer: NodeId): number => (self > peer ? 0x8000_0000 : 0)

  return {
    open(peer, events) {
      if (peer === self || peerOf(peer).slots.size >= circuitsPerPeerMax) return undefined
      const view = new DataView(world.random.bytes(4).buffer)
      let circuit = ((view.getUint32(0) >>> 1) | upperHalf(peer)) >>> 0
      while (circuit === 0 || peerOf(peer).slots.has(circuit))
        circuit = (((circuit + 1) & 0x7fff_ffff) | upperHalf(peer)) >>> 0
      const slot = table.add(peer, circuit)
      Object.assign(slot, events)
      return slot.port
    },
    receive(from, cell) {
      if (cell.length !== cellBytes) return
      const circuit = circuitOf(cell)
      const slot = peers.get(from)?.slots.get(circuit)
      if (slot !== undefined) {
        if (cell[4] !== cellCommand.create && cell[4] !== cellCommand.padding) slot.cell(cell)
        return
      }
      const isTheirHalf = circuit >>> 31 === (from > self ? 1 : 0)
      if (cell[4] !== cellCommand.create || create === undefined || circuit === 0 || !isTheirHalf) return
      if (peerOf(from).slots.size >= circuitsPerPeerMax) return
      const added = table.add(from, circuit)
      const events = create(added.port, cell)
      if (events === undefined) added.port.close('resources')
      else Object.assign(added, events)
    },
    drained(id) {
      const peer = peers.get(id)
      if (peer === undefined) return
      peer.isFull = false
      table.flush(id, peer)
    },
    lost(id) {
      for (const slot of table.remove(id)) slot.lost('unreachable')
    },
    onCreate(handler) {
      create = handler
    },
    get circuits() {
      return table.circuits
    },
  }
}

type Table = {
  readonly peers: ReadonlyMap<NodeId, Peer>
  peerOf(id: NodeId): Peer
  add(id: NodeId, circuit: number): Slot
  /** Everything that leads over this neighbour, which knows of it no more. */
  remove(id: NodeId): readonly Slot[]
  /** As many of the waiting cells as the link takes, circuit by circuit. */
  flush(id: NodeId, peer: Peer): void
  readonly circuits: number
}

function createTable(wire: CellWire, cellsWaitingMax: number): Table {
  const peers = new Map<NodeId, Peer>()
  let circuits = 0

  const peerOf = (id: NodeId): Peer => {
    const known = peers.get(id) ?? { slots: new Map(), turns: new Set(), isFull: false }
    peers.set(id, known)
    return known
  }
  const forget = (id: NodeId, peer: Peer, slot: Slot): void => {
    if (!peer.slots.delete(slot.port.circuit)) return
    circuits -= 1
    // What waits still goes, up to the end's own cell; then nothing is left of it.
    if (slot.waiting.length === 0) peer.turns.delete(slot)
    if (peer.slots.size === 0 && peer.turns.size === 0) peers.delete(id)
  }
  const flush = (id: NodeId, peer: Peer): void => {
    while (!peer.isFull && peer.turns.size > 0) {
      const slot = peer.turns.values().next().value as Slot
      peer.turns.delete(slot)
      const cell = slot.waiting[slot.taken] as Uint8Array
      slot.taken += 1
      if (slot.taken < slot.waiting.length) peer.turns.add(slot)
      else {
        slot.waiting = []
        slot.taken = 0
      }
      peer.isFull = !wire.send(id, cell)
    }
    if (peer.slots.size === 0 && peer.turns.size === 0 && !peer.isFull) peers.delete(id)
  }
  const enqueue = (id: NodeId, peer: Peer, slot: Slot, cell: Uint8Array): void => {
    if (slot.waiting.length - slot.taken >= cellsWaitingMax) {
      slot.waiting = []
      slot.taken = 0
      peer.turns.delete(slot)
      slot.port.close('resources')
      slot.lost('resources')
      return
    }
    slot.waiting.push(cell)
    peer.turns.add(slot)
    flush(id, peer)
  }
  const add = (id: NodeId, circuit: number): Slot => {
    const peer = peerOf(id)
    const port: CircuitPort = {
      peer: id,
      circuit,
      send(cell) {
        if (peer.slots.get(circuit) === slot) enqueue(id, peer, slot, cell)
      },
      close(reason) {
        if (peer.slots.get(circuit) !== slot) return
        if (reason !== undefined) {
          slot.waiting.push(destroyCell(circuit, reason))
          peer.turns.add(slot)
        }
        forget(id, peer, slot)
        flush(id, peer)
      },
    }
    const slot: Slot = { port, waiting: [], taken: 0, cell: () => {}, lost: () => {} }
    peer.slots.set(circuit, slot)
    circuits += 1
    return slot
  }

  return {
    peers,
    peerOf,
    add,
    flush,
    remove(id) {
      const peer = peers.get(id)
      if (peer === undefined) return []
      peers.delete(id)
      circuits -= peer.slots.size
      const slots = [...peer.slots.values()]
      peer.slots.clear()
      peer.turns.clear()
      return slots
    },
    get circuits() {
      return circuits
    },
  }
}
