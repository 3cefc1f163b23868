import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { describeStatement, type PolicyStatement, readConditions, statementDepthMax } from '@anarq/qonsent'
import fc from 'fast-check'

const holds = (pol: unknown, args: unknown): boolean => readConditions(pol).firstUnmet(args) === undefined

// Examples of https://github.com/ucan-wg/delegation and of fixtures/1.0.0/policy.json in https://github.com/ucan-wg/spec.
const katie = { name: 'Katie', age: 35, nationalities: ['Canadian', 'South African'] }
const numbers = { a: [1, 2, { b: 3 }], b: 1 }
const mail = {
  from: 'alice@example.com',
  to: ['bob@example.com', 'carol@not.example.com', 'dan@example.com'],
  cc: ['fraud@example.com'],
  title: 'Coffee',
}
const glob = 'Alice\\*, Bob*, Carol.'

test('the specification’s statements that hold, hold', () => {
  for (const [args, ...statements] of [
    [
      numbers,
      ['==', '.a', [1, 2, { b: 3 }]],
      ['==', '.b', 1],
      ['!=', '.b', 'ddd'],
      ['!=', '.b', null],
      ['!=', '.b', { b: 3 }],
    ],
    [
      numbers,
      ['not', ['==', '.b', 2]],
      ['<', '.b', 2],
      ['>', '.b', 0.5],
      ['<=', '.b', 1],
      ['>=', '.b', 1],
      ['<', '.a[0]', 1.5],
    ],
    [
      katie,
      ['and', []],
      ['or', []],
      [
        'and',
        [
          ['==', '.name', 'Katie'],
          ['>=', '.age', 21],
        ],
      ],
    ],
    [
      katie,
      [
        'or',
        [
          ['==', '.name', 'Katie'],
          ['>', '.age', 45],
        ],
      ],
    ],
    [
      katie,
      [
        'not',
        [
          'and',
          [
            ['==', '.name', 'Katie'],
            ['==', '.nationalities', ['American']],
          ],
        ],
      ],
    ],
    [{ a: [{ b: 1 }, { b: 2 }, { z: [7, 8, 9] }] }, ['any', '.a', ['==', '.b', 2]]],
    [
      { newsletters: { x: { recipients: [{ email: 'b@example.com' }] } } },
      ['all', '.newsletters', ['any', '.recipients', ['==', '.email', 'b@example.com']]],
    ],
    [mail, ['==', '.from', 'alice@example.com'], ['any', '.to', ['like', '.', '*@example.com']]],
    [
      mail,
      ['==', '.to[1]', 'carol@not.example.com'],
      ['==', '.to[-1]', 'dan@example.com'],
      ['==', '.to[99]?', null],
    ],
    [
      mail,
      ['==', '.to[1:]', mail.to.slice(1)],
      ['==', '.to[0:-1]', mail.to.slice(0, -1)],
      ['==', '.to[:2]', mail.to.slice(0, 2)],
    ],
    [
      { 'odd name': 1, n: { x: 5 } },
      ['==', '.["odd name"]', 1],
      ['==', '.n["x"]', 5],
      ['==', '.nope???', null],
      ['all', '.n[]', ['==', '.', 5]],
    ],
    [{ b: Uint8Array.of(1, 140) }, ['==', '.b[1]', 140], ['==', '.b', Uint8Array.of(1, 140)]],
    ...[
      'Alice*, Bob, Carol.',
      'Alice*, Bob, Dan, Erin, Carol.',
      'Alice*, Bob  , Carol.',
      'Alice*, Bob*, Carol.',
    ].map((a) => [{ a }, ['like', '.a', glob]]),
  ] as const) {
    for (const statement of statements) assert.ok(holds([statement], args), JSON.stringify(statement))
  }
})

test('the specification’s statements that do not hold, do not', () => {
  for (const [args, statement] of [
    ...[
      'Alice*, Bob, Carol',
      'Alice*, Bob*, Carol!',
      'Alice, Bob, Carol.',
      'Alice Cooper, Bob, Carol.',
      ' Alice*, Bob, Carol. ',
    ].map((a) => [{ a }, ['like', '.a', glob]]),
    [
      katie,
      [
        'and',
        [
          ['==', '.name', 'Katie'],
          ['==', '.nationalities', ['American']],
        ],
      ],
    ],
    [{ a: [{ b: 1 }, { b: 2 }, { z: [7, 8, 9] }] }, ['all', '.a', ['>', '.b', 0]]],
    [{ to: ['carol@elsewhere.example.com'] }, ['any', '.to', ['like', '.', '*@example.com']]],
    [{ a: 'xay' }, ['like', '.a', 'x*y*y']],
    [numbers, ['==', '.a', [1, 2]]],
    [numbers, ['!=', '.b', 1]],
  ] as const) {
    assert.ok(!holds([statement], args), JSON.stringify(statement))
  }
})

