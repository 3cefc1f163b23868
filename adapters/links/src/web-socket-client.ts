import { type Carrier, type Pipe, parseAddress, unreachable } from './carrier.ts'
import { type WebSocketLike, WebSocketPipe } from './web-socket-pipe.ts'

type Dialled = WebSocketLike & {
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
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
    const fail = (): void => {
      signal.removeEventListener('abort', stop)
      reject(unreachable(address))
    }
    socket.addEventListener('close', fail)
    // All that Chromium tells where the page's policy forbids the address.
    socket.addEventListener('error', fail)
  })
}
