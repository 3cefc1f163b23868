import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Flow, FlowEvents } from '@anarq/qnet'
import { createOutside } from '../src/index.ts'
import { bound, createTestExit, openNames, openOrigin, openUdpEcho } from './origin.ts'

/** Notes what a flow says; takes what comes at once unless it is told to wait. */
function createNote({ takes = true }: { takes?: boolean } = {}) {
  const log: string[] = []
  const pieces: Uint8Array[] = []
  let written = 0
  let flow: Flow | undefined
  const events: FlowEvents = {
    connected: () => log.push('connected'),
    data(bytes) {
      pieces.push(bytes)
      if (takes) flow?.consumed(bytes.length)
    },
    written(bytes) {
      written += bytes
    },
    ended: () => log.push('ended'),
    closed: (reason) => log.push(reason),
  }
  return {
    log,
    events,
    use(opened: Flow): Flow {
      flow = opened
      return opened
    },
    get bytes() {
      return Buffer.concat(pieces)
    },
    get written() {
      return written
    },
  }
}
async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (holds()) return
    await pause(5)
  }
  assert.fail(`never: ${what}`)
}

test('an exit reaches an origin that its policy allows, by name and by address, both halves ended in order', async () => {
  const origin = await openOrigin()
  const names = await openNames({ 'origin.anarq.net': '127.0.0.1' })
  const exit = createTestExit([names.server])
  for (const host of ['origin.anarq.net', '127.0.0.1', '2130706433', 'ORIGIN.anarq.net.']) {
    const note = createNote()
    const flow = note.use(exit.connect(host, origin.port, note.events))
    flow.write(Buffer.from('GET /300000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))
    await until(() => note.log.includes('ended'), host)
    flow.end()
    await until(() => note.log.includes('done'), host)
    assert.deepEqual(note.log, ['connected', 'ended', 'done'])
    assert.ok(note.bytes.subarray(-300_000).equals(origin.bytes.subarray(0, 300_000)))
  }
  origin.close()
  names.close()
})

test('what the policy refuses is not dialled: private addresses, names that lead there, closed ports', async () => {
  const names = await openNames({ 'inside.anarq.net': '192.168.7.7', 'meta.anarq.net': '169.254.169.254' })
  const exit = createTestExit([names.server])
  const ask = async (host: string, port = 80): Promise<string> => {
    const note = createNote()
    exit.connect(host, port, note.events)
    await until(() => note.log.length > 0, host)
    return note.log.join()
  }
  for (const host of ['inside.anarq.net', 'meta.anarq.net', '10.0.0.1', '0x7f.1.1.1', '::1', 'localhost'])
    assert.equal(await ask(host), 'refused', host)
  assert.equal(await ask('127.0.0.1', 25), 'refused')
  assert.equal(await ask('nowhere.anarq.net'), 'unresolved')
  assert.deepEqual(
    names.asked.filter((name) => name === 'localhost'),
    [],
  )
  names.close()
})

test('a port that nobody listens on is refused, and a host that cuts the connection is lost', async () => {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.resetAndDestroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const outside = createOutside()
  const cut = createNote()
  outside.dial('127.0.0.1', port, cut.events).write(Uint8Array.of(1))
  await until(() => cut.log.length === 2, 'cut')
  assert.deepEqual(cut.log, ['connected', 'lost'])
  server.close()
  await once(server, 'close')
  const none = createNote()
  outside.dial('127.0.0.1', port, none.events)
  await until(() => none.log.length > 0, 'refused')
  assert.deepEqual(none.log, ['refused'])
})

test('connections and look-ups have a number, and make room again', async () => {
  const origin = await openOrigin()
  const silent = createSocket('udp4')
  const outside = createOutside({
    nameServers: [`127.0.0.1:${await bound(silent)}`],
    connectionsMax: 1,
    lookupsMax: 1,
    lookupMs: 100,
  })
  const [first, second, third] = [createNote(), createNote(), createNote()]
  const held = outside.dial('127.0.0.1', origin.port, first.events)
  outside.dial('127.0.0.1', origin.port, second.events)
  await until(() => first.log.length > 0 && second.log.length > 0, 'two')
  assert.deepEqual([first.log, second.log], [['connected'], ['resources']])
  held.reset('cancelled')
  await pause(50)
  outside.dial('127.0.0.1', origin.port, third.events).reset('done')
  assert.deepEqual(third.log, [], 'nothing is said of what was reset')

  const answers: string[] = []
  outside.lookup('a.net', (found) => answers.push(`a ${found.length}`))
  outside.lookup('b.net', (found) => answers.push(`b ${found.length}`))
  assert.deepEqual(answers, ['b 0'])
  await until(() => answers.length === 2, 'a name server that is silent')
  silent.close()
  origin.close()
})

test('a reader that takes nothing holds up the origin, and a host that takes nothing holds up the writer', async () => {
  let sent = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const pour = (): void => {
      while (sent < 64e6 && socket.write(new Uint8Array(65_536))) sent += 65_536
    }
    socket.on('drain', pour)
    pour()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const outside = createOutside()
  const lazy = createNote({ takes: false })
  const flow = outside.dial('127.0.0.1', port, lazy.events)
  await pause(200)
  assert.ok(lazy.bytes.length < 1e6, `${lazy.bytes.length} bytes came ahead`)
  // The server never reads: what the kernel does not take is not called written, and too much of it ends the flow.
  for (let at = 0; at < 32; at += 1) flow.write(new Uint8Array(1 << 20))
  await until(() => lazy.log.includes('resources'), 'cut')
  assert.ok(lazy.written < 32 << 20)
  server.close()
})

test('datagrams come from hosts that were written to, and from nobody else', async () => {
  const echo = await openUdpEcho()
  const stranger = createSocket('udp4')
  const strangerPort = await bound(stranger)
  const got: string[] = []
  let isConnected = false
  const association = createOutside().datagrams({
    connected() {
      isConnected = true
    },
    datagram: (address, port, bytes) => got.push(`${address} ${port} ${Buffer.from(bytes)}`),
    closed: (reason) => got.push(reason),
  })
  await until(() => isConnected, 'connected')
  const seen = once(stranger, 'message')
  association.send('127.0.0.1', echo.port, Buffer.from('a'))
  await until(() => got.length === 1, 'echo')
  association.send('127.0.0.1', strangerPort, Buffer.from('b'))
  const [, from] = (await seen) as [Buffer, AddressInfo]
  const other = createSocket('udp4')
  other.send('unasked', from.port, '127.0.0.1')
  await pause(50)
  stranger.send('asked', from.port, '127.0.0.1')
  await until(() => got.length === 2, 'the one that was asked')
  assert.deepEqual(got, [`127.0.0.1 ${echo.port} echo a`, `127.0.0.1 ${strangerPort} asked`])
  association.close()
  for (const socket of [stranger, other]) socket.close()
  echo.close()
})
