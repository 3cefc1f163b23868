import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, hasCode } from '@anarq/fault'
import { describePermission, fromWire, plainPermissions, readPermission, toWire } from '@anarq/sdk'
import fc from 'fast-check'
import { bytes, fields, flag, int, list, oneOf, optional, text } from '../src/shape.ts'

const person = fields<{
  name: string
  age?: number | undefined
  kind: 'a' | 'b'
  tags: readonly string[]
  isAlive: boolean
}>({
  name: text({ min: 1, max: 5 }),
  age: optional(int({ max: 150 })),
  kind: oneOf('a', 'b'),
  tags: list(text({ max: 3 }), 2),
  isAlive: flag,
})
const good = { name: 'Ada', kind: 'a', tags: ['x'], isAlive: true }

test('what has the shape is read as it is, and what is optional may be absent', () => {
  assert.deepEqual(person.read(good, 'person'), good)
  assert.deepEqual(person.read({ ...good, age: 3 }, 'person'), { ...good, age: 3 })
})

test('each field that is wrong is named in the refusal, and an unknown one too', () => {
  const cases: [object, RegExp][] = [
    [{ ...good, name: '' }, /person\.name/],
    [{ ...good, name: 'Adalbert' }, /person\.name/],
    [{ ...good, age: 151 }, /person\.age/],
    [{ ...good, age: 1.5 }, /person\.age/],
    [{ ...good, kind: 'c' }, /person\.kind/],
    [{ ...good, tags: ['x', 'y', 'z'] }, /person\.tags/],
    [{ ...good, tags: ['long'] }, /person\.tags\[0\]/],
    [{ ...good, isAlive: 'yes' }, /person\.isAlive/],
    [{ ...good, more: 1 }, /no field "more"/],
    [JSON.parse('{"__proto__":{"name":"x"}}'), /no field "__proto__"/],
  ]
  for (const [value, message] of cases)
    assert.throws(
      () => person.read(value, 'person'),
      (error) => error instanceof Fault && error.code === 'invalid.params' && message.test(error.message),
    )
})

test('nothing that is no map passes, whatever it is', () => {
  fc.assert(
    fc.property(fc.anything({ withTypedArray: true }), (value) => {
      try {
        const read = person.read(value, 'person')
        assert.ok(read.name.length >= 1 && read.name.length <= 5)
      } catch (error) {
        assert.ok(hasCode(error, 'invalid.params'))
      }
    }),
  )
})

test('plain data with bytes in it crosses the wire and comes back the same', () => {
  const data = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('value'), { maxKeys: 4 }),
    ),
  })).value
  fc.assert(
    fc.property(data, (value) => {
      assert.deepEqual(plain(fromWire(JSON.parse(JSON.stringify(toWire(value))))), plain(value))
    }),
  )
  assert.throws(() => fromWire({ $bytes: '***' }), { code: 'invalid.wire' })
  let deep: unknown = 1
  for (let i = 0; i < 40; i += 1) deep = [deep]
  assert.throws(() => fromWire(deep), { code: 'invalid.wire' })
  assert.throws(() => bytes(2).read(Uint8Array.of(1, 2, 3), 'x'), { code: 'invalid.params' })
})

test('[WX-APP-5] every permission has plain words; what the system does not know is refused', () => {
  for (const id of plainPermissions) assert.match(describePermission(readPermission(id)), /^[A-Z][^.]{10,}$/)
  assert.match(describePermission(readPermission('network:api.example.org')), /api\.example\.org$/)
  for (const id of [
    '',
    'drive',
    'drive.erase',
    'toString',
    '__proto__',
    'network:',
    'network:*',
    'network:localhost',
    'network:a b.c',
  ])
    assert.throws(() => readPermission(id), { code: 'invalid.permission' }, id)
})

/** Maps without prototypes are maps too. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
  return value
}
