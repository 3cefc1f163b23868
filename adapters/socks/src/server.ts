import { once } from 'node:events'
import { type AddressInfo, createServer, isIP, type Socket } from 'node:net'
import { Fault } from '@anarq/fault'
import { type DatagramEvents, type Datagrams, type Flow, type FlowEvents, joinFlows } from '@anarq/qnet'
import { openAssociation } from './association.ts'
import {
  codeOfReason,
  handshakeBytesMax,
  methodReply,
  passwordReply,
  type Read,
  type Request,
  readGreeting,
  readPassword,
  readRequest,
  replyCode,
  requestReply,
} from './request.ts'
import { flowOfSocket } from './socket-flow.ts'

/** What the server needs of the network. Streams of two isolation keys share no circuit. */
export type Streams = {
  /** What is refused comes as `closed`; bytes may be written before `connected`. */
  open(
    target: {
      readonly kind: 'host'
      readonly host: string
      readonly port: number
      readonly isEarly?: boolean
    },
    isolation: string,
    events: FlowEvents,
  ): Flow
  associate(isolation: string, events: DatagramEvents): Datagrams
  /** None where there are none. */
  resolve(host: string, isolation: string, done: (addresses: readonly string[]) => void): void
}
export type SocksOptions = {
  readonly streams: Streams
  /** Loopback alone: who may reach the port may use the network as this node. Anything else needs `isOpen`. */
  readonly host?: string
  readonly port?: number
  readonly isOpen?: boolean
  readonly limits?: Partial<SocksLimits>
}
export type SocksLimits = {
  readonly connectionsMax: number
  /** Of them, those that have asked for nothing yet. */
  readonly handshakesMax: number
  /** From the first byte to the whole request, however slowly the bytes come. */
  readonly handshakeMs: number
  /** From the request to its answer. */
  readonly connectMs: number
  readonly associationsMax: number
}
export type Socks = {
  readonly host: string
  readonly port: number
  readonly connections: number
  close(): Promise<void>
}

export const socksLimitsDefault: SocksLimits = {
  connectionsMax: 1024,
  handshakesMax: 128,
  handshakeMs: 10_000,
  connectMs: 60_000,
  associationsMax: 64,
}
/**
 * Where programs begin with a greeting that may arrive twice (TLS), they are told yes before anybody knows: their greeting goes
 * with the request, and a whole round trip is saved. What comes to nothing ends as a broken connection does, without a reason.
 */
const earlyPorts: ReadonlySet<number> = new Set([443])
/** A program that was told why it gets nothing has so long to read it. */
const lingerMs = 2000

type Counts = { handshakes: number; associations: number }

