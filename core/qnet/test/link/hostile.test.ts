import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '@anarq/bytes'
import { messageBytesMax } from '@anarq/qnet'
import { type CloseReport, createLink, type Link, type StreamEvents, streamsMax } from '@anarq/qnet/link'
import { systemRandom } from '@anarq/random'
import fc from 'fast-check'
import {
  frameType,
  writeClose,
  writeCode,
  writeCredit,
  writeMessageHead,
  writeStreamHead,
} from '../../src/link/frame.ts'
import { FrameSealer } from '../../src/link/frames.ts'
import { LinkHandshake } from '../../src/link/handshake.ts'
import { makeOffer } from '../../src/link/rekey.ts'
import { createLab, identityOf, type Lab } from './lab.ts'

type Lie = readonly [type: number, id: number, body: Uint8Array]

/** A peer that has proved who it is, and then says what it likes. */
type Hostile = {
  readonly lab: Lab
  readonly link: Link
  readonly closed: CloseReport[]
  readonly given: { messages: number; cells: number; streamBytes: number }
  say(...lies: readonly Lie[]): void
}

const empty = new Uint8Array(0)
const part = (isLast: boolean, offset: number, data: Uint8Array): Uint8Array =>
  concatBytes(writeStreamHead(isLast, offset, data.length), data)
const message = (isFirst: boolean, isLast: boolean, bytes: number): Uint8Array =>
  concatBytes(writeMessageHead(isFirst, isLast), new Uint8Array(bytes))

const protocolLies: Readonly<Record<string, readonly Lie[]>> = {
  'a type that nobody knows': [[0x7f, 0, empty]],
  'a cell that is too short': [[frameType.cell, 0, new Uint8Array(4095)]],
  'a cell that names a circuit': [[frameType.cell, 5, new Uint8Array(4096)]],
  'data on stream 0': [[frameType.stream, 0, part(false, 0, new Uint8Array(1))]],
  'data on a stream that only the other side can open': [
    [frameType.stream, 2, part(false, 0, new Uint8Array(1))],
  ],
  'data with a gap before it': [[frameType.stream, 1, part(false, 5, new Uint8Array(1))]],
  'data that was there already': [
    [frameType.stream, 1, part(false, 0, new Uint8Array(4))],
    [frameType.stream, 1, part(false, 0, new Uint8Array(4))],
  ],
  'data behind the end': [
    [frameType.stream, 1, part(true, 0, empty)],
    [frameType.stream, 1, part(false, 0, new Uint8Array(1))],
  ],
  'frames that carry nothing': [[frameType.stream, 1, part(false, 0, empty)]],
  'a length that is not the data’s': [[frameType.stream, 1, writeStreamHead(false, 0, 9)]],
  'credit of nothing': [[frameType.windowUpdate, 0, Uint8Array.of(0, 0, 0, 0, 0)]],
  'credit of a stream for stream 0': [[frameType.windowUpdate, 0, writeCredit(true, 9)]],
  'an answer to no ping': [[frameType.ping, 1, new Uint8Array(8)]],
  'a ping of another size': [[frameType.ping, 0, new Uint8Array(9)]],
  'a part of no message': [[frameType.message, 7, message(false, true, 2000)]],
  'a message that begins twice': [
    [frameType.message, 7, message(true, false, 2000)],
    [frameType.message, 7, message(true, false, 2000)],
  ],
  'a message in crumbs': [[frameType.message, 7, message(true, false, 10)]],
  'a whole message with a number': [[frameType.message, 7, message(true, true, 10)]],
  'a second offer while the first is open': [offerLie(), offerLie()],
  'an answer to no offer': [[frameType.rekey, 0, concatBytes(Uint8Array.of(1), new Uint8Array(1120))]],
  'done without an exchange': [[frameType.rekey, 0, Uint8Array.of(2)]],
  'an offer of a key of low order': [[frameType.rekey, 0, new Uint8Array(1217)]],
  'a reset of no size': [[frameType.reset, 1, empty]],
  'a close that is too long': [[frameType.close, 0, new Uint8Array(400)]],
  'a close for a stream': [[frameType.close, 3, writeClose(0, empty)]],
}

for (const [what, lies] of Object.entries(protocolLies)) {
  test(`${what} ends the link as a breach of the protocol`, () => {
    const { closed, say, link } = hostile()
    say(...lies)
    assert.equal(closed[0]?.reason, 'protocol')
    assert.equal(link.stage, 'closed')
    say([frameType.cell, 0, new Uint8Array(4096)])
    assert.equal(closed.length, 1)
  })
}

