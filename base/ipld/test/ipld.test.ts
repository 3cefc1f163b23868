import assert from 'node:assert/strict'
import { test } from 'node:test'
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
  readArray,
  readBytes,
  readCid,
  readFields,
  readInt,
  readOptional,
  readText,
} from '@anarq/ipld'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'

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

test('a CID keeps its own bytes, whatever happens to those it was made of', () => {
  fc.assert(
    fc.property(digest, (d) => {
      const source = new Uint8Array(d)
      const cid = cidOfDigest(rawCodec, source)
      const padded = new Uint8Array([0xff, ...cid.bytes, 0xff])
      const parsed = parseCid(padded.subarray(1, -1))
      source.fill(0)
      padded.fill(0)
      for (const one of [cid, parsed]) {
        assert.deepEqual(digestOf(one), d)
        assert.deepEqual(one.bytes, new Uint8Array([1, rawCodec, 0x1e, 32, ...d]))
        assert.deepEqual(one.multihash.bytes, one.bytes.subarray(2))
      }
    }),
  )
  assert.throws(() => cidOfDigest(rawCodec, new Uint8Array(31)), RangeError)
})

test('a CID of ours is read; another kind, a map dressed as one and anything else are refused', () => {
  const cid = cidOfDigest(cborCodec, new Uint8Array(32))
  assert.ok(readCid(decodeCbor(encodeCbor(cid)), 'A link').equals(cid))
  const sha256 = CID.parse('bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae')
  assert.throws(() => readCid(decodeCbor(encodeCbor(sha256)), 'A link'), { code: 'invalid.cid' })
  const dressed = decodeCbor(encodeCbor({ asCID: true, bytes: cid.bytes }))
  for (const other of [dressed, null, undefined, cid.bytes, cid.toString(), [cid], {}]) {
    assert.throws(() => readCid(other, 'A link'), {
      code: 'invalid.shape',
      message: 'A link is malformed: expected a CID.',
    })
  }
})

test('readers give back what fits', () => {
  const fields = { a: 1, b: 'text' }
  assert.equal(readFields(fields, ['a', 'b', 'c'], 'A thing'), fields)
  assert.deepEqual(readBytes(new Uint8Array(3), 'A key', { length: 3, max: 3 }), new Uint8Array(3))
  assert.equal(readText('abc', 'A name', { max: 3 }), 'abc')
  assert.equal(readInt(-5, 'A time', { min: -5, max: 5 }), -5)
  assert.deepEqual(readArray([1, 2], 'A list', { max: 2 }), [1, 2])
  assert.equal(
    readOptional(undefined, () => 1),
    undefined,
  )
  assert.equal(
    readOptional(null, () => 1),
    1,
  )
})

test('readers refuse unknown fields, wrong kinds, wrong sizes and numbers out of range', () => {
  const cid = cidOfDigest(cborCodec, new Uint8Array(32))
  const refused: readonly [why: string, read: () => unknown][] = [
    ['an unknown field', () => readFields({ a: 1, evil: 2 }, ['a'], 'A thing')],
    ['a list for a map', () => readFields([], ['a'], 'A thing')],
    ['bytes for a map', () => readFields(new Uint8Array(0), [], 'A thing')],
    ['a CID for a map', () => readFields(cid, ['asCID', 'bytes'], 'A thing')],
    ['null for a map', () => readFields(null, [], 'A thing')],
    ['no map', () => readFields(undefined, [], 'A thing')],
    ['too few bytes', () => readBytes(new Uint8Array(3), 'A key', { length: 32 })],
    ['too many bytes', () => readBytes(new Uint8Array(3), 'A key', { max: 2 })],
    ['text for bytes', () => readBytes('abc', 'A key')],
    ['no bytes', () => readBytes(undefined, 'A key')],
    ['long text', () => readText('abcd', 'A name', { max: 3 })],
    ['text over the usual limit', () => readText('a'.repeat(4097), 'A name')],
    ['a number for text', () => readText(1, 'A name')],
    ['a negative number', () => readInt(-1, 'A size')],
    ['a number that is not safe', () => readInt(2 ** 60, 'A size')],
    ['a bigint', () => readInt(2n ** 60n, 'A size')],
    ['a fraction', () => readInt(1.5, 'A size')],
    ['text for a number', () => readInt('1', 'A size')],
    ['a number over the limit', () => readInt(6, 'A size', { max: 5 })],
    ['a map for a list', () => readArray({ length: 0 }, 'A list')],
    ['a long list', () => readArray([1, 2, 3], 'A list', { max: 2 })],
  ]
  for (const [why, read] of refused) assert.throws(read, { code: 'invalid.shape' }, why)
})
