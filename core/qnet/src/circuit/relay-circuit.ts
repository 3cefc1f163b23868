import { fromBase32 } from '@anarq/bytes'
import { type AgreementKey, wipe } from '@anarq/qlock'
import { type NodeId, nodeIdBytes, textOfNodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import {
  bodyFrom,
  cellBytes,
  cellCommand,
  command,
  createCell,
  type EndReason,
  handshakeCell,
  handshakeOf,
  type Message,
  readMessage,
  reasonOf,
  writeHeader,
  writeMessage,
} from './cell.ts'
import { type Answered, answerHandshake, hybridForm, replyBytes } from './handshake.ts'
import { circuitVersion, type HopKeys, hopKeyBytes, hopKeysOf, verificationOf } from './hop-keys.ts'
import { coverBackward, peelForward, sealBackward } from './layer.ts'
import type { CircuitPort, PortEvents, Switch } from './switch.ts'
import type { Terminal } from './terminal.ts'

/** What a relay holds of one circuit: its two neighbours, and the keys of its own layer. */
export type RelayedCircuit = {
  readonly prev: CircuitPort
  next?: CircuitPort
  /** EXTEND was asked for and not answered yet. */
  cancelExtend?: () => void
  isExtended: boolean
  keys: HopKeys
  /** Of a rekey: for cells that come, from SWITCHED on. */
  upcoming?: HopKeys
  terminal?: Terminal
  ticksIdle: number
  ticksOfKey: number
  isOver: boolean
}

/** What all circuits of a relay share. */
export type RelayInside = {
  readonly world: World
  readonly self: NodeId
  readonly board: Switch
  readonly onionKeys: () => readonly AgreementKey[]
  readonly extendTimeoutMs: number
  readonly circuits: Set<RelayedCircuit>
  readonly createTerminal: (send: (message: Message) => void) => Terminal
}

/** A neighbour's CREATE answered: the circuit with its first keys. Undefined: that was no handshake for this node. */
export function acceptCircuit(
  inside: RelayInside,
  prev: CircuitPort,
  hello: Uint8Array,
): PortEvents | undefined {
  const agreed = answer(inside, hello)
  if (agreed === undefined) return undefined
  const circuit: RelayedCircuit = {
    prev,
    keys: hopKeysOf(agreed.keys),
    isExtended: false,
    ticksIdle: 0,
    ticksOfKey: 0,
    isOver: false,
  }
  inside.circuits.add(circuit)
  prev.send(handshakeCell(prev.circuit, cellCommand.created, agreed.reply))
  return {
    cell: (received) => fromPrev(inside, circuit, received),
    lost: (reason) => finish(inside, circuit, undefined, reason),
  }
}

/** Ends it towards both sides. */
export function failCircuit(inside: RelayInside, circuit: RelayedCircuit, reason: EndReason): void {
  finish(inside, circuit, reason, reason)
}

function finish(
  { circuits }: RelayInside,
  circuit: RelayedCircuit,
  toPrev?: EndReason,
  toNext?: EndReason,
): void {
  if (circuit.isOver) return
  circuit.isOver = true
  circuits.delete(circuit)
  circuit.cancelExtend?.()
  circuit.prev.close(toPrev)
  circuit.next?.close(toNext)
  circuit.terminal?.close()
  for (const keys of [circuit.keys, circuit.upcoming]) eraseKeys(keys)
}

function answer(
  { self, onionKeys, world }: RelayInside,
  hello: Uint8Array,
  chain?: Uint8Array,
): Answered | undefined {
  return answerHandshake(
    {
      form: hybridForm,
      identity: fromBase32(self),
      verification: verificationOf(chain),
      onionKeys: onionKeys(),
      respond: () => circuitVersion,
      random: world.random,
    },
    hello,
    hopKeyBytes,
  )
}

function fromPrev(inside: RelayInside, circuit: RelayedCircuit, cell: Uint8Array): void {
  if (circuit.isOver) return
  circuit.ticksIdle = 0
  if (cell[4] === cellCommand.destroy) {
    finish(inside, circuit, undefined, reasonOf(cell))
    return
  }
  const out = new Uint8Array(cellBytes)
  const opened =
    cell[4] === cellCommand.relay
      ? peelForward(circuit.keys.forward, cell.subarray(bodyFrom), out.subarray(bodyFrom))
      : undefined
  if (opened === undefined) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  if (opened.kind === 'mine') {
    mine(inside, circuit, opened.plain)
    return
  }
  if (circuit.next === undefined || !circuit.isExtended) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  writeHeader(out, circuit.next.circuit, cellCommand.relay)
  circuit.next.send(out)
}

function fromNext(inside: RelayInside, circuit: RelayedCircuit, cell: Uint8Array): void {
  const { next, prev } = circuit
  if (circuit.isOver || next === undefined) return
  circuit.ticksIdle = 0
  if (cell[4] === cellCommand.destroy) {
    finish(inside, circuit, reasonOf(cell))
    return
  }
  if (cell[4] === cellCommand.created && !circuit.isExtended) {
    extended(inside, circuit, handshakeOf(cell))
    return
  }
  if (cell[4] !== cellCommand.relay || !circuit.isExtended) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  const out = new Uint8Array(cellBytes)
  writeHeader(out, prev.circuit, cellCommand.relay)
  coverBackward(circuit.keys.backward, cell.subarray(bodyFrom), out.subarray(bodyFrom))
  prev.send(out)
}

/** A cell for this hop itself. */
function mine(inside: RelayInside, circuit: RelayedCircuit, plain: Uint8Array): void {
  const message = readMessage(plain)
  if (message === undefined) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  switch (message.command) {
    case command.extend:
      extend(inside, circuit, message.data)
      return
    case command.rekey:
      rekey(inside, circuit, message.data)
      return
    case command.switched:
      switchKeys(inside, circuit)
      return
    case command.drop:
      // Padding that asks for padding, so that both directions have it.
      if (message.data[0] === 1) reply(circuit, { command: command.drop, stream: 0, data: new Uint8Array(0) })
      return
    default:
      ofTerminal(inside, circuit, message)
      return
  }
}

function reply(circuit: RelayedCircuit, message: Message): void {
  if (circuit.isOver) return
  const cell = createCell(circuit.prev.circuit, cellCommand.relay)
  sealBackward(circuit.keys.backward, writeMessage(message), cell.subarray(bodyFrom))
  circuit.prev.send(cell)
}

function extend(inside: RelayInside, circuit: RelayedCircuit, data: Uint8Array): void {
  const { world, self, board, extendTimeoutMs } = inside
  const hello = data.slice(nodeIdBytes)
  if (circuit.next !== undefined || circuit.terminal !== undefined || data.length <= nodeIdBytes) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  const target = textOfNodeId(data.subarray(0, nodeIdBytes))
  if (target === self || target === circuit.prev.peer) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  const next = board.open(target, {
    cell: (cell) => fromNext(inside, circuit, cell),
    lost: (reason) => finish(inside, circuit, reason),
  })
  if (next === undefined) {
    failCircuit(inside, circuit, 'resources')
    return
  }
  circuit.next = next
  circuit.cancelExtend = world.after(extendTimeoutMs, () => failCircuit(inside, circuit, 'unreachable'))
  next.send(handshakeCell(next.circuit, cellCommand.create, hello))
}

function extended(inside: RelayInside, circuit: RelayedCircuit, handshake: Uint8Array | undefined): void {
  if (handshake === undefined || handshake.length > replyBytes + 64) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  circuit.isExtended = true
  circuit.cancelExtend?.()
  reply(circuit, { command: command.extended, stream: 0, data: handshake })
}

function rekey(inside: RelayInside, circuit: RelayedCircuit, hello: Uint8Array): void {
  const agreed = circuit.upcoming === undefined ? answer(inside, hello, circuit.keys.chain) : undefined
  if (agreed === undefined) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  reply(circuit, { command: command.rekeyed, stream: 0, data: agreed.reply })
  const upcoming = hopKeysOf(agreed.keys)
  circuit.keys.backward.erase()
  circuit.keys = { ...circuit.keys, backward: upcoming.backward }
  circuit.upcoming = upcoming
}

/** The client has the new keys: from the next cell on they hold forward too, and the old ones are gone. */
function switchKeys(inside: RelayInside, circuit: RelayedCircuit): void {
  if (circuit.upcoming === undefined) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  circuit.keys.forward.erase()
  wipe(circuit.keys.chain)
  circuit.keys = circuit.upcoming
  delete circuit.upcoming
  circuit.ticksOfKey = 0
}

function ofTerminal(inside: RelayInside, circuit: RelayedCircuit, message: Message): void {
  if (circuit.next !== undefined) {
    failCircuit(inside, circuit, 'protocol')
    return
  }
  circuit.terminal ??= inside.createTerminal((answered) => reply(circuit, answered))
  if (!circuit.terminal.receive(message)) failCircuit(inside, circuit, 'protocol')
}

function eraseKeys(keys: HopKeys | undefined): void {
  if (keys === undefined) return
  keys.forward.erase()
  keys.backward.erase()
  wipe(keys.chain)
}
