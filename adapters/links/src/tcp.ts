import { once } from 'node:events'
import { type AddressInfo, connect, createServer, isIP, type NetConnectOpts, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { hasCode } from '@anarq/fault'
import {
  type Carrier,
  hostOf,
  type Listener,
  type Pipe,
  type PipeEvents,
  type PipeWay,
  parseAddress,
  plainAddress,
  unreachable,
} from './carrier.ts'

/** What a socket may hold before it asks to wait; a link seals nothing ahead of it. */
const writeBytesHigh = 256 * 1024
/** A peer that does not take the last bytes is left. */
const endMsMax = 5000
/** Connections that wait for `accept` in the kernel. */
const backlog = 511

export type TcpOptions = {
  /**
   * Dials all go out from one port, where that can be: most routers then show the node to everybody at one port of theirs, which is
   * what two that dial each other at once need. Two connections to one address are never there together.
   */
  readonly isOnePort?: boolean
}

export type TcpCarrier = Carrier & {
  /** The port that dials go out from; undefined where each takes another. */
  port(): Promise<number | undefined>
  /**
   * Dials from that port, again and again until `signal` ends it: the other side does the same, and the two meet under way
   * (simultaneous open, RFC 9293 section 3.5). `unavailable.address`.
   */
  meet(address: string, signal: AbortSignal): Promise<Pipe>
}

/** Between tries to meet somebody whose machine, or router, says no at once because it has not dialled yet. */
const meetAgainMs = 100

/** Addresses are `tcp://host:port`. */
export function createTcpCarrier({ isOnePort = false }: TcpOptions = {}): TcpCarrier {
  let port: Promise<number | undefined> | undefined
  const onePort = (): Promise<number | undefined> => {
    port ??= isOnePort ? freePort() : Promise.resolve(undefined)
    return port
  }
  return {
    scheme: 'tcp',
    port: onePort,
    async dial(address, signal) {
      const from = await onePort()
      if (from !== undefined)
        try {
          return await dial(address, signal, from)
        } catch (fault) {
          if (!isPortTaken(fault)) throw fault
        }
      return dial(address, signal)
    },
    async meet(address, signal) {
      const from = await onePort()
      for (;;) {
        try {
          return await dial(address, signal, from, 'punched')
        } catch (fault) {
          if (signal.aborted || hasCode(fault, 'invalid.address')) throw fault
          await setTimeout(meetAgainMs, undefined, { signal }).catch(() => {})
        }
      }
    },
    listen,
  }
}

async function dial(address: string, signal: AbortSignal, localPort?: number, way?: PipeWay): Promise<Pipe> {
  const { host, port } = partsOf(address)
  const family = isIP(host)
  // A name may lead to both families, each of which is dialled from an address of its own.
  const from =
    localPort === undefined || family === 0
      ? {}
      : { localPort, localAddress: family === 6 ? '::' : '0.0.0.0' }
  const options = { host, port, noDelay: true, highWaterMark: writeBytesHigh, ...from }
  // Streams take this option through every constructor; the types of `connect` do not name it.
  const socket = connect(options as NetConnectOpts)
  try {
    await once(socket, 'connect', { signal })
  } catch (cause) {
    socket.on('error', () => {}).destroy()
    throw unreachable(address, cause)
  }
  return new TcpPipe(socket, way)
}

/** In use by another program, or for a connection to the same address that ended just now. */
function isPortTaken(fault: unknown): boolean {
  const { cause } = fault as { readonly cause?: { readonly code?: string } }
  return cause?.code === 'EADDRINUSE' || cause?.code === 'EADDRNOTAVAIL'
}

/** One that nobody has now. */
async function freePort(): Promise<number | undefined> {
  const server = createServer().listen({ host: '0.0.0.0', port: 0 })
  try {
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  } catch {
    return undefined
  }
}

async function listen(address: string, onPipe: (pipe: Pipe) => void): Promise<Listener> {
  const { host, port } = partsOf(address)
  const server = createServer({ noDelay: true, highWaterMark: writeBytesHigh }, (socket) =>
    onPipe(new TcpPipe(socket)),
  )
  server.listen({ host, port, backlog })
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw unreachable(address, cause)
  }
  server.on('error', () => {})
  const { address: at, family, port: bound } = server.address() as AddressInfo
  return {
    address: `tcp://${family === 'IPv6' ? `[${at}]` : at}:${bound}`,
    // Not awaited until the last connection has ended: those belong to the links.
    close: async () => void server.close(),
  }
}

function partsOf(address: string): { readonly host: string; readonly port: number } {
  const url = parseAddress(address, 'tcp')
  // The URL of a scheme that it does not know keeps port 0, which means any.
  return { host: hostOf(url), port: url.port === '' ? Number.NaN : Number(url.port) }
}

/** Where a socket keeps the pipe that it is in. */
const pipeOf = Symbol('pipe')
type PipeSocket = Socket & { [pipeOf]?: TcpPipe }

/**
 * A class, because there are as many as links: each function would stand once for every socket. So its listeners are functions that all
 * sockets share.
 */
class TcpPipe implements Pipe {
  readonly remoteAddress: string
  readonly way: PipeWay | undefined
  readonly #socket: PipeSocket
  events: PipeEvents | undefined
  #isCorked = false

  constructor(socket: PipeSocket, way?: PipeWay) {
    this.way = way
    this.#socket = socket
    this.remoteAddress = plainAddress(socket.remoteAddress)
    socket[pipeOf] = this
    // An error is followed by 'close', which is all that matters here.
    socket.on('error', ignore)
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort
  }

  start(events: PipeEvents): void {
    const socket = this.#socket
    if (socket.destroyed) {
      queueMicrotask(() => events.onClosed())
      return
    }
    this.events = events
    socket.on('data', onData).on('drain', onDrain).on('close', onClose)
  }

  /** What is written in one go leaves in one system call. */
  write(bytes: Uint8Array): boolean {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return true
    if (!this.#isCorked) {
      this.#isCorked = true
      socket.cork()
      process.nextTick(uncork, this)
    }
    return socket.write(bytes)
  }

  end(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    socket.end()
    const timer = globalThis.setTimeout(() => socket.destroy(), endMsMax)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
  }

  uncork(): void {
    this.#isCorked = false
    this.#socket.uncork()
  }
}

function uncork(pipe: TcpPipe): void {
  pipe.uncork()
}

function ignore(): void {}

function onData(this: PipeSocket, bytes: Uint8Array): void {
  this[pipeOf]?.events?.onData(bytes)
}

function onDrain(this: PipeSocket): void {
  this[pipeOf]?.events?.onDrain()
}

function onClose(this: PipeSocket): void {
  this[pipeOf]?.events?.onClosed()
}
