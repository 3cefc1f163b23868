import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { toHex } from '@anarq/bytes'
import { boxBytesOf, openBox, openStream, openStreamAt, primitives, sealBox, sealStream } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import {
  collect,
  flip,
  hex,
  inPieces,
  randomOf,
  skipWithout,
  type WycheproofCase,
  wycheproof,
} from './vectors.ts'

const vectors = 'c2sp_chunked_encryption_aes_256_gcm'
const key = random.bytes(32)
const context = 'a test'

test('AQ-QLOCK-2, AQ-QLOCK-3: all Wycheproof cases of Cobblestone-256, as a box, as a stream and read anywhere', {
  skip: skipWithout(`wycheproof/${vectors}_test.json`),
}, async () => {
  for (const [one, , title] of wycheproof(vectors)) {
    const [own, ctx, sealed] = [hex(one.key), hex(one.ctx), new Uint8Array(inflateSync(hex(one.ct)))]
    if (one.result === 'valid') await opensAndSeals(own, ctx, sealed, one, title)
    else if (own.length !== 32)
      assert.throws(() => openBox(own, sealed, { context: ctx }), { code: 'invalid.key' })
    else await isRefused(own, ctx, sealed, one, title)
  }
})

async function opensAndSeals(
  own: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
  { msgLength, msgSha512 }: WycheproofCase,
  title: string,
): Promise<void> {
  const plain = openBox(own, sealed, { context })
  assert.ok(plain !== undefined, title)
  assert.equal(plain.length, msgLength, title)
  assert.equal(toHex(primitives.sha512(plain)), msgSha512, title)
  assert.deepEqual(sealBox(own, plain, { context, random: randomOf(sealed.slice(0, 24)) }), sealed, title)

  const sizes = [70_000, 1, 16_384, 55]
  assert.deepEqual(await collect(openStream(own, inPieces(sealed, sizes), { context })), plain, title)
  const stream = sealStream(own, inPieces(plain, sizes), { context, random: randomOf(sealed.slice(0, 24)) })
  assert.deepEqual(await collect(stream), sealed, title)

  const reader = await openStreamAt(own, sourceOf(sealed), { context })
  assert.equal(reader.bytes, plain.length, title)
  assert.deepEqual(await reader.read(0, plain.length), plain, title)
}

async function isRefused(
  own: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
  { msgLength = 0, msgSha512, flags }: WycheproofCase,
  title: string,
): Promise<void> {
  assert.equal(openBox(own, sealed, { context }), undefined, title)
  const released: Uint8Array[] = []
  const reading = async () => {
    for await (const piece of openStream(own, inPieces(sealed, [5000]), { context })) released.push(piece)
  }
  await assert.rejects(reading, { code: 'damaged.stream' }, title)
  assert.equal(
    released.reduce((sum, piece) => sum + piece.length, 0),
    msgLength,
    title,
  )
  if (msgSha512 !== undefined) {
    const authentic = await collect(inParts(released))
    assert.equal(toHex(primitives.sha512(authentic)), msgSha512, title)
  }
  const readingAnywhere = async () => {
    const reader = await openStreamAt(own, sourceOf(sealed), { context })
    assert.ok(flags.includes('ValidFinalChunk'), title)
    await reader.read(0, reader.bytes)
  }
  await assert.rejects(readingAnywhere, { code: 'damaged.stream' }, title)
}

test('AQ-QLOCK-2: whatever is sealed opens to the same bytes, of any length', () => {
  for (const length of [0, 1, 16_383, 16_384, 16_385, 32_768, 40_000]) {
    const plain = random.bytes(length)
    const sealed = sealBox(key, plain, { context, random })
    assert.equal(sealed.length, boxBytesOf(length))
    assert.deepEqual(openBox(key, sealed, { context }), plain)
  }
})

