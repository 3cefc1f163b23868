import { createHash, randomBytes } from 'node:crypto'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Exit } from '@anarq/qnet'
import { createExit, createExitPolicy } from '@anarq/qnet/exit'
import { createOutside } from '../src/index.ts'

type Closing = { close(): void }
type Origin = Closing & { readonly port: number; readonly bytes: Buffer }
type Names = Closing & { readonly server: string; readonly asked: readonly string[] }
type Echo = Closing & { readonly port: number; readonly seen: readonly string[] }
type Peer = {
  readonly socket: Socket
  write(...bytes: number[]): boolean
  /** So many bytes, or fewer where the other side has ended before. */
  read(count: number): Promise<number[]>
  /** What still comes, up to the end, and how it ended. */
  rest(): Promise<{ bytes: Buffer; ended: string }>
}

/** An HTTP origin: GET gives so many bytes as its path says, PUT answers with the SHA-256 of what came. */
export async function openOrigin(): Promise<Origin> {
  const bytes = randomBytes(10 * 1024 * 1024)
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(bytes.subarray(0, Number(request.url?.slice(1))))
      return
    }
    const hash = createHash('sha256')
    request.on('data', (piece: Buffer) => hash.update(piece))
    request.on('end', () => response.end(hash.digest('hex')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    bytes,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A name server that knows these names and addresses of IPv4, and says of all others that there are none. */
export async function openNames(names: Readonly<Record<string, string>>): Promise<Names> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (query, from) => {
    const labels: string[] = []
    let at = 12
    while (query[at] !== 0 && at < query.length) {
      const length = query[at] as number
      labels.push(query.subarray(at + 1, at + 1 + length).toString())
      at += 1 + length
    }
    const name = labels.join('.').toLowerCase()
    asked.push(name)
    const question = query.subarray(12, at + 5)
    const address = query.readUInt16BE(at + 1) === 1 ? names[name] : undefined
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(names[name] === undefined ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(address === undefined ? 0 : 1, 6)
    head.writeUInt32BE(0, 8)
    const answer =
      address === undefined ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]
    socket.send(Buffer.concat([head, question, Buffer.from(answer)]), from.port, from.address)
  })
  return { server: `127.0.0.1:${await bound(socket)}`, asked, close: () => socket.close() }
}

export async function openUdpEcho(): Promise<Echo> {
  const socket = createSocket('udp4')
  const seen: string[] = []
  socket.on('message', (bytes, from) => {
    seen.push(bytes.toString())
    socket.send(Buffer.concat([Buffer.from('echo '), bytes]), from.port, from.address)
  })
  return { port: await bound(socket), seen, close: () => socket.close() }
}

export async function bound(socket: UdpSocket): Promise<number> {
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

/** An exit over real sockets, whose policy lets this test's origin be reached and nothing else of this machine. */
export function createTestExit(
  nameServers: readonly string[],
  others: Parameters<typeof createOutside>[0] = {},
): Exit {
  const policy = createExitPolicy({ allowAlso: (address) => address === '127.0.0.1' })
  return createExit({ policy, outside: createOutside({ nameServers, ...others }) })
}

/** A connection on which a test says each byte itself. */
export async function dial(port: number): Promise<Peer> {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const pieces: Buffer[] = []
  let ended: string | undefined
  let wake = (): void => {}
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece)
    wake()
  })
  socket.on('end', () => {
    ended ??= 'end'
    wake()
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code ?? 'error'
    wake()
  })
  socket.on('close', () => {
    ended ??= 'close'
    wake()
  })
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds())
      await new Promise<void>((done) => {
        wake = done
      })
  }
  await Promise.race([once(socket, 'connect'), until(() => ended !== undefined)])
  return {
    socket,
    write: (...bytes: number[]) => socket.write(Uint8Array.from(bytes)),
    async read(count: number): Promise<number[]> {
      await until(() => Buffer.concat(pieces).length >= count || ended !== undefined)
      const all = Buffer.concat(pieces.splice(0))
      pieces.push(all.subarray(count))
      return [...all.subarray(0, count)]
    },
    async rest(): Promise<{ bytes: Buffer; ended: string }> {
      await until(() => ended !== undefined)
      return { bytes: Buffer.concat(pieces.splice(0)), ended: ended as string }
    },
  }
}

export const nameRequest = (host: string, port: number): number[] => [
  ...[5, 1, 0, 3, host.length, ...Buffer.from(host)],
  ...[port >> 8, port & 255],
]
