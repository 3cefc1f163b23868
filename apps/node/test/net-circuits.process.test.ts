/** Circuits between real nodes over real links, each node at an address of a network of its own. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { NodeId } from '@anarq/qnet'
import { refusedHosts } from '@anarq/qnet/exit/testing'
import { chromium } from 'playwright-core'
import { findBrowser } from '../../../tools/browser.ts'
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
  // Not every node answers every other one soon; those that do are enough for a path.
  await until(() => {
    const { relays: met, exits: metExits } = client.network.circuits()
    return met >= relays - 1 && metExits === exits
  }, 60_000)
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

test('[AQ-QNET-12] a browser loads a page and what belongs to it through the door', {
  skip: findBrowser() === undefined && 'there is no browser',
}, async () => {
  using origin = await openOrigin()
  await withNetWorld(async (world) => {
    const { client } = await openNetwork(world, { relays: 4, exits: 1 })
    const browser = await chromium.launch({
      executablePath: findBrowser() as string,
      args: ['--no-sandbox'],
      // A browser keeps its hands off proxies for loopback unless it is told.
      proxy: { server: `socks5://${door(client)}`, bypass: '<-loopback>' },
    })
    try {
      const page = await browser.newPage()
      await page.goto(origin.url('page'))
      assert.equal(await page.textContent('#said'), 'came over three relays')
      assert.equal(
        await page.locator('img').evaluate((image: { naturalWidth: number }) => image.naturalWidth),
        7,
      )
    } finally {
      await browser.close()
    }
    assert.ok(client.network.circuits().circuits.length >= 1)
  })
})

test('[AQ-QNET-8] [QN-ARC-3] a relay that dies in the middle of a download breaks it, and the next attempt goes another way', async () => {
  using origin = await openOrigin()
  await withNetWorld(async (world) => {
    const { client, byId } = await openNetwork(world, { relays: 6, exits: 2 })
    const slow = curl(client, origin.url('8000000'), '--limit-rate', '200k')
    // Heard at once, so that its failure is nobody's surprise.
    const broken = slow.then(
      () => 'whole',
      () => 'broken',
    )
    await until(() => (client.network.circuits().circuits[0]?.bytes ?? 0) > 100_000)
    const [, middle] = client.network.circuits().circuits[0]?.hops ?? []
    await byId(middle?.id as string).close()
    assert.equal(await broken, 'broken')
    assert.ok((await curl(client, origin.url('200000'))).equals(origin.bytes.subarray(0, 200_000)))
    for (const { hops } of client.network.circuits().circuits)
      assert.ok(hops.every(({ id }) => id !== middle?.id))
  })
})

/** What the door answers to a request for this host, as the code of RFC 1928 section 6. */
async function answerTo(client: NetNode, host: string | Uint8Array, port: number): Promise<number> {
  const socket = connect(Number(door(client).split(':')[1]), '127.0.0.1')
  const text = typeof host === 'string' ? new TextEncoder().encode(host) : undefined
  const address = text === undefined ? [...(host as Uint8Array)] : [text.length, ...text]
  const kind = text !== undefined ? 3 : address.length === 4 ? 1 : 4
  socket.write(Uint8Array.from([5, 1, 0, 5, 1, 0, kind, ...address, port >> 8, port & 255]))
  let got = Buffer.alloc(0)
  while (got.length < 4) got = Buffer.concat([got, (await once(socket, 'data'))[0] as Buffer])
  socket.destroy()
  return got[3] as number
}

test(`${refusedHosts.length} spellings of private addresses are refused at the exit, asked for through the door`, async (t) => {
  let reached = 0
  const trap = createTcpServer((socket) => {
    reached += 1
    socket.destroy()
  })
  trap.listen(0)
  t.after(() => trap.close())
  await once(trap, 'listening')
  const { port } = trap.address() as AddressInfo
  await withNetWorld(async (world) => {
    const { client } = await openNetwork(world, { relays: 4, exits: 1 })
    const codes = new Map<number, number>()
    for (const host of refusedHosts) {
      const code = await answerTo(client, host, port)
      codes.set(code, (codes.get(code) ?? 0) + 1)
      // 5 is the exit's word; 1 the door's, for what is no name at all.
      assert.ok(code === 5 || (code === 1 && /[\s\0]|^$/.test(host)), `${JSON.stringify(host)}: ${code}`)
    }
    for (const address of [
      [127, 0, 0, 1],
      [10, 0, 0, 1],
      [169, 254, 169, 254],
      [...Array<number>(15).fill(0), 1],
      [...Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1],
    ])
      assert.equal(await answerTo(client, Uint8Array.from(address), port), 5, address.join('.'))
    assert.ok((codes.get(5) ?? 0) >= 40)
    t.diagnostic(`answers by code: ${JSON.stringify(Object.fromEntries(codes))}`)
  })
  assert.equal(reached, 0)
})

test('[QN-ARC-3] a restart keeps its guards, however soon a program asks', async () => {
  using origin = await openOrigin()
  await withNetWorld(async (world) => {
    const { client } = await openNetwork(world, { relays: 6, exits: 2 })
    await curl(client, origin.url('1000'))
    const { guards } = client.network.circuits()
    assert.equal(guards.length, 1)
    await client.close()
    const again = await world.open('client', 100, { listen: undefined, socks: 0 })
    assert.deepEqual(again.network.circuits().guards, guards)
    const isServed = (): Promise<boolean> =>
      curl(again, origin.url('1000')).then(
        () => true,
        () => false,
      )
    await until(isServed, 60_000)
    assert.deepEqual(again.network.circuits().guards, guards)
    assert.equal(again.network.circuits().circuits[0]?.hops[0]?.id, guards[0])
  })
})

test('without relays a program is told so at once', () =>
  withNetWorld(async (world) => {
    const alone = await world.open('alone', 1, { socks: 0 })
    assert.equal(await answerTo(alone, 'example.org', 80), 4)
  }))
