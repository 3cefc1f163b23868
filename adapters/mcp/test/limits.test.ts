import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import { atOnceMax, callsMax, createCallLimits } from '../src/limits.ts'

const nothing = async (): Promise<string> => 'done'

test('a holder has so many calls a minute, and the next minute as many again', async () => {
  const clock = createManualClock()
  const limits = createCallLimits(clock)
  for (let i = 0; i < callsMax; i += 1) assert.equal(await limits.run('a', nothing), 'done')
  clock.advance(20_000)
  await assert.rejects(limits.run('a', nothing), { code: 'limit.rate', message: /Wait 40 s/ })
  assert.equal(await limits.run('b', nothing), 'done')
  clock.advance(40_000)
  assert.equal(await limits.run('a', nothing), 'done')
})

test('a clock that is set back locks nobody out', async () => {
  const clock = createManualClock()
  const limits = createCallLimits(clock)
  for (let i = 0; i < callsMax; i += 1) await limits.run('a', nothing)
  clock.set(0)
  assert.equal(await limits.run('a', nothing), 'done')
})

test('a call that fails leaves its place to the next one', async () => {
  const limits = createCallLimits(createManualClock())
  for (let i = 0; i < atOnceMax * 3; i += 1)
    await assert.rejects(
      limits.run('a', () => Promise.reject(new Error('no'))),
      /no/,
    )
  const running = Array.from({ length: atOnceMax }, () => Promise.withResolvers<void>())
  const calls = running.map(({ promise }) => limits.run('a', () => promise))
  await assert.rejects(limits.run('a', nothing), { code: 'limit.rate' })
  running[0]?.resolve()
  await calls[0]
  assert.equal(await limits.run('a', nothing), 'done')
  for (const { resolve } of running) resolve()
  await Promise.all(calls)
})

test('holders that call no more are forgotten, and those in the middle of a call are not', async () => {
  const limits = createCallLimits(createManualClock())
  const { promise, resolve } = Promise.withResolvers<void>()
  const held = Array.from({ length: atOnceMax }, () => limits.run('busy', () => promise))
  for (let i = 0; i < 3000; i += 1) await limits.run(`holder ${i}`, nothing)
  await assert.rejects(limits.run('busy', nothing), { code: 'limit.rate' })
  resolve()
  await Promise.all(held)
})
