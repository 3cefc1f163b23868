import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { createSystemRandom, systemRandom } from '@anarq/random'
import { createSeededRandom } from '@anarq/random/testing'

test('system bytes never repeat, whether small, pooled or larger than one fill', () => {
  const random = createSystemRandom(256)
  const seen = new Set<string>()
  for (let i = 0; i < 500; i += 1) seen.add(toHex(random.bytes(16)))
  assert.equal(seen.size, 500)
  const large = systemRandom.bytes(200_000)
  assert.equal(large.length, 200_000)
  assert.ok(large.subarray(190_000).some((byte) => byte !== 0))
})

test('one seed gives one stream', () => {
  assert.deepEqual(createSeededRandom(7).bytes(32), createSeededRandom(7).bytes(32))
  assert.notDeepEqual(createSeededRandom(7).bytes(32), createSeededRandom(8).bytes(32))
})

test('the stream of a seed is the same for ever', () => {
  assert.equal(toHex(createSeededRandom(7).bytes(16)), '0965ea472099f006ae06830671c54696')
  assert.equal(toHex(createSeededRandom(-1).bytes(16)), '8a34ce85e7fb2c0abc5f15408a1765c8')
  const once = createSeededRandom(7)
  assert.equal(
    toHex(once.bytes(5)) + toHex(once.bytes(11)),
    '0965ea472099f006ae06830671c54696',
    'however it is cut',
  )
})

test("what was given out stays as it is and is nobody else's", () => {
  const random = createSystemRandom(64)
  const given = Array.from({ length: 40 }, (_, i) => random.bytes(i % 9))
  const copies = given.map((bytes) => toHex(bytes))
  for (let i = 0; i < 100; i += 1) random.bytes(8).fill(0xff)
  assert.deepEqual(
    given.map((bytes) => toHex(bytes)),
    copies,
  )
  for (const [i, bytes] of given.entries()) {
    assert.equal(bytes.length, i % 9)
    assert.equal(bytes.buffer.byteLength, bytes.length)
  }
})

test('a length that is none is refused and spoils nothing', () => {
  const random = createSystemRandom(256)
  for (const length of [-1, Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 53, '8' as unknown as number]) {
    assert.throws(() => random.bytes(length), RangeError, String(length))
    const bytes = random.bytes(16)
    assert.equal(bytes.length, 16)
    assert.ok(bytes.some((byte) => byte !== 0))
  }
  assert.equal(random.bytes(0).length, 0)
})
