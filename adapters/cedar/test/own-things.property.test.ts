/** What is answered without Cedar is what Cedar answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCedar } from '@anarq/cedar'
import { defaultTexts, type PolicyAnswer, type PolicyRequest, type PolicySetName } from '@anarq/qonsent'
import fc from 'fast-check'
import { answerAboutOwnThings, isOurs } from '../src/own-things.ts'

const did = fc.constantFrom('did:peer:4zalice', 'did:peer:4zalice', 'did:peer:4zalice', 'did:peer:4zbob')
const words = fc.array(fc.constantFrom('read', 'write', 'share', 'care', 'did:peer:4zalice'), {
  maxLength: 3,
})
const time = fc.integer({ min: 0, max: 2 ** 52 })

const child = fc.record(
  {
    mayAct: fc.boolean(),
    mayShare: fc.boolean(),
    age: fc.nat(20),
    modules: words,
    contacts: words,
    spendLeft: fc.nat(9),
  },
  { requiredKeys: ['mayAct'] },
)
const terms = fc.record(
  { rights: words, purposes: words, audience: words, fromMs: time, expiresMs: time },
  { requiredKeys: ['rights'] },
)
const rare = <T>(values: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values })

const request: fc.Arbitrary<PolicyRequest> = fc
  .record({
    sets: fc.constantFrom<PolicySetName[]>(
      ['ecosystem', 'in'],
      ['ecosystem', 'out'],
      ['ecosystem', 'in', 'out'],
      ['in'],
    ),
    subject: did,
    owner: did,
    status: fc.constantFrom('active', 'active', 'active', 'revoked', 'unknown'),
    action: fc.constantFrom('/qnt/read', '/qnt/write', '/qnt/share/link', '/qnt/read/facts', '/app/run'),
    id: fc.stringMatching(/^[0-9a-f]{2,8}$/),
    folders: fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{2,8}$/), { maxLength: 3 }),
    attributes: fc.record(
      { tags: words, class: fc.string(), type: fc.string(), ageFrom: fc.nat(21), terms },
      { requiredKeys: ['tags'] },
    ),
    delegated: fc.constantFrom(false, false, false, true),
    nowMs: time,
    more: fc.record(
      { purpose: fc.string(), counterparty: did, module: fc.string(), price: fc.nat(20) },
      { requiredKeys: [] },
    ),
    child: rare(child),
    ownerChild: rare(child),
  })
  .map(
    ({
      sets,
      subject,
      owner,
      status,
      action,
      id,
      folders,
      attributes,
      delegated,
      nowMs,
      more,
      ...children
    }) => ({
      sets,
      subject: { did: subject, attributes: { status, kind: 'root' } },
      action: action as PolicyRequest['action'],
      object: { id, owner, folders, attributes },
      context: {
        delegated,
        direction: 'in',
        asker: subject,
        nowMs,
        ...more,
        ...(children.child === undefined ? {} : { child: children.child }),
        ...(children.ownerChild === undefined ? {} : { ownerChild: children.ownerChild }),
      },
    }),
  )

/** Reasons come in any order. */
function plainly({ reasons, ...answer }: PolicyAnswer): unknown {
  return { ...answer, reasons: reasons.map(({ set, id }) => `${set} ${id}`).sort() }
}

test('AQ-QONSENT-3: whatever is answered about own things without Cedar, Cedar answers the same', () => {
  // A text more, without a rule in it: the same rules, and Cedar is asked.
  using cedar = createCedar()
  for (const [set, text] of Object.entries(defaultTexts))
    cedar.load(set as PolicySetName, [text, '// no rule'])
  assert.equal(isOurs('in', [defaultTexts.in, '// no rule']), false)
  let answered = 0
  fc.assert(
    fc.property(request, (asked) => {
      const plain = answerAboutOwnThings(asked)
      if (plain === undefined) return
      answered += 1
      assert.deepEqual(plainly(plain), plainly(cedar.isAllowed(asked)))
    }),
    { numRuns: 4000 },
  )
  assert.ok(answered > 400, `${answered} of them were about own things`)
})

test('AQ-QONSENT-10: with a rule more, or one text changed, Cedar is asked about own things too', () => {
  const forbid = '@id("my.none") forbid (principal, action, resource);'
  const [asked] = fc.sample(
    request.filter((one) => one.sets.length === 2 && answerAboutOwnThings(one) !== undefined),
    1,
  )
  for (const set of asked?.sets ?? []) {
    using cedar = createCedar()
    for (const [name, text] of Object.entries(defaultTexts)) cedar.load(name as PolicySetName, [text])
    assert.equal(cedar.isAllowed(asked as PolicyRequest).verdict, 'allow')
    for (const texts of [[defaultTexts[set], forbid], [forbid], [`${defaultTexts[set]}\n${forbid}`], []]) {
      cedar.load(set, texts)
      assert.equal(cedar.isAllowed(asked as PolicyRequest).verdict, 'deny')
    }
  }
})
