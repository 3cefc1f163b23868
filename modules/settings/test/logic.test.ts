import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesIn, gigabytes } from '@anarq/bytes'
import { fullnessOf } from '../ui/logic/quota.ts'
import { backupName, unlikeIn, verdictOf } from '../ui/logic/verdict.ts'

const gibibyte = 1024 ** 3

test('a quota is typed in GB, with a comma or a point, and what is no size is none', () => {
  assert.equal(bytesIn(' 50 '), 50 * gibibyte)
  assert.equal(bytesIn('0,5'), gibibyte / 2)
  assert.equal(bytesIn(gigabytes(1.25 * gibibyte)), 1.25 * gibibyte)
  for (const wrong of ['', '0', '-1', 'ten', '1e3', '0.0001', '99999999'])
    assert.equal(bytesIn(wrong), undefined)
})

test('the meter is of the quota, or of the disk where that ends before it', () => {
  const room = { storedBytes: 50, freeBytes: 50 }
  assert.deepEqual(fullnessOf(room), { used: 50, of: 100, part: 0.5, tone: 'accent' })
  assert.equal(fullnessOf({ ...room, quotaBytes: 60 })?.tone, 'warning')
  assert.deepEqual(fullnessOf({ ...room, quotaBytes: 40 }), { used: 50, of: 40, part: 1, tone: 'danger' })
  assert.equal(fullnessOf({ ...room, quotaBytes: 1000 })?.of, 100)
  assert.equal(fullnessOf({ storedBytes: 50 }), undefined)
})

test('a drill ends in one word: what is broken or lacking comes before what is merely old', () => {
  const none = { added: 0, changed: 0, gone: 0, ofApps: 0, permissions: 0 }
  const good = { isOurs: true, brokenFiles: 0, identities: 2, identitiesHere: 2, since: none }
  const behind = { ...good, since: { ...none, changed: 2 } }
  assert.equal(verdictOf(good), 'good')
  assert.equal(verdictOf(behind), 'behind')
  assert.equal(verdictOf({ ...behind, identitiesHere: 3 }), 'lacking')
  assert.equal(verdictOf({ ...behind, brokenFiles: 1 }), 'broken')
  assert.equal(verdictOf({ ...good, isOurs: false }), 'others')
})

test('no file is another where only windows were moved, something was deleted or taken back; that is said beside', () => {
  const since = { added: 0, changed: 0, gone: 1, ofApps: 9, permissions: 2 }
  const drilled = { isOurs: true, brokenFiles: 0, identities: 1, identitiesHere: 1, since }
  assert.equal(verdictOf(drilled), 'good')
  assert.deepEqual(unlikeIn(since), [
    { what: 'gone', count: 1 },
    { what: 'permissions', count: 2 },
    { what: 'ofApps', count: 9 },
  ])
})

test('a backup is saved under the day on which it was made', () => {
  assert.equal(backupName(new Date(2026, 0, 5, 23).getTime()), 'anarq-2026-01-05.car')
})
