import { concatBytes, fromBase32 } from '@anarq/bytes'
import { wipe } from '@anarq/qlock'
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
import type { Circuit, CircuitEvents, ClientSettings, Hop } from './client.ts'
import { createClientStreams } from './client-streams.ts'
import { createGreeter, type Greeter } from './greeter.ts'
import type { HopKeys } from './hop-keys.ts'
import { openBackward, sealForward } from './layer.ts'
import type { CircuitPort, Switch } from './switch.ts'

export type BuildOptions = {
  readonly world: World
  readonly board: Switch
  readonly settings: ClientSettings
  readonly path: readonly Hop[]
  readonly events: CircuitEvents
}

/** A circuit as its client holds it. */
type Build = BuildOptions & {
  readonly greeter: Greeter
  readonly startedMs: number
  /** Keys of the hops that have answered. */
  readonly hops: HopKeys[]
  state: Circuit['state']
  buildMs: number | undefined
  rekeys: number
  port: CircuitPort | undefined
  /** Of what the circuit waits for now: a hop's answer, or the time of new keys. */
  cancelTimer(): void
  cancelPadding(): void
  /** With `tell`, the first hop is told. */
  finish(reason: EndReason, tell?: EndReason): void
}
const none = new Uint8Array(0)

export function buildCircuit(options: BuildOptions): Circuit {
  const { world, settings, path, events } = options
  const build: Build = {
    ...options,
    greeter: createGreeter(world, path),
    startedMs: world.clock.nowMs(),
    hops: [],
    state: 'building',
    buildMs: undefined,
    rekeys: 0,
    port: undefined,
    cancelTimer: world.after(settings.buildTimeoutMs, () => build.finish('unreachable', 'done')),
    cancelPadding() {},
    finish(reason, tell) {
      if (build.state === 'over') return
      build.state = 'over'
      build.cancelTimer()
      build.cancelPadding()
      build.greeter.dispose()
      build.port?.close(tell)
      for (const keys of build.hops) eraseKeys(keys)
      streams.detach('lost')
      events.over(reason, build.hops.length)
    },
  }
  const streams = createClientStreams({ world, send: (message) => send(build, message) })
  const receive = (cell: Uint8Array): void =>
    receiveCell(build, cell, (message) => build.state === 'ready' && streams.receive(message))

  // Whoever asked must have the circuit in hand before it hears of it.
  queueMicrotask(() => start(build, receive))
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
      return build.state
    },
    get buildMs() {
      return build.buildMs
    },
    get rekeys() {
      return build.rekeys
    },
    end: () => build.finish('done', 'done'),
  }
}

function start(build: Build, receive: (cell: Uint8Array) => void): void {
  const { board, path, finish } = build
  const nodes = new Set(path.map(({ node }) => node))
  const first = path[0]
  if (first === undefined || path.length > hopsMax || nodes.size < path.length) {
    finish('protocol')
    return
  }
  build.port = board.open(first.node, { cell: receive, lost: (reason) => finish(reason) })
  if (build.port === undefined) {
    finish('resources')
    return
  }
  const hello = build.greeter.greet(0)
  if (hello === undefined) {
    finish('protocol', 'done')
    return
  }
  build.port.send(handshakeCell(build.port.circuit, cellCommand.create, hello))
}

function send(build: Build, message: Message, hop: number = build.hops.length - 1): void {
  const { state, port, hops, world } = build
  if (state === 'over' || port === undefined) return
  const cell = createCell(port.circuit, cellCommand.relay)
  const layers = hops.slice(0, hop + 1).map(({ forward }) => forward)
  sealForward(layers, writeMessage(message), world.random.bytes(tailBytes), cell.subarray(bodyFrom))
  port.send(cell)
}

