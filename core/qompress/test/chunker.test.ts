import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import {
  type Chunker,
  type ChunkLimits,
  chunkBytesAverage,
  chunkBytesMax,
  chunkBytesMin,
  chunksOf,
  createChunker,
} from '@anarq/qompress'
import fc from 'fast-check'
import { collect, inPieces, mib, noise, prose } from './data.ts'

const secret = new Uint8Array(32).fill(7)
const small: ChunkLimits = { bytesMin: 128, bytesAverage: 256, bytesMax: 1024 }
const content = noise(64 * mib)

test('all chunks joined are the input, and every chunk but the last is within the limits', () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(), fc.constantFrom(noise, prose), (length, seed, make) => {
      const input = make(length, seed)
      const chunks = viewsOf(input, cutsOf(createChunker(secret, small), input))
      assert.deepEqual(concatBytes(...chunks), input)
      for (const chunk of chunks.slice(0, -1)) assert.ok(isWithin(chunk.length, small))
      for (const chunk of chunks.slice(-1)) assert.ok(chunk.length > 0 && chunk.length <= small.bytesMax)
    }),
  )
})

test('the chunks of a stream do not depend on the pieces in which it arrives', async () => {
  const chunker = createChunker(secret, small)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(12_000),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 }),
      async (length, pieces) => {
        const input = noise(length, length + 1)
        const streamed = await collect(chunksOf(inPieces(input, pieces), chunker))
        const whole = viewsOf(input, cutsOf(chunker, input))
        assert.deepEqual(
          streamed.map((chunk) => chunk.length),
          whole.map((chunk) => chunk.length),
        )
        assert.deepEqual(concatBytes(...streamed), input)
      },
    ),
  )
})

test('a caller who shows more bytes at each call gets the same cuts, saying what was seen or not', () => {
  const chunker = createChunker(secret, small)
  fc.assert(
    fc.property(fc.nat(9000), fc.integer({ min: 1, max: 2000 }), fc.boolean(), (length, step, isSaid) => {
      const input = noise(length, length + 3)
      assert.deepEqual(cutsInSteps(chunker, input, step, isSaid), cutsOf(chunker, input))
    }),
  )
})

test('a chunker keeps nothing between calls: an abandoned stream does not change the next one', () => {
  const chunker = createChunker(secret, small)
  const input = prose(5000)
  const before = cutsOf(chunker, input)
  assert.equal(chunker.cut(noise(100), 0, 100, false), -1)
  assert.deepEqual(cutsOf(chunker, input), before)
})

test('one byte inserted before 64 MiB makes fewer than 8 new chunks', () => {
  const chunker = createChunker(secret)
  const before = spansOf(cutsOf(chunker, content))
  const longer = new Uint8Array(content.length + 1)
  longer.set(content, 1)
  const after = spansOf(cutsOf(chunker, longer), -1)
  const changed = [...after].filter((span) => !before.has(span))
  assert.ok(changed.length >= 1 && changed.length < 8, `${changed.length} of ${after.size} changed`)
})

test('chunks of noise average 1 MiB within 30 %, and keep the limits of the format', () => {
  const lengths = lengthsOf(cutsOf(createChunker(secret), content))
  const average = content.length / lengths.length
  assert.ok(Math.abs(average / chunkBytesAverage - 1) < 0.3, `average ${average}`)
  for (const length of lengths.slice(0, -1)) assert.ok(length >= chunkBytesMin && length <= chunkBytesMax)
})

test('two owners cut the same content differently', () => {
  const input = content.subarray(0, 8 * mib)
  const mine = cutsOf(createChunker(secret), input)
  const yours = new Set(cutsOf(createChunker(new Uint8Array(32).fill(8)), input))
  assert.deepEqual(
    mine.slice(0, -1).filter((cut) => yours.has(cut)),
    [],
  )
})

test('one byte over and over is cut at the longest chunk', () => {
  const chunker = createChunker(secret)
  for (const byte of [0, 65, 255]) {
    const lengths = lengthsOf(cutsOf(chunker, new Uint8Array(9 * mib).fill(byte)))
    assert.deepEqual(lengths, [4 * mib, 4 * mib, mib])
  }
})

