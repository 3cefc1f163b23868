import { type Carrier, type Pipe, parseAddress, unreachable } from './carrier.ts'
import { WebSocketPipe } from './web-socket-pipe.ts'

/** Dials `ws://host:port/path` with the WebSocket that browsers and Node have; it cannot be listened to. */
export function createWebSocketClient(scheme: 'ws' | 'wss' = 'ws'): Carrier {
  return { scheme, dial: (address, signal) => dial(address, scheme, signal) }
}

async function dial(address: string, scheme: string, signal: AbortSignal): Promise<Pipe> {
  const url = parseAddress(address, scheme)
  signal.throwIfAborted()
  const socket = new WebSocket(url)
  const pipe = new WebSocketPipe(socket, '', () => {})
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      pipe.end()
      reject(unreachable(address, signal.reason))
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.addEventListener('open', () => {
      signal.removeEventListener('abort', stop)
      resolve(pipe)
    })
    socket.addEventListener('close', () => {
      signal.removeEventListener('abort', stop)
      reject(unreachable(address))
    })
  })
}
