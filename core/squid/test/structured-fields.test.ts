import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type InnerList,
  isInnerList,
  parseDictionary,
  writeInnerList,
  writeItem,
} from '../src/request/structured-fields.ts'
import { isFault } from './people.ts'

function written(text: string): string[] {
  return [...parseDictionary(text, 'X')].map(([key, member]) =>
    isInnerList(member) ? `${key}=${writeInnerList(member)}` : `${key}=${writeItem(member.item)}`,
  )
}

test('a dictionary is read as RFC 8941 says', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['a=1', ['a=1']],
    ['a=1 ,\t b=?0', ['a=1', 'b=?0']],
    ['a', ['a=?1']],
    ['a;x, b=tok*/en', ['a=?1', 'b=tok*/en']],
    ['sig=("@method" "x");created=1;keyid="a\\"b\\\\"', ['sig=("@method" "x");created=1;keyid="a\\"b\\\\"']],
    ['sig=(  "a"   "b"  )', ['sig=("a" "b")']],
    ['sig=()', ['sig=()']],
    ['a=:AQI=:', ['a=:AQI=:']],
    ['a=-999999999999999', ['a=-999999999999999']],
    ['a=("b";sf;key="x" c)', ['a=("b";sf;key="x" c)']],
  ]
  for (const [text, members] of cases) assert.deepEqual(written(text), members, text)
})

test('what is malformed, or of a kind that signatures do not need, is refused', () => {
  const bad = [
    'a=',
    'a=1,',
    ',a=1',
    'a=1 b=2',
    'a=1,,b=2',
    'A=1',
    '1=1',
    'a=1.5',
    'a=1000000000000000',
    'a="x',
    'a="é"',
    'a="\\x"',
    'a=(',
    'a=("x"',
    'a=("x""y")',
    'a=("x",)',
    'a=:AQI:',
    'a=:A:',
    'a=:AQJ=:',
    'a=?2',
    'a=1;',
    'a=1;X',
    'a=1, a=2',
    'a=1;x=1;x=2',
    'a=((1))',
    'a=@1',
    '\ta=1',
    'a=1\n',
  ]
  for (const text of bad) assert.throws(() => parseDictionary(text, 'X'), isFault('invalid.header'), text)
  const many = Array.from({ length: 65 }, (_, i) => `k${i}`)
  assert.throws(() => parseDictionary(many.join(','), 'X'), isFault('invalid.header'))
  assert.throws(() => parseDictionary(`a=(${many.join(' ')})`, 'X'), isFault('invalid.header'))
})

test('any text is either read or refused with a fault, and reading what was written gives the same', () => {
  const soup = fc.stringMatching(/^[a-c0-9="();:?\\ ,*-]{0,40}$/)
  fc.assert(
    fc.property(soup, (text) => {
      let members: string[]
      try {
        members = written(text)
      } catch (error) {
        return isFault('invalid.header')(error)
      }
      for (const member of members) assert.deepEqual(written(member), [member])
      return true
    }),
    { numRuns: 2000 },
  )
  const texts = fc.array(fc.string({ unit: 'grapheme-ascii' }), { maxLength: 5 })
  fc.assert(
    fc.property(texts, (values) => {
      const items = values.map((value) => ({
        item: { type: 'string' as const, value },
        parameters: new Map(),
      }))
      const list: InnerList = { items, parameters: new Map() }
      assert.deepEqual(parseDictionary(`a=${writeInnerList(list)}`, 'X').get('a'), list)
    }),
  )
})
