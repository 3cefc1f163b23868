/** Several ways to one peer: a relayed link and a better one beside it, and what dialling from one port can do. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import {
  createLinks,
  createMemoryCarrier,
  createSystemWorld,
  createTcpCarrier,
  type Links,
  type Pipe,
  type PipeWay,
  writeDialBack,
} from '@anarq/links'
import { primitives } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import fc from 'fast-check'
import { readDialBack } from '../src/dial-back.ts'

const world = createSystemWorld()
const memory = createMemoryCarrier(world, 1)
const never = new AbortController().signal

type Side = {
  readonly id: NodeId
  readonly agreementKey: Uint8Array
  readonly links: Links
  readonly told: string[]
}

function side(seed: number): Side {
  const node = primitives.ed25519Key(new Uint8Array(32).fill(seed))
  const agreement = primitives.x25519Key(new Uint8Array(32).fill(seed + 1))
  const told: string[] = []
  const links = createLinks({
    world,
    identity: { node, agreement },
    carriers: [],
    find: () => undefined,
    events: {
      onStream: () => ({ onData() {}, onEnd() {}, onReset() {}, onDrain() {} }),
      onUp: () => told.push('up'),
      onDown: () => told.push('down'),
      onLink: (_, way, isOnTrial) => told.push(`${way ?? 'direct'}${isOnTrial ? ', on trial' : ''}`),
      onMessage: (_, message, isOnTrial) => told.push(`${toUtf8(message)}${isOnTrial ? ', on trial' : ''}`),
    },
  })
  return { id: nodeIdOf(node.publicKey), agreementKey: agreement.publicKey, links, told }
}

/** Two ends of one pipe, which say that it came to be in this way. */
async function pipes(way: PipeWay): Promise<readonly [Pipe, Pipe]> {
  let far: Pipe | undefined
  const listener = await memory.listen?.('memory://x:0', (pipe) => {
    far = pipe
  })
  const near = await memory.dial(listener?.address ?? '', never)
  await listener?.close()
  return [Object.assign(near, { way }), Object.assign(far as Pipe, { way })]
}

async function linked(a: Side, b: Side, way: PipeWay): Promise<readonly [Pipe, Pipe]> {
  const [near, far] = await pipes(way)
  b.links.take(far)
  await a.links.take(near, { node: b.id, agreementKey: b.agreementKey })
  return [near, far]
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i += 1) await setTimeout(5)
  assert.ok(holds(), `${holds}`)
}

test('[WX-L2-3] [AQ-QNET-8] beside a relayed link a better one is tried, then used; what was in the relayed one still arrives', async () => {
  const [a, b] = [side(10), side(20)]
  await linked(a, b, 'relayed')
  await until(() => b.links.peer(a.id)?.way === 'relayed')
  let ended = false
  const stream = await a.links.openStream(b.id, {
    onData: () => {},
    onEnd: () => {},
    onReset: () => {
      ended = true
    },
    onDrain: () => {},
  })
  stream.write(fromUtf8('a question'))
  await linked(a, b, 'punched')
  await until(() => b.told.includes('punched, on trial'))
  assert.deepEqual(a.told, ['up', 'relayed', 'punched, on trial'])
  a.links.send(b.id, fromUtf8('as before'))
  a.links.sendOnTrial(b.id, fromUtf8('do you hear'))
  await until(() => b.told.includes('do you hear, on trial') && b.told.includes('as before'))
  assert.equal(a.links.peer(b.id)?.way, 'relayed')

  a.links.prefer(b.id)
  b.links.prefer(a.id)
  a.links.send(b.id, fromUtf8('over the new one'))
  await until(() => b.told.includes('over the new one'))
  assert.deepEqual([a.links.peer(b.id)?.way, b.links.peer(a.id)?.way], ['punched', 'punched'])
  assert.ok(!ended, 'a stream goes on in the link that it began in')
  stream.reset()
  assert.ok(!a.told.includes('down') && !b.told.includes('down'))
  await Promise.all([a.links.close(), b.links.close()])
})

test('[AQ-QNET-8] where the relayed link breaks, what was on trial beside it is used', async () => {
  const [a, b] = [side(30), side(40)]
  const [near, far] = await linked(a, b, 'relayed')
  await until(() => b.links.peer(a.id) !== undefined)
  await linked(a, b, 'punched')
  await until(() => b.told.includes('punched, on trial'))
  near.end()
  far.end()
  await until(() => a.links.peer(b.id)?.way === 'punched' && b.links.peer(a.id)?.way === 'punched')
  a.links.send(b.id, fromUtf8('still here'))
  await until(() => b.told.includes('still here'))
  assert.ok(!a.told.includes('down'))
  await Promise.all([a.links.close(), b.links.close()])
})

test('dials go out from one port, and from another one where that cannot be', async () => {
  const carrier = createTcpCarrier({ isOnePort: true })
  const ports: (number | undefined)[] = []
  const open = (host: string) =>
    carrier.listen?.(`tcp://${host}:0`, (pipe) => void ports.push(pipe.remotePort))
  const listeners = [await open('127.0.0.1'), await open('127.0.0.2')]
  const dialled = await Promise.all(listeners.map((one) => carrier.dial(one?.address ?? '', never)))
  await until(() => ports.length === 2)
  assert.deepEqual(ports, [await carrier.port(), await carrier.port()])
  dialled.push(await carrier.dial(listeners[0]?.address ?? '', never))
  await until(() => ports.length === 3)
  assert.notEqual(ports[2], ports[0])
  assert.equal(await createTcpCarrier().port(), undefined)
  for (const pipe of dialled) pipe.end()
  for (const listener of listeners) await listener?.close()
})

test('whoever is to be met is dialled again and again, until it is there or the time is over', async () => {
  const carrier = createTcpCarrier({ isOnePort: true })
  const first = await carrier.listen?.('tcp://127.0.0.1:0', () => {})
  const address = first?.address ?? ''
  await first?.close()
  const meeting = carrier.meet(address, never)
  await setTimeout(300)
  const later = await carrier.listen?.(address, (pipe) =>
    pipe.start({ onData() {}, onDrain() {}, onClosed() {} }),
  )
  const pipe = await meeting
  assert.equal(pipe.way, 'punched')
  pipe.end()
  await later?.close()
  await assert.rejects(carrier.meet(address, AbortSignal.timeout(250)), { code: 'unavailable.address' })
})

test('a number that is shown at the door is told, and whatever else comes there is none [SW-SEC-3]', async () => {
  const numbers: Uint8Array[] = []
  const node = primitives.ed25519Key(new Uint8Array(32).fill(50))
  const links = createLinks({
    ...{ world, carriers: [createTcpCarrier()], find: () => undefined },
    identity: { node, agreement: primitives.x25519Key(new Uint8Array(32).fill(51)) },
    events: { onDialBack: (number) => numbers.push(number) },
  })
  const { address } = await links.listen('tcp://127.0.0.1:0')
  const number = new Uint8Array(16).fill(7)
  for (const bytes of [
    writeDialBack(number),
    writeDialBack(number.slice(1)),
    writeDialBack(number).slice(1),
  ]) {
    const socket = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => {})
    socket.end(bytes)
    socket.resume()
    await once(socket, 'close')
  }
  assert.deepEqual(numbers, [number])
  assert.deepEqual(links.peers(), [])
  await links.close()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const read = readDialBack(bytes)
      if (read !== undefined) assert.deepEqual(writeDialBack(read), Uint8Array.from(bytes))
    }),
  )
})