test('the cuts of a known secret never change, or stored content would be stored again', () => {
  assert.deepEqual(
    cutsOf(createChunker(secret), content.subarray(0, 4 * mib)),
    [901180, 2031299, 2997989, 4047327, 4194304],
  )
})

test('short and empty inputs: the end is a cut, nothing is not', () => {
  const chunker = createChunker(secret)
  assert.equal(chunker.cut(new Uint8Array(1), 0, 1, true), 1)
  assert.equal(chunker.cut(new Uint8Array(1), 0, 1, false), -1)
  assert.equal(chunker.cut(new Uint8Array(0), 0, 0, true), -1)
})

test('a Buffer is cut like any other array', () => {
  const chunker = createChunker(secret, small)
  const input = noise(3000)
  assert.deepEqual(cutsOf(chunker, Buffer.from(input)), cutsOf(chunker, input))
})

test('an empty stream has no chunks, and empty pieces are passed over', async () => {
  const chunker = createChunker(secret, small)
  assert.deepEqual(await collect(chunksOf(inPieces(new Uint8Array(0), [1]), chunker)), [])
  async function* holes(): AsyncGenerator<Uint8Array, void, undefined> {
    yield new Uint8Array(0)
    yield new Uint8Array([1, 2])
    yield new Uint8Array(0)
  }
  assert.deepEqual(await collect(chunksOf(holes(), chunker)), [new Uint8Array([1, 2])])
})

test('wrong secrets, limits and ranges are refused', () => {
  assert.throws(
    () => createChunker(new Uint8Array(31)),
    (error) => hasCode(error, 'invalid.secret'),
  )
  const wrong: ChunkLimits[] = [
    { bytesMin: 16, bytesAverage: 256, bytesMax: 1024 },
    { bytesMin: 256, bytesAverage: 256, bytesMax: 1024 },
    { bytesMin: 128, bytesAverage: 256, bytesMax: 256 },
    { bytesMin: 128, bytesAverage: 300, bytesMax: 1024 },
    { bytesMin: 128.5, bytesAverage: 256, bytesMax: 1024 },
    { bytesMin: 128, bytesAverage: 256, bytesMax: Number.NaN },
  ]
  for (const limits of wrong)
    assert.throws(
      () => createChunker(secret, limits),
      (error) => hasCode(error, 'invalid.limits'),
    )
  const chunker = createChunker(secret, small)
  for (const [from, to] of [
    [-1, 5],
    [6, 5],
    [0, 11],
    [Number.NaN, 5],
  ] as const)
    assert.throws(
      () => chunker.cut(new Uint8Array(10), from, to, true),
      (error) => hasCode(error, 'invalid.range'),
    )
})

function cutsOf(chunker: Chunker, input: Uint8Array): number[] {
  const cuts: number[] = []
  for (let from = 0; from < input.length; ) {
    from = chunker.cut(input, from, input.length, true)
    cuts.push(from)
  }
  return cuts
}

function cutsInSteps(chunker: Chunker, input: Uint8Array, step: number, isSaid: boolean): number[] {
  const cuts: number[] = []
  let from = 0
  let to = 0
  let seen = 0
  while (from < input.length) {
    const cut = chunker.cut(input, from, to, to === input.length, isSaid ? seen : undefined)
    if (cut < 0) {
      seen = to - from
      to = Math.min(to + step, input.length)
      continue
    }
    cuts.push(cut)
    from = cut
    seen = 0
  }
  return cuts
}

function viewsOf(input: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  return cuts.map((cut, i) => input.subarray(cuts[i - 1] ?? 0, cut))
}

function lengthsOf(cuts: readonly number[]): number[] {
  return cuts.map((cut, i) => cut - (cuts[i - 1] ?? 0))
}

function spansOf(cuts: readonly number[], shift = 0): Set<string> {
  return new Set(cuts.map((cut, i) => `${(cuts[i - 1] ?? 0) + shift}-${cut + shift}`))
}

function isWithin(length: number, { bytesMin, bytesMax }: ChunkLimits): boolean {
  return length >= bytesMin && length <= bytesMax
}
