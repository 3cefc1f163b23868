import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printReport } from '../src/report.ts'
import { play, type RunOptions, type Scenario } from '../src/scenarios.ts'

const small = (scenario: Scenario, seed = 7): RunOptions => ({
  scenario,
  nodes: 30,
  seed,
  blocks: 40,
  blockBytes: 500,
})

test('the same seed prints the same report, and another seed another one', () => {
  const [one, again, other] = [7, 7, 8].map((seed) =>
    printReport(small('churn', seed), play(small('churn', seed))),
  )
  assert.equal(one, again)
  assert.notEqual(one, other)
})

for (const scenario of ['churn', 'partition'] as const)
  test(`[WX-NET-4] [WX-L0-2] [AQ-QNET-7] ${scenario}: the overlay mends itself and nothing acknowledged is lost`, () => {
    const report = play(small(scenario))
    assert.ok(report.settledMs !== undefined, 'settled')
    assert.deepEqual([report.after.homeless, report.after.split, report.after.ghosts], [0, 0, 0])
    assert.equal(report.acknowledged, 40)
    assert.equal(report.lost, 0)
    assert.equal(report.fetched, 40)
    assert.deepEqual([...report.copies], [[6, 40]])
  })

test('[WX-L0-2] [SW-TOP-3] partition: two sides of a cut through several neighbourhoods are one within three minutes of healing', () => {
  // With this seed two are left behind in a view that all others have left, and one that is smaller stands beside it.
  const report = play({ scenario: 'partition', nodes: 100, seed: 5 })
  assert.ok(report.after.neighbourhoods > 2)
  assert.ok((report.settledMs as number) <= 180_000, `${report.settledMs}`)
  assert.equal(report.lost, 0)
})

test('[SW-TOP-5] blackout: a fifth of every neighbourhood goes at once, nothing is lost, and six copies are there within five minutes', () => {
  const report = play(small('blackout'))
  assert.ok(report.after.nodes < 27)
  assert.equal(report.lost, 0)
  assert.ok((report.repairedMs as number) <= 300_000, `${report.repairedMs}`)
  assert.ok((report.settledMs as number) <= 300_000, `${report.settledMs}`)
})

test('[SW-TOP-8] [AQ-VIS-5] malicious: who keeps nothing is put out, nobody honest is, and every block is served', () => {
  const report = play(small('malicious'))
  assert.ok(report.liars > 0)
  assert.equal(report.liarsOut, report.liars)
  assert.equal(report.honestOut, 0)
  assert.equal(report.lost, 0)
  assert.equal(report.fetched, report.asked)
})

test('[AQ-QNET-7] hoard: who has others hold all that they take fills no neighbour, and those who come later find their room', () => {
  const report = play({ ...small('hoard'), nodes: 20 })
  assert.deepEqual([...report.later], [['full', 40]])
  assert.ok(report.fullest > 0.1 && report.fullest < 0.6, `${report.fullest}`)
  assert.equal(report.lost, 0)
  assert.equal(report.fetched, 40)
})

test('flood: noise and searches cost honest nodes little more than answers, and nobody leaves', () => {
  const report = play(small('flood'))
  assert.deepEqual([report.after.homeless, report.after.split, report.after.ghosts], [0, 0, 0])
  assert.equal(report.fetched, 40)
  const honest = report.network.live().filter(({ isHostile }) => !isHostile)
  assert.ok(
    honest.some(({ blames }) => blames > 0),
    'noise is told to the host',
  )
})
