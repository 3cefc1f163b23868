import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '@anarq/bytes'
import type { Exit, NodeId, Services } from '@anarq/qnet'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createPaths, createPool, type PoolSettings, type RelayFacts } from '../../src/circuit/index.ts'
import { createNet, createReader, echo, type NetNode, settle } from './net.ts'

/** An exit without an outside: what is sent to a host comes back. */
const echoExit: Exit = {
  connect: (host, _port, events) =>
    echo.connect(host, events) as NonNullable<ReturnType<typeof echo.connect>>,
  resolve: (host, done) => done([`of ${host}`.replace(' ', '-')]),
  datagrams(events) {
    queueMicrotask(() => events.connected())
    return { send: (host, port, bytes) => events.datagram(host, port, bytes.slice()), close() {} }
  },
}

function createLab(count = 12, settings: Partial<PoolSettings> = {}, exit: Exit = echoExit, latencyMs = 1) {
  const net = createNet({ latencyMs })
  const client = net.add({ isRelay: false })
  const relays = Array.from({ length: count }, () => net.add({ exit }))
  const facts = relays.map(
    ({ hop }, at): RelayFacts => ({
      ...{ hop, hosts: [`${20 + at}.1.1.1`], neighbourhoods: [], isExit: true },
      ...{ declaredRate: 1e6, sinceMs: 0 },
    }),
  )
  const firstCells: NodeId[] = []
  /** Paths of circuits as they are built: who is asked by whom. */
  net.watch(({ from, to: peer, cell }) => {
    if (cell[4] === 1 && from === client.id) firstCells.push(peer)
    return undefined
  })
  // Draws from a seed: the same relays for the same run.
  const { clock, after } = net.time
  const paths = createPaths({ world: { clock, after, random: createSeededRandom(7) }, relays: () => facts })
  const built: (readonly NodeId[])[] = []
  const pool = createPool({
    world: net.time,
    client: {
      build(path, events) {
        built.push(path.map(({ node }) => node))
        return client.client.build(path, events)
      },
    },
    paths,
    settings,
  })
  const nodeOf = (id: NodeId | undefined): NetNode => relays.find((one) => one.id === id) as NetNode
  const stream = (isolation = '', isEarly = false) => {
    const reader = createReader()
    const target = { kind: 'host', host: 'a.net', port: 80, isEarly } as const
    const flow = reader.use(pool.open(target, isolation, reader.events))
    return { reader, flow, text: () => new TextDecoder().decode(concatBytes(...reader.pieces)) }
  }
  return { net, client, pool, paths, built, nodeOf, stream }
}
const bytes = (text: string) => new TextEncoder().encode(text)

test('streams of one key share a circuit, those of another have their own, and early bytes come once', async () => {
  const lab = createLab()
  const all = ['a', 'a', 'b'].map((key) => lab.stream(key))
  for (const [at, { flow }] of all.entries()) flow.write(bytes(`hello ${at}`))
  await settle(lab.net.time, 2000)
  assert.deepEqual(
    all.map(({ text }) => text()),
    ['hello 0', 'hello 1', 'hello 2'],
  )
  assert.equal(lab.built.length, 2)
  assert.equal(lab.pool.circuits, 2)
  for (const { flow } of all) flow.end()
  await settle(lab.net.time, 2000)
  for (const { reader } of all) assert.deepEqual(reader.log, ['connected', 'ended', 'done'])
})

test('[QN-PRF-5] what may go early is answered a round trip sooner: the circuit is crossed twice and not four times', async () => {
  const lab = createLab(12, {}, echoExit, 40)
  lab.stream()
  await settle(lab.net.time, 5000)
  const [early, usual] = [lab.stream('', true), lab.stream()]
  for (const { flow } of [early, usual]) flow.write(bytes('hello'))
  // Three links there and back.
  await settle(lab.net.time, 6 * 40 + 10)
  assert.deepEqual([early.text(), usual.text()], ['hello', ''])
  await settle(lab.net.time, 6 * 40 + 10)
  assert.deepEqual([early.text(), usual.text()], ['hello', 'hello'])
  early.flow.write(bytes(' again'))
  early.flow.end()
  await settle(lab.net.time, 1000)
  assert.equal(early.text(), 'hello again')
  assert.deepEqual(early.reader.log, ['connected', 'ended', 'done'])
})

