import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  cborCodec,
  cidKey,
  cidOfDigest,
  decodeCbor,
  digestOf,
  encodeCbor,
  parseCid,
  rawCodec,
  readBytes,
  readFields,
  readInt,
} from '@anarq/ipld'
import fc from 'fast-check'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('a CID survives text and bytes', () => {
  fc.assert(
    fc.property(digest, fc.constantFrom(rawCodec, cborCodec), (d, codec) => {
      const cid = cidOfDigest(codec as typeof rawCodec, d)
      assert.ok(parseCid(cid.toString()).equals(cid))
      assert.ok(parseCid(cid.bytes).equals(cid))
      assert.deepEqual(digestOf(cid), d)
      assert.equal(cidKey(d).length, 32)
    }),
  )
})

test('a CID of another kind is refused with a sentence', () => {
  const sha256v1 = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  const v0 = 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'
  for (const bad of [sha256v1, v0, '', 'b', 'hello', '../etc']) {
    assert.throws(
      () => parseCid(bad),
      (error) => error instanceof Fault && error.code === 'invalid.cid',
    )
  }
})

test('canonical bytes decode to their value; every other byte string is refused', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.uint8Array())), (value) => {
      assert.deepEqual(decodeCbor(encodeCbor(value)), { ...value })
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        assert.deepEqual(encodeCbor(decodeCbor(bytes)), bytes)
      } catch (error) {
        assert.ok(error instanceof Fault && error.code === 'invalid.cbor', String(error))
      }
    }),
    { numRuns: 2000 },
  )
  for (const hex of [
    'a16161',
    'a2616201616101',
    '1800',
    '00ff',
    '9f00ff',
    'f97e00',
    'a261610161610'.concat('2'),
  ]) {
    assert.throws(() => decodeCbor(fromHex(hex)), { code: 'invalid.cbor' }, hex)
  }
})

test('readers refuse unknown fields, wrong sizes and numbers out of range', () => {
  assert.throws(() => readFields({ a: 1, evil: 2 }, ['a'], 'A thing'), { code: 'invalid.shape' })
  assert.throws(() => readFields([], ['a'], 'A thing'), { code: 'invalid.shape' })
  assert.throws(() => readBytes(new Uint8Array(3), 'A key', { length: 32 }), { code: 'invalid.shape' })
  assert.throws(() => readInt(-1, 'A size'), { code: 'invalid.shape' })
  assert.throws(() => readInt(2 ** 60, 'A size'), { code: 'invalid.shape' })
})
