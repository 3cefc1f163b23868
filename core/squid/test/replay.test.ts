import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import { createReplayMemory } from '@anarq/squid'
import { testReplay } from '@anarq/squid/testing'
import { isFault } from './people.ts'

testReplay('replay memory', (clock) => createReplayMemory({ clock }))

test('a full memory refuses the new rather than forgetting the old, and has room again when time has passed', () => {
  const clock = createManualClock()
  const replay = createReplayMemory({ clock, entriesMax: 3 })
  const untilMs = clock.nowMs() + 5000
  for (const key of ['a', 'b', 'c']) assert.equal(replay.remember(key, untilMs), true)
  assert.throws(() => replay.remember('d', untilMs), isFault('limit.replay'))
  assert.equal(replay.remember('a', untilMs), false)
  clock.advance(5001)
  assert.equal(replay.remember('d', clock.nowMs() + 1), true)
})
