import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cborCodec, encodeCbor } from '@anarq/ipld'
import { cidOf, verifyCid } from '@anarq/qlock'
import {
  addReader,
  createObjectId,
  createReleases,
  openEnvelope,
  openReleases,
  openSlot,
  parseEnvelope,
  readersMax,
  sealEnvelope,
  unwrapForReader,
  wrapForReader,
} from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import { encodeEnvelope } from '../src/envelope.ts'
import { alice, byOwner, flipped, kek, otherReader, publicOptions, reader, sealOptions } from './fixtures.ts'

test('WX-QNT-3, AQ-FOUT-6: only the right key opens: the owner of the epoch, a reader, nobody else', async () => {
  const { bytes, contentKey } = sealEnvelope(await sealOptions(6, { readers: [reader.publicKey] }))
  const envelope = parseEnvelope(bytes)
  assert.deepEqual(openSlot(envelope, byOwner), contentKey)
  assert.deepEqual(openSlot(envelope, { kem: reader }), contentKey)
  assert.equal(openSlot(envelope), undefined)
  assert.equal(openSlot(envelope, { kem: otherReader }), undefined)
  assert.equal(openSlot(envelope, { kek: () => new Uint8Array(32) }), undefined)
  assert.equal(openSlot(envelope, { kek: (epoch) => (epoch === 2 ? kek : undefined) }), undefined)
  for (const key of [new Uint8Array(32), contentKey.subarray(1), flipped(contentKey, 31)]) {
    assert.throws(() => openEnvelope(envelope, key), { code: 'refused.key' })
  }
})

test('WX-QNT-9: a new reader changes the slots and nothing else', async () => {
  const first = sealEnvelope(await sealOptions(17))
  const added = addReader(first.bytes, first.contentKey, reader.publicKey, createSeededRandom(1))
  const [before, after] = [parseEnvelope(first.bytes), parseEnvelope(added.bytes)]
  assert.ok(!added.cid.equals(first.cid) && verifyCid(added.cid, added.bytes))
  assert.deepEqual({ ...after, slots: [] }, { ...before, slots: [] })
  assert.deepEqual(after.slots.slice(0, -1), before.slots)
  const slot = encodeCbor({ kind: 'hpke', key: new Uint8Array(1168) })
  assert.equal(added.bytes.length - first.bytes.length, slot.length)
  const opened = openEnvelope(after, openSlot(after, { kem: reader }) as Uint8Array)
  assert.deepEqual(opened, openEnvelope(before, first.contentKey))
  assert.equal(openSlot(before, { kem: reader }), undefined)
})

test('WX-QNT-9: a reader is added only by who holds the key, up to the limit, never to a public object', async () => {
  const { bytes, contentKey } = sealEnvelope(await sealOptions(18))
  const random = createSeededRandom(2)
  const add = (key: Uint8Array, to = bytes) => addReader(to, key, reader.publicKey, random)
  assert.throws(() => add(new Uint8Array(32)), { code: 'refused.key' })
  const open = sealEnvelope(await publicOptions(19))
  assert.throws(() => add(open.contentKey, open.bytes), { code: 'refused.public' })
  const envelope = parseEnvelope(bytes)
  const hpke = { kind: 'hpke', wrapped: new Uint8Array(1168) } as const
  const full = encodeEnvelope({
    ...envelope,
    slots: [...envelope.slots, ...Array.from({ length: readersMax }, () => hpke)],
  })
  assert.throws(() => add(contentKey, full), { code: 'limit.readers' })
  assert.throws(() => addReader(bytes, contentKey, new Uint8Array(1216), random))
})

test('WX-PNG-3, WX-PNG-4: a key released at access opens for that reader, that object and that version only', async () => {
  const random = createSeededRandom(3)
  const { bytes, cid, contentKey } = sealEnvelope(await sealOptions(20))
  const binding = { id: parseEnvelope(bytes).id, envelope: cid }
  const released = wrapForReader(contentKey, reader.publicKey, binding, random)
  assert.equal(released.length, 1168)
  const opened = unwrapForReader(reader, released, binding)
  assert.equal(openEnvelope(parseEnvelope(bytes), opened as Uint8Array).owner, alice)
  assert.equal(unwrapForReader(otherReader, released, binding), undefined)
  assert.equal(unwrapForReader(reader, released, { ...binding, id: createObjectId(random) }), undefined)
  const other = { ...binding, envelope: cidOf(cborCodec, bytes.subarray(1)) }
  assert.equal(unwrapForReader(reader, released, other), undefined)
  assert.equal(unwrapForReader(reader, flipped(released, 500), binding), undefined)
  assert.equal(unwrapForReader(reader, released.subarray(1), binding), undefined)
  const slot = { kind: 'hpke', wrapped: released } as const
  assert.equal(openSlot({ ...parseEnvelope(bytes), slots: [slot] }, { kem: reader }), undefined)
})

test('WX-PNG-3, WX-PNG-4: of many keys released at once each opens for that reader, that object and that version only', async () => {
  const random = createSeededRandom(4)
  const { bytes, cid, contentKey } = sealEnvelope(await sealOptions(21))
  const binding = { id: parseEnvelope(bytes).id, envelope: cid }
  const releases = createReleases(reader.publicKey, random)
  assert.equal(releases.sealed.length, 1168)
  const wrapped = releases.wrap(contentKey, binding)
  assert.equal(wrapped.length, 40)
  const open = openReleases(reader, releases.sealed)
  assert.deepEqual(open?.unwrap(wrapped, binding), contentKey)
  assert.equal(openReleases(otherReader, releases.sealed), undefined)
  assert.equal(openReleases(reader, flipped(releases.sealed, 1150)), undefined)
  assert.equal(openReleases(reader, wrapForReader(contentKey, reader.publicKey, binding, random)), undefined)
  assert.equal(open?.unwrap(wrapped, { ...binding, id: createObjectId(random) }), undefined)
  assert.equal(
    open?.unwrap(wrapped, { ...binding, envelope: cidOf(cborCodec, bytes.subarray(1)) }),
    undefined,
  )
  assert.equal(open?.unwrap(flipped(wrapped, 7), binding), undefined)
  assert.equal(open?.unwrap(wrapped.subarray(1), binding), undefined)
  const others = createReleases(reader.publicKey, random)
  assert.equal(open?.unwrap(others.wrap(contentKey, binding), binding), undefined)
  releases.dispose()
  assert.throws(() => releases.wrap(contentKey, binding), { code: 'refused.disposed' })
})

test('an object without a slot of its own, sealed to a reader, opens for that reader', async () => {
  const { own: _, ...options } = await sealOptions(25, { readers: [reader.publicKey] })
  const envelope = parseEnvelope(sealEnvelope(options).bytes)
  assert.equal(openSlot(envelope, byOwner), undefined)
  assert.equal(openEnvelope(envelope, openSlot(envelope, { kem: reader }) as Uint8Array).owner, alice)
})
