import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase58, fromHex, fromUtf8, toBase58, toHex } from '@anarq/bytes'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

test('base58 agrees with the examples of its Internet draft and of Bitcoin', () => {
  const examples: readonly [hex: string, text: string][] = [
    [toHex(fromUtf8('Hello World!')), '2NEpo7TZRRrLZSi2U'],
    [
      toHex(fromUtf8('The quick brown fox jumps over the lazy dog.')),
      'USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z',
    ],
    ['0000287fb4cd', '11233QC4'],
    ['', ''],
    ['00', '1'],
    ['00000000000000000000', '1111111111'],
    ['61', '2g'],
    ['626262', 'a3gV'],
    ['636363', 'aPEr'],
    ['73696d706c792061206c6f6e6720737472696e67', '2cFupjhnEsSn59qHXstmK2ffpLv2'],
    ['00eb15231dfceb60925886b67d065299925915aeb172c06647', '1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L'],
    ['516b6fcd0f', 'ABnLTmg'],
    ['bf4f89001e670274dd', '3SEo3LWLoPntC'],
    ['572e4794', '3EFU7m'],
    ['ecac89cad93923c02321', 'EJDM8drfXA6uyA'],
    ['10c8511e', 'Rt5zm'],
  ]
  for (const [hex, text] of examples) {
    assert.equal(toBase58(fromHex(hex)), text)
    assert.equal(toHex(fromBase58(text)), hex)
  }
})

test('base58 is the number in base 58, with a "1" for each zero byte in front', () => {
  const zeros = fc.nat({ max: 12 })
  fc.assert(
    fc.property(zeros, fc.uint8Array({ maxLength: 200 }), (count, rest) => {
      const bytes = new Uint8Array([...new Uint8Array(count), ...rest])
      assert.equal(toBase58(bytes), digitByDigit(bytes))
      assert.deepEqual(fromBase58(toBase58(bytes)), bytes)
    }),
    { numRuns: 300 },
  )
})

test('any text in the alphabet is the base58 of exactly one byte array', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 120 }), (text) => {
      assert.equal(toBase58(fromBase58(text)), text)
    }),
    { numRuns: 300 },
  )
})

test('documents of many kilobytes come back, at every border of a group of digits', () => {
  const random = createSeededRandom(1)
  for (const length of [...Array.from({ length: 60 }, (_, i) => i), 1000, 5000, 20_000]) {
    for (const bytes of [random.bytes(length), new Uint8Array(length).fill(0xff), powerOf256(length)]) {
      assert.deepEqual(fromBase58(toBase58(bytes)), bytes)
    }
  }
})

/** As the definition says it. */
function digitByDigit(bytes: Uint8Array): string {
  let value = 0n
  for (const byte of bytes) value = 256n * value + BigInt(byte)
  let text = ''
  for (; value > 0n; value /= 58n) text = alphabet[Number(value % 58n)] + text
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros < 0 ? bytes.length : zeros) + text
}

function powerOf256(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  if (length > 0) bytes[0] = 1
  return bytes
}
