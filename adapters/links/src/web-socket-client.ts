import { type Carrier, type Pipe, parseAddress, unreachable } from './carrier.ts'
import { type WebSocketLike, WebSocketPipe } from './web-socket-pipe.ts'

type Dialled = WebSocketLike & {
  addEventListener(type: 'open' | 'close', listener: () => void): void
  terminate?: () => void
}

/** Dials `ws://host:port/path` with the WebSocket that browsers and Node have; it cannot be listened to. */
export function createWebSocketClient(scheme: 'ws' | 'wss' = 'ws'): Carrier {
  return dialWith(scheme, (url) => new WebSocket(url))
}

export function dialWith(scheme: string, create: (url: URL) => Dialled): Carrier {
  return { scheme, dial: (address, signal) => dial(address, { scheme, create, signal }) }
}

type DialOptions = {
  readonly scheme: string
  readonly create: (url: URL) => Dialled
  readonly signal: AbortSignal
}

async function dial(address: string, { scheme, create, signal }: DialOptions): Promise<Pipe> {
  const url = parseAddress(address, scheme)
  signal.throwIfAborted()
  const socket = create(url)
  const pipe = new WebSocketPipe(socket, '', () => socket.terminate?.())
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
