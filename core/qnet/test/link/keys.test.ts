import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromHex, fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { cellBytes } from '@anarq/qnet/link'
import { systemRandom } from '@anarq/random'
import fc from 'fast-check'
import {
  frameBytesMin,
  frameType,
  headBytes,
  readClose,
  readCredit,
  readMessagePart,
  readStreamPart,
  writeClose,
  writeCredit,
  writeMessageHead,
  writeStreamHead,
} from '../../src/link/frame.ts'
import { expandLabel, FrameKey, keyBytesMax, keyFramesMax } from '../../src/link/frame-key.ts'
import { FrameOpener, FrameSealer } from '../../src/link/frames.ts'
import { firstKeys } from '../../src/link/key-schedule.ts'
import { answerOffer, makeOffer, parseRekey, takeAnswer } from '../../src/link/rekey.ts'
import { Splitter } from '../../src/link/splitter.ts'
import { opened } from './lab.ts'

test('[QN-CRY-1] keys and frames have the values printed in Betanet 1.2, appendix C', () => {
  const material = fromHex('8b1a9953c4611296a827abf8c47804d77f02b27a3b2e5c5ed1fba6b9b5d80752')
  const base = primitives.hmacSha256(new Uint8Array(32), material)
  assert.equal(toHex(base), '89245712909f2d1041d3f26ab06092c264df10429ce351e8273ef873dd0cf06e')
  const secret = expandLabel(base, 'ts_c', 32)
  assert.equal(toHex(secret), '114572d3dfdf0e268fc1547659fde69bd1f21c59e5655cc182f78dd8b6f8a7fb')
  assert.equal(
    toHex(expandLabel(secret, 'key', 32)),
    '743dc35fbdfe9f893161f6272858a4c4558a9faddc9a3980218d05367ea6b7bf',
  )
  assert.equal(toHex(expandLabel(secret, 'nonce', 12)), 'ec8decc0494bc6b8acfc0dd5')
  const data = fromUtf8('Hello, Betanet 1.2!')
  const sealer = new FrameSealer(firstKeys(material).fromInitiator)
  const frame = sealer.seal({
    type: frameType.stream,
    id: 3,
    pieces: [writeStreamHead(false, 0, data.length), data],
  })
  assert.equal(
    toHex(frame),
    '0000350000000003000026d3fd26498a080a4e63b0c892e5fecdd95bcb6ea4d1148d1c49c66eca925c4805d0d8854469f948e2b08d56e4a3',
  )
})

test('no two frames of a link have the same key and nonce, whichever streams they belong to', () => {
  const { lab, a } = opened({ events: [{}, { onStream: () => quiet }] })
  const before = a.wire.length
  for (let i = 0; i < 20; i += 1) a.link.openStream(quiet).write(new Uint8Array(64))
  lab.run(10)
  const streams = a.wire.slice(before)
  assert.equal(streams.length, 20)
  // Equal plain texts under one key and nonce would be equal behind the head.
  const bodies = streams.map((frame) => toHex(frame.subarray(headBytes + 11, -16)))
  assert.equal(new Set(bodies).size, 20)
})

test('[QN-CRY-2] before its counter is used up a key is followed by the next, which its last frame announces', () => {
  const secret = new Uint8Array(32).fill(5)
  const [sealer, opener] = halves(secret)
  const ping = { type: frameType.ping, id: 0, pieces: [new Uint8Array(8)] }
  for (let i = 0; i < keyFramesMax - 1; i += 1) {
    const out = sealer.seal(ping)
    assert.equal(out.length, frameBytesMin + 8)
    if (opener.open(out)?.type !== frameType.ping) assert.fail(`frame ${i}`)
  }
  const [announcement, first] = [sealer.seal(ping), sealer.seal(ping)]
  assert.equal(announcement.length, 2 * frameBytesMin + 8)
  assert.equal(first.length, frameBytesMin + 8)
  // The old key seals the announcement, and nothing behind it.
  assert.equal(opener.open(announcement.subarray(0, frameBytesMin))?.type, frameType.keyUpdate)
  const next = new FrameOpener(new FrameKey(expandLabel(secret, 'next', 32)))
  for (const one of [opener, next]) {
    assert.equal(one.open(announcement.subarray(frameBytesMin))?.type, frameType.ping)
    assert.equal(one.open(first)?.type, frameType.ping)
  }
})

