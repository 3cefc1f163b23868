import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSay } from '@anarq/design/messages'
import fc from 'fast-check'
import { birthIn, everyDay, fileNameOf, hoursIn } from '../ui/logic/child-form.ts'
import { childStateOf } from '../ui/logic/child-state.ts'
import { doingsOf, inOrder, type KnownIdentity } from '../ui/logic/kinds.ts'
import { factsOfLimits } from '../ui/logic/limits.ts'
import { lastDrill, missingOf, noWords, phraseOf, spread, wordsCount } from '../ui/logic/words.ts'
import { messages } from '../ui/messages/messages.ts'

const one = (part: Partial<KnownIdentity>): KnownIdentity => ({
  did: 'did:x:1',
  name: 'Ada',
  kind: 'sub',
  status: 'active',
  isCurrent: false,
  createdMs: 1,
  ...part,
})

test('pasting all words into the first field fills the 24, and typing one changes one', () => {
  const pasted = Array.from({ length: wordsCount }, (_, i) => `Word${i}`).join(' \n ')
  const words = spread(noWords, 0, pasted)
  assert.equal(missingOf(words), 0)
  assert.equal(phraseOf(words).split(' ').length, wordsCount)
  assert.equal(words[23], 'word23')
  assert.deepEqual(spread(words, 5, 'Other'), words.with(5, 'other'))
})

test('whatever is typed, there are 24 fields, and those before it stay as they were', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: wordsCount - 1 }), (typed, index) => {
      const start = noWords.map((_, i) => `w${i}`)
      const words = spread(start, index, typed)
      assert.equal(words.length, wordsCount)
      assert.deepEqual(words.slice(0, index), start.slice(0, index))
      assert.ok(words.every((word) => !/\s/.test(word)))
    }),
  )
})

test('the last drill that went right is said, and a wrong try that came after it', () => {
  const drill = (atMs: number, verdict: string) => ({ atMs, verdict })
  assert.deepEqual(lastDrill([]), {})
  assert.deepEqual(lastDrill([drill(3, 'ok'), drill(2, 'refused')]), { rightMs: 3 })
  assert.deepEqual(lastDrill([drill(3, 'refused'), drill(2, 'ok')]), { rightMs: 2, wrongMs: 3 })
  assert.deepEqual(lastDrill([drill(3, 'refused')]), { wrongMs: 3 })
})

test('the root comes first and what was revoked last', () => {
  const all = [
    one({ did: 'old', status: 'revoked', kind: 'sub' }),
    one({ did: 'anonymous', kind: 'anonymous' }),
    one({ did: 'later', createdMs: 9 }),
    one({ did: 'earlier', createdMs: 2 }),
    one({ did: 'root', kind: 'root' }),
  ]
  assert.deepEqual(
    inOrder(all).map(({ did }) => did),
    ['root', 'earlier', 'later', 'anonymous', 'old'],
  )
})

test('nothing is offered that the node would refuse', () => {
  assert.deepEqual(doingsOf(one({ kind: 'root', isCurrent: true })), {
    canUse: false,
    canRotate: true,
    keepsAddress: true,
    keptBy: 'root',
  })
  assert.deepEqual(doingsOf(one({ status: 'revoked' })), {
    canUse: false,
    canRotate: false,
    keepsAddress: false,
    keptBy: 'revoked',
  })
  assert.equal(doingsOf(one({ kind: 'child', child: { side: 'guardian' } })).canUse, false)
  assert.equal(doingsOf(one({ kind: 'child', child: { side: 'child' } })).keptBy, 'child')
  assert.equal(doingsOf(one({})).keptBy, undefined)
})

test('[AQ-UI-3] the limits of a child are facts: an absent list is no limit, an empty one allows nothing', () => {
  const say = createSay(messages, 'en')
  const facts = (limits: Parameters<typeof factsOfLimits>[0]) =>
    Object.fromEntries(factsOfLimits(limits, say, 'en').map(({ name, value }) => [name, value]))
  assert.deepEqual(facts({ age: 9, sharing: 'ask' }), {
    'limit.age': '9',
    'limit.sharing': 'You are asked first',
    'limit.contacts': 'Any',
    'limit.modules': 'Any',
    'limit.hours': 'Any',
    'limit.spend': 'Any',
  })
  const narrow = facts({
    age: 9,
    sharing: 'deny',
    contacts: [],
    modules: [],
    spendMax: 5,
    hours: [{ days: [1, 0], fromMinute: 425, toMinute: 1200 }],
  })
  assert.equal(narrow['limit.contacts'], 'None')
  assert.equal(narrow['limit.modules'], 'None')
  assert.equal(narrow['limit.hours'], 'Mon, Sun 07:05–20:00')
  assert.equal(narrow['limit.spend'], '5 units')
})

test('a day of birth is a day that has passed, and hours are one window of the day', () => {
  const nowMs = Date.UTC(2026, 10, 28, 12)
  assert.equal(birthIn('2016-02-29', nowMs), Date.UTC(2016, 1, 29))
  for (const wrong of ['2015-02-29', '2027-01-01', '28.11.2015', '', '2026-11-28'])
    assert.equal(birthIn(wrong, nowMs), undefined, wrong)
  assert.deepEqual(hoursIn('7:30 - 20:00'), [{ days: everyDay, fromMinute: 450, toMinute: 1200 }])
  assert.equal(hoursIn('  '), null)
  for (const wrong of ['7-8', '20:00-07:00', '07:60-08:00', '07:00-24:30', 'always'])
    assert.equal(hoursIn(wrong), undefined, wrong)
  assert.equal(fileNameOf('Ana María / hija', 'share'), 'Ana-María-hija.share')
  assert.equal(fileNameOf('…', 'share'), 'child.share')
})

test('a child stands in one of five places, and its majority comes before a week that ended', () => {
  const day = 24 * 60 * 60 * 1000
  const minor = { stage: 'minor', majorityMs: 1000 * day, delegatedUntilMs: 10 * day } as const
  assert.equal(childStateOf(minor, 0), 'acting')
  assert.equal(childStateOf(minor, 9 * day), 'soon')
  assert.equal(childStateOf(minor, 10 * day), 'lapsed')
  assert.equal(childStateOf(minor, 1000 * day), 'of-age')
  assert.equal(childStateOf({ ...minor, stage: 'adult' }, 2000 * day), 'adult')
})
