import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinShares, type Share, splitSecret } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'

const split = fc
  .record({
    secret: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    shares: fc.integer({ min: 1, max: 20 }),
    seed: fc.nat(),
  })
  .chain((one) => fc.record({ ...mapConstants(one), threshold: fc.integer({ min: 1, max: one.shares }) }))

function mapConstants<T extends Record<string, unknown>>(one: T) {
  return Object.fromEntries(Object.entries(one).map(([k, v]) => [k, fc.constant(v)])) as {
    [K in keyof T]: fc.Arbitrary<T[K]>
  }
}

test('AQ-QLOCK-1: any shares that reach the threshold give the secret, in any order', () => {
  fc.assert(
    fc.property(split, fc.nat(), ({ secret, shares, threshold, seed }, order) => {
      const all = splitSecret(secret, { shares, threshold, random: createSeededRandom(seed) })
      assert.deepEqual(
        all.map(({ x }) => x),
        Array.from({ length: shares }, (_, i) => i + 1),
      )
      const chosen = all
        .toSorted((a, b) => ((a.x * 31 + order) % 23) - ((b.x * 31 + order) % 23))
        .slice(0, threshold)
      assert.deepEqual(joinShares(chosen), secret)
      assert.deepEqual(joinShares(all), secret)
    }),
  )
})

test('one share fewer fits every secret equally well', () => {
  const secret = Uint8Array.of(42)
  const two = splitSecret(secret, { shares: 3, threshold: 3, random }).slice(0, 2)
  const reached = new Set<number>()
  for (let guess = 0; guess < 256; guess += 1) {
    reached.add(joinShares([...two, { x: 3, bytes: Uint8Array.of(guess) }])[0] as number)
  }
  assert.equal(reached.size, 256)
})

test('a share given beforehand is one of the shares and joins with any other', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.integer({ min: 1, max: 255 }),
      (bytes, x) => {
        const secret = random.bytes(32)
        const fixed: Share = { x, bytes }
        const all = splitSecret(secret, { shares: 3, threshold: 2, random, fixedShare: fixed })
        assert.equal(all.length, 3)
        assert.deepEqual(
          all.find((share) => share.x === x),
          fixed,
        )
        for (const one of all) {
          for (const other of all) if (one !== other) assert.deepEqual(joinShares([one, other]), secret)
        }
        assert.notDeepEqual(joinShares([fixed]), secret)
      },
    ),
    { numRuns: 30 },
  )
})

test('two splits of one secret differ, and their shares do not join', () => {
  const secret = random.bytes(32)
  const [one, two] = [1, 2].map(() => splitSecret(secret, { shares: 2, threshold: 2, random }))
  assert.notDeepEqual(one, two)
  assert.notDeepEqual(joinShares([one?.[0] as Share, two?.[1] as Share]), secret)
})

test('the field is that of AES: a worked example', () => {
  // f(x) = 0x53 + 0xca x over GF(2^8) with 0x11b: f(1) = 0x99, f(2) = 0x53 ^ 0x8f = 0xdc.
  const shares = [
    { x: 1, bytes: Uint8Array.of(0x99) },
    { x: 2, bytes: Uint8Array.of(0xdc) },
  ]
  assert.deepEqual(joinShares(shares), Uint8Array.of(0x53))
})

test('impossible splits and mismatched shares are refused', () => {
  const secret = random.bytes(4)
  const fixedShare = { x: 1, bytes: random.bytes(4) }
  for (const wrong of [
    { shares: 0, threshold: 1, random },
    { shares: 256, threshold: 2, random },
    { shares: 3, threshold: 4, random },
    { shares: 3, threshold: 0, random },
    { shares: 3, threshold: 1.5, random },
    { shares: 3, threshold: 1, random, fixedShare },
    { shares: 3, threshold: 2, random, fixedShare: { ...fixedShare, x: 0 } },
    { shares: 3, threshold: 2, random, fixedShare: { ...fixedShare, x: 256 } },
    { shares: 3, threshold: 2, random, fixedShare: { x: 1, bytes: random.bytes(5) } },
  ]) {
    assert.throws(() => splitSecret(secret, wrong), { code: 'invalid.shares' })
  }
  assert.throws(() => splitSecret(new Uint8Array(0), { shares: 2, threshold: 2, random }), {
    code: 'invalid.shares',
  })
  const [one] = splitSecret(secret, { shares: 2, threshold: 2, random })
  assert.ok(one)
  for (const wrong of [[], [one, one], [one, { x: 2, bytes: random.bytes(5) }], [{ x: 0, bytes: secret }]]) {
    assert.throws(() => joinShares(wrong), { code: 'invalid.shares' })
  }
})
