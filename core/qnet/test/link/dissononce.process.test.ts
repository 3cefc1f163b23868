import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { systemRandom } from '@anarq/random'
import { HandshakeState } from '../../src/link/noise/handshake-state.ts'
import { CipherState } from '../../src/link/noise/symmetric-state.ts'

const script = fileURLToPath(new URL('dissononce-peer.py', import.meta.url))
const empty = new Uint8Array(0)
const prologue = fromUtf8('a prologue of both')
const [ourSecret, theirSecret] = [systemRandom.bytes(32), systemRandom.bytes(32)]
const python = ['/usr/bin/python3', 'python3'].find(
  (one) => spawnSync(one, ['-c', 'import dissononce']).status === 0,
)
const skip =
  python === undefined
    ? "the Python module dissononce is not here: install Debian's python3-dissononce"
    : false

test('[QN-CRY-1] without ML-KEM the handshake is what an independent Noise speaks: we begin', {
  skip,
}, async () => {
  const child = peer('responder', 0)
  const [line] = await once(child.stdout!.setEncoding('utf8'), 'data')
  const socket = connect(Number(line), '127.0.0.1')
  await talk(socket, true)
  assert.equal(await ended(child), 0)
})

test('[QN-CRY-1] without ML-KEM the handshake is what an independent Noise speaks: they begin', {
  skip,
}, async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const child = peer('initiator', (server.address() as AddressInfo).port)
  const [socket] = (await accepted) as [Socket]
  await talk(socket, false)
  assert.equal(await ended(child), 0)
  server.close()
})

function peer(role: string, port: number): ChildProcess {
  const args = [script, role, String(port), toHex(prologue), toHex(theirSecret)]
  if (role === 'initiator') args.push(toHex(primitives.x25519Public(ourSecret)))
  return spawn(python as string, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function talk(socket: Socket, isInitiator: boolean): Promise<void> {
  const receive = framesOf(socket)
  const handshake = new HandshakeState({
    pattern: 'XK',
    isHybrid: false,
    isInitiator,
    prologue,
    staticKey: primitives.x25519Key(ourSecret),
    ...(isInitiator ? { peerStaticKey: primitives.x25519Public(theirSecret) } : {}),
    random: systemRandom,
  })
  for (const turn of [0, 1, 2]) {
    if ((turn % 2 === 0) === isInitiator)
      send(
        socket,
        handshake.write(() => fromUtf8(`payload of anarq ${turn}`)),
      )
    else {
      const read = handshake.read(await receive())
      assert.equal(toUtf8(read!.payload), `payload of dissononce ${turn}`)
    }
  }
  const { initiatorKey, responderKey } = handshake.finish()
  const [ours, theirs] = isInitiator ? [initiatorKey, responderKey] : [responderKey, initiatorKey]
  assert.equal(toUtf8(new CipherState(theirs).open(empty, await receive())!), 'sealed by dissononce')
  send(socket, new CipherState(ours).seal(empty, fromUtf8('sealed by anarq')))
  socket.end()
}

function send(socket: Socket, message: Uint8Array): void {
  socket.write(Uint8Array.of(message.length >> 8, message.length & 255))
  socket.write(message)
}

function framesOf(socket: Socket): () => Promise<Uint8Array> {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  let held = Buffer.alloc(0)
  const exactly = async (length: number): Promise<Uint8Array> => {
    while (held.length < length) {
      const { done, value } = await chunks.next()
      assert.ok(done !== true, 'the other side closed')
      held = Buffer.concat([held, value])
    }
    const out = new Uint8Array(held.subarray(0, length))
    held = held.subarray(length)
    return out
  }
  return async () => exactly(((value) => (value[0]! << 8) | value[1]!)(await exactly(2)))
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  const [code] = await once(child, 'exit')
  return code
}
