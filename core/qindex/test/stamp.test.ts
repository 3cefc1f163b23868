import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import { compareStamps, type Stamp, stampKey } from '@anarq/qindex'
import { testDevice } from '@anarq/qindex/testing'
import fc from 'fast-check'
import { createStampClock, stampMsMax } from '../src/record/stamp.ts'

const device = testDevice('a')
const stamp: fc.Arbitrary<Stamp> = fc.record({
  ms: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: stampMsMax })),
  counter: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  device: fc.constantFrom(testDevice(0), testDevice(1), testDevice(2)),
})

test('stamps only ever grow, whatever the clock of the machine and other devices do', () => {
  const event = fc.oneof(
    fc.record({ setMs: fc.constantFrom(-5, 0, 1000, 2000, 1e12, 5e13, Number.NaN, stampMsMax + 10) }),
    fc.record({ seen: fc.record({ ms: fc.constantFrom(0, 1500, 1e12), counter: fc.nat(5) }) }),
    fc.constant('tick' as const),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const clock = createManualClock(1000)
      const stamps = createStampClock({ clock, device })
      let last = stamps.tick()
      for (const one of events) {
        if (one === 'tick') {
          const next = stamps.tick()
          assert.ok(compareStamps(next, last) > 0)
          last = next
        } else if ('setMs' in one) clock.set(one.setMs)
        else {
          stamps.observe(one.seen)
          const next = stamps.tick()
          assert.ok(compareStamps(next, { ...one.seen, device }) > 0)
          assert.ok(compareStamps(next, last) > 0)
          last = next
        }
      }
    }),
  )
})

test('a stamp carries the time while the clock runs forward, and a counter while it does not', () => {
  const clock = createManualClock(1000)
  const stamps = createStampClock({ clock, device })
  assert.deepEqual(stamps.tick(), { ms: 1000, counter: 0, device })
  assert.deepEqual(stamps.tick(), { ms: 1000, counter: 1, device })
  clock.set(500)
  assert.deepEqual(stamps.tick(), { ms: 1000, counter: 2, device })
  clock.set(2000.7)
  assert.deepEqual(stamps.tick(), { ms: 2000, counter: 0, device })
  stamps.observe({ ms: 2000, counter: 2 ** 32 - 1 })
  assert.deepEqual(
    stamps.tick(),
    { ms: 2001, counter: 0, device },
    'a full counter goes on to the next millisecond',
  )
  stamps.observe({ ms: stampMsMax, counter: 2 ** 32 - 1 })
  assert.throws(() => stamps.tick(), { code: 'limit.stamp' })
})

test('the order of stamps is total and is the text order of their keys', () => {
  fc.assert(
    fc.property(stamp, stamp, (a, b) => {
      const order = Math.sign(compareStamps(a, b))
      assert.equal(order, -Math.sign(compareStamps(b, a)) || 0)
      const [keyA, keyB] = [stampKey(a), stampKey(b)]
      assert.equal(order, keyA < keyB ? -1 : keyA > keyB ? 1 : 0)
    }),
  )
})

test('a device has eight bytes', () => {
  assert.throws(() => createStampClock({ clock: createManualClock(), device: new Uint8Array(7) }), {
    code: 'invalid.device',
  })
})
