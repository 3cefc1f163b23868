/** A process of the relay that holds connections: started by `relay.ts`, told by messages what to do. */
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import v8 from 'node:v8'
import { fromHex, toHex } from '@anarq/bytes'
import { createLinks, createSystemWorld, createTcpCarrier } from '@anarq/links'
import { primitives } from '@anarq/qlock'
import type { RelayFacts } from './relay.ts'

const [node, agreement] = (process.env.ANARQ_BENCH_SEEDS as string).split(' ').map(fromHex)
const identity = {
  node: primitives.ed25519Key(node as Uint8Array),
  agreement: primitives.x25519Key(agreement as Uint8Array),
}
// Limits are the product's own.
const links = createLinks({
  world: createSystemWorld(),
  identity,
  carriers: [createTcpCarrier()],
  find: () => undefined,
  events: { onMessage: (from, message) => links.send(from, message) },
})
const sockets = new Set<Socket>()
const plain = createServer({ noDelay: true, highWaterMark: 256 * 1024 }, (socket) => {
  sockets.add(socket)
  socket.on('error', () => {}).on('data', () => {})
  socket.once('close', () => sockets.delete(socket))
})
await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
const { address } = await links.listen('tcp://127.0.0.1:0')
const keys = [identity.node.publicKey, identity.agreement.publicKey].map(toHex)
const ports = { plain: (plain.address() as AddressInfo).port, links: Number(new URL(address).port) }
process.send?.({ ...ports, keys })
process.on('message', (request: string) => {
  if (request === 'exit') process.exit(0)
  if (request.startsWith('heap ')) writeHeap(`${request.slice(5)}.${process.pid}.heapsnapshot`)
  if (request !== 'count') for (let i = 0; i < 3; i += 1) globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  process.send?.({
    pid: process.pid,
    rss,
    own: heapUsed + external,
    cpuMs: (user + system) / 1000,
    links: links.peers().length,
    sockets: sockets.size,
  } satisfies RelayFacts)
})

function writeHeap(file: string): void {
  writeFileSync(file, '')
  v8.writeHeapSnapshot(file)
}
