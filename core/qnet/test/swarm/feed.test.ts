import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFeedKey, isSignedHead } from '@anarq/qnet/swarm'
import fc from 'fast-check'

test('only the owner of an index says where it ends, and whoever keeps its heads needs no more than its name', () => {
  using own = createFeedKey(new Uint8Array(32).fill(1))
  using other = createFeedKey(new Uint8Array(32).fill(2))
  const digest = new Uint8Array(32).fill(7)
  const { sequence, head, signature } = own.sign(5, digest)
  assert.ok(isSignedHead(own.feed, sequence, head, signature))
  assert.ok(!isSignedHead(other.feed, sequence, head, signature))
  assert.ok(!isSignedHead(own.feed, sequence + 1, head, signature))
  assert.ok(!isSignedHead(own.feed.subarray(1), sequence, head, signature))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 40 }), (made, at) => {
      assert.ok(!isSignedHead(own.feed, sequence, at, made))
      assert.ok(!isSignedHead(made, sequence, head, signature))
    }),
    { numRuns: 100 },
  )
})
