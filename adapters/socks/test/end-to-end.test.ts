import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { NodeId } from '@anarq/qnet'
import { openSocks } from '../src/index.ts'
import { readDatagram, writeDatagram } from '../src/request.ts'
import { createNetwork } from './network.ts'
import { bound, createTestExit, dial, nameRequest, openNames, openOrigin, openUdpEcho } from './origin.ts'

const host = 'origin.anarq.net'

async function openLab(relayCount = 7) {
  const [origin, names] = await Promise.all([openOrigin(), openNames({ [host]: '127.0.0.1' })])
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
  const peer = await dial(lab.socks.port)
  peer.write(5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0)
  const [high, low] = (await peer.read(12)).slice(10) as [number, number]
  const mine = createSocket('udp4')
  await bound(mine)
  const answered = once(mine, 'message')
  const bytes = randomBytes(1200)
  mine.send(writeDatagram({ host, port: echo.port, bytes }), (high << 8) | low, '127.0.0.1')
  const answer = readDatagram((await answered)[0] as Buffer)
  assert.ok(Buffer.from(answer?.bytes ?? []).equals(Buffer.concat([Buffer.from('echo '), bytes])))
  peer.socket.destroy()
  mine.close()
  echo.close()
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
