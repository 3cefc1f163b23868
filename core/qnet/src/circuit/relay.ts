import { fromBase32 } from '@anarq/bytes'
import { type AgreementKey, wipe } from '@anarq/qlock'
import type { Exit, Services } from '../flow.ts'
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
import { answerHandshake, hybridForm, replyBytes } from './handshake.ts'
import { circuitVersion, type HopKeys, hopKeyBytes, hopKeysOf, verificationOf } from './hop-keys.ts'
import { coverBackward, peelForward, sealBackward } from './layer.ts'
import type { CircuitPort, PortEvents, Switch } from './switch.ts'
import { createKept, createTerminal, type Kept, type Terminal } from './terminal.ts'

/**
 * A hop of other people's circuits. It knows its two neighbours of each, and the keys of its own layer; who began a circuit
 * and where it goes on after the next node is in nothing that it holds. What may end at it is what it is given: an
 * exit, services of its own, or neither.
 */
export type Relay = {
  readonly circuits: number
  /** Ends all circuits and erases their keys. */
  close(): void
}
export type RelayOptions = {
  readonly world: World
  readonly self: NodeId
  readonly circuits: Switch
  /** X25519, today's first; yesterday's as long as a record may still name it. */
  readonly onionKeys: () => readonly AgreementKey[]
  readonly exit?: Exit
  readonly services?: Services
  readonly settings?: Partial<RelaySettings>
}
export type RelaySettings = {
  readonly circuitsMax: number
  /** CREATEs that one neighbour may send in a burst, and in a second after it: each costs about a millisecond. */
  readonly createsBurst: number
  readonly createsPerSecond: number
  readonly extendTimeoutMs: number
  /** Without a cell for so long, the circuit ends. */
  readonly idleMs: number
  /** Keys of this age without a new handshake: the circuit ends (QN-CRY-2). */
  readonly keyAgeMs: number
}

const settingsDefault: RelaySettings = {
  circuitsMax: 65_536,
  createsBurst: 200,
  createsPerSecond: 50,
  extendTimeoutMs: 8000,
  idleMs: 300_000,
  keyAgeMs: 600_000,
}
const sweepMs = 10_000

