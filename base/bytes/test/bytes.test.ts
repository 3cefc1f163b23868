import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compareBytes,
  concatBytes,
  discard,
  equalBytes,
  formatBytes,
  fromBase58,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase58,
  toBase64,
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

test('encodings agree with the examples of their standards', () => {
  const rfc4648: readonly [text: string, base64: string][] = [
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ]
  for (const [text, base64] of rfc4648) {
    const encoded = fromUtf8(text)
    assert.equal(toBase64(encoded), base64)
    assert.equal(toBase64Url(encoded), base64.replaceAll('=', ''))
    assert.deepEqual(fromBase64Url(base64.replaceAll('=', '')), encoded)
  }
  assert.equal(toBase64Url(fromHex('fbff')), '-_8')
  assert.equal(toHex(fromUtf8('añ水𐅑')), '61c3b1e6b0b4f0908591')
  assert.deepEqual(fromHex('00FFab'), new Uint8Array([0, 0xff, 0xab]))
})

test('text keeps a byte order mark, and a lone surrogate becomes U+FFFD', () => {
  assert.equal(toUtf8(fromUtf8('\ufeffa')), '\ufeffa')
  assert.equal(toUtf8(fromUtf8('a\ud800')), 'a\ufffd')
})

test('malformed text is refused by every decoder', () => {
  const refused: readonly [decode: (text: string) => unknown, texts: string[]][] = [
    [fromHex, ['abc', '0g', ' 00', '0x00']],
    [fromBase64Url, ['AB=', 'AA==', 'AB', 'A', 'A+8', 'A/8', 'AA A', 'AA\n']],
    [fromBase58, ['0', 'O', 'I', 'l', '1 ', ' 1', 'zzzzzzzzzz0', '0zzzzzzzzzz', 'é', '\u{1f600}', '-']],
  ]
  for (const [decode, texts] of refused) {
    for (const text of texts) assert.throws(() => decode(text), SyntaxError, `${decode.name} of ${text}`)
  }
  for (const hex of ['ff', 'c080', 'eda080', 'f4908080', 'c3']) {
    assert.throws(() => toUtf8(fromHex(hex)), TypeError, hex)
  }
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
    fc.property(bytes, bytes, fc.array(bytes), (a, b, more) => {
      const joined = concatBytes(a, b)
      assert.deepEqual(joined.subarray(0, a.length), a)
      assert.deepEqual(joined.subarray(a.length), b)
      assert.deepEqual(
        [...concatBytes(...more)],
        more.flatMap((part) => [...part]),
      )
      const mask = new Uint8Array(a.length).fill(0x5a)
      assert.deepEqual(xorBytes(xorBytes(a, mask), mask), a)
    }),
  )
  assert.throws(() => xorBytes(new Uint8Array(1), new Uint8Array(2)), RangeError)
})

test('equal means every byte and the length', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (a, at, by) => {
        const other = new Uint8Array(a)
        assert.ok(equalBytes(a, other))
        other[at % a.length] = (other[at % a.length] as number) ^ by
        assert.ok(!equalBytes(a, other))
        assert.ok(!equalBytes(a, a.subarray(1)))
      },
    ),
  )
})

test('a prefix comes before what it starts', () => {
  const sorted = ['', '00', '0000', '0001', '01', '7f', '80', '80ff', 'ff'].map(fromHex)
  assert.deepEqual([...sorted].reverse().sort(compareBytes), sorted)
})

test('sizes read as people write them', () => {
  const examples: readonly [bytes: number, text: string][] = [
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [150 * 1024, '150 KiB'],
    [10 * 1024 ** 3, '10.0 GiB'],
    [5 * 1024 ** 6, '5120 PiB'],
  ]
  for (const [bytes, text] of examples) assert.equal(formatBytes(bytes), text)
})

test('an array that owns its memory is emptied when it is discarded; a view, and shared memory, stay', () => {
  const own = new Uint8Array(100)
  discard(own)
  assert.equal(own.length, 0)
  const expanded = new Uint8Array(101).subarray(0, 100)
  discard(expanded)
  assert.equal(expanded.length, 0)
  const whole = new Uint8Array(100).fill(7)
  for (const view of [whole.subarray(1), whole.subarray(0, 98)]) discard(view)
  assert.equal(whole[50], 7)
  const shared = new Uint8Array(new SharedArrayBuffer(10)).fill(7)
  discard(shared)
  assert.equal(shared[5], 7)
})
