/** What is made of reports, and whatever else comes: laws and refusals. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCbor } from '@anarq/ipld'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { parseRecord } from '@anarq/qnet/record'
import {
  fitnessOf,
  parseMessage,
  parseReport,
  type Report,
  readKept,
  reportsNeeded,
  rolesSettings,
  standingOf,
  uptimeOf,
  verifyReport,
  writeReport,
} from '@anarq/qnet/roles'
import fc from 'fast-check'
import { writeKept } from '../../src/roles/kept.ts'
import { encodeMessage, type Message } from '../../src/roles/messages.ts'
import { reportBytesMax } from '../../src/roles/report.ts'
import { sortIds } from '../../src/state-set.ts'
import { survivesAnyBytes } from '../fuzz.ts'
import { keysOf, recordOf } from '../record/fixture.ts'

const ids = Array.from({ length: 30 }, (_, n) => nodeIdOf(new Uint8Array(32).fill(n + 1)))
const operator = ids[29] as NodeId
const asked = 120
const reportOf = (id: NodeId, answered: number, of = asked): Report => ({
  ...{ id, period: 1, bytes: new Uint8Array(0) },
  seen: [{ operator, asked: of, answered }],
})

test('[SW-ROL-7] [SW-SEC-2] less than a third of the drawn lie or fall silent: the figure lies between what two honest ones saw', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 25 }),
      fc.array(fc.integer({ min: 0, max: asked }), { minLength: 25, maxLength: 25 }),
      fc.nat(25),
      fc.nat(25),
      fc.infiniteStream(fc.integer({ min: 0, max: asked })),
      (drawn, honest, lying, silent, lies) => {
        const masters = ids.slice(0, drawn)
        const liars = Math.min(lying, Math.floor((drawn - 1) / 3))
        const away = Math.min(silent, drawn - liars)
        const truth = honest.slice(0, drawn - liars - away)
        const reports = masters
          .slice(0, drawn - away)
          .map((id, n) =>
            reportOf(id, n < liars ? (lies.next().value as number) : (truth[n - liars] as number)),
          )
        const uptime = uptimeOf(operator, masters, reports, 12)
        assert.equal(uptime !== undefined, reports.length >= reportsNeeded(drawn))
        if (uptime === undefined) return
        assert.ok(truth.length > liars)
        assert.ok(uptime >= Math.floor((Math.min(...truth) * 1e6) / asked) - 1)
        assert.ok(uptime <= Math.ceil((Math.max(...truth) * 1e6) / asked))
        assert.equal(uptimeOf(operator, masters, reports.toReversed(), 12), uptime)
      },
    ),
  )
})

test('[SW-ROL-7] nobody counts for itself, who was not drawn does not count, and a few looks are none', () => {
  const masters = [...ids.slice(0, 3), operator]
  const three = ids.slice(0, 3).map((id) => reportOf(id, 60))
  assert.equal(uptimeOf(operator, masters, [...three, reportOf(operator, 120)], 12), 500_000)
  assert.equal(uptimeOf(operator, masters, [...three, reportOf(ids[9] as NodeId, 0)], 12), 500_000)
  const few = [reportOf(ids[0] as NodeId, 5, 11)]
  assert.equal(uptimeOf(operator, ids.slice(0, 1), few, 12), undefined)
  assert.deepEqual([0, 1, 2, 3, 4, 7, 25].map(reportsNeeded), [1, 1, 1, 1, 3, 5, 17])
})

test('[SW-ROL-8] the role is lost below the guarantee over the window, had on its word while little is measured, and back after a clean time', () => {
  const settings = { ...rolesSettings, windowPeriods: 100, newPeriods: 10, cleanPeriods: 20 }
  const now = 1_000
  const of = (share: (back: number) => number | undefined, guarantee = 9_900) =>
    standingOf(guarantee, (period) => share(now - period), now, settings)
  const up = 1_000_000
  assert.deepEqual(
    of(() => undefined),
    { state: 'new', measured: 0 },
  )
  assert.deepEqual(
    of((back) => (back < 11 ? 0 : undefined)),
    { state: 'new', uptime: 0, measured: 9 },
  )
  assert.deepEqual(
    of(() => up),
    { state: 'held', uptime: up, measured: 100 },
  )
  assert.equal(of(() => 989_999).state, 'lost')
  assert.equal(of(() => 990_000).state, 'held')
  // One whole period of a hundred is exactly what 99 % leaves, two are more.
  assert.equal(of((back) => (back === 5 ? 0 : up)).state, 'held')
  const twice = of((back) => (back === 5 || back === 60 ? 0 : up))
  assert.deepEqual(twice, { state: 'lost', uptime: 980_000, measured: 100 })
  assert.equal(of((back) => (back === 25 || back === 60 ? 0 : up)).state, 'held')
  // Clean is what was measured to be so: to be seen by nobody does not bring a role back.
  assert.equal(of((back) => (back < 22 ? undefined : 0)).state, 'lost')
  assert.equal(of((back) => (back > 11 && back < 22 ? up : back < 22 ? undefined : 0)).state, 'held')
  // What came within the last period does not count yet: it may not have come to everybody.
  assert.equal(of((back) => (back < 2 ? 0 : up)).uptime, up)
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(up), { nil: undefined }), { maxLength: 110 }), (shares) => {
      const { uptime, measured } = of((back) => shares[back])
      assert.ok(measured <= 100 && (uptime ?? 0) <= up)
    }),
  )
})

test('[SW-SEC-3] whatever bytes come, every parser of roles gives what it means or a fault', () => {
  const keys = keysOf(3)
  const report = writeReport(keys, 7, [
    { operator: ids[4] as NodeId, asked: 9, answered: 9 },
    { operator: ids[1] as NodeId, asked: 3, answered: 0 },
  ])
  assert.deepEqual(verifyReport(report.bytes), report)
  const link = {
    ...{ period: 6, seed: new Uint8Array(32), before: new Uint8Array(32) },
    ...{ came: sortIds(ids.slice(0, 2)), gone: [operator] },
  }
  const messages: Message[] = [
    { kind: 'probe', nonce: 1 },
    { kind: 'here', nonce: 2 },
    { kind: 'look', nonce: 3, at: operator },
    { kind: 'saw', nonce: 4, isThere: true },
    { kind: 'have', isAnswer: false, held: [{ period: 4, tag: new Uint8Array(8) }] },
    { kind: 'reports', reports: [report.bytes] },
    { kind: 'past', hash: new Uint8Array(32) },
    { kind: 'links', hash: new Uint8Array(32), links: [link] },
  ]
  for (const message of messages) assert.deepEqual(parseMessage(encodeMessage(message)), message)
  const term = { period: 3, masters: ids.slice(0, 4) }
  const past = { kind: 'link', hash: new Uint8Array(32), link } as const
  assert.deepEqual(readKept(writeKept(past)), past)
  const kept = [
    writeKept(past),
    writeKept({ kind: 'term', term }),
    writeKept({ kind: 'report', bytes: report.bytes }),
  ]
  assert.deepEqual(readKept(kept[1] as Uint8Array), { kind: 'term', term })
  const whole = [...messages.map(encodeMessage), report.bytes, ...kept]
  survivesAnyBytes([parseMessage, parseReport, verifyReport, readKept], whole)
  assert.throws(() => parseMessage(new Uint8Array(1_000_000)), { code: 'limit.message' })
  assert.throws(() => parseReport(new Uint8Array(reportBytesMax + 1)), { code: 'limit.report' })
  const shape = { code: 'invalid.shape' }
  const row = { operator, asked: 3, answered: 4 }
  assert.throws(() => writeReport(keys, 1, [row]), shape)
  assert.throws(
    () =>
      writeReport(
        keys,
        1,
        [row, row].map((one) => ({ ...one, answered: 1 })),
      ),
    shape,
  )
  assert.ok(
    writeReport(
      keys,
      0xffff_ffff,
      ids.map((id) => ({ operator: id, asked: 4096, answered: 4096 })),
    ).bytes.length < 1_500,
  )
})

test('[SW-ROL-7] a record says what its Operator guarantees; without one it is the record that it always was', () => {
  const keys = keysOf(4)
  const plain = recordOf(keys, { roles: ['operator'] })
  const record = recordOf(keys, { roles: ['operator'], guarantee: 9_950 })
  assert.equal(parseRecord(record.bytes).guarantee, 9_950)
  assert.equal(parseRecord(plain.bytes).guarantee, undefined)
  assert.ok(!plain.bytes.toHex().includes(encodeCbor('guarantee').toHex()))
  for (const guarantee of [4_999, 10_000, 99.5])
    assert.throws(() => recordOf(keys, { roles: ['operator'], guarantee }), { code: 'invalid.shape' })
  assert.throws(() => recordOf(keys, { roles: ['relay'], guarantee: 9_900 }), { code: 'invalid.shape' })
})

test('[WX-L1-4] fitness is the mean of what is known of a node: what was not measured is left out, and more is never less', () => {
  const best = fitnessOf({ reach: 'reached', uptime: 1, latencyMs: 10, capacity: 15 })
  assert.equal(best.rate, 100)
  assert.equal(fitnessOf({ reach: 'unknown', uptime: 0.5, latencyMs: 900, capacity: 0 }).rate, 0)
  const plain = fitnessOf({ reach: 'reached', capacity: 0 })
  assert.equal(plain.rate, 75)
  assert.deepEqual(
    plain.parts.flatMap(({ of, points }) => (points === undefined ? [] : [of])),
    ['reach', 'capacity'],
  )
  const facts = fc.record({
    uptime: fc.double({ min: 0, max: 1, noNaN: true }),
    latencyMs: fc.nat(2_000),
    capacity: fc.nat(15),
  })
  fc.assert(
    fc.property(facts, facts, (a, b) => {
      const better = {
        uptime: Math.max(a.uptime, b.uptime),
        latencyMs: Math.min(a.latencyMs, b.latencyMs),
        capacity: Math.max(a.capacity, b.capacity),
      }
      const rate = (of: typeof a): number => fitnessOf({ reach: 'answering', ...of }).rate
      assert.ok(rate(better) >= rate(a) && rate(better) >= rate(b) && rate(better) <= 100 && rate(a) >= 0)
    }),
  )
})