test('[AQ-QNET-8] what went early and came to nothing goes again over the next circuit, and comes once', async () => {
  const lab = createLab()
  lab.stream()
  await settle(lab.net.time, 2000)
  lab.net.kill(lab.nodeOf(lab.built[0]?.[1]))
  const early = lab.stream('', true)
  early.flow.write(bytes('hello'))
  await settle(lab.net.time, 30_000)
  assert.ok(lab.built.length > 1)
  assert.equal(early.text(), 'hello')
  assert.deepEqual(early.reader.log, ['connected'])
})

test('after ten minutes new streams go over a fresh circuit, and the old one stays as long as it has streams', async () => {
  const lab = createLab()
  const old = lab.stream()
  await settle(lab.net.time, 2000)
  // Used now and then, so that relays keep it.
  for (let minute = 0; minute < 11; minute += 1) {
    old.flow.write(bytes('.'))
    await settle(lab.net.time, 60_000)
  }
  const young = lab.stream()
  young.flow.write(bytes('young'))
  old.flow.write(bytes('old'))
  await settle(lab.net.time, 2000)
  assert.equal(lab.built.length, 2)
  assert.equal(lab.pool.circuits, 2)
  assert.equal(young.text(), 'young')
  assert.match(old.text(), /old$/)
  old.flow.end()
  await settle(lab.net.time, 12_000)
  assert.equal(lab.pool.circuits, 1)
})

test('[AQ-QNET-8] [QN-ARC-3] a relay that is killed ends its streams as lost, and new ones go over another path', async () => {
  const lab = createLab()
  const broken = lab.stream()
  broken.flow.write(bytes('before'))
  await settle(lab.net.time, 2000)
  const middle = lab.nodeOf(lab.built[0]?.[1])
  lab.net.kill(middle)
  await settle(lab.net.time, 2000)
  assert.deepEqual(broken.reader.log, ['connected', 'lost'])
  const next = lab.stream()
  next.flow.write(bytes('after'))
  await settle(lab.net.time, 30_000)
  assert.equal(next.text(), 'after')
  assert.ok(!lab.built.at(-1)?.includes(middle.id))
})

test('[AQ-QNET-8] a first hop, and a last hop, that does not answer is passed over while a stream waits', async () => {
  for (const place of [0, 2]) {
    const lab = createLab()
    lab.stream('first').flow.write(bytes('x'))
    await settle(lab.net.time, 2000)
    const dead = lab.nodeOf(lab.built[0]?.[place])
    lab.net.kill(dead)
    for (let at = 0; at < 8; at += 1) {
      const { flow, text } = lab.stream(`key ${at}`)
      flow.write(bytes('hello'))
      await settle(lab.net.time, 30_000)
      assert.equal(text(), 'hello', `place ${place}, stream ${at}`)
      assert.ok(!lab.built.at(-1)?.includes(dead.id))
    }
  }
})

test('[QN-ARC-3] a circuit that falls silent takes no more streams: one that was not connected is asked for again', async () => {
  const lab = createLab(12, { connectMs: 3000 })
  lab.stream().flow.write(bytes('x'))
  await settle(lab.net.time, 2000)
  const silent = lab.built[0]?.[2]
  lab.net.watch(({ from }) => from !== silent)
  const { flow, text } = lab.stream()
  flow.write(bytes('hello'))
  await settle(lab.net.time, 60_000, 60)
  assert.equal(text(), 'hello')
  assert.notEqual(lab.built.at(-1)?.[2], silent)
})

test('where no path is left, a stream says so in time, and a pool that is full says that', async () => {
  const lab = createLab(2)
  const { reader } = lab.stream()
  await settle(lab.net.time, 1000)
  assert.deepEqual(reader.log, ['unreachable'])
  const few = createLab(12, { circuitsMax: 1 })
  few.stream('a')
  await settle(few.net.time, 2000)
  const refused = few.stream('b')
  await settle(few.net.time, 2000)
  assert.deepEqual(refused.reader.log, ['resources'])
  const dead = createLab()
  for (const node of dead.net.nodes.slice(1)) dead.net.kill(node)
  const waiting = dead.stream()
  await settle(dead.net.time, 120_000, 60)
  assert.deepEqual(waiting.reader.log, ['unreachable'])
  assert.equal(dead.pool.circuits, 0)
})

