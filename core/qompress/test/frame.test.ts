import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, zstdCompressSync } from 'node:zlib'
import { concatBytes } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { openChunk, sealChunk } from '@anarq/qlock'
import { frameHeaderBytesMax, openFrame, packFrame, packFrameParts, readFrameHeader } from '@anarq/qompress'
import fc from 'fast-check'
import { kib, mib, noise, prose } from './data.ts'

const isDamaged = (error: unknown): boolean => hasCode(error, 'damaged.frame')
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.nat(200_000), fc.nat(), fc.constantFrom(noise, prose)).map(([n, seed, make]) => make(n, seed)),
)

test('AQ-QOMPRESS-3: opening a frame gives back every byte, at every level', () => {
  fc.assert(
    fc.property(anyBytes, fc.integer({ min: 1, max: 6 }), (plain, level) => {
      assert.deepEqual(openFrame(packFrame(plain, { level })), plain)
    }),
  )
})

test('AQ-QOMPRESS-4: a frame is never longer than its content and six bytes', () => {
  fc.assert(
    fc.property(anyBytes, (plain) => {
      assert.ok(packFrame(plain).length <= plain.length + frameHeaderBytesMax)
    }),
  )
  for (const length of [0, 1, 127, 128, 16_383, 16_384, mib, 4 * mib])
    assert.equal(
      packFrame(noise(length)).length,
      length + (length < 128 ? 2 : length < 16_384 ? 3 : length < 2 * mib ? 4 : 5),
    )
})

test('AQ-QOMPRESS-2: text becomes less than half of itself, and equal content the same frame', () => {
  const plain = prose(mib)
  const frame = packFrame(plain)
  assert.ok(frame.length < mib / 2)
  assert.deepEqual(packFrame(prose(mib)), frame)
  assert.equal(readFrameHeader(frame).codec, 'zstd')
})

test('AQ-QOMPRESS-1: compressed before it is sealed, text takes less room; after sealing nothing would be gained', () => {
  const secret = new Uint8Array(32).fill(1)
  const plain = prose(mib)
  const frameThenSeal = sealChunk(secret, packFrame(plain))
  const sealThenFrame = packFrame(sealChunk(secret, plain).block)
  assert.ok(frameThenSeal.block.length < mib / 2)
  assert.ok(sealThenFrame.length > mib)
  const frame = openChunk(frameThenSeal.key, frameThenSeal.block)
  assert.deepEqual(openFrame(frame ?? assert.fail('does not open')), plain)
})

test('AQ-QOMPRESS-5: a compressed transmission carries fewer bytes, so a link of any rate is done sooner', () => {
  const chunks = [prose(mib, 1), noise(256 * kib), prose(mib, 2)]
  const plainBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const frames = chunks.map((chunk) => packFrame(chunk))
  const sentBytes = frames.reduce((sum, frame) => sum + frame.length, 0)
  const secondsAt = (bytes: number, bytesPerSecond: number): number => bytes / bytesPerSecond
  for (const rate of [10_000, 1_000_000, 100_000_000])
    assert.ok(secondsAt(sentBytes, rate) < 0.6 * secondsAt(plainBytes, rate))
  assert.deepEqual(
    frames.map((frame) => openFrame(frame)),
    chunks,
  )
})

test('frames are written as the format says', () => {
  const cases: [plain: Uint8Array, start: number[]][] = [
    [new Uint8Array(0), [0, 0]],
    [new Uint8Array([9]), [0, 1, 9]],
    [noise(127), [0, 127]],
    [noise(128), [0, 0x80, 0x01]],
    [new Uint8Array(300), [1, 0xac, 0x02, 0x28, 0xb5, 0x2f, 0xfd]],
  ]
  for (const [plain, start] of cases) assert.deepEqual([...packFrame(plain).subarray(0, start.length)], start)
})

test('a frame in parts, into a buffer or from shared memory is the same frame', () => {
  for (const plain of [noise(mib), prose(mib), new Uint8Array(0)]) {
    const frame = packFrame(plain)
    const { header, body } = packFrameParts(plain)
    assert.deepEqual(concatBytes(header, body), frame)
    const into = new Uint8Array(new SharedArrayBuffer(plain.length + frameHeaderBytesMax + 10)).fill(0xee)
    const written = packFrame(plain, { into })
    assert.equal(written.buffer, into.buffer)
    assert.deepEqual(Uint8Array.from(written), frame)
    assert.ok(into.subarray(frame.length).every((byte) => byte === 0xee))
    const shared = new Uint8Array(new SharedArrayBuffer(plain.length))
    shared.set(plain)
    assert.deepEqual(packFrame(shared), frame)
  }
  const plain = noise(1000)
  assert.equal(packFrameParts(plain).body, plain)
  assert.throws(
    () => packFrame(plain, { into: new Uint8Array(1002) }),
    (error) => hasCode(error, 'invalid.buffer'),
  )
})

