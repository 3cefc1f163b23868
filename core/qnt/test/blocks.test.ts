import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawCodec } from '@anarq/ipld'
import { cidOf } from '@anarq/qlock'
import { checkBlock, createMemoryBlocks } from '@anarq/qnt'
import { testBlocks } from '@anarq/qnt/testing'
import fc from 'fast-check'

testBlocks('memory', async () => ({ blocks: createMemoryBlocks(), close: async () => {} }))

test('AQ-QINDEX-6: content matches its CID, and other content never does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, at) => {
      const cid = cidOf(rawCodec, bytes)
      checkBlock({ cid, bytes })
      const other = bytes.slice()
      other[at % other.length]! ^= 1 + (at % 255)
      assert.throws(() => checkBlock({ cid, bytes: other }), { code: 'invalid.block' })
    }),
  )
})
