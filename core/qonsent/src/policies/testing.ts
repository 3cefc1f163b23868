import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  defaultInPolicy,
  defaultOutPolicy,
  ecosystemPolicy,
  type Policies,
  type PolicyAnswer,
  type PolicyRequest,
  type PolicyRule,
  type RuleName,
} from '../index.ts'

type Opened = { policies: Policies; close(): Promise<void> }

const alice = 'did:peer:4zAlice'
const bob = 'did:peer:4zBob'

/** What every policy engine does. */
export function testPolicies(name: string, open: () => Promise<Opened>): void {
  const claim = claims(name, open)

  claim('AQ-QONSENT-3: a set without rules denies, and names no rule', ({ policies }) => {
    policies.load('in', [])
    assert.deepEqual(policies.isAllowed(question({})), {
      verdict: 'deny',
      reasons: [],
      silent: ['in'],
      errors: [],
    })
  })

  claim('a set that was never loaded denies', ({ policies }) => {
    assert.equal(policies.isAllowed(question({})).verdict, 'deny')
  })

  claim(
    'the default sets let the owner and the holder of a permission through, and nobody else',
    ({ policies }) => {
      policies.load('ecosystem', [ecosystemPolicy])
      policies.load('in', [defaultInPolicy])
      policies.load('out', [defaultOutPolicy])
      for (const [set, owner, permission] of [
        ['ecosystem', 'ecosystem.base', 'ecosystem.base'],
        ['in', 'in.owner', 'in.permission'],
        ['out', 'out.owner', 'out.permission'],
      ] as const) {
        const own = policies.isAllowed(question({ sets: [set], subject: alice }))
        assert.deepEqual(own, allowedBy({ set, id: owner }), set)
        const held = policies.isAllowed(question({ sets: [set], context: { delegated: true } }))
        assert.deepEqual(held, allowedBy({ set, id: permission }), set)
      }
      assert.equal(policies.isAllowed(question({ sets: ['in'] })).verdict, 'deny')
      assert.equal(policies.isAllowed(question({ sets: ['out'] })).verdict, 'deny')
    },
  )

  claim('a forbid wins over every permit and is the only reason', ({ policies }) => {
    policies.load('in', [permitAll, forbidTag('my.medical', 'medical')])
    assert.equal(policies.isAllowed(question({ tags: ['music'] })).verdict, 'allow')
    const answer = policies.isAllowed(question({ tags: ['music', 'medical'] }))
    assert.deepEqual(answer, forbiddenBy({ set: 'in', id: 'my.medical' }))
  })

  claim('AQ-VIS-7: a rule that changes counts for the next question', ({ policies }) => {
    policies.load('in', [permitAll])
    assert.equal(policies.isAllowed(question({})).verdict, 'allow')
    policies.load('in', [permitAll, forbidTag('my.none', 'music')])
    assert.equal(policies.isAllowed(question({ tags: ['music'] })).verdict, 'deny')
    policies.load('in', [permitAll])
    assert.equal(policies.isAllowed(question({ tags: ['music'] })).verdict, 'allow')
  })

  claim('each set has its own rules', ({ policies }) => {
    policies.load('in', [permitAll])
    policies.load('out', [forbidTag('my.none', 'music')])
    assert.equal(policies.isAllowed(question({ sets: ['in'] })).verdict, 'allow')
    assert.equal(policies.isAllowed(question({ sets: ['out'] })).verdict, 'deny')
  })

  claim(
    'AQ-QONSENT-14: every set must allow, and a forbid of any is the reason, whichever set it is in',
    ({ policies }) => {
      const sets = ['ecosystem', 'in', 'out'] as const
      for (const set of sets) policies.load(set, [permitAll])
      const allowed = policies.isAllowed(question({ sets }))
      assert.equal(allowed.verdict, 'allow')
      assert.deepEqual(
        allowed.reasons.map(({ set, id }) => `${set} ${id}`).sort(),
        sets.map((set) => `${set} my.all`),
      )
      for (const set of sets) {
        policies.load(set, [])
        const silent = policies.isAllowed(question({ sets }))
        assert.deepEqual(silent, { verdict: 'deny', reasons: [], silent: [set], errors: [] })
        policies.load(set, [permitAll, forbidTag('no', 'x')])
        assert.deepEqual(policies.isAllowed(question({ sets, tags: ['x'] })), forbiddenBy({ set, id: 'no' }))
        policies.load(set, [permitAll])
      }
    },
  )

  claim('actions and folders are trees: a rule for the upper one counts below it', ({ policies }) => {
    policies.load('in', [
      permitAll,
      '@id("a") forbid (principal, action in Action::"/qnt/share", resource);',
      '@id("f") forbid (principal, action, resource in Folder::"f0");',
    ])
    const denied = (parts: Parts): readonly string[] =>
      policies.isAllowed(question(parts)).reasons.map(({ id }) => id)
    assert.deepEqual(denied({ action: '/qnt/share/link' }), ['a'])
    assert.deepEqual(denied({ action: '/qnt/shareholders' }), ['my.all'])
    assert.deepEqual(denied({ folders: ['f1', 'f0'] }), ['f'])
  })

  claim('check gives the rules with effect, sentence and line', ({ policies }) => {
    const text = `// mine\n${forbidTag('my.medical', 'medical')}\n\n@id("b")\npermit (principal, action, resource);\n`
    const checked = policies.check(text)
    assert.ok(checked.ok)
    const expected: PolicyRule[] = [
      { id: 'my.medical', effect: 'forbid', sentence: 'Nothing tagged medical.', line: 2 },
      { id: 'b', effect: 'permit', sentence: 'b', line: 7 },
    ]
    assert.deepEqual(checked.value, expected)
    policies.load('in', [text])
    assert.deepEqual(policies.rules('in'), expected)
  })

  claim('a text that cannot be a set is refused with the line', ({ policies }) => {
    for (const [text, code, line] of [
      ['\n\n@id("a")\npermitt (principal, action, resource);', 'invalid.policy', 4],
      [`${permitAll}\n\npermit (principal, action, resource);`, 'invalid.policy', 4],
      [
        '@id("a") permit (principal, action, resource);\n@id("a") forbid (principal, action, resource);',
        'invalid.policy',
        2,
      ],
      ['@id("a b") permit (principal, action, resource);', 'invalid.policy', 1],
      ['@id("a")\npermit (principal == ?principal, action, resource);', 'invalid.policy', 1],
      [
        `@id("a")\npermit (principal, action, resource) when {${'('.repeat(5000)}true${')'.repeat(5000)}};`,
        'limit.policy',
        2,
      ],
      [
        `@id("a")\npermit (principal, action, resource) when { ${'true && '.repeat(5000)} true };`,
        'limit.policy',
        2,
      ],
    ] as const) {
      const checked = policies.check(text)
      assert.ok(!checked.ok, text.slice(0, 60))
      assert.equal(checked.fault.code, code, text.slice(0, 60))
      assert.equal(checked.fault.data.line, line, text.slice(0, 60))
      assert.match(checked.fault.message, new RegExp(`^Line ${line}: .+\\.`), text.slice(0, 60))
    }
    assert.ok(policies.check(permitAll).ok, 'a refused text harms no later one')
  })

  claim('texts and rules are counted', ({ policies }) => {
    const long = `// ${'x'.repeat(70_000)}`
    const many = Array.from({ length: 300 }, (_, at) => `@id("r${at}") permit (principal, action, resource);`)
    for (const text of [long, many.join('\n')]) {
      const checked = policies.check(text)
      assert.ok(!checked.ok)
      assert.equal(checked.fault.code, 'limit.policy')
    }
  })

  claim('a set that cannot be read denies everything and says why, until it is replaced', ({ policies }) => {
    policies.load('in', [permitAll, 'nonsense'])
    const answer = policies.isAllowed(question({ subject: alice }))
    assert.equal(answer.verdict, 'deny')
    assert.equal(answer.errors.length, 1)
    assert.deepEqual(policies.rules('in'), [])
    policies.load('in', [permitAll])
    assert.equal(policies.isAllowed(question({})).verdict, 'allow')
  })

  claim(
    'a forbid that cannot be evaluated denies; a permit that cannot be evaluated only permits nothing',
    ({ policies }) => {
      policies.load('in', [
        permitAll,
        '@id("x") forbid (principal, action, resource) when { context.purpose == "ads" };',
      ])
      const answer = policies.isAllowed(question({}))
      assert.equal(answer.verdict, 'deny')
      assert.deepEqual(
        answer.errors.map(({ set }) => set),
        ['in'],
      )
      assert.match(answer.errors[0]?.message ?? '', /\bx\b/)
      assert.equal(policies.isAllowed(question({ context: { purpose: 'art' } })).verdict, 'allow')
      policies.load('in', [
        permitAll,
        '@id("x") permit (principal, action, resource) when { context.purpose == "ads" };',
      ])
      assert.deepEqual(policies.isAllowed(question({})), allowedBy({ set: 'in', id: 'my.all' }))
    },
  )

  claim(
    'a question with numbers past 2^53, fractions, huge or deep values is denied with a reason',
    ({ policies }) => {
      policies.load('in', [permitAll])
      const deep = { a: { a: { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } } } }
      for (const context of [
        { price: 2 ** 53 },
        { price: -(2 ** 53) },
        { price: 1.5 },
        { price: Number.NaN },
        { purpose: 'x'.repeat(100_000) },
        { fields: Array.from({ length: 5000 }, String) },
        deep,
        { child: { __entity: 'x' } },
      ]) {
        const answer = policies.isAllowed(question({ context }))
        assert.equal(answer.verdict, 'deny', JSON.stringify(context).slice(0, 60))
        assert.equal(answer.errors.length, 1, JSON.stringify(context).slice(0, 60))
      }
      assert.equal(policies.isAllowed(question({ context: { price: 2 ** 53 - 1 } })).verdict, 'allow')
    },
  )

  test(`${name}: two engines do not know each other's rules`, async () => {
    const first = await open()
    const second = await open()
    first.policies.load('in', [permitAll])
    second.policies.load('in', [forbidTag('my.none', 'music')])
    assert.equal(first.policies.isAllowed(question({ tags: ['music'] })).verdict, 'allow')
    assert.equal(second.policies.isAllowed(question({ tags: ['music'] })).verdict, 'deny')
    await first.close()
    await second.close()
  })
}

