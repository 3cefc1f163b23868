import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromBase32 } from '@anarq/bytes'
import { nodeIdOf } from '@anarq/qnet'
import { systemRandom } from '@anarq/random'
import fc from 'fast-check'
import { cellBytes } from '../../src/circuit/index.ts'
import { buildCircuit, createNet, createReader, createSink, createSource, echo, settle } from './net.ts'

const to = (service: string) => ({ kind: 'service', service }) as const

function createLab(options: Parameters<typeof createNet>[0] = {}) {
  const net = createNet(options)
  const client = net.add({ isRelay: false })
  const relays = [0, 1].map(() => net.add({}))
  const last = net.add({ services: echo })
  return { net, client, path: [...relays, last], last }
}

test('[QN-ARC-2] a circuit is built hop by hop, and bytes come back through it as they were', async () => {
  const { net, client, path } = createLab()
  const { circuit, log } = await buildCircuit(net, client, path)
  assert.deepEqual(log, ['ready'])
  assert.equal(circuit.buildMs, 12, 'three round trips of 2, 4 and 6 links')
  const reader = createReader()
  const flow = reader.use(circuit.open(to('echo'), reader.events))
  const sent = systemRandom.bytes(100_001)
  flow.write(sent)
  flow.end()
  await settle(net.time, 5000)
  assert.deepEqual(reader.log, ['connected', 'ended', 'done'])
  assert.deepEqual(concatBytes(...reader.pieces), sent)
  assert.equal(reader.written, sent.length)
  assert.equal(circuit.streams, 0)
})

test('[QN-ARC-2] each hop meets only its neighbours, every cell has 4,096 bytes, and none shows the plain text', async () => {
  const { net, client, path } = createLab()
  const met = new Map<string, Set<string>>()
  const sizes = new Set<number>()
  const plain = new Uint8Array(3000).fill(0x41)
  let shown = 0
  net.watch(({ from, to: peer, cell }) => {
    for (const [a, b] of [
      [from, peer],
      [peer, from],
    ] as const)
      met.set(a, (met.get(a) ?? new Set()).add(b))
    sizes.add(cell.length)
    if (Buffer.from(cell).includes('AAAAAAAA')) shown += 1
    // The last hop's name is in no cell before the one that opens EXTEND: it is sealed for the second hop.
    if (from === client.id && Buffer.from(cell).includes(Buffer.from(fromBase32(path[2]!.id)))) shown += 1
  })
  const { circuit } = await buildCircuit(net, client, path)
  const reader = createReader()
  reader.use(circuit.open(to('echo'), reader.events)).write(plain)
  await settle(net.time, 2000)
  assert.equal(concatBytes(...reader.pieces).length, plain.length)
  assert.deepEqual([...sizes], [cellBytes])
  assert.equal(shown, 0)
  const neighbours = (id: string) => [...(met.get(id) ?? [])].sort()
  assert.deepEqual(neighbours(client.id), [path[0]!.id])
  assert.deepEqual(neighbours(path[0]!.id), [client.id, path[1]!.id].sort())
  assert.deepEqual(neighbours(path[1]!.id), [path[0]!.id, path[2]!.id].sort())
  assert.deepEqual(neighbours(path[2]!.id), [path[1]!.id])
})

test('[QN-ARC-1] a client answers no CREATE, a relay lets nothing out, an exit does', async () => {
  const net = createNet()
  const [client, other] = [net.add({ isRelay: false }), net.add({ isRelay: false })]
  const relay = net.add({})
  const exit = net.add({
    exit: {
      connect(_host, _port, events) {
        return echo.connect('', events)!
      },
      resolve: (host, done) => done([host]),
      datagrams: () => ({ send() {}, close() {} }),
    },
  })
  const { log } = await buildCircuit(net, client, [other], 20_000)
  assert.deepEqual(log, ['unreachable after 0'])
  const seen: string[][] = []
  for (const last of [relay, exit]) {
    const { circuit } = await buildCircuit(net, client, [last])
    const reader = createReader()
    reader.use(circuit.open({ kind: 'host', host: 'example.org', port: 80 }, reader.events))
    await settle(net.time)
    seen.push(reader.log)
  }
  assert.deepEqual(seen, [['refused'], ['connected']])
})