test('[QN-CRY-2] a key ends after 64 MiB as well', () => {
  const [sealer] = halves()
  const piece = new Uint8Array(65_000)
  let [sent, updates] = [0, 0]
  while (sent < 1.5 * keyBytesMax) {
    const out = sealer.seal({ type: frameType.message, id: 1, pieces: [piece] })
    if (out.length > frameBytesMin + piece.length) updates += 1
    sent += piece.length
  }
  assert.equal(updates, 1)
})

test('a key that nobody replaces refuses, rather than to use a nonce twice, and its use beyond the end is not believed', () => {
  const key = new FrameKey(new Uint8Array(32).fill(5))
  const opener = new FrameOpener(new FrameKey(new Uint8Array(32).fill(5)))
  const frame = new Uint8Array(frameBytesMin)
  frame.set([0, 0, frameBytesMin - 3, frameType.ping])
  for (let i = 0; i < keyFramesMax - 1; i += 1) {
    key.seal([], 0, frame, headBytes)
    if (opener.open(frame) === undefined) assert.fail(`frame ${i}`)
  }
  assert.equal(key.hasRoomFor(1), false)
  const more = new Uint8Array(frameBytesMin + 1)
  assert.throws(() => key.seal([new Uint8Array(1)], 1, more, headBytes), { code: 'limit.key-use' })
  key.seal([], 0, frame, headBytes)
  assert.equal(opener.open(frame), undefined, 'the last frame of a key announces the next')
  assert.throws(() => key.seal([], 0, frame, headBytes), { code: 'limit.key-use' })
})

test('[QN-CRY-2] [QN-PRV-3] within 10 minutes both directions have keys from a fresh exchange, again and again', () => {
  const { lab, a, b } = opened()
  const offers = (): number =>
    a.wire.filter((frame) => frame[3] === frameType.rekey && frame.length > 1000).length
  lab.run(8 * 60_000 + 10)
  assert.equal(offers(), 1)
  assert.equal(b.wire.filter((frame) => frame[3] === frameType.rekey).length, 1)
  a.link.sendMessage(fromUtf8('after'))
  lab.run(10)
  assert.deepEqual(b.messages.map(toUtf8), ['after'])
  lab.run(32 * 60_000)
  assert.equal(offers(), 5)
})

test('[QN-PRV-3] fresh keys need the fresh secrets: everything that was held before, and all that is on the wire, is not enough', () => {
  const root = new Uint8Array(32).fill(1)
  const offer = makeOffer(systemRandom)
  const answer = answerOffer(offer.message, root.slice(), systemRandom)!
  // The thief has the root and both messages, and makes the other half with keys of its own.
  const thief = takeAnswer(
    { ...makeOffer(systemRandom), message: offer.message },
    answer.message,
    root.slice(),
  )!
  const honest = takeAnswer(offer, answer.message, root.slice())!
  assert.deepEqual(honest.root, answer.keys.root)
  assert.notDeepEqual(thief.root, answer.keys.root)
  assert.throws(() => offer.agreement.agree(answer.message.subarray(1, 33)), { code: 'refused.disposed' })
  const said = new FrameSealer(answer.keys.fromResponder).seal({ type: frameType.ping, id: 0, pieces: [] })
  assert.equal(new FrameOpener(thief.fromResponder).open(said), undefined)
  assert.equal(new FrameOpener(honest.fromResponder).open(said)?.type, frameType.ping)
  const elsewhere = answerOffer(offer.message, new Uint8Array(32), systemRandom)!
  assert.notDeepEqual(elsewhere.keys.root, answer.keys.root)
})

test('[QN-PRV-3] a key that was followed is gone: it neither seals nor opens, and the next leads not back to it', () => {
  const [sender, receiver] = [1, 2].map(() => new FrameKey(new Uint8Array(32).fill(7))) as [
    FrameKey,
    FrameKey,
  ]
  const old = new Uint8Array(frameBytesMin)
  sender.seal([], 0, old, headBytes)
  const next = receiver.next()
  assert.throws(() => receiver.open(old, headBytes), { code: 'limit.key-use' })
  assert.equal(next.open(old, headBytes), undefined)
})

test('[QN-CRY-2] a peer that takes no part in the exchange is left at ten minutes', () => {
  const { lab, a, b } = opened()
  b.tap = (bytes) => (bytes[3] === frameType.rekey ? undefined : bytes)
  lab.run(10 * 60_000 + 100)
  assert.equal(a.closed.length, 1)
  assert.notEqual(a.link.stage, 'open')
  const other = opened({ limits: { freshKeysMs: 3600_000 } })
  other.lab.run(10 * 60_000)
  assert.deepEqual([other.a.closed[0]?.reason, other.b.closed[0]?.reason], ['staleKeys', 'staleKeys'])
})

