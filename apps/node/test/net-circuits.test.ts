/** Circuits between real nodes over real links, each node at an address of a network of its own. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { NodeId } from '@anarq/qnet'
import { type NetNode, type NetWorld, until, withNetWorld } from './net-world.ts'

const run = promisify(execFile)
const originAddress = '127.77.0.1'

/** An origin on loopback that says who came in. GET /N gives N bytes, at a pace where the path says so. */
async function openOrigin() {
  const bytes = randomBytes(8 * 1024 * 1024)
  const seen: string[] = []
  const server: Server = createServer((request, response) => {
    seen.push(request.socket.remoteAddress ?? '')
    const url = new URL(request.url ?? '/', 'http://x')
    if (url.pathname === '/page') {
      response.setHeader('content-type', 'text/html')
      response.end('<h1 id="said">came over three relays</h1><img src="/dot.svg">')
      return
    }
    if (url.pathname === '/dot.svg') {
      response.setHeader('content-type', 'image/svg+xml')
      response.end('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>')
      return
    }
    response.end(bytes.subarray(0, Number(url.pathname.slice(1))))
  })
  server.listen(0, originAddress)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    bytes,
    seen,
    url: (path: string) => `http://${originAddress}:${port}/${path}`,
    port,
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Relays that know each other, the last `exits` of them exits, and a client with a door for programs. */
async function openNetwork(world: NetWorld, { relays = 5, exits = 2 } = {}) {
  const nodes = await Promise.all(
    Array.from({ length: relays }, (_, at) =>
      world.open(`relay ${at + 1}`, at + 1, {
        roles: at >= relays - exits ? ['exit', 'relay'] : ['relay'],
        exit: { alsoAddress: originAddress },
      }),
    ),
  )
  const client = await world.open('client', 100, { listen: undefined, socks: 0 })
  const { invitation } = (nodes[0] as NetNode).network.invite()
  for (const { network } of [...nodes.slice(1), client]) await network.join(invitation)
  await until(
    () => [...nodes, client].every(({ network }) => network.circuits().relays >= relays - 1),
    60_000,
  )
  await until(() => client.network.circuits().relays === relays, 60_000)
  return { nodes, client, byId: (id: string) => nodes.find((node) => node.net()?.id === id) as NetNode }
}

const door = ({ network }: NetNode): string => {
  const { socks } = network.circuits()
  return `${socks?.host}:${socks?.port}`
}
const curl = async (client: NetNode, url: string, ...others: string[]): Promise<Buffer> => {
  const { stdout } = await run(
    'curl',
    ['-sS', '--max-time', '60', '--socks5-hostname', door(client), ...others, url],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  )
  return stdout
}
const linked = ({ network }: NetNode): Set<string> =>
  new Set(network.peers().flatMap(({ id, isLinked }) => (isLinked ? [id] : [])))

test('[AQ-QNET-10] [AQ-QNET-12] [QN-ARC-2] curl loads from an origin over three relays of three networks, and each knows its neighbours alone', async () => {
  using origin = await openOrigin()
  await withNetWorld(async (world) => {
    const { nodes, client, byId } = await openNetwork(world)
    assert.ok((await curl(client, origin.url('3000000'))).equals(origin.bytes.subarray(0, 3_000_000)))
    const [circuit, ...more] = client.network.circuits().circuits
    assert.equal(more.length, 0)
    const hops = circuit?.hops.map(({ id }) => id) as [string, string, string]
    assert.equal(new Set(hops).size, 3)
    assert.equal(new Set(circuit?.hops.map(({ addresses }) => addresses[0]?.split('.')[1])).size, 3)
    assert.ok(byId(hops[2]).network.status().state === 'on')
    const exit = byId(hops[2]).network.status()
    assert.ok(exit.state === 'on' && exit.roles.includes('exit'))
    // Who passes a circuit on is on its path, and nobody else is.
    for (const node of nodes) {
      const { passing } = node.network.circuits()
      assert.equal(passing, hops.includes(node.net()?.id as NodeId) ? 1 : 0)
    }
    assert.deepEqual(new Set(origin.seen).size, 1)
    assert.ok((circuit?.bytes ?? 0) >= 3_000_000)
  })
})
