import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asFault, Fault, failed, hasCode, kindOf, ok, unwrap } from '@anarq/fault'

test('a fault keeps its code, its facts and its cause', () => {
  const cause = new Error('disk says no')
  const fault = new Fault('unavailable.disk', 'The disk did not answer.', { cause, data: { path: 'a' } })
  assert.equal(kindOf(fault), 'unavailable')
  assert.equal(fault.cause, cause)
  assert.deepEqual(fault.data, { path: 'a' })
})

test('a code is matched whole or by its kind, never by a part of a word', () => {
  const fault = new Fault('damaged.block', 'A block is damaged.')
  assert.ok(hasCode(fault, 'damaged'))
  assert.ok(hasCode(fault, 'damaged.block'))
  assert.ok(!hasCode(fault, 'damaged.blo'))
  assert.ok(!hasCode(new Error('damaged.block'), 'damaged'))
})

test('what was thrown becomes a fault: ours as it is, an abort as cancelled, the rest as internal', () => {
  const ours = new Fault('missing.object', 'No such object.')
  assert.equal(asFault(ours), ours)
  assert.equal(asFault(new DOMException('x', 'AbortError')).code, 'cancelled.aborted')
  assert.equal(asFault('text').code, 'internal.unexpected')
})

test('an outcome gives its value or throws its fault', () => {
  assert.equal(unwrap(ok(3)), 3)
  assert.throws(() => unwrap(failed('missing.object', 'No such object.')), { code: 'missing.object' })
})