test('a clock that is set forward brings an exchange early, one that is set back delays none', () => {
  for (const byMs of [3600_000, -3600_000]) {
    const { lab, a } = opened()
    lab.setClock(byMs)
    lab.run(8 * 60_000 + 10)
    assert.ok(a.wire.some((frame) => frame[3] === frameType.rekey))
    assert.equal(a.closed.length, 0)
  }
})

test('frames of a key exchange go between any others and none is lost', () => {
  const { lab, a, b } = opened({ limits: { heartbeatMs: 50, freshKeysMs: 100, staleKeysMs: 5000 } })
  for (let i = 0; i < 400; i += 1) {
    assert.ok(a.link.sendCell(new Uint8Array(cellBytes).fill(i)))
    assert.ok(b.link.sendMessage(Uint8Array.of(i >> 8, i)))
    lab.run(3)
  }
  lab.run(20)
  assert.deepEqual(
    b.cells.map((cell) => cell[0]),
    [...Array(400).keys()].map((i) => i & 255),
  )
  assert.deepEqual(
    a.messages.map((one) => one[0]! * 256 + one[1]!),
    [...Array(400).keys()],
  )
  assert.ok(a.wire.filter((frame) => frame[3] === frameType.rekey).length > 10)
})

test('no bytes make a parser throw, and what it accepts is what writing gives again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1400 }), (bytes) => {
      const stream = readStreamPart(bytes)
      if (stream !== undefined)
        assert.deepEqual(
          concatBytes(writeStreamHead(stream.isLast, stream.offset, stream.data.length), stream.data),
          bytes,
        )
      const credit = readCredit(bytes)
      if (credit !== undefined) assert.deepEqual(writeCredit(credit.isStream, credit.credit), bytes)
      const part = readMessagePart(bytes)
      if (part !== undefined)
        assert.deepEqual(concatBytes(writeMessageHead(part.isFirst, part.isLast), part.data), bytes)
      const close = readClose(bytes)
      if (close !== undefined) assert.deepEqual(writeClose(close.code, fromUtf8(close.reason)), bytes)
      parseRekey(bytes)
    }),
    { numRuns: 500 },
  )
  const head = writeStreamHead(true, 2 ** 40 + 5, 0)
  assert.deepEqual(readStreamPart(head), { isLast: true, offset: 2 ** 40 + 5, data: new Uint8Array(0) })
  assert.equal(readStreamPart(Uint8Array.of(2, ...head.subarray(1))), undefined)
  assert.deepEqual(readCredit(Uint8Array.of(1, 0, 0, 0, 9)), { isStream: true, credit: 9 })
  assert.equal(readCredit(Uint8Array.of(1, 0, 0, 0, 0)), undefined)
  assert.equal(readMessagePart(Uint8Array.of(1)), undefined)
})

test('lengths that no frame has are refused as soon as they are read, and memory follows what came', () => {
  for (const length of [0, 22, 65_533, 0xff_ffff]) {
    assert.equal(FrameOpener.isAllowed(length), false, String(length))
    const splitter = new Splitter()
    const bytes = Uint8Array.of(length >> 16, length >> 8, length)
    assert.equal(
      splitter.push(bytes, FrameOpener.isAllowed, () => true),
      false,
    )
  }
  for (const length of [23, 65_532]) assert.equal(FrameOpener.isAllowed(length), true)
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 10 }),
      fc.integer({ min: 1, max: 999 }),
      (bodies, step) => {
        const all = concatBytes(
          ...bodies.map((body) => concatBytes(Uint8Array.of(0, body.length >> 8, body.length), body)),
        )
        const splitter = new Splitter()
        const pieces: Uint8Array[] = []
        for (let at = 0; at < all.length; at += step)
          splitter.push(
            all.subarray(at, at + step),
            () => true,
            (piece) => pieces.push(piece.slice(3)) > 0,
          )
        assert.deepEqual(pieces, bodies)
        assert.ok(splitter.isEmpty)
      },
    ),
  )
})

const quiet = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} }

function halves(secret = new Uint8Array(32).fill(5)): [FrameSealer, FrameOpener] {
  return [new FrameSealer(new FrameKey(secret.slice())), new FrameOpener(new FrameKey(secret.slice()))]
}
