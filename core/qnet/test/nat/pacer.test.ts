import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId, World } from '@anarq/qnet'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createPacer } from '../../src/nat/pacer.ts'

test('whatever timers and clocks do, what goes through a pair keeps its order, loses nothing and is no faster than its pace [SW-ROL-6]', () => {
  const step = fc.record({
    bytes: fc.integer({ min: 1, max: 5000 }),
    lateMs: fc.integer({ min: 0, max: 40 }),
  })
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: -5000, max: 5000 }),
      (steps, jumpMs) => {
        let nowMs = 0
        let clockMs = 1_000_000
        let timers: { readonly atMs: number; readonly task: () => void }[] = []
        const pass = (ms: number): void => {
          nowMs += ms
          clockMs += ms
        }
        const world: World = {
          clock: { nowMs: () => clockMs },
          random: createSeededRandom(1),
          after(delayMs, task) {
            const timer = { atMs: nowMs + delayMs, task }
            timers.push(timer)
            return () => {
              timers = timers.filter((one) => one !== timer)
            }
          },
        }
        const out: Uint8Array[] = []
        const pacer = createPacer({ world, bytesPerSecond: 10_000, forward: (_, bytes) => out.push(bytes) })
        const runTimer = (lateMs: number): boolean => {
          const first = timers.toSorted((a, b) => a.atMs - b.atMs)[0]
          if (first === undefined) return false
          timers = timers.filter((one) => one !== first)
          pass(Math.max(0, first.atMs - nowMs) + lateMs)
          first.task()
          return true
        }
        const put = steps.map(({ bytes }, at) => new Uint8Array(bytes).fill(at))
        for (const [at, { lateMs }] of steps.entries()) {
          pacer.put('to' as NodeId, put[at] as Uint8Array)
          if (at % 3 === 0) runTimer(lateMs)
          if (at === steps.length >> 1) clockMs += jumpMs
        }
        while (runTimer(0));
        assert.deepEqual(out, put)
        assert.equal(pacer.waiting, 0)
        const sum = put.reduce((total, { length }) => total + length, 0)
        // A quarter of a second's worth may be ahead, the last piece is on its way, and a clock that was set gives a second.
        const mostMs = nowMs + 1250 + ((put.at(-1)?.length ?? 0) * 1000) / 10_000
        assert.ok((sum * 1000) / 10_000 <= mostMs + 500, `${sum} bytes in ${nowMs} ms`)
      },
    ),
  )
})
