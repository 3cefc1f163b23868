import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCedar } from '@anarq/cedar'
import { defaultInPolicy, defaultOutPolicy, ecosystemPolicy, type PolicyRequest } from '@anarq/qonsent'
import { engine } from '../src/engine.ts'
import { ownRules, parseRules } from '../src/rules.ts'
import { statementsOf } from '../src/statements.ts'

const permitAll = '@id("all") permit (principal, action, resource);'

function question(tag: string): PolicyRequest {
  return {
    sets: ['in'],
    subject: { did: 'did:peer:4zbob', attributes: { status: 'active', kind: 'sub' } },
    action: '/qnt/read',
    object: { id: '00', owner: 'did:peer:4zalice', folders: [], attributes: { tags: [tag] } },
    context: { delegated: true, direction: 'in', asker: 'did:peer:4zbob', nowMs: 1 },
  }
}

test('ten thousand decisions leave nothing behind: each answer depends on its question alone', () => {
  using policies = createCedar()
  policies.load('in', [
    permitAll,
    '@id("no") forbid (principal, action, resource) when { resource.tags.contains("no") };',
  ])
  for (let at = 0; at < 10_000; at += 1) {
    const { verdict, reasons } = policies.isAllowed(question(at % 3 === 0 ? 'no' : 'yes'))
    assert.equal(verdict, at % 3 === 0 ? 'deny' : 'allow')
    assert.equal(reasons[0]?.id, at % 3 === 0 ? 'no' : 'all')
  }
})

test('a hundred owners open and closed leave no names behind in the engine', () => {
  const first = createCedar()
  first.load('in', [permitAll])
  first.isAllowed(question('x'))
  first[Symbol.dispose]()
  const name = engine.takeName()
  engine.giveBack(name)
  for (let at = 0; at < 100; at += 1) {
    using policies = createCedar()
    policies.load('in', [permitAll])
    assert.equal(policies.isAllowed(question('x')).verdict, 'allow')
  }
  assert.equal(engine.takeName(), name)
  engine.giveBack(name)
})

test('rules that a closed owner left are not in force for the next who gets the name', () => {
  const first = createCedar()
  first.load('in', [permitAll])
  assert.equal(first.isAllowed(question('x')).verdict, 'allow')
  first[Symbol.dispose]()
  using second = createCedar()
  second.load('in', ['nonsense'])
  assert.equal(second.isAllowed(question('x')).verdict, 'deny')
  second.load('in', [])
  assert.equal(second.isAllowed(question('x')).verdict, 'deny')
})

test('a call that overruns the engine ends that call only: every set is parsed again and answers as before', () => {
  using policies = createCedar()
  policies.load('in', [permitAll])
  assert.equal(policies.isAllowed(question('x')).verdict, 'allow')
  const before = engine.generation()
  const deep = `@id("a") permit (principal, action, resource) when { 1${'+1'.repeat(20_000)} == 1 };`
  assert.throws(() => engine.call((cedar) => cedar.policyToJson(deep)), { code: 'limit.policy' })
  assert.equal(engine.generation(), before + 1)
  assert.equal(policies.isAllowed(question('x')).verdict, 'allow')
})

test('the most complex rules that are accepted can be parsed, checked and evaluated', () => {
  using policies = createCedar()
  const before = engine.generation()
  for (const body of [
    Array(1800).fill('true').join(' && '),
    Array(1800).fill('false').join(' || '),
    `1${'+1'.repeat(230)} == 1`,
    `1${'*1'.repeat(230)} == 1`,
    `${'('.repeat(76)}true${')'.repeat(76)}`,
    `${'(1+1+1+1+'.repeat(32)}1${')'.repeat(32)} == 1`,
    `${'if false then true else '.repeat(230)}true`,
    `${'{a:'.repeat(76)}1${'}'.repeat(76)} == {a: 1}`,
    `${'!('.repeat(56)}true${')'.repeat(56)}`,
    `context has a${'.a'.repeat(230)}`,
    `[${Array(9000).fill('"x"').join(',')}].contains("y")`,
  ]) {
    const text = `@id("a") permit (principal, action, resource) when { ${body} };`
    const checked = policies.check(text)
    if (!checked.ok) assert.equal(checked.fault.code, 'invalid.policy', 'not for its complexity')
    policies.load('in', [text])
    assert.deepEqual(policies.isAllowed(question('x')).errors, [], text.slice(0, 100))
  }
  assert.equal(engine.generation(), before)
})

