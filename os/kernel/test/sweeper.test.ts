import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSweeper } from '../src/health/sweeper.ts'

/** A sweeper over a store that only notes what is asked of it. */
function noted() {
  const calls: string[] = []
  const sweeper = createSweeper({
    beginSweep: () => void calls.push('begin'),
    async compact(isLive) {
      calls.push(isLive(new Uint8Array(1)) ? 'kept' : 'taken')
      return 7
    },
  })
  const find = (isLive: boolean) => async () => {
    calls.push('find')
    return () => isLive
  }
  return { calls, sweeper, find }
}

function held() {
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  return { gate, release }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a sweep looks around only when every act that began before it has ended, well or not', async () => {
  const { calls, sweeper, find } = noted()
  const [good, bad, late] = [held(), held(), held()]
  const acts = Promise.allSettled([
    sweeper.during(() => good.gate),
    sweeper.during(async () => {
      await bad.gate
      throw new Error('no room')
    }),
  ])
  const sweeping = sweeper.sweep(find(false))
  await turn()
  const after = sweeper.during(() => late.gate)
  good.release()
  await turn()
  assert.deepEqual(calls, [])
  bad.release()
  await turn()
  assert.deepEqual(calls, ['begin'], 'what began meanwhile is waited for as well')
  const guarded = held()
  const last = sweeper.during(() => guarded.gate)
  late.release()
  assert.equal(await sweeping, 7, 'what began after the sweep is guarded by the store')
  assert.deepEqual(calls, ['begin', 'find', 'taken'])
  guarded.release()
  await Promise.all([after, last])
  assert.deepEqual(
    (await acts).map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
})

test('sweeps go one after another, and one that fails does not stop the next', async () => {
  const { calls, sweeper, find } = noted()
  const first = sweeper.sweep(async () => {
    throw new Error('cannot look')
  })
  const second = sweeper.sweep(find(true))
  await assert.rejects(first, /cannot look/)
  assert.equal(await second, 7)
  assert.deepEqual(calls, ['begin', 'begin', 'find', 'kept'])
})

test('waiting for acts ends when it is called off, and nothing was swept', async () => {
  const { calls, sweeper, find } = noted()
  const { gate, release } = held()
  const act = sweeper.during(() => gate)
  const stop = new AbortController()
  const sweeping = sweeper.sweep(find(false), stop.signal)
  await turn()
  stop.abort(new Error('called off'))
  await assert.rejects(sweeping, /called off/)
  await assert.rejects(sweeper.settled(AbortSignal.abort(new Error('before'))), /before/)
  assert.deepEqual(calls, [])
  release()
  await act
  await sweeper.settled()
})