type Circuit = {
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

export function createRelay(options: RelayOptions): Relay {
  const { world, self, circuits: board } = options
  const settings = { ...settingsDefault, ...options.settings }
  const identity = fromBase32(self)
  const kept: Kept = createKept(world)
  const circuits = new Set<Circuit>()
  const buckets = createBuckets(world, settings)
  let cancelSweep: (() => void) | undefined

  const answer = (hello: Uint8Array, chain?: Uint8Array) =>
    answerHandshake(
      {
        form: hybridForm,
        identity,
        verification: verificationOf(chain),
        onionKeys: options.onionKeys(),
        respond: () => circuitVersion,
        random: world.random,
      },
      hello,
      hopKeyBytes,
    )

  const finish = (circuit: Circuit, toPrev?: EndReason, toNext?: EndReason): void => {
    if (circuit.isOver) return
    circuit.isOver = true
    circuits.delete(circuit)
    circuit.cancelExtend?.()
    circuit.prev.close(toPrev)
    circuit.next?.close(toNext)
    circuit.terminal?.close()
    for (const keys of [circuit.keys, circuit.upcoming]) eraseKeys(keys)
  }
  const fail = (circuit: Circuit, reason: EndReason): void => finish(circuit, reason, reason)

  const reply = (circuit: Circuit, message: Message): void => {
    if (circuit.isOver) return
    const cell = createCell(circuit.prev.circuit, cellCommand.relay)
    sealBackward(circuit.keys.backward, writeMessage(message), cell.subarray(bodyFrom))
    circuit.prev.send(cell)
  }

  const extend = (circuit: Circuit, data: Uint8Array): void => {
    const hello = data.slice(nodeIdBytes)
    if (circuit.next !== undefined || circuit.terminal !== undefined || data.length <= nodeIdBytes) {
      fail(circuit, 'protocol')
      return
    }
    const target = textOfNodeId(data.subarray(0, nodeIdBytes))
    if (target === self || target === circuit.prev.peer) {
      fail(circuit, 'protocol')
      return
    }
    const next = board.open(target, {
      cell: (cell) => fromNext(circuit, cell),
      lost: (reason) => finish(circuit, reason),
    })
    if (next === undefined) {
      fail(circuit, 'resources')
      return
    }
    circuit.next = next
    circuit.cancelExtend = world.after(settings.extendTimeoutMs, () => fail(circuit, 'unreachable'))
    next.send(handshakeCell(next.circuit, cellCommand.create, hello))
  }

  const fromNext = (circuit: Circuit, cell: Uint8Array): void => {
    const { next, prev } = circuit
    if (circuit.isOver || next === undefined) return
    circuit.ticksIdle = 0
    if (cell[4] === cellCommand.destroy) {
      finish(circuit, reasonOf(cell))
      return
    }
    if (cell[4] === cellCommand.created && !circuit.isExtended) {
      const handshake = handshakeOf(cell)
      if (handshake === undefined || handshake.length > replyBytes + 64) {
        fail(circuit, 'protocol')
        return
      }
      circuit.isExtended = true
      circuit.cancelExtend?.()
      reply(circuit, { command: command.extended, stream: 0, data: handshake })
      return
    }
    if (cell[4] !== cellCommand.relay || !circuit.isExtended) {
      fail(circuit, 'protocol')
      return
    }
    const out = new Uint8Array(cellBytes)
    writeHeader(out, prev.circuit, cellCommand.relay)
    coverBackward(circuit.keys.backward, cell.subarray(bodyFrom), out.subarray(bodyFrom))
    prev.send(out)
  }

  const rekey = (circuit: Circuit, hello: Uint8Array): void => {
    if (circuit.upcoming !== undefined) {
      fail(circuit, 'protocol')
      return
    }
    const agreed = answer(hello, circuit.keys.chain)
    if (agreed === undefined) {
      fail(circuit, 'protocol')
      return
    }
    reply(circuit, { command: command.rekeyed, stream: 0, data: agreed.reply })
    const upcoming = hopKeysOf(agreed.keys)
    circuit.keys.backward.erase()
    circuit.keys = { ...circuit.keys, backward: upcoming.backward }
    circuit.upcoming = upcoming
  }
  /** The client has the new keys: from the next cell on they hold forward too, and the old ones are gone. */
  const switchKeys = (circuit: Circuit): void => {
    if (circuit.upcoming === undefined) {
      fail(circuit, 'protocol')
      return
    }
    circuit.keys.forward.erase()
    wipe(circuit.keys.chain)
    circuit.keys = circuit.upcoming
    delete circuit.upcoming
    circuit.ticksOfKey = 0
  }

  const ofTerminal = (circuit: Circuit, message: Message): void => {
    if (circuit.next !== undefined) {
      fail(circuit, 'protocol')
      return
    }
    circuit.terminal ??= createTerminal({
      world,
      kept,
      send: (answered) => reply(circuit, answered),
      exit: options.exit,
      services: options.services,
    })
    if (!circuit.terminal.receive(message)) fail(circuit, 'protocol')
  }
  const mine = (circuit: Circuit, plain: Uint8Array): void => {
    const message = readMessage(plain)
    if (message === undefined) {
      fail(circuit, 'protocol')
      return
    }
    switch (message.command) {
      case command.extend:
        extend(circuit, message.data)
        return
      case command.rekey:
        rekey(circuit, message.data)
        return
      case command.switched:
        switchKeys(circuit)
        return
      case command.drop:
        // Padding that asks for padding, so that both directions have it.
        if (message.data[0] === 1)
          reply(circuit, { command: command.drop, stream: 0, data: new Uint8Array(0) })
        return
      default:
        ofTerminal(circuit, message)
        return
    }
  }

  const fromPrev = (circuit: Circuit, cell: Uint8Array): void => {
    if (circuit.isOver) return
    circuit.ticksIdle = 0
    if (cell[4] === cellCommand.destroy) {
      finish(circuit, undefined, reasonOf(cell))
      return
    }
    if (cell[4] !== cellCommand.relay) {
      fail(circuit, 'protocol')
      return
    }
    const out = new Uint8Array(cellBytes)
    const opened = peelForward(circuit.keys.forward, cell.subarray(bodyFrom), out.subarray(bodyFrom))
    if (opened === undefined) {
      fail(circuit, 'protocol')
      return
    }
    if (opened.kind === 'mine') {
      mine(circuit, opened.plain)
      return
    }
    if (circuit.next === undefined || !circuit.isExtended) {
      fail(circuit, 'protocol')
      return
    }
    writeHeader(out, circuit.next.circuit, cellCommand.relay)
    circuit.next.send(out)
  }

  const sweep = (): void => {
    cancelSweep = undefined
    for (const circuit of circuits) {
      circuit.ticksIdle += 1
      circuit.ticksOfKey += 1
      if (circuit.ticksIdle * sweepMs > settings.idleMs) fail(circuit, 'done')
      else if (circuit.ticksOfKey * sweepMs > settings.keyAgeMs) fail(circuit, 'expired')
    }
    buckets.sweep()
    if (circuits.size > 0) cancelSweep = world.after(sweepMs, sweep)
  }

  board.onCreate((prev, cell): PortEvents | undefined => {
    const hello = handshakeOf(cell)
    if (hello === undefined || circuits.size >= settings.circuitsMax || !buckets.take(prev.peer))
      return undefined
    const agreed = answer(hello)
    if (agreed === undefined) return undefined
    const circuit: Circuit = {
      prev,
      keys: hopKeysOf(agreed.keys),
      isExtended: false,
      ticksIdle: 0,
      ticksOfKey: 0,
      isOver: false,
    }
    circuits.add(circuit)
    cancelSweep ??= world.after(sweepMs, sweep)
    prev.send(handshakeCell(prev.circuit, cellCommand.created, agreed.reply))
    return {
      cell: (received) => fromPrev(circuit, received),
      lost: (reason) => finish(circuit, undefined, reason),
    }
  })

  return {
    get circuits() {
      return circuits.size
    },
    close() {
      cancelSweep?.()
      for (const circuit of [...circuits]) fail(circuit, 'done')
    },
  }
}

function eraseKeys(keys: HopKeys | undefined): void {
  if (keys === undefined) return
  keys.forward.erase()
  keys.backward.erase()
  wipe(keys.chain)
}

/** How many CREATEs each neighbour may send now. */
function createBuckets(world: World, { createsBurst, createsPerSecond }: RelaySettings) {
  const buckets = new Map<NodeId, { left: number; atMs: number }>()
  return {
    take(peer: NodeId): boolean {
      const nowMs = world.clock.nowMs()
      const bucket = buckets.get(peer) ?? { left: createsBurst, atMs: nowMs }
      // A clock that goes back gives nothing.
      const elapsedMs = Math.max(0, nowMs - bucket.atMs)
      bucket.left = Math.min(createsBurst, bucket.left + (elapsedMs / 1000) * createsPerSecond)
      bucket.atMs = nowMs
      buckets.set(peer, bucket)
      if (bucket.left < 1) return false
      bucket.left -= 1
      return true
    },
    /** Who had no turn for long enough to be full again is forgotten. */
    sweep(): void {
      const fullAfterMs = (createsBurst / createsPerSecond) * 1000
      for (const [peer, { atMs }] of buckets)
        if (world.clock.nowMs() - atMs > fullAfterMs) buckets.delete(peer)
    },
  }
}