test('[QN-PRV-7] a cell that any relay or link changes, drops, repeats or holds back ends the circuit, and no wrong byte is told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(2),
      fc.boolean(),
      fc.constantFrom('flip', 'drop', 'repeat', 'swap'),
      fc.integer({ min: 2, max: 12 }),
      fc.nat((cellBytes - 5) * 8 - 17 * 8 - 1),
      async (link, isForward, deed, turn, bit) => {
        const { net, client, path } = createLab()
        const { circuit, log } = await buildCircuit(net, client, path)
        const ends = [client, ...path].map(({ id }) => id)
        const [a, b] = isForward ? [ends[link], ends[link + 1]] : [ends[link + 1], ends[link]]
        let count = 0
        let heldBack: Uint8Array | undefined
        let isDone = false
        net.watch(({ from, to: peer, cell }) => {
          if (from !== a || peer !== b || cell[4] !== 3 || isDone) return
          count += 1
          if (count < turn) return
          if (deed === 'flip') cell[5 + (bit >> 3)] = cell[5 + (bit >> 3)]! ^ (1 << (bit & 7))
          if (deed === 'swap' && heldBack === undefined) {
            heldBack = cell.slice()
            return false
          }
          isDone = true
          if (deed === 'repeat') {
            const target = net.nodes.find(({ id }) => id === peer)
            const again = cell.slice()
            net.time.after(2, () => target?.board.receive(from, again))
          }
          return deed !== 'drop'
        })
        const reader = createReader()
        const flow = reader.use(circuit.open(to('echo'), reader.events))
        const sent = systemRandom.bytes(200_000)
        flow.write(sent)
        await settle(net.time, 3000)
        const got = concatBytes(...reader.pieces)
        assert.deepEqual(got, sent.subarray(0, got.length))
        assert.equal(circuit.state, 'over', `${deed} ${isForward} ${link}: ${log}`)
        for (const { relay } of path) assert.equal(relay?.circuits, 0)
      },
    ),
    { numRuns: 40 },
  )
})

test('[QN-CRY-2] every hop makes new keys from a fresh exchange before ten minutes, under way', async () => {
  const { net, client, path } = createLab()
  const { circuit } = await buildCircuit(net, client, path)
  const reader = createReader()
  const flow = reader.use(circuit.open(to('echo'), reader.events))
  const sent: Uint8Array[] = []
  for (let minute = 0; minute < 35; minute += 1) {
    const piece = systemRandom.bytes(5000)
    sent.push(piece.slice())
    flow.write(piece)
    await settle(net.time, 60_000, 60)
  }
  assert.equal(circuit.state, 'ready')
  assert.equal(circuit.rekeys, 4)
  assert.deepEqual(concatBytes(...reader.pieces), concatBytes(...sent))
})

test('[QN-CRY-2] a client that does not rekey loses its circuit at ten minutes', async () => {
  const net = createNet()
  const client = net.add({
    isRelay: false,
    clientSettings: { rekeyAfterMs: 10_000_000, paddingMs: [1000, 2000] },
  })
  const path = [net.add({}), net.add({}), net.add({ services: echo })]
  const { circuit, log } = await buildCircuit(net, client, path)
  await settle(net.time, 595_000, 100)
  assert.equal(circuit.state, 'ready')
  await settle(net.time, 30_000, 30)
  assert.deepEqual(log, ['ready', 'expired after 3'])
})

