import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CodecLimits, decodeValue, encodeValue, type Plain } from '@anarq/runtime'
import fc from 'fast-check'

const limits: CodecLimits = { messageBytesMax: 100_000, valueDepthMax: 16, valueNodesMax: 2000 }
const reserved = ['__proto__', 'constructor', 'prototype', '$bytes']
const message = (text: string, bytes: readonly number[] = []) => ({ text, bytes: Uint8Array.from(bytes) })

const key = fc.string({ unit: 'binary', maxLength: 8 }).filter((one) => !reserved.includes(one))
const { value: plain } = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}))

test('property: every plain value comes back as it was, bytes as bytes', () => {
  fc.assert(
    fc.property(plain, (value) => {
      assert.deepEqual(decodeValue(encodeValue(value, limits), limits), value)
    }),
    { numRuns: 500 },
  )
})

test('property: whatever text and bytes arrive, the answer is a plain value within the limits, or a fault', () => {
  const soup = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.json({ maxDepth: 20 }),
    fc.constantFrom('{"__proto__":1}', '{"$bytes":3}', '[{"$bytes":1},{"$bytes":-1}]', '{"$bytes":1e400}'),
  )
  fc.assert(
    fc.property(soup, fc.uint8Array({ maxLength: 8 }), (text, bytes) => {
      try {
        const value = decodeValue({ text, bytes }, limits)
        assert.deepEqual(decodeValue(encodeValue(value, limits), limits), value)
      } catch (error) {
        assert.match(String((error as { code?: unknown }).code), /^(invalid|limit)\.value$/)
      }
    }),
    { numRuns: 1000 },
  )
})

test('keys that reach for a prototype, or for bytes that are not there, are refused both ways', () => {
  for (const name of reserved) {
    const text = `{"a":1,"${name}":{"polluted":1}}`
    assert.throws(() => decodeValue(message(text), limits), { code: 'invalid.value' })
    const value: unknown = JSON.parse(text)
    assert.throws(() => encodeValue(value, limits), { code: 'invalid.value' })
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
})

test('bytes must be brought, all of them, and every one must be named', () => {
  for (const [text, bytes] of [
    ['{"$bytes":3}', [1, 2]],
    ['{"$bytes":2}', [1, 2, 3]],
    ['{"$bytes":-1}', []],
    ['{"$bytes":1.5}', [1, 2]],
    ['{"$bytes":"1"}', [1]],
    ['null', [1]],
  ] as const)
    assert.throws(() => decodeValue(message(text, bytes), limits), { code: 'invalid.value' }, text)
})

test('what JSON would quietly change is refused', () => {
  class Point {}
  for (const value of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    () => 1,
    Symbol('x'),
    new Map(),
    new Point(),
    new Date(),
  ])
    assert.throws(() => encodeValue({ value }, limits), { code: 'invalid.value' })
  let reads = 0
  const computed = {
    get a() {
      reads += 1
      return 1
    },
  }
  assert.throws(() => encodeValue(computed, limits), { code: 'invalid.value' })
  assert.equal(reads, 0)
  assert.deepEqual(decodeValue(encodeValue({ a: undefined, b: [undefined] }, limits), limits), { b: [null] })
})

test('too deep, too many and too large are told apart from malformed', () => {
  const deep = '['.repeat(18) + ']'.repeat(18)
  const wide = JSON.stringify(Array.from({ length: 2001 }, () => 0))
  const large = JSON.stringify('x'.repeat(100_001))
  for (const text of [deep, wide, large]) {
    assert.throws(() => decodeValue(message(text), limits), { code: 'limit.value' })
    assert.throws(() => encodeValue(JSON.parse(text), limits), { code: 'limit.value' })
  }
  assert.throws(() => decodeValue(message('1', Array(100_001).fill(0)), limits), { code: 'limit.value' })
})
