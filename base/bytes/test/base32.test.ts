import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase32, fromUtf8, toBase32 } from '@anarq/bytes'
import fc from 'fast-check'

test('base32 gives the vectors of RFC 4648, in lower case and without padding', () => {
  for (const [text, encoded] of [
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ] as const) {
    assert.equal(toBase32(fromUtf8(text)), encoded)
    assert.deepEqual(fromBase32(encoded), fromUtf8(text))
  }
})

test('what was encoded in base32 comes back, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (b) => assert.deepEqual(fromBase32(toBase32(b)), b)),
  )
})

test('base32 with another letter, a bit too much or a character too many is refused', () => {
  for (const bad of ['MY', 'm1', 'mz', 'a', 'mzx', 'my======', 'é2'])
    assert.throws(() => fromBase32(bad), SyntaxError)
})
