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
