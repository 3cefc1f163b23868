import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DrawBase, drawCommittee, isDrawn, type NodeId, nodeIdOf } from '@anarq/qnet'
import fc from 'fast-check'

const elders = Array.from({ length: 40 }, (_, n) => nodeIdOf(new Uint8Array(32).fill(n + 1)))
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
const baseOf = (seed: Uint8Array, of: readonly NodeId[] = elders): DrawBase => ({ seed, elders: of })

test('[SW-ROL-4] [SW-ROL-2] whoever holds the same state draws the same committee in the same order, and can check each member', () => {
  fc.assert(
    fc.property(seeds, fc.string({ maxLength: 40 }), fc.nat(50), (seed, subject, size) => {
      const drawn = drawCommittee(baseOf(seed), subject, size)
      assert.equal(drawn.length, Math.min(size, elders.length))
      assert.equal(new Set(drawn).size, drawn.length)
      assert.deepEqual(drawCommittee(baseOf(seed.slice(), elders.toReversed()), subject, size), drawn)
      for (const id of elders) assert.equal(isDrawn(baseOf(seed), subject, size, id), drawn.includes(id))
      // A larger committee begins with the smaller one, so that who stands in for the absent is known too.
      assert.deepEqual(drawCommittee(baseOf(seed), subject, size + 3).slice(0, size), drawn.slice(0, size))
    }),
    { numRuns: 50 },
  )
})

test('[SW-ROL-4] a draw is even: over many seeds and subjects all are on it about as often, and first about as often', () => {
  const draws = 4_000
  const times = new Map(elders.map((id) => [id, { on: 0, first: 0 }]))
  for (let n = 0; n < draws; n += 1) {
    const seed = new Uint8Array(32)
    new DataView(seed.buffer).setUint32(0, n >> 1)
    const drawn = drawCommittee(baseOf(seed), n % 2 === 0 ? 'a' : 'b', 10)
    for (const id of drawn) (times.get(id) as { on: number }).on += 1
    ;(times.get(drawn[0] as NodeId) as { first: number }).first += 1
  }
  // Chi-squared with 39 degrees of freedom: above 73 once in a thousand, and these seeds are always the same.
  const chi = (of: (t: { on: number; first: number }) => number, expected: number) =>
    [...times.values()].reduce((sum, t) => sum + (of(t) - expected) ** 2 / expected, 0)
  assert.ok(chi(({ first }) => first, draws / 40) < 73)
  assert.ok(chi(({ on }) => on, draws / 4) < 73)
})

test('[SW-ROL-4] whoever leaves a drawn place gives it to the next in the order, and changes nobody else', () => {
  fc.assert(
    fc.property(seeds, fc.nat(39), (seed, gone) => {
      const all = drawCommittee(baseOf(seed), 'x', 40)
      const without = drawCommittee(
        baseOf(
          seed,
          elders.filter((_, n) => n !== gone),
        ),
        'x',
        40,
      )
      assert.deepEqual(
        without,
        all.filter((id) => id !== elders[gone]),
      )
    }),
    { numRuns: 40 },
  )
})
