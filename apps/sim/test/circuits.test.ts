import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CircuitOptions, type CircuitScenario, playCircuits } from '../src/circuits/play.ts'
import { printCircuits } from '../src/circuits/report.ts'

const small = (scenario: CircuitScenario, seed = 7): CircuitOptions => ({
  scenario,
  nodes: 30,
  seed,
  minutes: 6,
})

test('[QN-ARC-2] pages come over circuits of many clients, the same for the same seed', async () => {
  const [one, again, other] = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      const options = small('circuits', seed)
      const report = await playCircuits(options)
      assert.ok(report.asked > 50)
      assert.equal(report.delivered, report.asked)
      // Timing is not hidden by circuits, and the report says so.
      assert.ok(report.watcherBits < report.evenBits)
      return printCircuits(options, report)
    }),
  )
  assert.equal(one, again)
  assert.notEqual(one, other)
})

test('[QN-ARC-3] [AQ-QNET-8] while a fifth of the relays dies, what is lost is what went by one of them at that moment', async () => {
  const report = await playCircuits(small('relays-die'))
  assert.ok(report.delivered >= report.asked * 0.95, `${report.delivered} of ${report.asked}`)
  assert.deepEqual(
    [...report.lost.keys()].filter((why) => why !== 'lost'),
    [],
  )
})
