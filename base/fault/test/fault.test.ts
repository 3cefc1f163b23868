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

test('a fault is an error with a name, a stack, and facts even where none were given', () => {
  const fault = new Fault('limit.name', 'The name is too long. Shorten it.')
  assert.ok(fault instanceof Error)
  assert.equal(String(fault), 'Fault: The name is too long. Shorten it.')
  assert.match(fault.stack ?? '', /fault\.test/)
  assert.deepEqual(fault.data, {})
  assert.ok(!('cause' in fault), 'no cause is no cause, not one that is undefined')
})

test('whatever is thrown keeps its words and itself as the cause', () => {
  const thrown = [new TypeError('x is not a function'), 'text', undefined, null, 7]
  for (const cause of thrown) {
    const fault = asFault(cause)
    assert.equal(fault.code, 'internal.unexpected')
    const words = cause instanceof Error ? cause.message : String(cause)
    assert.equal(fault.message, `Something went wrong inside AnarQ: ${words}`)
    if (cause !== undefined) assert.equal(fault.cause, cause)
  }
  const abort = AbortSignal.abort().reason
  assert.equal(asFault(abort).cause, abort)
  assert.ok(!hasCode(undefined, 'internal'))
  assert.ok(!hasCode({ code: 'damaged.block' }, 'damaged'))
})

test('a failed outcome carries its fault whole', () => {
  const cause = new Error('disk says no')
  const outcome = failed('unavailable.disk', 'The disk did not answer.', { cause, data: { path: 'a' } })
  assert.ok(!outcome.ok)
  assert.deepEqual(
    [outcome.fault.code, outcome.fault.cause, outcome.fault.data],
    ['unavailable.disk', cause, { path: 'a' }],
  )
  assert.throws(
    () => unwrap(outcome),
    (error) => error === outcome.fault,
  )
  const nothing = ok(undefined)
  assert.ok(nothing.ok)
  assert.equal(unwrap(nothing), undefined)
})