test('padding goes both ways on an idle circuit; without it an idle circuit ends', async () => {
  const net = createNet()
  const client = net.add({ isRelay: false, clientSettings: { paddingMs: [1500, 9500] } })
  const quiet = net.add({ isRelay: false })
  const path = [net.add({}), net.add({}), net.add({ services: echo })]
  const built = await buildCircuit(net, client, path)
  const silent = await buildCircuit(net, quiet, path)
  const counts = { out: 0, back: 0 }
  net.watch(({ from, to: peer }) => {
    if (from === client.id) counts.out += 1
    if (peer === client.id) counts.back += 1
  })
  await settle(net.time, 400_000, 200)
  assert.equal(built.circuit.state, 'ready')
  assert.ok(counts.out > 40 && counts.back > 40, JSON.stringify(counts))
  assert.deepEqual(silent.log, ['ready', 'done after 3'])
})

test('a slow reader holds its own stream up and no other: what waits at the far end is one window', async () => {
  const net = createNet()
  const client = net.add({ isRelay: false })
  const sink = createSink()
  const path = [net.add({}), net.add({}), net.add({ services: sink })]
  const { circuit } = await buildCircuit(net, client, path)
  const slow = createReader()
  // Not `use`d: what comes is not consumed.
  circuit.open(to('slow'), slow.events)
  await settle(net.time)
  const source = sink.events!
  for (let i = 0; i < 64; i += 1) source.data(new Uint8Array(65_536))
  const quick = createReader()
  quick.use(circuit.open(to('quick'), quick.events))
  await settle(net.time)
  sink.events?.data(new Uint8Array(1_000_000))
  await settle(net.time, 5000)
  assert.equal(concatBytes(...slow.pieces).length, 256 * 1024)
  assert.equal(concatBytes(...quick.pieces).length, 1_000_000)
})

test('[QN-PRF-6] [QN-PRF-5] with 40 ms a link one stream carries over 10 MB a second of virtual time', async () => {
  const total = 60_000_000
  const net = createNet({ latencyMs: 40 })
  const client = net.add({ isRelay: false })
  const path = [net.add({}), net.add({}), net.add({ services: createSource(total) })]
  const { circuit } = await buildCircuit(net, client, path, 4000)
  assert.equal(circuit.buildMs, 480)
  let got = 0
  let endedMs = 0
  const startedMs = net.time.nowMs
  const flow = circuit.open(to('source'), {
    connected() {},
    data(bytes) {
      if (got === 0) assert.ok(net.time.nowMs - startedMs < 500, 'first byte')
      got += bytes.length
      flow?.consumed(bytes.length)
    },
    written() {},
    ended() {
      endedMs = net.time.nowMs
    },
    closed() {},
  })
  await settle(net.time, 20_000, 400)
  assert.equal(got, total)
  const rate = total / 1000 / (endedMs - startedMs)
  assert.ok(rate > 10, `${rate.toFixed(1)} MB/s, round trip ${circuit.rttMs}`)
})

function concatLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

test('a path that fails is told at once, with how far it came; a dead last hop too', async () => {
  const { net, client, path } = createLab()
  const ghost = { ...path[1]!, hop: { ...path[1]!.hop, node: nodeIdOf(systemRandom.bytes(32)) } }
  const { log } = await buildCircuit(net, client, [path[0]!, ghost, path[2]!], 20_000)
  assert.deepEqual(log, ['unreachable after 1'])
  const wrongKey = { ...path[2]!, hop: { ...path[2]!.hop, onionKey: path[0]!.hop.onionKey } }
  const second = await buildCircuit(net, client, [path[0]!, path[1]!, wrongKey])
  assert.deepEqual(second.log, ['resources after 2'])
  const third = await buildCircuit(net, client, path)
  net.kill(path[2]!)
  await settle(net.time)
  assert.deepEqual(third.log, ['ready', 'unreachable after 3'])
})

test('a path with a node twice, of no hops or of four is not built', async () => {
  const { net, client, path } = createLab()
  const [a, b, c] = path as [(typeof path)[0], (typeof path)[0], (typeof path)[0]]
  for (const wrong of [[], [a, a], [a, b, a], [a, b, c, net.add({})]]) {
    const { log } = await buildCircuit(net, client, wrong)
    assert.deepEqual(log, ['protocol after 0'])
  }
})

