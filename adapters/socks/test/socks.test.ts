import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Flow, FlowEvents } from '@anarq/qnet'
import fc from 'fast-check'
import { openSocks, type SocksLimits, type Streams } from '../src/index.ts'
import { readDatagram, readGreeting, readPassword, readRequest, writeDatagram } from '../src/request.ts'
import { bound, createTestExit, dial, nameRequest, openNames, openOrigin, openUdpEcho } from './origin.ts'

const run = promisify(execFile)
const curl = (...args: string[]) =>
  run('curl', ['-s', '-S', '-m', '20', ...args], { encoding: 'buffer', maxBuffer: 1 << 25 })
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)
const noCurl = hasCurl ? false : 'curl is not on this machine'

async function openLab(limits: Partial<SocksLimits> = {}) {
  const [origin, names] = await Promise.all([
    openOrigin(),
    openNames({ 'origin.anarq.net': '127.0.0.1', 'inside.anarq.net': '10.0.0.1' }),
  ])
  const exit = createTestExit([names.server])
  const keys: string[] = []
  const streams: Streams = {
    open({ host, port }, isolation, events) {
      keys.push(isolation)
      return exit.connect(host, port, events)
    },
    associate(isolation, events) {
      keys.push(isolation)
      return exit.datagrams(events)
    },
    resolve(host, isolation, done) {
      keys.push(isolation)
      exit.resolve(host, done)
    },
  }
  const socks = await openSocks({ streams, port: 0, limits })
  return {
    socks,
    origin,
    names,
    keys,
    url: (path: string) => `http://origin.anarq.net:${origin.port}${path}`,
    async [Symbol.asyncDispose]() {
      await socks.close()
      origin.close()
      names.close()
    },
  }
}

const at = (port: number) => `127.0.0.1:${port}`

test('curl gets and puts 10 MB by name and by address, byte for byte, and the name is asked of name servers', {
  skip: noCurl,
}, async () => {
  await using lab = await openLab()
  const proxy = at(lab.socks.port)
  const { stdout } = await curl('--socks5-hostname', proxy, lab.url(`/${lab.origin.bytes.length}`))
  assert.ok(lab.origin.bytes.equals(stdout))
  assert.ok(lab.names.asked.includes('origin.anarq.net'))
  const byAddress = await curl('--socks5', proxy, `http://127.0.0.1:${lab.origin.port}/1000`)
  assert.ok(lab.origin.bytes.subarray(0, 1000).equals(byAddress.stdout))
  const upload = curl('--socks5-hostname', proxy, '-T', '-', lab.url('/put'))
  upload.child.stdin?.end(lab.origin.bytes)
  assert.equal((await upload).stdout.toString(), createHash('sha256').update(lab.origin.bytes).digest('hex'))
})

test('name and password say which streams are kept apart', { skip: noCurl }, async () => {
  await using lab = await openLab()
  for (const user of ['a:b', 'a:b', 'ab:', 'c:d'])
    await curl('--socks5-hostname', at(lab.socks.port), '--proxy-user', user, lab.url('/10'))
  await curl('--socks5-hostname', at(lab.socks.port), lab.url('/10'))
  assert.equal(lab.keys[0], lab.keys[1])
  assert.equal(new Set(lab.keys).size, 4)
})

test('curl is told what went wrong, in the words of the standard', { skip: noCurl }, async () => {
  await using lab = await openLab()
  const told = async (url: string): Promise<string> => {
    const error: unknown = await curl('--socks5-hostname', at(lab.socks.port), url).catch((thrown) => thrown)
    return String((error as { stderr: Buffer }).stderr)
  }
  assert.match(await told('http://nowhere.anarq.net/'), /\(4\)/)
  assert.match(await told('http://inside.anarq.net/'), /\(5\)/)
  assert.match(await told('http://192.168.0.1/'), /\(5\)/)
  assert.match(await told('http://localhost/'), /\(5\)/)
})

