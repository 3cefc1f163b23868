import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import {
  type Carrier,
  hostOf,
  type Listener,
  type Pipe,
  type PipeEvents,
  parseAddress,
  unreachable,
} from './carrier.ts'

/** What a socket may hold before it asks to wait; a link seals nothing ahead of it. */
const writeBytesHigh = 256 * 1024
/** A peer that does not take the last bytes is left. */
const endMsMax = 5000
/** Connections that wait for `accept` in the kernel. */
const backlog = 511

/** Addresses are `tcp://host:port`. */
export function createTcpCarrier(): Carrier {
  return { scheme: 'tcp', dial, listen }
}

async function dial(address: string, signal: AbortSignal): Promise<Pipe> {
  const { host, port } = partsOf(address)
  const options = { host, port, noDelay: true, highWaterMark: writeBytesHigh }
  // Streams take this option through every constructor; the types of `connect` do not name it.
  const socket = connect(options as NetConnectOpts)
  try {
    await once(socket, 'connect', { signal })
  } catch (cause) {
    socket.on('error', () => {}).destroy()
    throw unreachable(address, cause)
  }
  return new TcpPipe(socket)
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
  readonly #socket: PipeSocket
  events: PipeEvents | undefined
  #isCorked = false

  constructor(socket: PipeSocket) {
    this.#socket = socket
    this.remoteAddress = socket.remoteAddress ?? ''
    socket[pipeOf] = this
    // An error is followed by 'close', which is all that matters here.
    socket.on('error', ignore)
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
    const timer = setTimeout(() => socket.destroy(), endMsMax)
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
