import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCbor } from '@anarq/ipld'
import {
  type Disclosure,
  disclose,
  encodeDisclosures,
  openEnvelope,
  parseDisclosures,
  parseEnvelope,
  sealEnvelope,
  verifyDisclosure,
} from '@anarq/qnt'
import { alice, bob, flipped, metadata, publicOptions, sealOptions } from './fixtures.ts'

const { bytes, contentKey } = sealEnvelope(await sealOptions(50))
const envelope = parseEnvelope(bytes)
const inner = openEnvelope(envelope, contentKey)
const fieldsOfMetadata = [
  'name',
  'type',
  'created',
  'modified',
  'mode',
  'tags',
  'transforms',
  'extra.born',
  'extra.city',
]

test('WX-PNG-7: the agreed fields are shown and verify; the others stay hidden', () => {
  const shown = disclose(inner, ['name', 'extra.born'])
  assert.deepEqual(
    shown.map(({ field, value }) => [field, value]),
    [
      ['name', metadata.name],
      ['extra.born', 1931],
    ],
  )
  assert.equal(verifyDisclosure(envelope, shown), true)
  const sent = Buffer.from(encodeDisclosures(shown))
  for (const hidden of ['kitchen', 'markdown', 'laga', alice]) assert.equal(sent.indexOf(hidden), -1)
})

test('WX-PNG-7: a shown field does not let anybody guess another', () => {
  const [name] = disclose(inner, ['name']) as [Disclosure]
  const guesses = [
    { field: 'extra.born', value: 1931, salt: name.salt },
    { field: 'type', value: metadata.type, salt: name.salt },
  ]
  for (const guess of guesses) assert.equal(verifyDisclosure(envelope, [guess]), false)
})

test('WX-PNG-8: every field can be proven against its commitment, each alone and all together', () => {
  assert.equal(verifyDisclosure(envelope, disclose(inner, fieldsOfMetadata)), true)
  for (const field of fieldsOfMetadata) {
    assert.equal(verifyDisclosure(envelope, disclose(inner, [field])), true, field)
  }
  assert.equal(verifyDisclosure(envelope, []), true)
})

test('WX-PNG-8: another value, name, salt or object does not verify', async () => {
  const [born] = disclose(inner, ['extra.born']) as [Disclosure]
  const false_: Disclosure[] = [
    { ...born, value: 1932 },
    { ...born, value: '1931' },
    { ...born, field: 'extra.died' },
    { ...born, salt: flipped(born.salt, 0) },
    { ...born, salt: born.salt.subarray(1) },
  ]
  for (const one of false_) assert.equal(verifyDisclosure(envelope, [one]), false)
  assert.equal(verifyDisclosure(envelope, [born, born]), false, 'one field twice')
  const [created, modified] = disclose(inner, ['created', 'modified']) as [Disclosure, Disclosure]
  assert.equal(verifyDisclosure(envelope, [{ ...created, field: 'modified' }]), false)
  assert.equal(verifyDisclosure(envelope, [created, modified]), true)
  const other = parseEnvelope(sealEnvelope(await sealOptions(51)).bytes)
  assert.equal(verifyDisclosure(other, [born]), false)
})

test('WX-PNG-8: ownership is proven without opening the object', async () => {
  const [owner] = disclose(inner, ['owner']) as [Disclosure]
  assert.equal(verifyDisclosure(envelope, [owner]), true)
  assert.equal(verifyDisclosure(envelope, [{ ...owner, value: bob }]), false)
  assert.equal(verifyDisclosure(envelope, [{ ...owner, value: 7 }]), false)
  assert.equal(verifyDisclosure(envelope, [{ ...owner, salt: flipped(owner.salt, 3) }]), false)
  const open = sealEnvelope(await publicOptions(52))
  const seen = parseEnvelope(open.bytes)
  const shown = disclose(openEnvelope(seen, open.contentKey), ['owner'])
  assert.equal(verifyDisclosure(seen, shown), true)
})

test('a field that the object does not have cannot be disclosed', () => {
  for (const field of ['lock', 'extra.died', 'extra', 'decoy', '']) {
    assert.throws(() => disclose(inner, [field]), { code: 'missing.field' })
  }
})

test('a disclosure survives its journey, and a malformed one is refused', () => {
  const shown = disclose(inner, ['owner', ...fieldsOfMetadata])
  const back = parseDisclosures(encodeDisclosures(shown))
  assert.deepEqual(back, shown)
  assert.equal(verifyDisclosure(envelope, back), true)
  const salt = new Uint8Array(32)
  const bad: unknown[] = [
    {},
    [{ field: 'name', salt }],
    [{ field: 'name', value: 1, salt: salt.subarray(1) }],
    [{ field: 7, value: 1, salt }],
    [{ field: 'name', value: 1, salt, more: 1 }],
    Array(80).fill({ field: 'name', value: 1, salt }),
  ]
  for (const value of bad) {
    assert.throws(() => parseDisclosures(encodeCbor(value)), { code: 'invalid.disclosure' })
  }
})