type Parts = {
  readonly sets?: PolicyRequest['sets']
  readonly subject?: string
  readonly action?: PolicyRequest['action']
  readonly tags?: readonly string[]
  readonly folders?: readonly string[]
  readonly context?: PolicyRequest['context']
}

function allowedBy(...reasons: readonly RuleName[]): PolicyAnswer {
  return { verdict: 'allow', reasons, silent: [], errors: [] }
}

function forbiddenBy(...reasons: readonly RuleName[]): PolicyAnswer {
  return { verdict: 'deny', reasons, silent: [], errors: [] }
}

const permitAll = '@id("my.all")\npermit (principal, action, resource);'

function forbidTag(id: string, tag: string): string {
  const condition = `when { resource.tags.contains("${tag}") }`
  return `@id("${id}")\n@sentence("Nothing tagged ${tag}.")\nforbid (principal, action, resource)\n${condition};`
}

function question({
  sets = ['in'],
  subject = bob,
  action = '/qnt/read',
  tags = [],
  folders = [],
  context = {},
}: Parts): PolicyRequest {
  return {
    sets,
    subject: { did: subject, attributes: { status: 'active', kind: 'sub' } },
    action,
    object: { id: '00ff', owner: alice, folders, attributes: { tags } },
    context: { delegated: false, direction: 'in', asker: subject, nowMs: 1_800_000_000_000, ...context },
  }
}

/** Each claim gets an implementation of its own, closed whatever happens. */
function claims(name: string, open: () => Promise<Opened>) {
  return (title: string, run: (opened: Opened) => void | Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const opened = await open()
      try {
        await run(opened)
      } finally {
        await opened.close()
      }
    })
  }
}
