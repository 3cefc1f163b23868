import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, toHex } from '@anarq/bytes'
import { cborCodec, cidOfDigest, encodeCbor, rawCodec } from '@anarq/ipld'
import {
  compareStamps,
  decodeRecord,
  encodeRecord,
  type FieldValue,
  type IndexRecord,
  joinRecords,
  type Stamp,
  versionField,
} from '@anarq/qindex'
import { fileChange, testDevice, testDigest, testId, testRecord, testVersion } from '@anarq/qindex/testing'
import fc from 'fast-check'
import { checkChange } from '../src/record/record.ts'

const envelope = cidOfDigest(cborCodec, testDigest('envelope'))
const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  text,
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(envelope, cidOfDigest(rawCodec, testDigest('raw'))),
)
const value = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 3 }),
  // A key of this name is refused: see the faults.
  fc
    .dictionary(
      text.filter((key) => key !== '__proto__'),
      leaf,
      { maxKeys: 3 },
    )
    .map((map) => ({ ...map })),
  fc.constantFrom(
    testVersion(envelope),
    testVersion(envelope, { bytes: -1 }),
    testVersion(envelope, { more: 1 }),
  ),
) as fc.Arbitrary<FieldValue>
const name = fc.oneof(
  fc.constantFrom('name', 'parent', 'bytes', 'tag/a', versionField(1, envelope), 'v/0000000001/00', 'decoy'),
  text.filter((one) => one.length > 0),
)
const field = fc.record({
  stamp: fc.record({
    ms: fc.nat(3),
    counter: fc.nat(2),
    device: fc.constantFrom(testDevice(0), testDevice(1)),
  }),
  value,
})
const record: fc.Arbitrary<IndexRecord> = fc.record({
  id: fc.constant(testId('one')),
  kind: fc.constantFrom('file', 'folder', 'note'),
  fields: fc.array(fc.tuple(name, field), { minLength: 1, maxLength: 8 }).map((pairs) => new Map(pairs)),
})

function hex(held: unknown): string {
  return toHex(encodeCbor(held))
}

test('a record decodes to what was encoded, and one record has one encoding', () => {
  fc.assert(
    fc.property(record, (one) => {
      const bytes = encodeRecord(one)
      const back = decodeRecord(bytes)
      assert.deepEqual(encodeRecord(back), bytes)
      assert.deepEqual(back.kind, one.kind)
      assert.equal(back.fields.size, one.fields.size)
      for (const [key, { stamp, value: held }] of one.fields) {
        assert.equal(compareStamps(back.fields.get(key)?.stamp as Stamp, stamp), 0)
        assert.equal(hex(back.fields.get(key)?.value), hex(held))
      }
      const shuffled = { ...one, fields: new Map([...one.fields].reverse()) }
      assert.deepEqual(encodeRecord(shuffled), bytes, 'whatever the order of its fields')
    }),
  )
})

test('joining records is commutative, associative and idempotent, and says when one side is the answer', () => {
  fc.assert(
    fc.property(record, record, record, (a, b, c) => {
      const encoded = (one: IndexRecord) => encodeRecord(one)
      assert.deepEqual(encoded(joinRecords(a, b)), encoded(joinRecords(b, a)))
      const left = joinRecords(joinRecords(a, b), c)
      assert.deepEqual(encoded(left), encoded(joinRecords(a, joinRecords(b, c))))
      assert.equal(joinRecords(a, a), a)
      const joined = joinRecords(a, b)
      assert.equal(joinRecords(joined, a), joined)
      assert.deepEqual(encoded(joinRecords(a, joined)), encoded(joined))
    }),
  )
})

test('of two values the later written counts, whoever wrote it; on the same stamp both sides choose alike', () => {
  const at = (ms: number, held: FieldValue, device = 0) =>
    testRecord({ id: testId('one'), kind: 'file', set: { name: held } }, ms, testDevice(device))
  assert.equal(joinRecords(at(1, 'old'), at(2, 'new')).fields.get('name')?.value, 'new')
  assert.equal(joinRecords(at(3, null), at(2, 'new')).fields.get('name')?.value, null, 'null is a value')
  const chosen = joinRecords(at(1, 'x'), at(1, 'y')).fields.get('name')?.value
  assert.equal(joinRecords(at(1, 'y'), at(1, 'x')).fields.get('name')?.value, chosen)
  assert.throws(() => joinRecords(at(1, 'x'), { ...at(1, 'x'), id: testId('two') }), {
    code: 'internal.join',
  })
})

