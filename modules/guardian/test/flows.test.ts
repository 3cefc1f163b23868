import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, type Flow, objectOf, reasonKey, stageKey, stateOf, stepsOf } from '../ui/logic/flows.ts'

const path = ['requested', 'signed', 'verified', 'decided', 'located', 'delivered']
const flow = (stages: readonly string[], part: Partial<Flow> = {}): Flow => ({
  id: 'f-1',
  kind: 'access',
  identity: 'did:x:ada',
  path,
  stages: stages.map((stage, at) => ({ stage, atMs: 1000 + at, bytes: 10 * at })),
  ...part,
})
const told = (one: Flow): string[] => stepsOf(one).map(({ is }) => is)

test('a flow that runs shows what is behind it, where it is, and what is to come', () => {
  assert.deepEqual(told(flow(['requested', 'signed'])), ['done', 'done', 'now', 'next', 'next', 'next'])
  assert.deepEqual(told(flow(path, { ended: { verdict: 'ok' } })), Array(6).fill('done'))
})

test('one that was refused shows where it was stopped, and one that read nothing is spared the rest', () => {
  const ended = { verdict: 'refused' as const, code: 'refused.revoked' }
  assert.deepEqual(told(flow(path.slice(0, 4), { ended })).slice(3), ['done', 'stopped', 'spared'])
  assert.deepEqual(told(flow(path.slice(0, 4), { ended: { verdict: 'ok' } })), Array(4).fill('done'))
  assert.equal(objectOf({ object: '0'.repeat(32) }), undefined)
  assert.equal(objectOf({ object: 'ab'.repeat(16) }), 'abababababab')
})

test('a flow out whose access was a flow of its own begins after it', () => {
  const steps = stepsOf(flow(['located'], { kind: 'out' }))
  assert.deepEqual(steps, [
    { stage: 'located', is: 'done' },
    { stage: 'delivered', is: 'now' },
  ])
})

test('what says nothing for a while waits, and what ended did not', () => {
  assert.equal(stateOf(flow(['requested']), 2000), 'running')
  assert.equal(stateOf(flow(['requested']), 60_000), 'quiet')
  assert.equal(stateOf(flow(['requested'], { ended: { verdict: 'failed' } }), 60_000), 'failed')
  assert.equal(bytesOf(flow(['requested', 'signed'])), 10)
  assert.equal(bytesOf({ stages: [{ stage: 'requested', atMs: 1 }] }), undefined)
})

test('stages and reasons have words; one that has none is told as it is', () => {
  for (const stage of path) assert.ok(stageKey(stage) !== undefined, stage)
  assert.equal(stageKey('toString'), undefined)
  assert.equal(reasonKey('decoy'), 'alert.decoy')
  assert.equal(reasonKey('constructor'), 'alert.other')
})