test('more than a window, a message or the memory for them may hold ends the link as too much', () => {
  const stream = hostile()
  for (let offset = 0; offset <= 512 * 1024; offset += 32_768)
    stream.say([frameType.stream, 1, part(false, offset, new Uint8Array(32_768))])
  assert.equal(stream.closed[0]?.reason, 'limit')
  assert.equal(stream.given.streamBytes, 512 * 1024)

  const all = hostile()
  for (let id = 1; all.closed.length === 0; id += 2)
    for (let at = 0; at < 15; at += 1)
      all.say([frameType.stream, id, part(false, at * 32_768, new Uint8Array(32_768))])
  assert.equal(all.closed[0]?.reason, 'limit')
  assert.equal(all.given.streamBytes, 2 * 1024 * 1024)

  const long = hostile()
  for (let sent = 0; sent <= messageBytesMax; sent += 60_000)
    long.say([frameType.message, 1, message(sent === 0, false, 60_000)])
  assert.equal(long.closed[0]?.reason, 'limit')

  const many = hostile()
  for (let id = 1; id <= 17; id += 1) many.say([frameType.message, id, message(true, false, 2000)])
  assert.equal(many.closed[0]?.reason, 'limit')

  const credit = hostile()
  credit.say([frameType.windowUpdate, 0, writeCredit(false, 0x7fff_ffff)])
  assert.equal(credit.closed[0]?.reason, 'limit')
})

test('streams beyond the limit are reset, and whoever goes on so is not kept in memory', () => {
  const { say, closed, lab, given } = hostile()
  for (let i = 0; i < 2 * streamsMax; i += 1)
    say([frameType.stream, 2 * i + 1, part(false, 0, new Uint8Array(1))])
  lab.run(1)
  assert.equal(closed.length, 0)
  assert.equal(given.streamBytes, streamsMax)
})

test('pings, offers and resets without end cost the peer its link', () => {
  const pings = hostile()
  for (let i = 0; i < 300; i += 1) pings.say([frameType.ping, 0, new Uint8Array(8)])
  assert.equal(pings.closed[0]?.reason, 'limit')
  const resets = hostile()
  for (let i = 0; i < 5000; i += 1) resets.say([frameType.reset, 2 * i + 1, writeCode(0)])
  assert.equal(resets.closed.length, 0, 'they name nothing, and leave nothing')
})

test('whatever a proven peer says, nothing throws, and the link is open or has ended once', () => {
  const types = fc.oneof(fc.constantFrom(...Object.values(frameType)), fc.nat(255))
  const ids = fc.oneof(fc.nat(4), fc.nat(0xffff_ffff))
  const valid = fc.constantFrom(...Object.values(protocolLies).flat())
  const lies = fc.array(fc.oneof(valid, fc.tuple(types, ids, fc.uint8Array({ maxLength: 1300 }))), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(lies, (list) => {
      const { say, link, closed, lab } = hostile()
      say(...list)
      lab.run(100_000)
      assert.equal(closed.length, link.stage === 'closed' ? 1 : 0)
    }),
    { numRuns: 150 },
  )
})

function offerLie(): Lie {
  return [frameType.rekey, 0, makeOffer(systemRandom).message]
}

function hostile(): Hostile {
  const lab = createLab()
  const [alice, bob] = [identityOf(1), identityOf(2)]
  const closed: CloseReport[] = []
  const given = { messages: 0, cells: 0, streamBytes: 0 }
  const wire: Uint8Array[] = []
  const taking: StreamEvents = {
    onData: (data) => {
      given.streamBytes += data.length
    },
    onEnd() {},
    onReset() {},
    onDrain() {},
  }
  const link = createLink({
    world: lab.world,
    identity: bob,
    transport: { write: (bytes) => wire.push(bytes) > 0, end() {} },
    events: {
      onOpen() {},
      onMessage: () => {
        given.messages += 1
      },
      onCell: () => {
        given.cells += 1
      },
      onStream: () => taking,
      onLatency() {},
      onClosed: (report) => void closed.push(report),
    },
  })
  const handshake = new LinkHandshake({
    identity: alice,
    target: { node: bob.id, agreementKey: bob.agreement.publicKey },
    network: empty,
    random: systemRandom,
  })
  const framed = (bytes: Uint8Array): Uint8Array =>
    concatBytes(Uint8Array.of(0, bytes.length >> 8, bytes.length & 255), bytes)
  link.receive(framed(handshake.start()))
  const { reply, established } = handshake.receive(wire[0]!.subarray(3))!
  link.receive(framed(reply!))
  assert.equal(link.peer, alice.id)
  const sealer = new FrameSealer(established!.keys.fromInitiator)
  return {
    lab,
    link,
    closed,
    given,
    say(...lies) {
      for (const [type, id, body] of lies) link.receive(sealer.seal({ type, id, pieces: [body] }))
    },
  }
}
