import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { NodeId } from '@anarq/qnet'
import { openSocks } from '../src/index.ts'
import { readDatagram, writeDatagram } from '../src/request.ts'
import { createNetwork } from './network.ts'
import { bound, createTestExit, dial, nameRequest, openNames, openOrigin, openUdpEcho } from './origin.ts'

const host = 'origin.anarq.net'
const inside = 'inside.anarq.net'
const run = promisify(execFile)

async function openLab(relayCount = 7) {
  const [origin, names] = await Promise.all([
    openOrigin(),
    openNames({ [host]: '127.0.0.1', [inside]: '10.0.0.1' }),
  ])
  const exits = Array.from({ length: relayCount - 3 }, () => createTestExit([names.server]))
  const network = createNetwork(relayCount, exits)
  const socks = await openSocks({ streams: network.pool, port: 0 })
  const ask = async (port = origin.port, user = '') => {
    const peer = await dial(socks.port)
    peer.write(5, 1, 2, 1, user.length, ...Buffer.from(user), 0, ...nameRequest(host, port))
    assert.deepEqual((await peer.read(14)).slice(0, 6), [5, 2, 1, 0, 5, 0])
    return peer
  }
  return {
    origin,
    network,
    socks,
    ask,
    async get(size: number, user = ''): Promise<Buffer> {
      const peer = await ask(origin.port, user)
      peer.socket.write(`GET /${size} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      const { bytes, ended } = await peer.rest()
      peer.socket.end()
      assert.equal(ended, 'end')
      return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
    },
    async [Symbol.asyncDispose]() {
      await socks.close()
      network.pool.close()
      origin.close()
      names.close()
    },
  }
}

/** UDP ASSOCIATE, from the program's side. */
async function associate(lab: Awaited<ReturnType<typeof openLab>>) {
  const peer = await dial(lab.socks.port)
  peer.write(5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0)
  const [high, low] = (await peer.read(12)).slice(10) as [number, number]
  const socket = createSocket('udp4')
  await bound(socket)
  const send = (to: string, port: number, bytes: Uint8Array): void =>
    socket.send(writeDatagram({ host: to, port, bytes }), (high << 8) | low, '127.0.0.1')
  return {
    send,
    async ask(to: string, port: number, bytes: Uint8Array) {
      const answered = once(socket, 'message')
      send(to, port, bytes)
      return readDatagram((await answered)[0] as Buffer) as NonNullable<ReturnType<typeof readDatagram>>
    },
    ended: peer.rest(),
    async [Symbol.asyncDispose]() {
      peer.socket.destroy()
      socket.close()
    },
  }
}

test('[QN-ARC-2] [AQ-QNET-10] [AQ-QNET-12] 10 MB come down and go up over three relays, byte for byte', async (t) => {
  await using lab = await openLab()
  const { bytes } = lab.origin
  const startedMs = performance.now()
  assert.ok((await lab.get(bytes.length)).equals(bytes))
  t.diagnostic(`10 MB down in ${Math.round(performance.now() - startedMs)} ms`)

  const peer = await lab.ask()
  peer.socket.write(
    `PUT /put HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  )
  peer.socket.write(bytes)
  const answer = (await peer.rest()).bytes.toString()
  peer.socket.end()
  assert.ok(answer.endsWith(createHash('sha256').update(bytes).digest('hex')))

  assert.equal(lab.network.built.length, 1)
  const [first, middle, last] = lab.network.built[0] as [NodeId, NodeId, NodeId]
  assert.deepEqual(lab.network.neighboursOf(last), new Set([middle]), 'the exit met the middle alone')
  assert.deepEqual(lab.network.neighboursOf(middle), new Set([first, last]))
  assert.deepEqual(lab.network.neighboursOf(first), new Set([lab.network.client, middle]))
})

test('20 streams at once each get their own bytes', async () => {
  await using lab = await openLab()
  const sizes = Array.from({ length: 20 }, (_, at) => 20_000 + at * 17_771)
  const got = await Promise.all(sizes.map((size, at) => lab.get(size, at % 2 === 0 ? 'even' : 'odd')))
  for (const [at, size] of sizes.entries())
    assert.ok(got[at]?.equals(lab.origin.bytes.subarray(0, size)), `stream ${at}`)
  assert.equal(lab.network.built.length, 2, 'a circuit for each name')
})

test('[AQ-QNET-8] [QN-ARC-3] a relay killed in the middle resets the streams over it, and new ones go another way', async () => {
  await using lab = await openLab()
  const endless = createServer((socket) => {
    socket.on('error', () => {})
    const timer = setInterval(() => socket.write(randomBytes(4096)), 5)
    socket.on('close', () => clearInterval(timer))
  })
  endless.listen(0, '127.0.0.1')
  await once(endless, 'listening')
  const peer = await lab.ask((endless.address() as { port: number }).port)
  assert.equal((await peer.read(20_000)).length, 20_000)
  const killed = lab.network.built[0]?.[1] as NodeId
  lab.network.kill(killed)
  assert.equal((await peer.rest()).ended, 'ECONNRESET')
  assert.ok((await lab.get(100_000)).equals(lab.origin.bytes.subarray(0, 100_000)))
  assert.ok(!lab.network.built.at(-1)?.includes(killed))
  endless.close()
})

test('a datagram goes out over three relays, and its answer comes back', async () => {
  await using lab = await openLab()
  const echo = await openUdpEcho()
  await using mine = await associate(lab)
  const bytes = randomBytes(1200)
  const answer = await mine.ask(host, echo.port, bytes)
  assert.ok(Buffer.from(answer.bytes).equals(Buffer.concat([Buffer.from('echo '), bytes])))
  assert.deepEqual([answer.host, answer.port], ['127.0.0.1', echo.port])
  echo.close()
})

test('datagrams to private addresses and to names of such go nowhere, and what an exit was not asked to send to says nothing', async () => {
  await using lab = await openLab()
  const echo = await openUdpEcho()
  await using mine = await associate(lab)
  for (const refused of ['10.0.0.1', '127.1.2.3', '::1', 'localhost', inside])
    mine.send(refused, echo.port, Buffer.from(refused))
  // The one that may goes after them: what they were answered would have come before.
  const answer = await mine.ask(host, echo.port, Buffer.from('last'))
  assert.equal(Buffer.from(answer.bytes).toString(), 'echo last')
  assert.deepEqual(echo.seen, ['last'])
  echo.close()
})

test('[AQ-QNET-8] an association whose relay dies ends, and a new one goes another way', async () => {
  await using lab = await openLab()
  const echo = await openUdpEcho()
  const first = await associate(lab)
  await first.ask(host, echo.port, Buffer.from('one'))
  const killed = lab.network.built[0]?.[1] as NodeId
  lab.network.kill(killed)
  await first.ended
  await first[Symbol.asyncDispose]()
  await using second = await associate(lab)
  const answer = await second.ask(host, echo.port, Buffer.from('two'))
  assert.equal(Buffer.from(answer.bytes).toString(), 'echo two')
  assert.ok(!lab.network.built.at(-1)?.includes(killed))
  echo.close()
})

test('a name is looked up by the exit, for each key over its own circuit; of private ones and of none there is nothing', async () => {
  await using lab = await openLab()
  const resolve = async (name: string, user: string): Promise<number[]> => {
    const peer = await dial(lab.socks.port)
    const [, , , ...rest] = nameRequest(name, 0)
    peer.write(5, 1, 2, 1, user.length, ...Buffer.from(user), 0, 5, 0xf0, 0, ...rest)
    const { bytes } = await peer.rest()
    peer.socket.destroy()
    return [...bytes.subarray(4)]
  }
  assert.deepEqual(await resolve(host, 'a'), [5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
  assert.deepEqual(await resolve(host, 'b'), [5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
  assert.equal(lab.network.built.length, 2)
  for (const name of ['nowhere.anarq.net', inside, 'localhost', '10.0.0.1'])
    assert.equal((await resolve(name, 'a'))[1], 4, name)
})

const hasTorResolve = await run('tor-resolve', []).catch(
  (error: { code?: unknown }) => error.code !== 'ENOENT',
)

test('the resolver that comes with Tor asks through the door', {
  skip: hasTorResolve ? false : 'tor-resolve is not on this machine',
}, async () => {
  await using lab = await openLab()
  const { stdout } = await run('tor-resolve', ['-5', host, `127.0.0.1:${lab.socks.port}`])
  assert.equal(stdout.trim(), '127.0.0.1')
})

test('what the exit refuses is answered by the book at the other door', async () => {
  await using lab = await openLab()
  for (const [name, code] of [
    ['10.0.0.1', 5],
    ['localhost', 5],
    ['nowhere.anarq.net', 4],
  ] as const) {
    const peer = await dial(lab.socks.port)
    peer.write(5, 1, 0, ...nameRequest(name, 80))
    assert.deepEqual((await peer.rest()).bytes[3], code, name)
    peer.socket.destroy()
  }
})
