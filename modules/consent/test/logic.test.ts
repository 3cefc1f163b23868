import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSay } from '@anarq/design/messages'
import { type Grant, groupsOf, shownOf, termsOf } from '../ui/logic/grants.ts'
import { type Entry, refusalsOf } from '../ui/logic/refusals.ts'
import { messages } from '../ui/messages/messages.ts'

const grant = (part: Partial<Grant>): Grant => ({
  id: 'g',
  direction: 'out',
  object: 'o1',
  kind: 'file',
  name: 'plan.txt',
  with: 'did:x:bob',
  rights: ['read'],
  issuedMs: 1,
  uses: 0,
  state: 'active',
  ...part,
})
const entry = (part: Partial<Entry>): Entry => ({
  index: 1,
  atMs: 1,
  action: 'decision.qnt.read',
  verdict: 'refused',
  details: { subject: 'did:x:bob' },
  ...part,
})

test('[AQ-QONSENT-13] every grant stands in one group by person and in one by file, what is in force first', () => {
  const all = [
    grant({ id: 'past', state: 'revoked', issuedMs: 9 }),
    grant({ id: 'new', issuedMs: 5 }),
    grant({ id: 'old', issuedMs: 2 }),
    grant({ id: 'cara', with: 'did:x:cara', object: 'o2', name: 'tax.pdf' }),
  ]
  const ids = (by: 'person' | 'file') =>
    groupsOf(all, by, (did) => did.slice(6)).map(({ title, grants }) => [title, grants.map(({ id }) => id)])
  assert.deepEqual(ids('person'), [
    ['bob', ['new', 'old', 'past']],
    ['cara', ['cara']],
  ])
  assert.deepEqual(ids('file'), [
    ['plan.txt', ['new', 'old', 'past']],
    ['tax.pdf', ['cara']],
  ])
})

test('in force and past are all of them, and no grant is both', () => {
  const all = (['active', 'expired', 'used-up', 'revoked'] as const).map((state) =>
    grant({ id: state, state }),
  )
  assert.deepEqual(shownOf(all, 'all'), all)
  assert.deepEqual([...shownOf(all, 'active'), ...shownOf(all, 'past')], all)
  assert.equal(shownOf(all, 'active').length, 1)
})

test('the terms say what may be done, until when, how often and what for', () => {
  const day = (ms: number) => `day ${ms}`
  const say = createSay(messages, 'en')
  assert.equal(
    termsOf(
      grant({ rights: ['read', 'write'], untilMs: 7, uses: 2, usesMax: 5, purpose: 'taxes' }),
      say,
      day,
      'en',
    ),
    'May open and change · since day 1 · until day 7 · 2 of 5 uses · for: taxes',
  )
  assert.equal(
    termsOf(grant({ uses: 1 }), createSay(messages, 'es'), day, 'es'),
    'Puede abrir · desde el day 1 · sin fin · usado una vez',
  )
})

test('refusals are told newest first with their reason; what was allowed, or speaks of nobody, is none', () => {
  const told = refusalsOf([
    entry({ index: 1, code: 'refused.revoked', object: 'o1' }),
    entry({ index: 4, action: 'decision.qnt.write', code: 'refused.strange' }),
    entry({ index: 3, verdict: 'ok' }),
    entry({ index: 2, details: {} }),
  ])
  assert.deepEqual(
    told.map(({ index, who, act, why }) => [index, who, act, why]),
    [
      [4, 'did:x:bob', 'act.write', 'why.other'],
      [1, 'did:x:bob', 'act.read', 'why.revoked'],
    ],
  )
})
