import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Alert, evidenceOf, kindKey, readable, stepText } from '../ui/logic/alerts.ts'
import {
  actionKey,
  type Entry,
  knownActions,
  limits,
  matching,
  nextLimit,
  objectIn,
} from '../ui/logic/log.ts'

const entry = (part: Partial<Entry>): Entry => ({
  index: 0,
  atMs: 0,
  action: 'object.put',
  identity: 'did:x:ada',
  verdict: 'ok',
  details: {},
  ...part,
})

test('an act has words, and one that has none is shown as it is written', () => {
  assert.equal(actionKey('object.put'), 'action.object.put')
  assert.equal(actionKey('constructor'), undefined)
  assert.ok(knownActions.includes('grant.revoke'))
})

test('the log is searched by whatever an entry says, and by an id in all of it', () => {
  const all = [
    entry({ index: 1, code: 'refused.revoked', verdict: 'refused' }),
    entry({ index: 2, details: { grant: 'bafyGRANT' } }),
    entry({ index: 3, object: 'ab'.repeat(16) }),
  ]
  const found = (text: string) => matching(all, text).map(({ index }) => index)
  assert.deepEqual(found('REVOKED'), [1])
  assert.deepEqual(found('bafygrant'), [2])
  assert.deepEqual(found(' '), [1, 2, 3])
  assert.deepEqual(found('nothing like it'), [])
  assert.equal(objectIn(` ${'AB'.repeat(16)} `), 'ab'.repeat(16))
  assert.equal(objectIn('abab'), undefined)
})

test('older entries are asked for while there may be some, up to what one may ask for', () => {
  assert.equal(nextLimit(500, 499), undefined)
  assert.equal(nextLimit(500, 500), 2500)
  assert.equal(nextLimit(10_000, 10_000), undefined)
  assert.equal(limits.at(-1), 10_000)
})

test('[AQ-UI-14] the evidence of an alert is all that came with it, and nothing that did not', () => {
  const alert: Alert = {
    id: 'a',
    atMs: 0,
    kind: 'decoy',
    severity: 'critical',
    rule: 'decoy.touch',
    identity: 'did:x:eve',
    sentence: '',
    evidence: { hashes: ['aa'], counts: { refusals: 3 }, source: 'did:x:eve', method: 'open' },
  }
  assert.deepEqual(
    evidenceOf(alert).map(({ name, value }) => [typeof name === 'string' ? name : name.counted, value]),
    [
      ['evidence.rule', 'decoy.touch'],
      ['evidence.source', 'did:x:eve'],
      ['evidence.method', 'open'],
      ['evidence.hashes', 'aa'],
      ['refusals', '3'],
    ],
  )
  assert.equal(kindKey('decoy'), 'alert.decoy')
  assert.equal(kindKey('toString'), 'alert.other')
  assert.equal(
    stepText({ atMs: 0, kind: 'out', stage: 'delivered', object: '0123456789' }),
    'out · delivered · 01234567',
  )
})

test("the guardian's sentence is read with names, and ids are short", () => {
  const nameOf = (did: string) => (did === 'did:peer:4zQm-x' ? 'Eve' : did)
  assert.equal(
    readable(`did:peer:4zQm-x touched ${'ab'.repeat(16)} (open from did:peer:4zQm-x).`, nameOf),
    'Eve touched abababab… (open from Eve).',
  )
})