function receiveCell(build: Build, cell: Uint8Array, toStreams: (message: Message) => boolean): void {
  const { state, hops, finish } = build
  if (state === 'over') return
  if (cell[4] === cellCommand.destroy) {
    finish(reasonOf(cell))
    return
  }
  if (cell[4] === cellCommand.created && hops.length === 0) {
    const reply = handshakeOf(cell)
    reply === undefined ? finish('protocol', 'protocol') : extended(build, reply)
    return
  }
  const layers = hops.map(({ backward }) => backward)
  const opened = cell[4] === cellCommand.relay ? openBackward(layers, cell.subarray(bodyFrom)) : undefined
  const message = opened && readMessage(opened.plain)
  if (opened === undefined || message === undefined || !take(build, opened.hop, message, toStreams))
    finish('protocol', 'protocol')
}

/** False: that was not this hop's to say, or not now. */
function take(
  build: Build,
  hop: number,
  message: Message,
  toStreams: (message: Message) => boolean,
): boolean {
  const { state, hops, greeter } = build
  const isLast = hop === hops.length - 1
  switch (message.command) {
    case command.drop:
      return true
    case command.extended:
      if (state !== 'building' || !isLast || greeter.hop !== hops.length) return false
      extended(build, message.data)
      return true
    case command.rekeyed:
      if (state !== 'ready' || greeter.hop !== hop) return false
      rekeyed(build, hop, message.data)
      return true
    default:
      return isLast && toStreams(message)
  }
}

function extended(build: Build, reply: Uint8Array): void {
  const { greeter, hops, path, finish } = build
  const keys = greeter.agreed(reply)
  if (keys === undefined) {
    finish('protocol', 'protocol')
    return
  }
  hops.push(keys)
  const next = path[hops.length]
  if (next === undefined) {
    ready(build)
    return
  }
  const hello = greeter.greet(hops.length)
  if (hello === undefined) {
    finish('protocol', 'done')
    return
  }
  send(build, { command: command.extend, stream: 0, data: concatBytes(fromBase32(next.node), hello) })
}

function ready(build: Build): void {
  const { world, settings, startedMs, events } = build
  build.state = 'ready'
  build.buildMs = Math.max(0, world.clock.nowMs() - startedMs)
  build.cancelTimer()
  build.cancelTimer = world.after(settings.rekeyAfterMs, () => rekey(build, 0))
  schedulePadding(build)
  events.ready()
}

/** One hop after the other, each over the circuit as it stands. */
function rekey(build: Build, hop: number): void {
  const { world, settings, hops, greeter, finish } = build
  build.cancelTimer()
  const keys = hops[hop]
  if (keys === undefined) {
    build.rekeys += 1
    build.cancelTimer = world.after(settings.rekeyAfterMs, () => rekey(build, 0))
    return
  }
  build.cancelTimer = world.after(settings.rekeyTimeoutMs, () => finish('expired', 'expired'))
  const hello = greeter.greet(hop, keys.chain)
  if (hello === undefined) finish('protocol', 'done')
  else send(build, { command: command.rekey, stream: 0, data: hello }, hop)
}

function rekeyed(build: Build, hop: number, reply: Uint8Array): void {
  const { hops, greeter, finish } = build
  const old = hops[hop] as HopKeys
  const keys = greeter.agreed(reply)
  if (keys === undefined) {
    finish('protocol', 'protocol')
    return
  }
  send(build, { command: command.switched, stream: 0, data: none }, hop)
  eraseKeys(old)
  hops[hop] = keys
  rekey(build, hop + 1)
}

/** To a hop behind the first, so that every link has some. */
function schedulePadding(build: Build): void {
  const { world, settings, hops, state } = build
  if (settings.paddingMs === undefined || state === 'over') return
  const [least, most] = settings.paddingMs
  /** Less than 1, drawn anew. */
  const draw = (): number => new DataView(world.random.bytes(4).buffer).getUint32(0) / 2 ** 32
  build.cancelPadding = world.after(least + draw() * (most - least), () => {
    const hop = Math.min(hops.length - 1, 1 + Math.floor(draw() * (hops.length - 1)))
    send(build, { command: command.drop, stream: 0, data: Uint8Array.of(1) }, hop)
    schedulePadding(build)
  })
}

function eraseKeys({ forward, backward, chain }: HopKeys): void {
  forward.erase()
  backward.erase()
  wipe(chain)
}
