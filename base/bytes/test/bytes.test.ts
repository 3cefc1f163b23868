import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compareBytes,
  concatBytes,
  equalBytes,
  formatBytes,
  fromBase58,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase58,
  toBase64Url,
  toHex,
  toUtf8,
  xorBytes,
} from '@anarq/bytes'
import fc from 'fast-check'

const bytes = fc.uint8Array({ maxLength: 80 })

test('every encoding gives back the bytes it was given', () => {
  fc.assert(
    fc.property(bytes, (b) => {
      assert.deepEqual(fromHex(toHex(b)), b)
      assert.deepEqual(fromBase64Url(toBase64Url(b)), b)
      assert.deepEqual(fromBase58(toBase58(b)), b)
    }),
  )
})

test('base58 agrees with the examples of its Internet draft', () => {
  assert.equal(toBase58(fromUtf8('Hello World!')), '2NEpo7TZRRrLZSi2U')
  assert.equal(toBase58(fromHex('0000287fb4cd')), '11233QC4')
})

test('malformed text is refused by every decoder', () => {
  assert.throws(() => fromHex('abc'), SyntaxError)
  assert.throws(() => fromBase64Url('AB'.concat('=')), SyntaxError)
  assert.throws(() => fromBase64Url('AB'), SyntaxError, 'extra bits set')
  assert.throws(() => fromBase58('0'), SyntaxError)
  assert.throws(() => toUtf8(new Uint8Array([0xff])), TypeError)
})

test('the order of byte arrays is total and agrees with equality', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(Math.sign(compareBytes(a, b)), -Math.sign(compareBytes(b, a)) || 0)
      assert.equal(compareBytes(a, b) === 0, equalBytes(a, b))
    }),
  )
})

test('joining keeps every byte in order, and xor undoes itself', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const joined = concatBytes(a, b)
      assert.deepEqual(joined.subarray(0, a.length), a)
      assert.deepEqual(joined.subarray(a.length), b)
      const mask = new Uint8Array(a.length).fill(0x5a)
      assert.deepEqual(xorBytes(xorBytes(a, mask), mask), a)
    }),
  )
  assert.throws(() => xorBytes(new Uint8Array(1), new Uint8Array(2)), RangeError)
})

test('sizes read as people write them', () => {
  assert.equal(formatBytes(0), '0 bytes')
  assert.equal(formatBytes(1536), '1.5 KiB')
  assert.equal(formatBytes(10 * 1024 ** 3), '10.0 GiB')
})
