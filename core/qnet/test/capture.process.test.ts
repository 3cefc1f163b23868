/**
 * What somebody holds who records all that passes between the nodes of a circuit, and later has the memory of them all. Three
 * hops over real links; the recordings are of the bytes that transports carried. A process of its own, because its memory is searched.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { nodeIdOf } from '@anarq/qnet'
import { systemRandom } from '@anarq/random'
import { cellBytes, cellCommand } from '../src/circuit/cell.ts'
import { frameBytesMin, frameType, lengthBytes } from '../src/link/frame.ts'
import { createTestNet } from '../src/testing.ts'
import {
  type Captured,
  type CaptureNode,
  clientOf,
  createNode,
  echoExit,
  joinByProxy,
  joinRecorded,
  type Tape,
} from './capture-net.ts'
import { type Loot, opensCell, opensFrame, type RecordedFrame, stealMemory } from './capture-thief.ts'
import { createReader } from './circuit/net.ts'

const host = 'a-quiet-library.anarq.net'
const minuteMs = 60_000

test('[QN-ARC-2] [QN-PRV-1] on the wire no two cells of a circuit differ in size, and nothing says who talks to whom or what', async () => {
  const world = realWorld()
  const exit = echoExit(host)
  const nodes = [
    createNode(world, { isRelay: false }),
    createNode(world),
    createNode(world),
    createNode(world, { exit }),
  ] as const
  const records = await Promise.all(
    [0, 1, 2].map((i) => joinByProxy(nodes[i] as CaptureNode, nodes[i + 1] as CaptureNode)),
  )
  const ready = Promise.withResolvers<void>()
  const path = nodes.slice(1).map(({ hop }) => hop)
  const circuit = clientOf(nodes[0]).build(path, { ready: ready.resolve, over: ready.reject })
  await ready.promise
  const reader = createReader()
  const flow = reader.use(circuit.open({ kind: 'host', host, port: 443 }, reader.events))
  const said = concatBytes(fromUtf8(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), systemRandom.bytes(200_000))
  flow.write(said.slice())
  while (reader.pieces.reduce((sum, { length }) => sum + length, 0) < said.length)
    await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(concatBytes(...reader.pieces), said)
  assert.deepEqual(exit.asked, [`${host}:443`])
  circuit.end()
  const wires = records.flatMap((record) => record.bytes())
  for (const record of records) record.close()

  for (const wire of wires) {
    const cells = framesOf(wire).filter(({ type }) => type === frameType.cell)
    assert.ok(cells.length > 50)
    assert.deepEqual([...new Set(cells.map(({ bytes }) => bytes.length))], [cellBytes + frameBytesMin])
  }
  const secrets = [
    fromUtf8(host),
    fromUtf8('HTTP/1.1'),
    ...Array.from({ length: 200 }, (_, i) => said.subarray(1000 * i, 1000 * i + 16)),
    ...nodes.flatMap(({ id, identity, onionKey }) => [
      fromUtf8(id),
      fromBase32(id),
      identity.node.publicKey,
      identity.agreement.publicKey,
      onionKey.publicKey,
    ]),
  ]
  const all = Buffer.concat(wires)
  for (const secret of secrets) assert.equal(all.indexOf(secret), -1)
  // The search finds what is there: the first bytes of what was recorded.
  assert.notEqual(all.indexOf((wires[0] as Buffer).subarray(100, 116)), -1)
})

test('[QN-CRY-2] [QN-PRV-3] keys change within 10 minutes, and whoever steals the memory of all nodes opens nothing that is older, nor what comes after', async () => {
  const lab = await openLab()
  await lab.talk(5 * minuteMs)
  const early = stealMemory(lab.recordings())
  const newestEarly = lab.newest()
  await lab.talk(20 * minuteMs)
  const late = stealMemory(lab.recordings())
  const newestLate = lab.newest()
  const old = lab.newest(lab.nowMs() - 10 * minuteMs)
  assert.equal(old.frames.length, 6, 'both directions of three links')
  assert.equal(old.cells.length, 6)

  for (const { epochs } of lab.recorded()) {
    assert.ok(epochs.length >= 4, 'four keys in 25 minutes')
    for (const [i, atMs] of epochs.entries())
      assert.ok((epochs[i + 1] ?? lab.nowMs()) - atMs < 10 * minuteMs, 'a key was used for 10 minutes')
  }
  assert.ok(lab.circuit.rekeys >= 2)

  // A thief who could open nothing would prove nothing: with what is in memory this one opens what is being said.
  assert.deepEqual(opened(early, newestEarly), { frames: 6, cells: 6 })
  assert.deepEqual(opened(late, newestLate), { frames: 6, cells: 6 })
  assert.deepEqual(opened(late, old), { frames: 0, cells: 0 }, 'older than 10 minutes')
  assert.deepEqual(opened(late, newestEarly), { frames: 0, cells: 0 }, 'older still')
  assert.deepEqual(opened(early, newestLate), { frames: 0, cells: 0 }, 'said after the next keys')
})

type Sample = { readonly frames: readonly RecordedFrame[]; readonly cells: readonly Captured[] }

function opened(loot: Loot, { frames, cells }: Sample): { frames: number; cells: number } {
  return {
    frames: frames.filter((frame) => opensFrame(loot, frame)).length,
    cells: cells.filter(({ cell }) => opensCell(loot, cell, cellsOfAKeyMax)).length,
  }
}

/** More than one key seals here: something is said every 20 seconds, and keys live 8 minutes. */
const cellsOfAKeyMax = 100

