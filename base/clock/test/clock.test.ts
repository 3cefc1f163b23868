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

test("a manual clock starts at one known moment, and may go back as the machine's does", () => {
  const clock = createManualClock()
  assert.equal(new Date(clock.nowMs()).toISOString(), '2026-01-01T00:00:00.000Z')
  clock.advance(-1)
  assert.equal(clock.nowMs(), Date.UTC(2026, 0, 1) - 1)
  assert.equal(createManualClock().nowMs(), Date.UTC(2026, 0, 1), 'each is its own')
})
