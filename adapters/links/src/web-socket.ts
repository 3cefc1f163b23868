import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type Carrier,
  hostOf,
  type Listener,
  type Pipe,
  parseAddress,
  plainAddress,
  unreachable,
} from './carrier.ts'
import { dialWith } from './web-socket-client.ts'
import { type WebSocketLike, WebSocketPipe } from './web-socket-pipe.ts'

/** A link's frames have at most 64 KiB: what is larger is no link. */
const messageBytesMax = 128 * 1024
/** The request that begins a WebSocket has to be here by then. */
const requestMsMax = 5000

/** Listens for WebSockets and dials them. Addresses are `ws://host:port/path`. */
export function createWebSocketCarrier(): Carrier {
  const create = (url: URL): WebSocket =>
    new WebSocket(url, { perMessageDeflate: false, maxPayload: messageBytesMax, skipUTF8Validation: true })
  return { ...dialWith('ws', create), listen }
}

async function listen(address: string, onPipe: (pipe: Pipe) => void): Promise<Listener> {
  const url = parseAddress(address, 'ws')
  const server = createServer(
    { headersTimeout: requestMsMax, requestTimeout: requestMsMax, connectionsCheckingInterval: requestMsMax },
    (_, response) => response.writeHead(404).end(),
  )
  const sockets = new WebSocketServer({
    server,
    path: url.pathname,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
  })
  sockets.on('connection', (socket, request) => onPipe(pipeOf(socket, request)))
  // The library hands the server's errors on, and listening waits for them itself.
  sockets.on('error', () => {})
  server.listen(Number(url.port || 80), hostOf(url))
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw unreachable(address, cause)
  }
  const { address: at, family, port } = server.address() as AddressInfo
  return {
    address: `ws://${family === 'IPv6' ? `[${at}]` : at}:${port}${url.pathname}`,
    async close() {
      sockets.close()
      server.close()
    },
  }
}

function pipeOf(socket: WebSocket, request: IncomingMessage): Pipe {
  request.socket.setNoDelay(true)
  const address = plainAddress(request.socket.remoteAddress)
  return new WebSocketPipe(socket as WebSocketLike, address, () => socket.terminate())
}