/** A client, three relays and a stream to a host, in virtual time. */
async function openLab() {
  const net = createTestNet({ seed: 1, latencyMs: [5, 5] })
  const exit = echoExit(host)
  const nodes = [{ isRelay: false }, {}, {}, { exit }].map((role) =>
    createNode(net.add(nodeIdOf(systemRandom.bytes(32))).world, role),
  )
  const tapes = [0, 1, 2].flatMap((i) =>
    joinRecorded(nodes[i] as CaptureNode, nodes[i + 1] as CaptureNode, 5),
  )
  const run = async (ms: number): Promise<void> => {
    for (let step = 0; step < 10; step += 1) {
      net.run(ms / 10)
      await Promise.resolve()
    }
  }
  await run(1000)
  const path = nodes.slice(1).map(({ hop }) => hop)
  const events = { ready() {}, over: (reason: string) => assert.fail(`the circuit ended: ${reason}`) }
  const circuit = clientOf(nodes[0] as CaptureNode).build(path, events)
  await run(1000)
  const reader = createReader()
  const flow = reader.use(circuit.open({ kind: 'host', host, port: 443 }, reader.events))
  let said = 0
  return {
    circuit,
    nowMs: () => net.clock.nowMs(),
    async talk(forMs: number): Promise<void> {
      for (let left = forMs; left > 0; left -= 20_000) {
        said += 1
        flow.write(fromUtf8(`said ${said}`))
        await run(20_000)
      }
      assert.equal(Buffer.concat(reader.pieces).toString().split('said ').length - 1, said)
    },
    recordings: () => new Set(tapes.flatMap(({ pieces }) => pieces.map(({ bytes }) => bytes))),
    recorded: () => tapes.map((tape) => readTape(tape)),
    /** Of each direction between two neighbours, the last frame and the last cell up to then. */
    newest(untilMs = Number.POSITIVE_INFINITY): Sample {
      const cells = tapes.flatMap(({ from }, i): Captured[] => {
        const to = (tapes[i ^ 1] as Tape).from
        const all = nodes.find(({ id }) => id === to)?.cells ?? []
        const last = all.findLast(
          ({ from: by, atMs, cell }) => by === from && atMs <= untilMs && cell[4] === cellCommand.relay,
        )
        return last === undefined ? [] : [last]
      })
      const frames = tapes.flatMap((tape): RecordedFrame[] => {
        const last = readTape(tape).frames.findLast(({ atMs }) => atMs <= untilMs)
        return last === undefined ? [] : [last]
      })
      return { frames, cells }
    },
  }
}

type Frame = { readonly type: number; readonly bytes: Uint8Array }

/** What stands on a wire behind the handshake, cut by the lengths that are in the clear, as are the types. */
function framesOf(wire: Uint8Array): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at + 4 <= wire.length; ) {
    const [a, b, c, type] = wire.subarray(at, at + 4) as unknown as [number, number, number, number]
    const end = at + lengthBytes + ((a << 16) | (b << 8) | c)
    frames.push({ type, bytes: wire.subarray(at, end) })
    at = end
  }
  return frames.slice(frames[1]?.bytes.length === 163 ? 2 : 1)
}

/**
 * The frames of a tape with their numbers, and when each key began. The initiator's frames have new keys behind its second REKEY_DH
 * (offer, done), the responder's behind each (answer).
 */
function readTape({ isInitiator, pieces }: Tape) {
  const epochs: number[] = []
  const frames: (RecordedFrame & { readonly atMs: number })[] = []
  let number = 0
  let rekeys = 0
  for (const { atMs, bytes } of pieces.slice(isInitiator ? 2 : 1)) {
    if (epochs.length === 0) epochs.push(atMs)
    assert.notEqual(bytes[3], frameType.keyUpdate, 'too little was said for that')
    frames.push({ atMs, bytes, number })
    number += 1
    if (bytes[3] !== frameType.rekey) continue
    rekeys += 1
    if (isInitiator && rekeys % 2 === 1) continue
    epochs.push(atMs)
    number = 0
  }
  return { epochs, frames }
}

function realWorld() {
  return {
    clock: { nowMs: () => Date.now() },
    random: systemRandom,
    after(delayMs: number, task: () => void) {
      const timer = setTimeout(task, delayMs).unref()
      return () => clearTimeout(timer)
    },
  }
}
