import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@anarq/fault'
import fc from 'fast-check'
import { type IfList, ifHolds, parseIf, tokensOf } from '../src/if-header.ts'

const plain = { noNullPrototype: true } as const
const token = fc.stringMatching(/^[a-z]{1,8}:[A-Za-z0-9:._/-]{1,20}$/)
const etag = fc.stringMatching(/^(?:W\/)?"[A-Za-z0-9 ()[\]<>.-]{0,12}"$/)
const condition = fc.oneof(
  fc.record({ isNot: fc.boolean(), token }, plain),
  fc.record({ isNot: fc.boolean(), etag }, plain),
)
const conditions = fc.array(condition, { minLength: 1, maxLength: 4 })
const untagged = fc.array(fc.record({ resource: fc.constant(undefined), conditions }, plain), {
  minLength: 1,
  maxLength: 4,
})
const tagged = fc.array(fc.record({ resource: token, conditions }, plain), { minLength: 1, maxLength: 4 })
const header = fc.oneof(untagged, tagged)

function write(lists: readonly IfList[], space: string): string {
  return lists
    .map(({ resource, conditions: all }) => {
      const written = all.map((one) => {
        const not = one.isNot ? 'Not ' : ''
        return 'token' in one ? `${not}<${one.token}>` : `${not}[${one.etag}]`
      })
      return `${resource === undefined ? '' : `<${resource}>${space}`}(${written.join(space)})`
    })
    .join(space)
}

test('an If header is read as it was written, whatever it holds', () => {
  fc.assert(
    fc.property(header, fc.constantFrom('', ' ', '  '), (lists, space) => {
      assert.deepEqual(parseIf(write(lists, space)), lists)
    }),
  )
})

test('an If header holds exactly where one list of it does, every condition with its Not', () => {
  fc.assert(
    fc.property(header, fc.array(fc.boolean(), { minLength: 1 }), (lists, coin) => {
      let at = 0
      const truth = new Map<string, boolean>()
      const isTrue = (key: string): boolean => {
        const known = truth.get(key) ?? (coin[at++ % coin.length] as boolean)
        truth.set(key, known)
        return known
      }
      const expected = lists.map(({ resource, conditions: all }) =>
        all
          .map((one) => ('token' in one ? isTrue(`${resource} ${one.token}`) !== one.isNot : one.isNot))
          .every(Boolean),
      )
      const holds = ifHolds(lists, (resource) => ({
        etag: undefined,
        tokens: {
          has: (asked: string) => truth.get(`${resource} ${asked}`) === true,
        } as ReadonlySet<string>,
      }))
      assert.equal(holds, expected.some(Boolean))
    }),
  )
})

test('what is no If header is refused, and nothing hangs on a long one', () => {
  for (const bad of [
    '',
    ' ',
    '()',
    '(<a:b>',
    '<a:b>)',
    '<a:b>',
    '(<a:b>) <c:d>',
    '(<a:b>) <c:d> (<e:f>)',
    '<a:b> <c:d> (<e:f>)',
    '(Not)',
    '(Not Not <a:b>)',
    '(["x)',
    '([x])',
    '(a:b)',
    '((<a:b>))',
    '(<a:b>), (<c:d>)',
    '(<a b>)',
    `(${'<a:b>'.repeat(2000)})`,
    '('.repeat(8000),
    `${'Not '.repeat(2000)}`,
  ])
    assert.throws(
      () => parseIf(bad),
      (error) => hasCode(error, 'invalid.header'),
      bad.slice(0, 40),
    )
})

test('the examples of RFC 4918, sections 10.4.6 to 10.4.9', () => {
  const one = { etag: '"I am an ETag"', tokens: new Set(['urn:uuid:181d4fae']) }
  const two = { etag: '"I am another ETag"', tokens: new Set<string>() }
  const noTag = parseIf('(<urn:uuid:181d4fae> ["I am an ETag"]) (["I am another ETag"])')
  assert.ok(ifHolds(noTag, () => one))
  assert.ok(ifHolds(noTag, () => two))
  assert.ok(!ifHolds(noTag, () => ({ ...two, etag: '"a third"' })))
  const not = parseIf('(Not <urn:uuid:181d4fae> <urn:uuid:58f202ac>)')
  assert.ok(ifHolds(not, () => ({ etag: undefined, tokens: new Set(['urn:uuid:58f202ac']) })))
  assert.ok(!ifHolds(not, () => one))
  const always = parseIf('(<urn:uuid:181d4fae>) (Not <DAV:no-lock>)')
  assert.ok(ifHolds(always, () => two))
  const tagged = parseIf('</resource1> (<urn:uuid:181d4fae> [W/"A weak ETag"]) (["strong ETag"])')
  assert.ok(
    ifHolds(tagged, (resource) => {
      assert.equal(resource, '/resource1')
      return { etag: '"strong ETag"', tokens: new Set() }
    }),
  )
})

test('the tokens that a client submits are those that it does not deny', () => {
  assert.deepEqual([...tokensOf(parseIf('(<a:1> Not <b:2>) (<c:3> ["x"])'))], ['a:1', 'c:3'])
})