test('a frame cut short or made longer is damaged.frame', () => {
  for (const plain of [prose(5000), noise(500), new Uint8Array(70_000), new Uint8Array(0)]) {
    const frame = packFrame(plain)
    for (let length = 0; length < frame.length; length += 1)
      assert.throws(
        () => openFrame(frame.subarray(0, length)),
        isDamaged,
        `${length} of ${frame.length} bytes`,
      )
    const skippable = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9]
    for (const extra of [[0], [1, 2, 3], skippable, [...frame.subarray(2)]].filter(
      (bytes) => bytes.length > 0,
    ))
      assert.throws(() => openFrame(concatBytes(frame, Uint8Array.from(extra))), isDamaged)
  }
})

test('an altered compressed frame is refused, but for the few bits that change nothing: it never opens to other content', () => {
  const plain = prose(1200)
  const frame = packFrame(plain)
  assert.equal(readFrameHeader(frame).codec, 'zstd')
  let harmless = 0
  for (let bit = 0; bit < frame.length * 8; bit += 1) {
    const altered = frame.slice()
    altered[bit >> 3]! ^= 1 << (bit & 7)
    const opened = outcomeOf(() => openFrame(altered))
    if (!(opened instanceof Uint8Array)) {
      assert.ok(hasCode(opened, 'damaged.frame') || hasCode(opened, 'limit.frame'), `bit ${bit}: ${opened}`)
      continue
    }
    harmless += 1
    assert.deepEqual(opened, plain, `bit ${bit}`)
  }
  assert.ok(harmless < 20, `${harmless} bits changed nothing`)
})

test('noise never opens as anything but a stored frame, and never fails with another fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        assert.deepEqual(openFrame(bytes), bytes.subarray(readFrameHeader(bytes).headerBytes))
      } catch (error) {
        assert.ok(hasCode(error, 'damaged.frame') || hasCode(error, 'limit.frame'), String(error))
      }
    }),
  )
})

test('a length has one spelling, and unknown codecs are refused', () => {
  const stored = (...header: number[]): Uint8Array => Uint8Array.from([...header, 1, 2, 3])
  assert.deepEqual(openFrame(stored(0, 3)), Uint8Array.of(1, 2, 3))
  for (const header of [
    [0, 0x83, 0x00],
    [0, 0x83, 0x80, 0x00],
    [2, 3],
    [255, 3],
    [0, 0x83, 0x80, 0x80, 0x80, 0x80, 0],
  ])
    assert.throws(() => openFrame(stored(...header)), isDamaged)
})

test('a bomb is refused: by what it says, and by what it does in spite of what it says', () => {
  const zeros = new Uint8Array(64 * mib)
  const big = packFrame(zeros)
  assert.ok(big.length < 10 * kib)
  assert.throws(
    () => openFrame(big),
    (error) => hasCode(error, 'limit.frame'),
  )
  assert.throws(
    () => openFrame(packFrame(new Uint8Array(101)), { plainBytesMax: 100 }),
    (error) => hasCode(error, 'limit.frame'),
  )
  assert.equal(openFrame(big, { plainBytesMax: 64 * mib }).length, 64 * mib)

  const sized = zstdCompressSync(zeros)
  const unsized = zstdCompressSync(zeros, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } })
  for (const body of [sized, unsized]) assert.throws(() => openFrame(frameSaying(mib, body)), isDamaged)
  assert.throws(() => openFrame(frameSaying(mib, zstdCompressSync(zeros.subarray(1 - mib)))), isDamaged)
})

test('a body that asks its reader for a large window is refused', () => {
  const windowed = (descriptor: number): Uint8Array =>
    // Magic number, no content size, the window, one last run-length block of 100 bytes.
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, (100 << 3) | 3, (100 << 3) >> 8, 0, 0x61)
  const eightMiB = 13 << 3
  assert.deepEqual(openFrame(frameSaying(100, windowed(eightMiB))), new Uint8Array(100).fill(0x61))
  for (const descriptor of [eightMiB + 1, 17 << 3, 0xff])
    assert.throws(() => openFrame(frameSaying(100, windowed(descriptor))), isDamaged)
})

test('a decoder can be handed in, and is held to the same length', () => {
  const plain = prose(3000)
  const frame = packFrame(plain)
  const stub = (length: number) => () => new Uint8Array(length)
  assert.deepEqual(openFrame(frame, { decompress: stub(3000) }), new Uint8Array(3000))
  assert.throws(() => openFrame(frame, { decompress: stub(2999) }), isDamaged)
})

test('levels outside 1 to 19 are refused', () => {
  for (const level of [0, -1, 1.5, 20, Number.NaN])
    assert.throws(
      () => packFrame(new Uint8Array(100), { level }),
      (error) => hasCode(error, 'invalid.level'),
    )
})

function outcomeOf(act: () => Uint8Array): unknown {
  try {
    return act()
  } catch (thrown) {
    return thrown
  }
}

function frameSaying(plainBytes: number, body: Uint8Array): Uint8Array {
  const header = [1]
  let rest = plainBytes
  for (; rest >= 0x80; rest = rest >> 7) header.push((rest & 0x7f) | 0x80)
  return concatBytes(Uint8Array.from([...header, rest]), body)
}
