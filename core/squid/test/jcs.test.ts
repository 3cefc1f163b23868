import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson, parseCanonicalJson } from '@anarq/squid'
import fc from 'fast-check'
import { isFault } from './people.ts'

const numbers: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
]

test('numbers are printed as RFC 8785 appendix B prints them', () => {
  for (const [bits, printed] of numbers) {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, BigInt(`0x${bits}`))
    assert.equal(canonicalJson(view.getFloat64(0)), printed, bits)
  }
})

test('the example of RFC 8785 section 3.2.2 comes out as printed there', () => {
  const source = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`
  const printed = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`
  assert.equal(canonicalJson(JSON.parse(source)), printed)
})

test('keys are sorted by UTF-16 code units, as in RFC 8785 section 3.2.3', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  }
  assert.deepEqual(Object.values(JSON.parse(canonicalJson(value))).sort(), Object.values(value).sort())
  const order = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1])
  assert.deepEqual(order, [
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ])
})

test('a value and its canonical text are one to one', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const written = canonicalJson(value)
      assert.equal(canonicalJson(parseCanonicalJson(written, 'It')), written)
    }),
  )
})

test('what JSON cannot say is refused', () => {
  let deep: unknown = 0
  for (let i = 0; i < 100; i += 1) deep = [deep]
  for (const bad of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    undefined,
    1n,
    '\ud800',
    { a: undefined },
    { '\udc00': 1 },
    deep,
  ]) {
    assert.throws(() => canonicalJson(bad), isFault('invalid.json'))
  }
})

test('text that is not the canonical one is refused', () => {
  for (const bad of ['{"b":1,"a":2}', '{"a":1,"a":2}', ' 1', '1.0', '1E3', '"\\u0041"', '{', '', '[1,]']) {
    assert.throws(() => parseCanonicalJson(bad, 'It'), isFault('invalid.json'), bad)
  }
})
