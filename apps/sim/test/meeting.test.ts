import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MeetingOptions, playMeeting } from '../src/meeting/play.ts'
import { printMeeting } from '../src/meeting/report.ts'

test('[QN-ARC-4] [QN-ARC-5] nodes that each know one find all others and agree on the relays, the same for the same seed', () => {
  const texts = [7, 7, 8].map((seed) => {
    const options: MeetingOptions = { scenario: 'meeting', nodes: 12, seed }
    const report = playMeeting(options)
    assert.equal(report.usableMs.length, 12)
    assert.ok((report.usableMs.at(-1) as number) < 30_000)
    assert.equal(report.known.least, 12)
    assert.equal(report.found, report.sought)
    assert.deepEqual([report.ofOneMind, report.relays], [12, 12])
    return printMeeting(options, report)
  })
  assert.equal(texts[0], texts[1])
  assert.notEqual(texts[0], texts[2])
})