test('a file takes about 250 bytes, and each further version about 130', () => {
  const set = { mode: 420, type: 'image/jpeg', 'tag/holiday': true }
  const one = testRecord(
    fileChange('holiday photo 1.jpg', { parent: testId('folder'), set }),
    1_790_000_000_000,
  )
  const size = encodeRecord(one).length
  assert.ok(size >= 200 && size <= 300, `${size} bytes`)
  const other = cidOfDigest(cborCodec, testDigest('two'))
  const change = { id: one.id, kind: 'file', set: { [versionField(2, other)]: testVersion(other) } }
  const more = encodeRecord(joinRecords(one, testRecord(change, 1_790_000_000_001))).length - size
  assert.ok(more <= 140, `${more} bytes`)
})

test('what encodeRecord would not have written is refused', () => {
  const [id, device] = [testId('one'), testDevice(0)]
  const group = [1, 0, device, 0, 'a.txt']
  const good = [id, 'file', [group]]
  const tuple = [1, concatBytes(testDigest('e'), testDigest('r')), 1, 2, 3, 4, 'text/plain']
  assert.equal(toHex(encodeRecord(decodeRecord(encodeCbor(good)))), hex(good))
  const refused: [string, unknown][] = [
    ['no fields', [id, 'file', []]],
    ['an empty group', [id, 'file', [[1, 0, device]]]],
    ['a name without a value', [id, 'file', [[1, 0, device, 0]]]],
    ['a short id', [id.subarray(1), 'file', [group]]],
    ['an empty kind', [id, '', [group]]],
    ['a part too many', [...good, 1]],
    ['a frequent name spelled out', [id, 'file', [[1, 0, device, 'name', 'a.txt']]]],
    ['an unknown number of a name', [id, 'file', [[1, 0, device, 99, 'a.txt']]]],
    ['names out of order', [id, 'file', [[1, 0, device, 1, null, 0, 'a.txt']]]],
    ['a name twice', [id, 'file', [[1, 0, device, 0, 'a', 0, 'b']]]],
    ['a name in two groups', [id, 'file', [group, [2, 0, device, 0, 'b']]]],
    [
      'groups out of order',
      [
        id,
        'file',
        [
          [2, 0, device, 0, 'a'],
          [1, 0, device, 1, null],
        ],
      ],
    ],
    ['one stamp in two groups', [id, 'file', [group, [1, 0, device, 1, null]]]],
    ['a short device', [id, 'file', [[1, 0, device.subarray(1), 0, 'a']]]],
    ['a time before 1970', [id, 'file', [[-1, 0, device, 0, 'a']]]],
    ['a version with a size below zero', [id, 'file', [[1, 0, device, 255, [1, tuple[1], -1, 2, 3, 4, '']]]]],
    ['a short version', [id, 'file', [[1, 0, device, 255, tuple.slice(0, 6)]]]],
    [
      'a version spelled out',
      [id, 'file', [[1, 0, device, versionField(1, envelope), testVersion(envelope)]]],
    ],
    ['an integer no double holds', [id, 'file', [[1, 0, device, 'x', 2n ** 63n]]]],
  ]
  for (const [what, data] of refused) {
    assert.throws(() => decodeRecord(encodeCbor(data)), { code: 'damaged.record' }, what)
  }
  fc.assert(
    fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, at, flip) => {
      const bytes = encodeRecord(one)
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ flip
      try {
        assert.deepEqual(encodeRecord(decodeRecord(bytes)), bytes)
      } catch (error) {
        assert.equal((error as { code: string }).code, 'damaged.record')
      }
    }),
  )
})

test('a change that an index cannot keep is refused before it reaches others', () => {
  const change = (set: Record<string, unknown>, kind = 'file', id = testId('x')) =>
    checkChange({ id, kind, set: set as Record<string, FieldValue> })
  change({ a: 1, b: null, c: 'x', d: [1, { e: true }], f: new Uint8Array(3), g: envelope, h: 1.5, __x: 0 })
  const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => [inner], 1)
  const refused: [string, () => void][] = [
    ['undefined', () => change({ a: undefined })],
    ['NaN', () => change({ a: Number.NaN })],
    ['a bigint', () => change({ a: 1n })],
    ['a function', () => change({ a: () => 1 })],
    ['broken text', () => change({ a: '\ud800' })],
    ['a key that would vanish', () => change({ a: JSON.parse('{"__proto__": 1}') })],
    ['values too deep', () => change({ a: deep })],
    ['no fields', () => change({})],
    ['an empty field name', () => change({ '': 1 })],
    ['a long field name', () => change({ ['x'.repeat(257)]: 1 })],
    ['an empty kind', () => change({ a: 1 }, '')],
    ['a short id', () => change({ a: 1 }, 'file', new Uint8Array(15))],
  ]
  for (const [what, attempt] of refused) assert.throws(attempt, { code: 'invalid.change' }, what)
})