test('what a request leaves out, or says in another kind, meets neither a condition nor its opposite', () => {
  const args = { purpose: 'art', price: '9', tags: [] }
  const conditions: PolicyStatement[] = [
    ['==', '.place', 'home'],
    ['!=', '.place', 'home'],
    ['==', '.place', null],
    ['<', '.price', 10],
    ['like', '.tags', '*'],
    ['all', '.purpose', ['==', '.', 'art']],
    ['all', '.place', ['==', '.', 'x']],
    ['==', '.place.town', 'x'],
    ['==', '.place.town?', null],
    ['==', '.__proto__', null],
    ['==', '.constructor', null],
  ]
  for (const condition of conditions) {
    assert.ok(!holds([condition], args), JSON.stringify(condition))
    assert.ok(!holds([['not', condition]], args), `not ${JSON.stringify(condition)}`)
    assert.ok(!holds([['not', ['and', [['==', '.purpose', 'art'], condition]]]], args))
    assert.ok(holds([['or', [condition, ['==', '.purpose', 'art']]]], args), 'another way still counts')
  }
  assert.ok(holds([['not', ['==', '.place?', 'home']]], args), 'an optional path says that absence is meant')
  assert.ok(!holds([['any', '.tags', ['==', '.', 'x']]], args), 'none of no tags fits')
  assert.ok(holds([['all', '.tags', ['==', '.', 'x']]], args))
})

test('unknown operators, wrong shapes and bad paths are refused when they are read', () => {
  for (const pol of [
    'x',
    [['~', '.a', 1]],
    [['==', '.a']],
    [['==', '.a', 1, 2]],
    [['==', 'a', 1]],
    [['==', '..a', 1]],
    [['==', '.a..b', 1]],
    [['==', '.a[', 1]],
    [['==', '["a"]', 1]],
    [['==', `.${'a'.repeat(300)}`, 1]],
    [['==', '.a'.repeat(17), 1]],
    [['==', 7, 1]],
    [['<', '.a', '1']],
    [['like', '.a', 1]],
    [['like', '.a', '*'.repeat(1000)]],
    [['not', []]],
    [['and', ['==', '.a', 1]]],
    [['and']],
    [[]],
    ['=='],
    [['all', '.a', [['==', '.', 1]]]],
  ]) {
    assert.throws(
      () => readConditions(pol),
      (error) => error instanceof Fault && error.code.startsWith('invalid.'),
      JSON.stringify(pol),
    )
  }
})

test('conditions nested too deep, and too many of them, are refused', () => {
  const nested = (depth: number): unknown => (depth === 1 ? ['==', '.a', 1] : ['not', nested(depth - 1)])
  readConditions([nested(statementDepthMax)])
  assert.throws(() => readConditions([nested(statementDepthMax + 1)]), { code: 'limit.policy' })
  readConditions(Array(64).fill(['==', '.a', 1]))
  assert.throws(() => readConditions(Array(65).fill(['==', '.a', 1])), { code: 'limit.policy' })
  assert.throws(() => readConditions([['and', Array(64).fill(['==', '.a', 1])]]), { code: 'limit.policy' })
})

test('conditions that would multiply over a large request stop, and then do not hold', () => {
  const wide = (depth: number): unknown => (depth === 0 ? 'x' : Array(40).fill(wide(depth - 1)))
  const deep = (depth: number): unknown => (depth === 0 ? ['==', '.', 'x'] : ['all', '.', deep(depth - 1)])
  assert.ok(holds([deep(2)], wide(2)))
  assert.ok(!holds([deep(4)], wide(4)))
})

test('a glob holds exactly when the regular expression that it means does', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\'), maxLength: 12 })
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (parts, value) => {
      const pattern = parts.map((part) => part.replace(/[*\\]/g, '\\$&')).join('*')
      const meant = new RegExp(`^${parts.map((part) => part.replace(/[*\\]/g, '\\$&')).join('.*')}$`, 's')
      assert.equal(
        holds([['like', '.a', pattern]], { a: value }),
        meant.test(value),
        `${pattern} on ${value}`,
      )
    }),
    { numRuns: 2000 },
  )
})

test('reading and asking never throw anything but a refusal, whatever is given', () => {
  const json = fc.jsonValue({ maxDepth: 4 })
  const statement = fc.tuple(
    fc.constantFrom('==', '!=', '<', 'like', 'and', 'or', 'not', 'all', 'any', '?'),
    fc.oneof(json, fc.constantFrom('.', '.a', '.a[0]?')),
    json,
  )
  fc.assert(
    fc.property(fc.oneof(json, fc.array(statement)), json, (pol, args) => {
      try {
        assert.equal(typeof holds(pol, args), 'boolean')
      } catch (error) {
        assert.ok(error instanceof Fault, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('a condition reads as a sentence', () => {
  for (const [statement, words] of [
    [['==', '.purpose', 'research'], 'purpose is "research"'],
    [['<=', '.price', 5], 'price is at most 5'],
    [
      [
        'any',
        '.tags',
        [
          'or',
          [
            ['==', '.', 'a'],
            ['like', '.', 'b*'],
          ],
        ],
      ],
      'one of tags: (it is "a" or it looks like "b*")',
    ],
    [['not', ['all', '.fields?', ['!=', '.', 'email']]], 'not each of fields: it is not "email"'],
  ] as const) {
    assert.equal(describeStatement(statement as PolicyStatement), words)
  }
})
