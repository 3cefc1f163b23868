import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isNotModified, isRangeValid, rangeOf } from '../src/range.ts'

for (const [header, expected] of [
  ['bytes=0-4', { from: 0, to: 5 }],
  ['bytes=5-', { from: 5, to: 10 }],
  ['bytes=9-9', { from: 9, to: 10 }],
  ['bytes=-3', { from: 7, to: 10 }],
  ['bytes=-99', { from: 0, to: 10 }],
  ['bytes=2-99', { from: 2, to: 10 }],
  ['BYTES=0-0', { from: 0, to: 1 }],
  ['bytes= 0 - 4', { from: 0, to: 5 }],
  [undefined, undefined],
  ['bytes=', undefined],
  ['bytes=-', undefined],
  ['bytes=4-2', undefined],
  ['bytes=0-1,3-4', undefined],
  ['lines=0-4', undefined],
  ['bytes=0x1-2', undefined],
  ['bytes=1.5-2', undefined],
] as const) {
  test(`of ten bytes, "${header}" is ${expected === undefined ? 'the whole' : `${expected.from} to ${expected.to}`}`, () => {
    assert.deepEqual(rangeOf(header, 10), expected)
  })
}

for (const [header, bytes] of [
  ['bytes=10-', 10],
  ['bytes=10-20', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
  ['bytes=-1', 0],
] as const) {
  test(`of ${bytes} bytes, "${header}" lies outside`, () => {
    assert.throws(() => rangeOf(header, bytes), { code: 'invalid.range', data: { bytes } })
  })
}

test('a range that is given lies inside and is not empty, whatever the header says', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,4}-\d{0,4}$/)),
      fc.nat(2000),
      (header, bytes) => {
        try {
          const range = rangeOf(header, bytes)
          if (range !== undefined) assert.ok(range.from >= 0 && range.from < range.to && range.to <= bytes)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'invalid.range')
        }
      },
    ),
    { numRuns: 500 },
  )
})

const file = { etag: '"abc"', modifiedMs: Date.UTC(2026, 0, 1, 0, 0, 0, 700) }
const itsDate = 'Thu, 01 Jan 2026 00:00:00 GMT'

test('what the client has already is not sent again', () => {
  for (const [headers, expected] of [
    [{ 'if-none-match': '"abc"' }, true],
    [{ 'if-none-match': 'W/"abc"' }, true],
    [{ 'if-none-match': '"x", "abc"' }, true],
    [{ 'if-none-match': '*' }, true],
    [{ 'if-none-match': '"x"' }, false],
    [{ 'if-none-match': '"x"', 'if-modified-since': itsDate }, false],
    [{ 'if-modified-since': itsDate }, true],
    [{ 'if-modified-since': 'Wed, 31 Dec 2025 00:00:00 GMT' }, false],
    [{ 'if-modified-since': 'yesterday' }, false],
    [{}, false],
  ] as const) {
    assert.equal(isNotModified(headers, file), expected, JSON.stringify(headers))
  }
})

test('a range counts only for the version that the client has a part of', () => {
  for (const [condition, expected] of [
    [undefined, true],
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    [itsDate, true],
    ['Thu, 01 Jan 2026 00:00:01 GMT', false],
    ['nonsense', false],
  ] as const) {
    assert.equal(
      isRangeValid(condition === undefined ? {} : { 'if-range': condition }, file),
      expected,
      `If-Range: ${condition}`,
    )
  }
})
