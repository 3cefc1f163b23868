import assert from 'node:assert/strict'
import { closeSync, openSync, readSync } from 'node:fs'
import { test } from 'node:test'
import { looksCompressible, openFrame, packFrame, readFrameHeader } from '@anarq/qompress'
import { codec as browserCodec } from '../src/codec.browser.ts'
import { codec as nodeCodec } from '../src/codec.node.ts'
import { kib, mib, noise, prose } from './data.ts'

test('AQ-QOMPRESS-4: noise is told from text before it is compressed', () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    assert.equal(looksCompressible(noise(mib, seed)), false)
    assert.equal(looksCompressible(prose(mib, seed)), true)
  }
})

test('little noise is not compressed, and little content is where that gains something', () => {
  for (const bytes of [256, 300, 1000, 4 * kib, 8 * kib, 12 * kib, 40 * kib, 64 * kib]) {
    for (let seed = 1; seed <= 20; seed += 1) assert.equal(looksCompressible(noise(bytes, seed)), false)
    assert.equal(looksCompressible(prose(bytes)), true, `prose of ${bytes}`)
    const withHead = noise(bytes, 3)
    withHead.set(prose(bytes >> 2))
    assert.equal(looksCompressible(withHead), true, `a quarter of prose in ${bytes}`)
    const twice = noise(bytes, 5)
    twice.copyWithin(bytes >> 1, 0, bytes >> 1)
    assert.equal(looksCompressible(twice), true, `${bytes} of noise that repeats`)
  }
})

test('of a real program no chunk that would shrink by a tenth is stored as it is', () => {
  const program = startOfFile(process.execPath, 16 * mib)
  let shrinking = 0
  for (let at = 0; at < program.length; at += 256 * kib) {
    const chunk = program.subarray(at, at + 256 * kib)
    const packed = nodeCodec.compress(chunk, 1) ?? chunk
    if (packed.length >= 0.9 * chunk.length) continue
    shrinking += 1
    assert.equal(looksCompressible(chunk), true, `chunk at ${at}`)
  }
  assert.ok(shrinking > 0)
})

test('an eighth of text among noise is seen, wherever it lies and in however small pieces', () => {
  for (const pieceBytes of [4 * kib, 16 * kib, 128 * kib])
    for (let shift = 0; shift < 8; shift += 1) {
      const mixed = noise(mib, shift + 1)
      for (let at = shift * pieceBytes; at < mib; at += 8 * pieceBytes)
        mixed.set(prose(Math.min(pieceBytes, mib - at)), at)
      assert.equal(looksCompressible(mixed), true, `${pieceBytes} bytes at ${shift}`)
    }
})

test('noise that repeats is seen where its period is a power of two, as of sectors and pages', () => {
  for (const period of [512, 4 * kib, 32 * kib, 256 * kib]) {
    const block = noise(period)
    const repeated = new Uint8Array(mib)
    for (let at = 0; at < mib; at += period) repeated.set(block, at)
    assert.equal(looksCompressible(repeated), true, `period ${period}`)
    assert.ok(packFrame(repeated).length < mib / 2)
  }
})

test('a browser stores what it cannot compress, and says why it cannot open what is compressed', () => {
  assert.equal(browserCodec.compress(prose(1000), 1), undefined)
  const frame = packFrame(prose(1000))
  assert.equal(readFrameHeader(frame).codec, 'zstd')
  assert.throws(() => openFrame(frame, { decompress: browserCodec.decompress }), {
    code: 'unavailable.codec',
    message: /no zstd decoder.*openFrame/,
  })
})

function startOfFile(path: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const file = openSync(path, 'r')
  try {
    return bytes.subarray(0, readSync(file, bytes))
  } finally {
    closeSync(file)
  }
}
