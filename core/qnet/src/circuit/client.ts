import { concatBytes, fromBase32 } from '@anarq/bytes'
import { wipe } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import {
  bodyFrom,
  cellCommand,
  command,
  createCell,
  type EndReason,
  handshakeCell,
  handshakeOf,
  hopsMax,
  type Message,
  readMessage,
  reasonOf,
  tailBytes,
  writeMessage,
} from './cell.ts'
import { type ClientStreams, createClientStreams } from './client-streams.ts'
import { type Handshake, hybridForm, startHandshake } from './handshake.ts'
import { circuitVersion, type HopKeys, hopKeyBytes, hopKeysOf, verificationOf } from './hop-keys.ts'
import { openBackward, sealForward } from './layer.ts'
import type { CircuitPort, Switch } from './switch.ts'

/** A hop as its node record has it. `onionKey` is the X25519 key of the day, 32 bytes. */
export type Hop = { readonly node: NodeId; readonly onionKey: Uint8Array }

/** A circuit of our own, from its first cell to its last. */
export type Circuit = ClientStreams & {
  readonly path: readonly Hop[]
  readonly state: 'building' | 'ready' | 'over'
  /** How long the build took: three round trips. Undefined before. */
  readonly buildMs: number | undefined
  /** How often its keys were made anew. */
  readonly rekeys: number
  end(): void
}
export type CircuitEvents = {
  ready(): void
  /** `hops` had answered when it ended: of a circuit that was never ready, the hop behind them is the one in doubt. */
  over(reason: EndReason, hops: number): void
}
export type ClientSettings = {
  readonly buildTimeoutMs: number
  /** A fresh handshake with every hop, before the 10 minutes at which relays end the circuit. */
  readonly rekeyAfterMs: number
  readonly rekeyTimeoutMs: number
  /** Between two cells of padding, drawn anew each time (as Tor's padding-spec 2.2). Undefined: none. */
  readonly paddingMs: readonly [least: number, most: number] | undefined
}
export type ClientOptions = {
  readonly world: World
  readonly circuits: Switch
  readonly settings?: Partial<ClientSettings>
}
export type Client = {
  /** Starts at once, hop after hop (telescoped). One to three hops, each another node. */
  build(path: readonly Hop[], events: CircuitEvents): Circuit
}

const settingsDefault: ClientSettings = {
  buildTimeoutMs: 10_000,
  rekeyAfterMs: 480_000,
  rekeyTimeoutMs: 60_000,
  paddingMs: [1500, 9500],
}
const none = new Uint8Array(0)

export function createClient({ world, circuits, settings }: ClientOptions): Client {
  const all = { ...settingsDefault, ...settings }
  return { build: (path, events) => buildCircuit(world, circuits, all, path, events) }
}

