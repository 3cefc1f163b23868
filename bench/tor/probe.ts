import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * Where all streams end. The first line says what is wanted: a number is answered by as many bytes, `echo` by whatever comes
 * after it.
 */
export async function openOrigin(at = 0): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024, 7)
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', (line) => {
      const wanted = line.toString().trim()
      if (wanted === 'echo') {
        socket.write('.')
        socket.on('data', (bytes) => socket.write(bytes))
        return
      }
      let left = Number(wanted)
      const give = (): void => {
        while (left > 0) {
          const bytes = chunk.subarray(0, Math.min(left, chunk.length))
          left -= bytes.length
          if (!socket.write(bytes)) return
        }
        socket.off('drain', give).end()
      }
      socket.on('drain', give)
      give()
    })
  })
  server.listen(at, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A stream that is as silent as this is measured no further. */
const silentMsMax = 60_000

/** A stream through a SOCKS5 server (RFC 1928), as every program opens it: it speaks when the server has said yes. */
async function dial(socksPort: number, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: socksPort, noDelay: true })
  socket.setTimeout(silentMsMax, () => socket.destroy(new Error('nothing came for too long')))
  await once(socket, 'connect')
  socket.write(Uint8Array.of(5, 1, 0))
  await take(socket, 2)
  socket.write(Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255))
  const answer = await take(socket, 10)
  if (answer[1] !== 0) throw new Error(`the SOCKS server says ${answer[1]}`)
  return socket
}

function take(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new Error('the stream broke'))
    const readable = (): void => {
      const bytes = socket.read(length) as Buffer | null
      if (bytes === null) return
      socket.off('readable', readable).off('close', failed).off('error', failed)
      resolve(bytes)
    }
    socket.on('readable', readable).once('close', failed).once('error', failed)
    readable()
  })
}

/** From the program's connection to the first byte of its answer. */
export async function firstByteMs(socksPort: number, port: number): Promise<number> {
  const startedMs = performance.now()
  const socket = await dial(socksPort, port)
  socket.write('1\n')
  await take(socket, 1)
  const elapsedMs = performance.now() - startedMs
  socket.destroy()
  return elapsedMs
}

/** Of one byte on a stream that is open, so many times, one after the other. */
export async function roundTripsMs(socksPort: number, port: number, count: number): Promise<number[]> {
  const socket = await dial(socksPort, port)
  socket.write('echo\n')
  await take(socket, 1)
  const trips: number[] = []
  for (let i = 0; i < count; i += 1) {
    const startedMs = performance.now()
    socket.write('x')
    await take(socket, 1)
    trips.push(performance.now() - startedMs)
  }
  socket.destroy()
  return trips
}

export type Rate = {
  /** Bytes a second, in millions: of all, and of the second half. */
  readonly whole: number
  readonly second: number
}

/** One stream, from the request to its last byte. */
export async function streamRate(socksPort: number, port: number, bytes: number): Promise<Rate> {
  const socket = await dial(socksPort, port)
  const startedMs = performance.now()
  socket.write(`${bytes}\n`)
  let taken = 0
  let halfMs = 0
  socket.on('data', (piece: Buffer) => {
    taken += piece.length
    if (halfMs === 0 && taken >= bytes / 2) halfMs = performance.now()
  })
  await once(socket, 'close')
  const endedMs = performance.now()
  if (taken !== bytes) throw new Error(`${taken} of ${bytes} bytes came`)
  return { whole: bytes / 1000 / (endedMs - startedMs), second: bytes / 2000 / (endedMs - halfMs) }
}