test('names are resolved and datagrams sent over circuits of their keys; a pool that closes ends them all', async () => {
  const lab = createLab()
  const found: string[] = []
  lab.pool.resolve('a.net', 'a', (addresses) => found.push(...addresses))
  const got: string[] = []
  const datagrams = lab.pool.associate('b', {
    connected: () => got.push('connected'),
    datagram: (host, port, data) => got.push(`${host} ${port} ${new TextDecoder().decode(data)}`),
    closed: (reason) => got.push(reason),
  })
  await settle(lab.net.time, 2000)
  datagrams.send('a.net', 53, bytes('q'))
  await settle(lab.net.time, 2000)
  assert.deepEqual(found, ['of-a.net'])
  assert.deepEqual(got, ['connected', 'a.net 53 q'])
  assert.equal(lab.pool.circuits, 2)
  const { reader } = lab.stream('a')
  await settle(lab.net.time, 2000)
  lab.pool.close()
  await settle(lab.net.time, 2000)
  assert.equal(lab.pool.circuits, 0)
  assert.deepEqual(reader.log, ['connected', 'lost'])
  assert.equal(got.at(-1), 'lost')
  const late = lab.stream('a')
  await settle(lab.net.time, 100)
  assert.deepEqual(late.reader.log, ['resources'])
})

/** What these nodes send takes so much longer: each has its part of a round trip, whoever stands beside it. */
function delay(lab: ReturnType<typeof createLab>, isSlow: (id: NodeId) => boolean, byMs: number): void {
  lab.net.watch(({ from, to: peer, cell }) => {
    if (!isSlow(from)) return undefined
    lab.net.time.after(byMs, () => lab.net.nodes.find(({ id }) => id === peer)?.board.receive(from, cell))
    return false
  })
}

test('[AQ-QNET-5] [QN-PRF-1] what circuits measure decides the next ones: far relays are drawn less, and still are', async (t) => {
  const lab = createLab(24)
  const slow = new Set(lab.net.nodes.slice(13).map(({ id }) => id))
  delay(lab, (id) => slow.has(id), 300)
  const lasts: NodeId[] = []
  for (let at = 0; at < 200; at += 1) {
    const { flow } = lab.stream(`key ${at}`)
    await settle(lab.net.time, 3000, 10)
    lasts.push(lab.built.at(-1)?.[2] as NodeId)
    flow.reset('done')
  }
  const share = lasts.slice(80).filter((id) => slow.has(id)).length / 120
  t.diagnostic(`${Math.round(share * 100)} % of the draws are far ones; even would be half`)
  assert.ok(share > 0 && share < 0.35, `${share} of the draws`)
  const { last } = lab.paths.report()
  assert.ok(last.entropyBits >= last.floorBits - 1e-9)
})

test('[QN-ARC-3] a circuit that slows takes no new streams, and those that it has go on', async () => {
  const lab = createLab()
  const old = lab.stream()
  old.flow.write(new Uint8Array(500_000))
  await settle(lab.net.time, 3000)
  assert.equal(lab.built.length, 1)
  const middle = lab.built[0]?.[1]
  delay(lab, (id) => id === middle, 900)
  for (let second = 0; second < 30; second += 1) {
    old.flow.write(new Uint8Array(20_000))
    await settle(lab.net.time, 1000)
  }
  const young = lab.stream()
  young.flow.write(bytes('young'))
  old.flow.write(bytes('old'))
  await settle(lab.net.time, 20_000)
  assert.equal(lab.built.length, 2)
  assert.equal(young.text(), 'young')
  assert.match(old.text(), /old$/)
})

test('a circuit without streams ends by itself', async () => {
  const lab = createLab()
  const { flow } = lab.stream()
  await settle(lab.net.time, 1000)
  flow.end()
  await settle(lab.net.time, 1000)
  assert.equal(lab.pool.circuits, 1)
  await settle(lab.net.time, 260_000, 60)
  assert.equal(lab.pool.circuits, 0)
})

