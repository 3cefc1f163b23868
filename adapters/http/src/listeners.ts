import { chmod, rm } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Fault } from '@anarq/fault'
import { problemOf, problemType } from './problem.ts'

const limits = {
  headerBytesMax: 16 * 1024,
  headersMs: 10_000,
  keepAliveMs: 5000,
  connectionsMax: 1000,
  closingMs: 3000,
} as const

/** Read ahead of a body, and kept unread of an answer. */
const bufferBytes = 1024 * 1024

export type Listener = { readonly address: string; close(): Promise<void> }

/** A port for requests from anywhere that reaches it. Port 0 takes a free one. */
export async function listenOnPort(
  handler: RequestListener,
  { port, host, idleMs }: { port: number; host: string; idleMs: number },
): Promise<Listener> {
  const server = createListener(handler)
  server.maxConnections = limits.connectionsMax
  server.keepAliveTimeout = limits.keepAliveMs
  cutIdle(server, idleMs)
  await listening(server, { port, host }, `The port ${port} of ${host}`)
  const { port: bound } = server.address() as AddressInfo
  return { address: `http://${reachedAt(host)}:${bound}`, close: () => closed(server) }
}

/** Where this machine finds itself: all addresses are no address. */
function reachedAt(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/** The socket in the home folder, for this machine's user. What a process that died left there is replaced; `busy.socket` when one lives. */
export async function listenOnSocket(handler: RequestListener, path: string): Promise<Listener> {
  const isFile = process.platform !== 'win32'
  if (await isAlive(path))
    throw new Fault(
      'busy.socket',
      `Another node answers at ${path} already. Stop it first, or use another home folder with --home.`,
    )
  if (isFile) await rm(path, { force: true })
  const server = createListener(handler)
  await listening(server, { path }, `The socket ${path}`)
  if (isFile) await chmod(path, 0o600)
  return { address: path, close: () => closed(server) }
}

function createListener(handler: RequestListener): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersMs,
    // A body may take as long as it keeps coming: see `cutIdle`.
    requestTimeout: 0,
    // At the socket a connection stays until its client leaves, which may be waiting for a passphrase meanwhile.
    keepAliveTimeout: 0,
    connectionsCheckingInterval: 1000,
    requireHostHeader: true,
    highWaterMark: bufferBytes,
    noDelay: true,
  })
  server.on('request', handler)
  // The handler says when the body may come: after it knows who asks.
  server.on('checkContinue', handler)
  server.on('clientError', answerBroken)
  return server
}

/** What is no HTTP, or too much of it, before there is a request. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const fault =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Fault('limit.header', `The headers of a request have at most ${limits.headerBytesMax} bytes.`)
      : new Fault('invalid.request', 'This is not a request that HTTP/1.1 knows.')
  const problem = problemOf(fault)
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Ends connections on which the other side has not moved a byte for so long, and none where this side is the slow one. */
function cutIdle(server: Server, idleMs: number): void {
  const current = new WeakMap<Socket, { request: IncomingMessage; answer: ServerResponse }>()
  const note = (request: IncomingMessage, answer: ServerResponse): void => {
    current.set(request.socket, { request, answer })
  }
  server.prependListener('request', note)
  server.prependListener('checkContinue', note)
  server.setTimeout(idleMs, (socket) => {
    const exchange = current.get(socket)
    const isOurs =
      exchange !== undefined && !exchange.answer.writableFinished && isWorking(exchange.request, socket)
    if (isOurs) socket.setTimeout(idleMs)
    else socket.destroy()
  })
}

/** Whether this side has something to do: a body that it did not read yet, or an answer that it has not made. */
function isWorking(request: IncomingMessage, socket: Socket): boolean {
  return socket.writableLength === 0 && (request.complete || request.readableLength > 0)
}

function listening(
  server: Server,
  where: { port: number; host: string } | { path: string },
  what: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, what)))
    server.listen(where, resolve)
  })
}

function listenFault(error: NodeJS.ErrnoException, what: string): Fault {
  const options = { cause: error }
  switch (error.code) {
    case 'EADDRINUSE':
      return new Fault(
        'busy.address',
        `${what} is in use by another program. Choose another with --port.`,
        options,
      )
    case 'EACCES':
    case 'EPERM':
      return new Fault('refused.address', `${what} may not be opened by this user.`, options)
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return new Fault(
        'invalid.home',
        `${what} has too long a path: a socket's has about 100 characters. Use a shorter home folder with --home.`,
        options,
      )
    default:
      return new Fault('unavailable.address', `${what} cannot be opened: ${error.message}.`, options)
  }
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (alive: boolean): void => {
      socket.destroy()
      resolve(alive)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

/** No new requests; those under way get some seconds. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), limits.closingMs)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}