test('brackets, semicolons and rules inside strings and comments are read as what they are', () => {
  using policies = createCedar()
  const text = `// permit (principal; ${'('.repeat(500)}
@id("a") // ; "
@sentence("One; two (three \\" ${'{'.repeat(200)}")
forbid (principal, action, resource)
when { resource.tags.contains("x;y") };
@id("b")
permit (principal, action, resource);
// the end`
  const checked = policies.check(text)
  assert.ok(checked.ok, checked.ok ? '' : checked.fault.message)
  assert.deepEqual(
    checked.value.map(({ id, line }) => [id, line]),
    [
      ['a', 2],
      ['b', 6],
    ],
  )
  policies.load('in', [text])
  assert.deepEqual(policies.isAllowed(question('x;y')).reasons, [{ set: 'in', id: 'a' }])
  assert.deepEqual(policies.isAllowed(question('x')).reasons, [{ set: 'in', id: 'b' }])
})

test('what the default rules are called is known without Cedar, and is what Cedar reads', () => {
  for (const text of [ecosystemPolicy, defaultInPolicy, defaultOutPolicy]) {
    const statements = statementsOf(text)
    assert.deepEqual(parseRules(text, statements), { ok: true, value: ownRules(statements) })
  }
})

test('rules keep their order however many there are', () => {
  using policies = createCedar()
  const ids = Array.from({ length: 120 }, (_, at) => `r${at}`)
  policies.load('in', [ids.map((id) => `@id("${id}") permit (principal, action, resource);`).join('\n')])
  assert.deepEqual(
    policies.rules('in').map(({ id }) => id),
    ids,
  )
  assert.equal(policies.isAllowed(question('x')).reasons.length, 120)
})

test('an entity that an asker spells in a value is a refusal, not an entity', () => {
  using policies = createCedar()
  policies.load('in', [permitAll])
  const forged = { ...question('x'), context: { owner: { __entity: 'Identity' } } }
  assert.equal(policies.isAllowed(forged).verdict, 'deny')
  const plain = { ...question('x'), context: { owner: { type: 'Identity', id: 'did:peer:4zalice' } } }
  assert.equal(policies.isAllowed(plain).verdict, 'allow')
})

test('what was answered of one object is the answer for another only where no rule can tell them apart', () => {
  const of = (id: string): PolicyRequest => ({ ...question('x'), object: { ...question('x').object, id } })
  const verdicts = (rules: readonly string[]): string[] => {
    using policies = createCedar()
    policies.load('in', [permitAll, ...rules])
    return ['00', '01', '00'].map((id) => policies.isAllowed(of(id)).verdict)
  }
  assert.deepEqual(verdicts([]), ['allow', 'allow', 'allow'])
  const spellings = ['Object::"01"', 'Object :: "01"', 'Object // its name\n::"01"', 'Object::"\\u{30}1"']
  for (const spelling of spellings)
    assert.deepEqual(
      verdicts([`@id("one") forbid (principal, action, resource) when { resource == ${spelling} };`]),
      ['allow', 'deny', 'allow'],
      spelling,
    )
})

test('a change of the rules is in force for the next question, whatever was answered before', () => {
  using policies = createCedar()
  policies.load('in', [permitAll])
  assert.equal(policies.isAllowed(question('x')).verdict, 'allow')
  policies.load('in', [permitAll, '@id("no") forbid (principal, action, resource);'])
  assert.equal(policies.isAllowed(question('x')).verdict, 'deny')
})
