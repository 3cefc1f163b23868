import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@anarq/clock'
import { createManualClock } from '@anarq/clock/testing'

test('a manual clock moves only when told to', () => {
  const clock = createManualClock(1000)
  assert.equal(clock.nowMs(), 1000)
  clock.advance(5)
  assert.equal(clock.nowMs(), 1005)
  clock.set(7)
  assert.equal(clock.nowMs(), 7)
})

test('the system clock tells the time of this century', () => {
  assert.ok(systemClock.nowMs() > Date.UTC(2020, 0, 1))
})