/** `unavailable.port` where the port is taken, `refused.open-proxy` for an address that is not loopback. */
export async function openSocks(options: SocksOptions): Promise<Socks> {
  const { host = '127.0.0.1', port = 9150, isOpen = false } = options
  const limits = { ...socksLimitsDefault, ...options.limits }
  if (!isOpen && !isLoopback(host))
    throw new Fault('refused.open-proxy', `Everybody who reaches ${host} could use this node: say isOpen.`)
  const sockets = new Set<Socket>()
  const counts: Counts = { handshakes: 0, associations: 0 }
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    if (sockets.size >= limits.connectionsMax || counts.handshakes >= limits.handshakesMax) {
      socket.resetAndDestroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket, options.streams, limits, counts)
  })
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new Fault('unavailable.port', `The port ${port} cannot be had: choose another one.`, { cause })
  }
  server.on('error', () => {})
  const bound = server.address() as AddressInfo
  return {
    host: bound.address,
    port: bound.port,
    get connections() {
      return sockets.size
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function serve(socket: Socket, streams: Streams, limits: SocksLimits, counts: Counts): void {
  counts.handshakes += 1
  let isAsking = true
  const stopAsking = (): void => {
    if (!isAsking) return
    isAsking = false
    counts.handshakes -= 1
    clearTimeout(timer)
    socket.off('data', take).off('end', leave)
  }
  const leave = (): void => void socket.destroy()
  const timer = setTimeout(leave, limits.handshakeMs)
  const conversation = createConversation((bytes) => socket.write(bytes))
  const take = (bytes: Buffer): void => {
    const result = conversation.take(bytes)
    if (result.kind === 'more') return
    stopAsking()
    if (result.kind === 'wrong') {
      refuse(socket, result.reply)
      return
    }
    const { request, isolation, rest } = result
    if (request.command === 'connect') {
      // Put back into a socket that flows, they would wait for the next ones.
      socket.pause()
      if (rest.length > 0) socket.unshift(rest)
      connect(socket, request, isolation, streams, limits)
    } else if (request.command === 'resolve')
      resolve(socket, (done) => streams.resolve(request.host, isolation, done), limits)
    else if (counts.associations >= limits.associationsMax) refuse(socket, requestReply(replyCode.failure))
    else {
      counts.associations += 1
      socket.once('close', () => {
        counts.associations -= 1
      })
      openAssociation(socket, request, (events) => streams.associate(isolation, events), limits.connectMs)
    }
  }
  socket.on('data', take).on('end', leave)
  socket.once('close', stopAsking)
}

type Outcome =
  | { readonly kind: 'more' }
  | { readonly kind: 'wrong'; readonly reply?: Uint8Array }
  | {
      readonly kind: 'asked'
      readonly request: Request
      readonly isolation: string
      readonly rest: Uint8Array
    }

/** Greeting, name and password where they were chosen, request: each as soon as its bytes are there. */
function createConversation(reply: (bytes: Uint8Array) => void): { take(bytes: Uint8Array): Outcome } {
  let held: Uint8Array = new Uint8Array(0)
  let stage: 'greeting' | 'password' | 'request' = 'greeting'
  let isolation = ''
  const step = <T>(
    read: Read<T>,
    then: (value: T) => void,
  ): Exclude<Outcome, { kind: 'asked' }> | undefined => {
    if (read.kind !== 'read') return read
    held = held.subarray(read.bytes)
    then(read.value)
    return undefined
  }
  return {
    take(bytes) {
      held = Buffer.concat([held, bytes])
      for (;;) {
        if (stage === 'request') {
          const read = readRequest(held)
          if (read.kind === 'read')
            return { kind: 'asked', request: read.value, isolation, rest: held.subarray(read.bytes) }
          return read.kind === 'more' && held.length > handshakeBytesMax ? { kind: 'wrong' } : read
        }
        const stop =
          stage === 'greeting'
            ? step(readGreeting(held), (method) => {
                reply(methodReply(method))
                stage = method === 'password' ? 'password' : 'request'
              })
            : step(readPassword(held), (key) => {
                reply(passwordReply)
                isolation = key
                stage = 'request'
              })
        if (stop !== undefined) return stop
      }
    },
  }
}

function refuse(socket: Socket, reply?: Uint8Array): void {
  socket.resume()
  if (reply === undefined) socket.end()
  else socket.end(reply)
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('end', () => socket.destroySoon())
  socket.once('close', () => clearTimeout(timer))
}

function connect(
  socket: Socket,
  { host, port }: Request,
  isolation: string,
  streams: Streams,
  limits: SocksLimits,
): void {
  let local: Flow | undefined
  let remote: Flow | undefined
  let isAnswered = false
  const fail = (code: number): void => {
    if (isAnswered) return
    isAnswered = true
    clearTimeout(timer)
    refuse(socket, requestReply(code))
  }
  const timer = setTimeout(() => {
    remote?.reset('timeout')
    fail(replyCode.expired)
  }, limits.connectMs)
  socket.once('close', () => clearTimeout(timer))
  const agree = (): void => {
    if (isAnswered) return
    isAnswered = true
    clearTimeout(timer)
    socket.write(requestReply(replyCode.done))
  }
  const joined = joinFlows(() => local)
  const isEarly = earlyPorts.has(port)
  remote = streams.open({ kind: 'host', host, port, isEarly }, isolation, {
    ...joined,
    connected: agree,
    closed(reason) {
      // A stream may end before it has said a word: what was read so far is the program's own.
      if (isAnswered) joined.closed(reason)
      else fail(codeOfReason(reason))
    },
  })
  local = flowOfSocket(
    socket,
    joinFlows(() => remote),
  )
  // Where it was refused already, the program was told so.
  if (isEarly) agree()
}

/** One answer, and the connection ends. */
function resolve(
  socket: Socket,
  ask: (done: (addresses: readonly string[]) => void) => void,
  { connectMs }: SocksLimits,
): void {
  const answer = (reply: Uint8Array): void => {
    clearTimeout(timer)
    if (!socket.writableEnded) refuse(socket, reply)
  }
  const timer = setTimeout(() => answer(requestReply(replyCode.expired)), connectMs)
  socket.once('close', () => clearTimeout(timer))
  ask(([address]) =>
    answer(
      address === undefined ? requestReply(replyCode.hostUnreachable) : requestReply(replyCode.done, address),
    ),
  )
}
