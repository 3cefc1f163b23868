import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamContent } from '@anarq/flows'

async function* given(...pieces: Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces
}

test('pieces come in their order whatever is asked for at a time; only those that were given away are freed', async () => {
  for (const isGivenAway of [true, false]) {
    const pieces = [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(), Uint8Array.of(6, 7)]
    const slab = new Uint8Array(64).fill(9)
    const reader = await streamContent(given(...pieces, slab.subarray(3, 5)), { isGivenAway }).open()
    const read: number[] = []
    const into = new Uint8Array(3)
    for (let bytes = await reader.read(into); bytes > 0; bytes = await reader.read(into))
      read.push(...into.subarray(0, bytes))
    await reader.close()
    assert.deepEqual(read, [1, 2, 3, 4, 5, 6, 7, 9, 9])
    const lengths = pieces.map(({ length }) => length)
    assert.deepEqual(lengths, isGivenAway ? [0, 0, 0] : [5, 0, 2])
    assert.equal(slab.length, 64, 'a part of something else is not ours to free')
  }
})
