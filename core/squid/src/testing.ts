import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import type { ReplayPort } from './request/replay.ts'

/** The contract of a replay memory: one line in the tests of each implementation. */
export function testReplay(name: string, open: (clock: ManualClock) => ReplayPort): void {
  test(`${name}: what is remembered is refused until its time is over, that moment included`, () => {
    const clock = createManualClock()
    const replay = open(clock)
    const untilMs = clock.nowMs() + 1000
    assert.equal(replay.remember('a', untilMs), true)
    assert.equal(replay.remember('a', untilMs), false)
    clock.advance(1000)
    assert.equal(replay.remember('a', untilMs + 5000), false)
  })

  test(`${name}: two keys do not stand in each other's way`, () => {
    const clock = createManualClock()
    const replay = open(clock)
    assert.equal(replay.remember('a', clock.nowMs() + 1000), true)
    assert.equal(replay.remember('b', clock.nowMs() + 1000), true)
  })
}