test('every first byte but 5 ends the connection, and nothing is said', async () => {
  await using lab = await openLab()
  const ends = async (first: number): Promise<void> => {
    const peer = await dial(lab.socks.port)
    peer.write(first, 1, 0)
    const { bytes, ended } = await peer.rest()
    peer.socket.destroy()
    assert.equal(bytes.length, 0, `byte ${first}`)
    assert.notEqual(ended, undefined)
  }
  for (let from = 0; from < 256; from += 64)
    await Promise.all(
      Array.from({ length: 64 }, (_, offset) => from + offset)
        .filter((first) => first !== 5)
        .map(ends),
    )
  assert.equal(lab.keys.length, 0)
})

const hello = [5, 1, 0]
const wrongOnes: readonly (readonly [what: string, sent: readonly number[], told: readonly number[]])[] = [
  ['no method at all', [5, 0], [5, 255]],
  ['only GSSAPI', [5, 1, 1], [5, 255]],
  ['methods that nobody has', [5, 3, 1, 3, 128], [5, 255]],
  ['a password of another version', [5, 1, 2, 5, 1, 65], [5, 2, 1, 1]],
  ['a request of version 4', [...hello, 4, 1, 0, 1], [5, 0, 5, 1]],
  ['BIND', [...hello, 5, 2, 0, 1, 1, 2, 3, 4, 0, 80], [5, 0, 5, 7]],
  ['command 0', [...hello, 5, 0], [5, 0, 5, 7]],
  ['the look-up of an address (Tor has one)', [...hello, 5, 0xf1], [5, 0, 5, 7]],
  ['command 9', [...hello, 5, 9], [5, 0, 5, 7]],
  ['a reserved byte that is not zero', [...hello, 5, 1, 1], [5, 0, 5, 1]],
  ['address kind 0', [...hello, 5, 1, 0, 0], [5, 0, 5, 8]],
  ['address kind 2', [...hello, 5, 1, 0, 2], [5, 0, 5, 8]],
  ['address kind 5', [...hello, 5, 1, 0, 5], [5, 0, 5, 8]],
  ['an empty name', [...hello, 5, 1, 0, 3, 0], [5, 0, 5, 1]],
  ['a name with a line break', [...hello, 5, 1, 0, 3, 3, 65, 10, 66, 0, 80], [5, 0, 5, 1]],
  ['a name that is no UTF-8', [...hello, 5, 1, 0, 3, 2, 0xc3, 0x28, 0, 80], [5, 0, 5, 1]],
  ['port 0', [...hello, 5, 1, 0, 1, 127, 0, 0, 1, 0, 0], [5, 0, 5, 1]],
]
for (const [what, sent, told] of wrongOnes) {
  test(`${what} is answered by the book, and the connection ends`, async () => {
    await using lab = await openLab()
    const peer = await dial(lab.socks.port)
    peer.write(...sent)
    const { bytes } = await peer.rest()
    peer.socket.destroy()
    assert.deepEqual([...bytes.subarray(0, told.length)], told)
    assert.equal(bytes.length, told.length === 4 && told[2] === 5 ? 12 : told.length)
    assert.equal(lab.keys.length, 0)
  })
}

