import assert from 'node:assert/strict'
import { test } from 'node:test'
import { once, readByteRange } from '@anarq/bytes'

test('a range is told from what asks for the whole, and from what lies outside', () => {
  for (const [header, bytes, expected] of [
    ['bytes=0-4', 10, { from: 0, to: 5 }],
    ['bytes=5-', 10, { from: 5, to: 10 }],
    ['bytes=2-99', 10, { from: 2, to: 10 }],
    ['bytes=-3', 10, { from: 7, to: 10 }],
    ['bytes=-99', 10, { from: 0, to: 10 }],
    [undefined, 10, undefined],
    ['bytes=-', 10, undefined],
    ['bytes=4-2', 10, undefined],
    ['bytes=0-1,3-4', 10, undefined],
    ['lines=0-4', 10, undefined],
    ['bytes=10-', 10, 'outside'],
    ['bytes=-0', 10, 'outside'],
    ['bytes=0-', 0, 'outside'],
    ['bytes=-1', 0, 'outside'],
  ] as const)
    assert.deepEqual(readByteRange(header, bytes), expected, `${header} of ${bytes}`)
})

test('one value is a stream of one', async () => {
  const seen: number[] = []
  for await (const value of once(7)) seen.push(value)
  assert.deepEqual(seen, [7])
})
