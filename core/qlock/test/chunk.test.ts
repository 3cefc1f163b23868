import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import {
  chunkFrameBytesMax,
  chunkOverheadBytes,
  hashBlake3,
  openChunk,
  primitives,
  sealChunk,
} from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import fc from 'fast-check'
import { flip } from './vectors.ts'

const secret = random.bytes(32)
const frames = fc.uint8Array({ maxLength: 5000 })

test('AQ-QLOCK-2: a chunk opens to its frame, its digest is BLAKE3 of its block, and it is 48 bytes longer', () => {
  fc.assert(
    fc.property(frames, (frame) => {
      const { block, digest, key } = sealChunk(secret, frame)
      assert.equal(block.length, frame.length + chunkOverheadBytes)
      assert.deepEqual(digest, hashBlake3(block))
      assert.deepEqual(openChunk(key, block), frame)
    }),
    { numRuns: 50 },
  )
})

test('the block is laid out as its format says', () => {
  const frame = random.bytes(100)
  const key = primitives.blake3Keyed(secret, frame)
  const okm = primitives.hkdfSha512(key, { info: fromUtf8('q/v1/chunk'), length: 64 })
  const sealed = primitives.aesGcmSeal(okm.slice(0, 32), new Uint8Array(12), frame)
  const chunk = sealChunk(secret, frame)
  assert.deepEqual(chunk.key, key)
  assert.deepEqual(chunk.block, concatBytes(okm.slice(32), sealed))
})

test('AQ-QLOCK-7: chunks are the stated exception: one owner seals one frame to one block, so that it is stored once; two frames, or two owners, never share a key or a block', () => {
  fc.assert(
    fc.property(frames, frames, (one, two) => {
      const [first, again, other] = [
        sealChunk(secret, one),
        sealChunk(secret, one.slice()),
        sealChunk(secret, two),
      ]
      assert.deepEqual(first, again)
      const areEqual = Buffer.compare(one, two) === 0
      assert.equal(Buffer.compare(first.key, other.key) === 0, areEqual)
      assert.equal(Buffer.compare(first.digest, other.digest) === 0, areEqual)
      const stranger = sealChunk(random.bytes(32), one)
      assert.notDeepEqual(stranger.key, first.key)
      assert.notDeepEqual(stranger.block, first.block)
    }),
    { numRuns: 30 },
  )
})

test('AQ-QLOCK-3, AQ-QLOCK-17, AQ-ENC-5: another key, a flipped bit or a cut opens to nothing', () => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.nat(7), (frame, at, bit) => {
      const { block, key } = sealChunk(secret, frame)
      assert.equal(openChunk(random.bytes(32), block), undefined)
      assert.equal(openChunk(key, flip(block, at % block.length, 1 << bit)), undefined)
      assert.equal(openChunk(key, block.subarray(0, at % block.length)), undefined)
      assert.equal(openChunk(flip(key, at % 32, 1 << bit), block), undefined)
    }),
    { numRuns: 30 },
  )
})

test('AQ-QLOCK-4, AQ-ENC-3: what is stored shows nothing of the frame', () => {
  const frame = fromUtf8('a very recognisable sentence. '.repeat(50))
  const block = Buffer.from(sealChunk(secret, frame).block)
  assert.equal(block.indexOf('recognisable'), -1)
})

test('sealing into a buffer gives a view of its beginning and touches nothing behind', () => {
  const frame = random.bytes(1000)
  const out = new Uint8Array(2000).fill(0xaa)
  const chunk = sealChunk(secret, frame, out)
  assert.equal(chunk.block.buffer, out.buffer)
  assert.equal(chunk.block.byteOffset, 0)
  assert.deepEqual(chunk.block, sealChunk(secret, frame).block)
  assert.ok(out.subarray(1048).every((byte) => byte === 0xaa))
  assert.throws(() => sealChunk(secret, frame, new Uint8Array(1047)), { code: 'internal.buffer' })
})

test('a frame in pieces gives the same block, name and key as the frame in one', () => {
  for (const length of [0, 1, 4096, 300_000]) {
    const frame = random.bytes(length)
    const pieces = [frame.subarray(0, 1), frame.subarray(1, 1), frame.subarray(1)]
    const shared = new Uint8Array(new SharedArrayBuffer(length + chunkOverheadBytes))
    assert.deepEqual(sealChunk(secret, pieces), sealChunk(secret, frame))
    assert.deepEqual(sealChunk(secret, pieces, shared).digest, sealChunk(secret, frame).digest)
  }
})

test('frames over the limit and secrets of another length are refused', () => {
  const tooLarge = new Uint8Array(chunkFrameBytesMax + 1)
  assert.throws(() => sealChunk(secret, tooLarge), { code: 'limit.frame' })
  assert.throws(() => sealChunk(secret, [tooLarge, tooLarge]), { code: 'limit.frame' })
  assert.equal(openChunk(secret, new Uint8Array(chunkFrameBytesMax + chunkOverheadBytes + 1)), undefined)
  assert.throws(() => sealChunk(secret.slice(1), new Uint8Array(1)), { code: 'invalid.key' })
  assert.throws(() => openChunk(secret.slice(1), new Uint8Array(100)), { code: 'invalid.key' })
})
