/**
 * The other process of `link.bench.ts`: takes bytes over plain TCP, TLS and links, and says "done" when all are there. Told "memory", it
 * collects garbage and prints what it holds. Arguments: bytes of one transfer, files of the certificate and its key.
 */
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { toHex } from '@anarq/bytes'
import { createLinks, createSystemWorld, createTcpCarrier, createWebSocketCarrier } from '@anarq/links'
import { primitives } from '@anarq/qlock'
import type { LinkStream, StreamEvents } from '@anarq/qnet/link'
import { systemRandom } from '@anarq/random'

const [bytesText, certificate, key] = process.argv.slice(2) as [
  string,
  string | undefined,
  string | undefined,
]
const bytes = Number(bytesText)
const done = Buffer.from('done')
const identity = {
  node: primitives.ed25519Key(systemRandom.bytes(32)),
  agreement: primitives.x25519Key(systemRandom.bytes(32)),
}
let cells = 0
const links = createLinks({
  world: createSystemWorld(),
  identity,
  carriers: [createTcpCarrier(), createWebSocketCarrier()],
  find: () => undefined,
  limits: { linksPerAddressMax: 1e6, burstPerAddress: 1e6, perSecondPerAddress: 1e6, handshakesMax: 1e6 },
  events: {
    onStream: (_, stream) => sinkOf(stream),
    onMessage: (from) => links.send(from, done),
    onCell(from, cell) {
      cells += 1
      if (cells * cell.length < bytes) return
      cells = 0
      links.send(from, done)
    },
  },
})

const plain = createServer({ noDelay: true }, sink).listen(0, '127.0.0.1')
const tls =
  certificate === undefined || key === undefined
    ? undefined
    : createTlsServer(
        { cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.3' },
        sink,
      ).listen(0, '127.0.0.1')
const { address } = await links.listen('tcp://127.0.0.1:0')
const { address: webSocket } = await links.listen('ws://127.0.0.1:0/qnet')
const ports = [plain, tls].map((server) => (server?.address() as AddressInfo | undefined)?.port)
const keys = [identity.node.publicKey, identity.agreement.publicKey].map(toHex)
console.log(JSON.stringify({ plain: ports[0], tls: ports[1], address, webSocket, keys }))

process.stdin.setEncoding('utf8').on('data', () => {
  for (let i = 0; i < 4; i += 1) globalThis.gc?.()
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  console.log(JSON.stringify({ rss, own: heapUsed + external, arrayBuffers, peers: links.peers().length }))
})

function sink(socket: Socket): void {
  let taken = 0
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    taken += chunk.length
    if (taken >= bytes) socket.write('done')
  })
}

function sinkOf(stream: LinkStream): StreamEvents {
  let taken = 0
  return {
    onData(data) {
      taken += data.length
      stream.consumed(data.length)
      if (taken >= bytes) stream.write(done)
    },
    onEnd() {},
    onReset() {},
    onDrain() {},
  }
}