test('a handshake may come byte by byte, or at once with the first bytes of the stream behind it', async () => {
  await using lab = await openLab()
  const request = nameRequest('origin.anarq.net', lab.origin.port)
  const http = [...Buffer.from('GET /20 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')]
  for (const isSlow of [true, false]) {
    const peer = await dial(lab.socks.port)
    const all = [5, 2, 0, 2, 1, 1, 97, 1, 98, ...request, ...http]
    if (isSlow)
      for (const byte of all) {
        peer.write(byte)
        if (Math.random() < 0.2) await pause(1)
      }
    else peer.write(...all)
    assert.deepEqual(await peer.read(4), [5, 2, 1, 0])
    assert.deepEqual(await peer.read(10), [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    const { bytes, ended } = await peer.rest()
    peer.socket.end()
    assert.equal(ended, 'end')
    assert.ok(bytes.subarray(-20).equals(lab.origin.bytes.subarray(0, 20)))
  }
})

test('where programs begin with TLS the door says yes at once, and a refusal that is known by then all the same', async () => {
  const asked: { isEarly: boolean | undefined; events: FlowEvents; written: Uint8Array[] }[] = []
  const streams: Streams = {
    open({ host, isEarly }, _isolation, events) {
      if (host === 'nowhere.net') events.closed('refused')
      const written: Uint8Array[] = []
      asked.push({ isEarly, events, written })
      return { write: (bytes) => void written.push(bytes), consumed() {}, end() {}, reset() {} }
    },
    associate: () => ({ send() {}, close() {} }),
    resolve: (_host, _isolation, done) => done([]),
  }
  const socks = await openSocks({ streams, port: 0 })
  const peer = await dial(socks.port)
  peer.write(5, 1, 0, ...nameRequest('a.net', 443), 1, 2, 3)
  assert.deepEqual(await peer.read(2), [5, 0])
  assert.deepEqual(await peer.read(10), [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  while (asked[0]?.written.length === 0) await pause(1)
  assert.deepEqual([asked[0]?.isEarly, [...Buffer.concat(asked[0]?.written ?? [])]], [true, [1, 2, 3]])
  asked[0]?.events.closed('refused')
  assert.equal((await peer.rest()).ended, 'ECONNRESET')
  const refused = await dial(socks.port)
  refused.write(5, 1, 0, ...nameRequest('nowhere.net', 443))
  await refused.read(2)
  assert.equal((await refused.read(10))[1], 5)
  const other = await dial(socks.port)
  other.write(5, 1, 0, ...nameRequest('a.net', 80))
  await other.read(2)
  while (asked.length < 3) await pause(1)
  assert.equal(asked[2]?.isEarly, false)
  for (const { socket } of [refused, other]) socket.destroy()
  await socks.close()
})

test('IPv6 is asked for as IPv6, and an exit that lets nobody to it says so', async () => {
  await using lab = await openLab()
  const peer = await dial(lab.socks.port)
  peer.write(...hello, 5, 1, 0, 4, ...Array<number>(15).fill(0), 1, 0, 80)
  assert.deepEqual((await peer.read(4)).slice(2), [5, 5])
  peer.socket.destroy()
})

test('who says nothing, or one byte at a time, is left after the time for the whole handshake', async () => {
  await using lab = await openLab({ handshakeMs: 200 })
  const silent = await dial(lab.socks.port)
  const slow = await dial(lab.socks.port)
  const drip = setInterval(() => slow.socket.writable && slow.write(5), 40)
  const startedMs = performance.now()
  await Promise.all([silent.rest(), slow.rest()])
  clearInterval(drip)
  assert.ok(performance.now() - startedMs < 5000)
  silent.socket.destroy()
  slow.socket.destroy()
})

test('handshakes under way have a number, and make room when they end', async () => {
  await using lab = await openLab({ handshakesMax: 2 })
  const held = [await dial(lab.socks.port), await dial(lab.socks.port)]
  await pause(50)
  const third = await dial(lab.socks.port)
  third.write(5, 1, 0)
  assert.equal((await third.rest()).bytes.length, 0, 'half-open ones have a number')
  for (const one of held) one.socket.destroy()
  await pause(50)
  const fourth = await dial(lab.socks.port)
  fourth.write(5, 1, 0)
  assert.deepEqual(await fourth.read(2), [5, 0], 'and make room again')
  fourth.socket.destroy()
})

test('connections have a number', async () => {
  await using lab = await openLab({ connectionsMax: 3 })
  const peers = []
  for (let count = 0; count < 3; count += 1) {
    const peer = await dial(lab.socks.port)
    peer.write(...hello, ...nameRequest('origin.anarq.net', lab.origin.port))
    await peer.read(12)
    peers.push(peer)
  }
  const fourth = await dial(lab.socks.port)
  assert.equal((await fourth.rest()).bytes.length, 0)
  for (const one of peers) one.socket.destroy()
})

test('who ends its half still gets the whole answer, and a stream that breaks is reset, not ended', async () => {
  const events: FlowEvents[] = []
  const written: number[] = []
  let ends = 0
  const flow: Flow = {
    write(bytes) {
      written.push(...bytes)
      events[0]?.written(bytes.length)
    },
    consumed() {},
    end() {
      ends += 1
    },
    reset() {},
  }
  const streams: Streams = {
    open(_target, _isolation, told) {
      events.unshift(told)
      queueMicrotask(() => told.connected())
      return flow
    },
    associate: () => assert.fail(),
    resolve: () => assert.fail(),
  }
  const socks = await openSocks({ streams, port: 0 })
  const peer = await dial(socks.port)
  peer.write(...hello, ...nameRequest('a.net', 80), 1, 2, 3)
  await peer.read(12)
  peer.socket.end()
  while (ends === 0) await pause(5)
  assert.deepEqual(written, [1, 2, 3])
  events[0]?.data(Uint8Array.of(9, 8, 7))
  assert.deepEqual(await peer.read(3), [9, 8, 7])
  events[0]?.ended()
  events[0]?.closed('done')
  assert.equal((await peer.rest()).ended, 'end')

  const broken = await dial(socks.port)
  broken.write(...hello, ...nameRequest('a.net', 80))
  await broken.read(12)
  events[0]?.data(Uint8Array.of(1))
  await broken.read(1)
  events[0]?.closed('lost')
  assert.equal((await broken.rest()).ended, 'ECONNRESET')
  await socks.close()
})

test('datagrams go out and come back; parts, strangers, and hosts that were not asked do not get through', async () => {
  await using lab = await openLab()
  const echo = await openUdpEcho()
  const peer = await dial(lab.socks.port)
  peer.write(...hello, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0)
  const reply = (await peer.read(12)).slice(2)
  assert.deepEqual(reply.slice(0, 8), [5, 0, 0, 1, 127, 0, 0, 1])
  const port = ((reply[8] as number) << 8) | (reply[9] as number)
  const mine = createSocket('udp4')
  await bound(mine)
  const stranger = createSocket('udp4')
  await bound(stranger)
  const datagram = (text: string, host = 'origin.anarq.net') =>
    writeDatagram({ host, port: echo.port, bytes: Buffer.from(text) })
  const first = once(mine, 'message')
  mine.send(datagram('one'), port, '127.0.0.1')
  const answer = readDatagram((await first)[0] as Buffer)
  assert.deepEqual([answer?.host, answer?.port], ['127.0.0.1', echo.port])
  assert.equal(Buffer.from(answer?.bytes ?? []).toString(), 'echo one')
  const part = datagram('part')
  part[2] = 1
  mine.send(part, port, '127.0.0.1')
  mine.send(datagram('private', '10.0.0.1'), port, '127.0.0.1')
  mine.send('x', port, '127.0.0.1')
  stranger.send(datagram('stranger'), port, '127.0.0.1')
  const second = once(mine, 'message')
  mine.send(datagram('two', '127.0.0.1'), port, '127.0.0.1')
  await second
  assert.deepEqual(echo.seen, ['one', 'two'])
  // The association ends with its connection.
  peer.socket.destroy()
  await pause(100)
  mine.send(datagram('late'), port, '127.0.0.1')
  await pause(100)
  assert.deepEqual(echo.seen, ['one', 'two'])
  for (const socket of [mine, stranger]) socket.close()
  echo.close()
})

test('the door opens on loopback alone unless it is said, and says when its port is taken', async () => {
  const nothing = (): never => assert.fail()
  const streams: Streams = { open: nothing, associate: nothing, resolve: nothing }
  for (const host of ['0.0.0.0', '::', '192.168.1.1', '127.evil.net', 'localhost'])
    await assert.rejects(openSocks({ streams, host, port: 0 }), { code: 'refused.open-proxy' })
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  await assert.rejects(openSocks({ streams, port }), { code: 'unavailable.port' })
  taken.close()
})

test('no bytes make a reader throw, and what was written is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      for (const read of [readGreeting, readPassword, readRequest]) {
        const result = read(bytes)
        if (result.kind === 'read') assert.ok(result.bytes <= bytes.length)
      }
      readDatagram(bytes)
    }),
    { seed: 21, numRuns: 2000 },
  )
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.uint8Array(), (name, port, bytes) => {
      const read = readDatagram(writeDatagram({ host: name, port, bytes }))
      assert.equal(read?.port, port)
      assert.deepEqual(read?.bytes, bytes)
      const plain = (text: string) => (text.includes(':') ? new URL(`http://[${text}]`).hostname : text)
      assert.equal(plain(read?.host ?? ''), plain(name))
    }),
    { seed: 22, numRuns: 500 },
  )
})