function buildCircuit(
  world: World,
  board: Switch,
  settings: ClientSettings,
  path: readonly Hop[],
  events: CircuitEvents,
): Circuit {
  const startedMs = world.clock.nowMs()
  const hops: HopKeys[] = []
  let state: Circuit['state'] = 'building'
  let buildMs: number | undefined
  let rekeys = 0
  let port: CircuitPort | undefined
  let pending: { readonly hop: number; readonly handshake: Handshake } | undefined
  let cancelTimer = world.after(settings.buildTimeoutMs, () => finish('unreachable', 'done'))
  let cancelPadding: (() => void) | undefined

  const finish = (reason: EndReason, tell?: EndReason): void => {
    if (state === 'over') return
    state = 'over'
    cancelTimer()
    cancelPadding?.()
    pending?.handshake.dispose()
    port?.close(tell)
    for (const { forward, backward, chain } of hops) {
      forward.erase()
      backward.erase()
      wipe(chain)
    }
    streams.detach('lost')
    events.over(reason, hops.length)
  }
  const send = (message: Message, hop = hops.length - 1): void => {
    if (state === 'over' || port === undefined) return
    const cell = createCell(port.circuit, cellCommand.relay)
    const layers = hops.slice(0, hop + 1).map(({ forward }) => forward)
    sealForward(layers, writeMessage(message), world.random.bytes(tailBytes), cell.subarray(bodyFrom))
    port.send(cell)
  }
  const streams = createClientStreams({ world, send: (message) => send(message) })

  const greet = (hop: number, chain?: Uint8Array): Uint8Array => {
    const { node, onionKey } = path[hop] as Hop
    const handshake = startHandshake({
      form: hybridForm,
      identity: fromBase32(node),
      verification: verificationOf(chain),
      onionKey,
      message: circuitVersion,
      random: world.random,
    })
    pending = { hop, handshake }
    return handshake.hello
  }
  /** The keys of the hop that was greeted, or the circuit is over: the answer is not by this hop. */
  const agreed = (reply: Uint8Array): HopKeys | undefined => {
    const result = pending?.handshake.finish(reply, hopKeyBytes)
    pending = undefined
    if (result === undefined) finish('protocol', 'protocol')
    return result && hopKeysOf(result.keys)
  }

  const start = (): void => {
    const nodes = new Set(path.map(({ node }) => node))
    const first = path[0]
    if (first === undefined || path.length > hopsMax || nodes.size < path.length) {
      finish('protocol')
      return
    }
    port = board.open(first.node, { cell: receive, lost: (reason) => finish(reason) })
    if (port === undefined) {
      finish('resources')
      return
    }
    const hello = tried(() => greet(0))
    if (hello === undefined) {
      finish('protocol', 'done')
      return
    }
    port.send(handshakeCell(port.circuit, cellCommand.create, hello))
  }
  const extended = (reply: Uint8Array): void => {
    const keys = agreed(reply)
    if (keys === undefined) return
    hops.push(keys)
    const next = path[hops.length]
    if (next === undefined) {
      ready()
      return
    }
    const hello = tried(() => greet(hops.length))
    if (hello === undefined) {
      finish('protocol', 'done')
      return
    }
    send({ command: command.extend, stream: 0, data: concatBytes(fromBase32(next.node), hello) })
  }
  const ready = (): void => {
    state = 'ready'
    buildMs = Math.max(0, world.clock.nowMs() - startedMs)
    cancelTimer()
    cancelTimer = world.after(settings.rekeyAfterMs, () => rekey(0))
    schedulePadding()
    events.ready()
  }

  /** One hop after the other, each over the circuit as it stands. */
  const rekey = (hop: number): void => {
    cancelTimer()
    const keys = hops[hop]
    if (keys === undefined) {
      rekeys += 1
      cancelTimer = world.after(settings.rekeyAfterMs, () => rekey(0))
      return
    }
    cancelTimer = world.after(settings.rekeyTimeoutMs, () => finish('expired', 'expired'))
    send({ command: command.rekey, stream: 0, data: greet(hop, keys.chain) }, hop)
  }
  const rekeyed = (hop: number, reply: Uint8Array): void => {
    const old = hops[hop] as HopKeys
    const keys = agreed(reply)
    if (keys === undefined) return
    send({ command: command.switched, stream: 0, data: none }, hop)
    old.forward.erase()
    old.backward.erase()
    wipe(old.chain)
    hops[hop] = keys
    rekey(hop + 1)
  }

  /** Less than 1, drawn anew. */
  const draw = (): number => new DataView(world.random.bytes(4).buffer).getUint32(0) / 2 ** 32
  /** To a hop behind the first, so that every link has some. */
  const schedulePadding = (): void => {
    if (settings.paddingMs === undefined) return
    const [least, most] = settings.paddingMs
    cancelPadding = world.after(least + draw() * (most - least), () => {
      const hop = Math.min(hops.length - 1, 1 + Math.floor(draw() * (hops.length - 1)))
      send({ command: command.drop, stream: 0, data: Uint8Array.of(1) }, hop)
      schedulePadding()
    })
  }

  const receive = (cell: Uint8Array): void => {
    if (state === 'over') return
    if (cell[4] === cellCommand.destroy) {
      finish(reasonOf(cell))
      return
    }
    if (cell[4] === cellCommand.created && hops.length === 0) {
      const reply = handshakeOf(cell)
      reply === undefined ? finish('protocol', 'protocol') : extended(reply)
      return
    }
    const layers = hops.map(({ backward }) => backward)
    const opened = cell[4] === cellCommand.relay ? openBackward(layers, cell.subarray(bodyFrom)) : undefined
    const message = opened && readMessage(opened.plain)
    if (opened === undefined || message === undefined || !take(opened.hop, message))
      finish('protocol', 'protocol')
  }
  /** False: that was not this hop's to say, or not now. */
  const take = (hop: number, message: Message): boolean => {
    const isLast = hop === hops.length - 1
    switch (message.command) {
      case command.drop:
        return true
      case command.extended:
        if (state !== 'building' || !isLast || pending?.hop !== hops.length) return false
        extended(message.data)
        return true
      case command.rekeyed:
        if (state !== 'ready' || pending?.hop !== hop) return false
        rekeyed(hop, message.data)
        return true
      default:
        return state === 'ready' && isLast && streams.receive(message)
    }
  }

  // Whoever asked must have the circuit in hand before it hears of it.
  queueMicrotask(start)
  return {
    ...streams,
    get rttMs() {
      return streams.rttMs
    },
    get streams() {
      return streams.streams
    },
    path,
    get state() {
      return state
    },
    get buildMs() {
      return buildMs
    },
    get rekeys() {
      return rekeys
    },
    end: () => finish('done', 'done'),
  }
}

/** Undefined where a hop's published key is no key. */
function tried<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
