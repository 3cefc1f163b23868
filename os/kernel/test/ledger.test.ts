import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import fc from 'fast-check'
import { createLedger, readLedger } from '../src/keeping/ledger.ts'

const digestOf = (n: number): Uint8Array => hashBlake3(Uint8Array.of(n & 255, n >> 8))

test('a ledger says of each block what was noted last, the same after it was written and read', () => {
  const notes = fc.array(fc.tuple(fc.nat(3000), fc.nat(8)), { maxLength: 4000 })
  fc.assert(
    fc.property(notes, (all) => {
      const ledger = createLedger()
      const model = new Map<number, number>()
      for (const [n, copies] of all) {
        ledger.note(digestOf(n), copies)
        model.set(n, copies)
      }
      const read = readLedger(ledger.bytes())
      assert.ok(read !== undefined)
      for (const one of [ledger, read]) {
        for (const [n, copies] of model) assert.equal(one.copiesOf(digestOf(n)), copies)
        assert.equal(one.copiesOf(digestOf(3001)), undefined)
        assert.equal(one.size(), model.size)
        const { full, fewer, alone } = one.counts(6)
        assert.equal(full, [...model.values()].filter((copies) => copies >= 6).length)
        assert.equal(full + fewer + alone, model.size)
        const lesser = new Set<string>()
        for (let from: number | undefined = 0; from !== undefined; ) {
          const page = one.lesser(from, 6, 100)
          for (const digest of page.digests) lesser.add(digest.toHex())
          from = page.next
        }
        assert.equal(lesser.size, fewer + alone)
      }
    }),
    { numRuns: 30 },
  )
})

test('what is in use no more is forgotten with the next look at everything, and what is noted meanwhile is not', () => {
  const ledger = createLedger()
  for (let n = 0; n < 2000; n += 1) ledger.note(digestOf(n), 6)
  const { keep, end } = ledger.renew()
  for (let n = 0; n < 500; n += 1) keep(digestOf(n))
  ledger.note(digestOf(5000), 3)
  end()
  assert.equal(ledger.size(), 501)
  assert.equal(ledger.copiesOf(digestOf(5000)), 3)
  assert.equal(ledger.copiesOf(digestOf(700)), undefined)
})

test('bytes that are no ledger are none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(readLedger(bytes), undefined)
    }),
  )
})
