import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, type FaultCode } from '@anarq/fault'
import { faultOfError, faultOfProblem, problemOf, retryAfterOf } from '../src/problem.ts'

for (const [code, status] of [
  ['invalid.name', 400],
  ['invalid.method', 405],
  ['invalid.accept', 406],
  ['invalid.media-type', 415],
  ['invalid.range', 416],
  ['refused.unsigned', 401],
  ['refused.policy', 403],
  ['refused.locked', 423],
  ['missing.object', 404],
  ['missing.cached', 412],
  ['conflict.name', 409],
  ['limit.body', 413],
  ['limit.url', 414],
  ['limit.header', 431],
  ['limit.rate', 429],
  ['limit.loop', 429],
  ['damaged.chunk', 500],
  ['busy.home', 503],
  ['unavailable.disk', 503],
  ['unavailable.full', 507],
  ['cancelled.aborted', 499],
  ['internal.unexpected', 500],
] as const satisfies readonly (readonly [FaultCode, number])[]) {
  test(`${code} is answered with ${status}`, () => {
    const problem = problemOf(new Fault(code, 'What happened.'))
    assert.equal(problem.status, status)
    assert.equal(problem.code, code)
    assert.ok(problem.title.length > 2)
  })
}

test('a fault comes back from its problem with code and sentence', () => {
  const fault = new Fault('refused.lock', 'It has a second lock.')
  const back = faultOfProblem(JSON.parse(JSON.stringify(problemOf(fault))))
  assert.deepEqual([back.code, back.message], [fault.code, fault.message])
})

test('a defect of ours is not described to anybody', () => {
  const problem = problemOf(faultOfError(new TypeError('the key is 0xdeadbeef')))
  assert.equal(problem.code, 'internal.unexpected')
  assert.doesNotMatch(JSON.stringify(problem), /deadbeef/)
})

test('what is no problem of ours becomes no fault of ours', () => {
  for (const value of [
    undefined,
    null,
    'text',
    {},
    { code: 'root.access', detail: 'x' },
    { code: 'refused.x', detail: 1 },
    { code: 'refused.<b>', detail: 'x' },
  ]) {
    assert.equal(faultOfProblem(value).code, 'unavailable.node')
  }
})

test('a throttle says when to come back, in whole seconds', () => {
  assert.equal(retryAfterOf(new Fault('limit.rate', 'x', { data: { waitMs: 1500 } })), 2)
  assert.equal(retryAfterOf(new Fault('limit.rate', 'x', { data: { waitMs: 0 } })), 1)
  assert.equal(retryAfterOf(new Fault('limit.body', 'x')), undefined)
})