test('AQ-QLOCK-3, AQ-QLOCK-17, AQ-ENC-5: another key, another context, a flipped bit or a cut opens to nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(7), (plain, at, bit) => {
      const sealed = sealBox(key, plain, { context, random })
      assert.equal(openBox(random.bytes(32), sealed, { context }), undefined)
      assert.equal(openBox(key, sealed, { context: 'another' }), undefined)
      assert.equal(openBox(key, flip(sealed, at % sealed.length, 1 << bit), { context }), undefined)
      assert.equal(openBox(key, sealed.subarray(0, at % sealed.length), { context }), undefined)
    }),
    { numRuns: 30 },
  )
})

test('AQ-QLOCK-7: two boxes of one text under one key differ everywhere', () => {
  const plain = new Uint8Array(64)
  const [one, other] = [sealBox(key, plain, { context, random }), sealBox(key, plain, { context, random })]
  assert.notDeepEqual(one.subarray(0, 24), other.subarray(0, 24), 'the salt')
  assert.notDeepEqual(one.subarray(24, 56), other.subarray(24, 56), 'the commitment')
  assert.notDeepEqual(one.subarray(56), other.subarray(56), 'the ciphertext')
})

test('AQ-QLOCK-3: the commitment of a box names its key: under one salt, two keys have two commitments', () => {
  const [own, other] = [random.bytes(32), random.bytes(32)]
  const salt = random.bytes(24)
  const boxes = [own, other].map((k) => sealBox(k, new Uint8Array(40), { context, random: randomOf(salt) }))
  assert.notDeepEqual(boxes[0]?.subarray(24, 56), boxes[1]?.subarray(24, 56))
})

test('a stream gives the bytes of a box, whatever pieces come in, and opens whatever pieces come back', async () => {
  const plain = createSeededRandom(5).bytes(50_000)
  const box = sealBox(key, plain, { context, random: createSeededRandom(1) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 }),
      async (sizes) => {
        const longEnough = [...sizes, 9000]
        const sealed = await collect(
          sealStream(key, inPieces(plain, longEnough), { context, random: createSeededRandom(1) }),
        )
        assert.deepEqual(sealed, box)
        assert.deepEqual(await collect(openStream(key, inPieces(sealed, longEnough), { context })), plain)
      },
    ),
    { numRuns: 15 },
  )
})

test('a stream that ends on a chunk, or is empty, is closed by a chunk of its own', async () => {
  for (const length of [0, 16_384, 32_768]) {
    const plain = random.bytes(length)
    const sealed = await collect(sealStream(key, inPieces(plain, [16_384]), { context, random }))
    assert.equal(sealed.length, boxBytesOf(length))
    assert.deepEqual(await collect(openStream(key, inPieces(sealed, [sealed.length]), { context })), plain)
    const cut = sealed.subarray(0, sealed.length - 16)
    await assert.rejects(collect(openStream(key, inPieces(cut, [9000]), { context })), {
      code: 'damaged.stream',
    })
  }
})

test('a failing source is passed on by both sides, and no end is written for it', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield random.bytes(20_000)
    throw new RangeError('the disk')
  }
  const seen: number[] = []
  await assert.rejects(async () => {
    for await (const part of sealStream(key, failing(), { context, random })) seen.push(part.length)
  }, RangeError)
  assert.deepEqual(seen, [56, 16_400])
})

test('any range of a sealed stream reads as the same range of its plain text', async () => {
  const plain = createSeededRandom(7).bytes(40_000)
  const sealed = sealBox(key, plain, { context, random })
  const reader = await openStreamAt(key, sourceOf(sealed), { context })
  await fc.assert(
    fc.asyncProperty(fc.nat(41_000), fc.nat(41_000), async (from, length) => {
      assert.deepEqual(await reader.read(from, from + length), plain.slice(from, from + length))
    }),
    { numRuns: 50 },
  )
  assert.equal((await reader.read(-1, 5)).length, 0)
  const damaged = await openStreamAt(key, sourceOf(flip(sealed, 60)), { context })
  await assert.rejects(damaged.read(0, 1), { code: 'damaged.stream' })
  assert.deepEqual(await damaged.read(16_384, 40_000), plain.slice(16_384))
})

function sourceOf(bytes: Uint8Array) {
  return {
    bytes: bytes.length,
    read: async (offset: number, length: number) => bytes.slice(offset, offset + length),
  }
}

async function* inParts(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}