/** A service that answers each byte with the next one of the alphabet, so that what came twice or not at all is seen. */
const counting: Services = {
  connect(_service, events) {
    queueMicrotask(() => events.connected())
    return {
      write(data) {
        events.data(data.map((byte) => (byte + 1) & 255))
        events.written(data.length)
      },
      consumed() {},
      end() {
        events.ended()
        events.closed('done')
      },
      reset() {},
    }
  },
}

test('[AQ-QNET-8] [QN-ARC-3] a kept stream goes on by itself, byte for byte, while its owner goes on writing and whichever relay dies', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 8, max: 12 }),
      fc.nat(1),
      fc.integer({ min: 20, max: 60 }),
      async (killedAt, place, latencyMs) => {
        const lab = createLab(12, {}, echoExit, latencyMs)
        const home = lab.net.add({ services: counting })
        const last = (): RelayFacts => ({
          ...{ hop: home.hop, hosts: ['10.9.0.1'], neighbourhoods: [], isExit: false },
          ...{ declaredRate: 1e6, sinceMs: 0 },
        })
        const reader = createReader()
        const flow = reader.use(lab.pool.openKept('count', last, '', reader.events))
        const sent: Uint8Array[] = []
        for (let at = 0; at < 20; at += 1) {
          const piece = new Uint8Array(20_000).map((_, byte) => (at * 7 + byte) & 255)
          sent.push(piece)
          flow.write(piece.slice())
          if (at === killedAt) {
            lab.net.kill(lab.nodeOf(lab.built[0]?.[place]))
          }
          await settle(lab.net.time, 100, 5)
        }
        flow.end()
        await settle(lab.net.time, 60_000, 60)
        assert.deepEqual(
          concatBytes(...reader.pieces),
          concatBytes(...sent).map((byte) => (byte + 1) & 255),
        )
        assert.deepEqual(reader.log, ['connected', 'ended', 'done'])
        for (const path of lab.built) assert.equal(path[2], home.id)
        assert.ok(lab.built.length > 1 && !lab.built.at(-1)?.includes(lab.built[0]?.[place] as NodeId))
      },
    ),
    { numRuns: 15 },
  )
})

test('a kept stream whose node is gone ends as lost or unreachable, and one that nobody knows at once', async () => {
  const lab = createLab()
  const home = lab.net.add({ services: counting })
  let isKnown = true
  const facts: RelayFacts = {
    ...{ hop: home.hop, hosts: ['10.9.0.1'], neighbourhoods: [], isExit: false },
    ...{ declaredRate: 1e6, sinceMs: 0 },
  }
  const open = () => {
    const reader = createReader()
    return {
      reader,
      flow: reader.use(lab.pool.openKept('count', () => (isKnown ? facts : undefined), '', reader.events)),
    }
  }
  const { reader } = open()
  await settle(lab.net.time, 2000)
  lab.net.kill(home)
  await settle(lab.net.time, 120_000, 60)
  assert.deepEqual(reader.log, ['connected', 'unreachable'])
  isKnown = false
  const late = open()
  await settle(lab.net.time, 100)
  assert.deepEqual(late.reader.log, ['unreachable'])
  const few = createLab(12, {}, echoExit)
  const refused = createReader()
  refused.use(
    few.pool.openKept(
      'count',
      () => ({ ...facts, hop: few.net.nodes[3]!.hop, hosts: ['23.9.0.1'] }),
      '',
      refused.events,
    ),
  )
  await settle(few.net.time, 5000)
  assert.deepEqual(refused.log, ['refused'], 'a node without services')
})

test('the circuits of a pool are listed with their hops, their age and what they carry', async () => {
  const lab = createLab()
  const { flow } = lab.stream()
  flow.write(new Uint8Array(40_000))
  await settle(lab.net.time, 5000)
  const [circuit] = lab.pool.list()
  assert.deepEqual(
    circuit?.path.map(({ node }) => node),
    lab.built[0],
  )
  assert.equal(circuit?.streams, 1)
  assert.equal(circuit?.bytes, 80_000)
  assert.ok((circuit?.ageMs ?? 0) > 4000 && (circuit?.ageMs ?? 0) <= 5000)
  assert.equal(circuit?.isRetired, false)
})