test('a kept stream goes on over another circuit, byte for byte, whichever relay dies and whenever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 5, max: 400 }), fc.nat(1), async (killedAfter, victim) => {
      const net = createNet()
      const client = net.add({ isRelay: false })
      const relays = [0, 1, 2, 3].map(() => net.add({}))
      const last = net.add({ services: echo })
      const { circuit } = await buildCircuit(net, client, [relays[0]!, relays[1]!, last])
      let cells = 0
      net.watch(() => {
        cells += 1
        if (cells === killedAfter) net.kill(relays[victim]!)
        return undefined
      })
      const reader = createReader()
      const kept = circuit.openKept('echo', reader.events)
      assert.ok(kept)
      const flow = reader.use(kept.flow)
      const sent = systemRandom.bytes(700_000)
      for (let at = 0; at < sent.length; at += 50_000) flow.write(sent.slice(at, at + 50_000))
      flow.end()
      await settle(net.time, 3000)
      if (circuit.state === 'over' && !kept.isOver) {
        const second = await buildCircuit(net, client, [relays[2]!, relays[3]!, last])
        assert.equal(second.circuit.resume(kept), true)
        await settle(net.time, 5000)
      }
      const got = concatBytes(...reader.pieces)
      // A circuit that fell before the far end heard of the stream leaves nothing to go on with.
      if (reader.log.includes('lost')) assert.equal(got.length, 0)
      else {
        assert.deepEqual(got, sent)
        assert.equal(reader.written, sent.length)
        assert.equal(reader.log.at(-1), 'done')
      }
    }),
    { numRuns: 40 },
  )
})

test('a stream that is not kept ends with its circuit, and its owner is told', async () => {
  const { net, client, path } = createLab()
  const { circuit } = await buildCircuit(net, client, path)
  const reader = createReader()
  reader.use(circuit.open(to('echo'), reader.events))
  await settle(net.time)
  net.kill(path[1]!)
  await settle(net.time)
  assert.deepEqual(reader.log, ['connected', 'lost'])
})

test('links that take little and late lose nothing: cells wait in turn, circuit by circuit', async () => {
  const { net, client, path } = createLab({ linkCells: 4 })
  const readers = await Promise.all(
    [0, 1, 2].map(async () => {
      const { circuit } = await buildCircuit(net, client, path, 4000)
      const reader = createReader()
      reader.use(circuit.open(to('echo'), reader.events)).write(new Uint8Array(300_000).fill(9))
      return reader
    }),
  )
  await settle(net.time, 60_000, 100)
  for (const reader of readers) assert.equal(concatLength(reader.pieces), 300_000)
})

test('whatever comes from a neighbour, nothing throws, and nothing stays', async () => {
  const { net, path } = createLab()
  const target = path[0]!
  const stranger = net.add({ isRelay: false })
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.nat(6), fc.uint8Array({ maxLength: 4100 }), fc.integer({ min: 0, max: 0xffff_ffff })),
        { maxLength: 20 },
      ),
      (cells) => {
        for (const [kind, noise, circuit] of cells) {
          const cell = new Uint8Array(noise.length % 2 === 0 ? cellBytes : noise.length)
          cell.set(noise.subarray(0, cell.length))
          if (cell.length >= 4) new DataView(cell.buffer).setUint32(0, circuit)
          if (cell.length > 4) cell[4] = kind
          target.board.receive(stranger.id, cell)
        }
      },
    ),
    { numRuns: 100 },
  )
  assert.equal(target.board.circuits, 0)
  await settle(net.time)
})

test('a neighbour that asks for circuits without end is held to a rate', async () => {
  const net = createNet()
  const relay = net.add({ relaySettings: { createsBurst: 5, createsPerSecond: 1 } })
  const client = net.add({ isRelay: false })
  const results = await Promise.all(Array.from({ length: 12 }, () => buildCircuit(net, client, [relay], 100)))
  assert.equal(results.filter(({ circuit }) => circuit.state === 'ready').length, 5)
  assert.equal(relay.relay?.circuits, 5)
})
