import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '@anarq/bytes'
import { cborCodec, decodeCbor, encodeCbor } from '@anarq/ipld'
import { cidOf, sealBox, verifyCid } from '@anarq/qlock'
import {
  type Envelope,
  type Inner,
  openEnvelope,
  openSlot,
  parseEnvelope,
  sealEnvelope,
  verifyEnvelope,
} from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import { boxContext, encodeHead } from '../src/envelope.ts'
import { encodeInner } from '../src/inner.ts'
import { metadataFields } from '../src/metadata.ts'
import {
  alice,
  bob,
  byOwner,
  flipped,
  metadata,
  publicOptions,
  reader,
  runnables,
  sealOptions,
  signer,
  terms,
} from './fixtures.ts'

test('WX-QNT-8: whichever byte of an envelope is changed, it has another name and never another reading', async () => {
  const options = await sealOptions(10, { readers: [reader.publicKey], runnables, terms })
  const { bytes, cid, contentKey } = sealEnvelope(options)
  const expected = openEnvelope(parseEnvelope(bytes), contentKey)
  let untouched = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = flipped(bytes, at, 1 << (at % 8))
    assert.ok(!verifyCid(cid, changed))
    const inner = openedByOwner(changed)
    if (inner === undefined) continue
    assert.deepEqual(inner, expected)
    untouched += 1
    assert.throws(() => openedByReader(changed), /refused/, 'only the reader’s slot was changed')
  }
  assert.equal(untouched, 1168)
})

test('WX-QNT-8: whichever byte of a public envelope is changed, it does not parse, open or verify', async () => {
  const { bytes } = sealEnvelope(await publicOptions(11, { runnables }))
  for (let at = 0; at < bytes.length; at += at < 1600 ? 1 : 97) {
    const changed = flipped(bytes, at, 1 << (at % 8))
    assert.equal(isSound(changed), false, `byte ${at}`)
  }
  assert.equal(isSound(bytes), true)
})

test('WX-QNT-8: a head cannot be moved to another sealed part, nor a slot to another object', async () => {
  const one = parseEnvelope(sealEnvelope(await sealOptions(12, { readers: [reader.publicKey] })).bytes)
  const contentKey = openSlot(one, byOwner) as Uint8Array
  const two = parseEnvelope(sealEnvelope(await sealOptions(13, { contentKey })).bytes)
  assert.throws(() => openEnvelope({ ...two, sealed: one.sealed }, contentKey), { code: 'refused.key' })
  assert.throws(() => openEnvelope({ ...one, id: two.id }, contentKey), { code: 'refused.key' })
  assert.throws(() => openEnvelope({ ...one, objectClass: 'protected' }, contentKey), { code: 'refused.key' })
  assert.equal(openSlot({ ...two, slots: one.slots }, { kem: reader }), undefined)
  openEnvelope(one, contentKey)
})

test('WX-QNT-8: an owner who seals a contradiction is found out', async () => {
  const { bytes, contentKey } = sealEnvelope(await sealOptions(14))
  const envelope = parseEnvelope(bytes)
  const inner = openEnvelope(envelope, contentKey)
  const other = parseEnvelope(sealEnvelope(await sealOptions(15)).bytes)
  const contradictions: [Partial<Envelope>, Partial<Inner>][] = [
    [{ body: { ...envelope.body, root: other.body.root } }, {}],
    [{ body: { ...envelope.body, storedBytes: 1 } }, {}],
    [{ body: { ...envelope.body, locked: true } }, {}],
    [{ owner: new Uint8Array(32) }, {}],
    [{}, { owner: bob }],
    [{ commitments: envelope.commitments.slice(1) }, {}],
    [{ commitments: [...envelope.commitments].reverse() }, {}],
    [{ commitments: [new Uint8Array(32), ...envelope.commitments.slice(1)] }, {}],
    [{}, { metadata: { ...metadata, name: 'Another soup.md' } }],
    [{}, { sequence: 1 }],
    [{}, { commitmentSeed: new Uint8Array(31) }],
    [{}, { body: { ...inner.body, depth: 5 } }],
    [{}, { body: { ...inner.body, chunks: 2 } }],
  ]
  assert.doesNotThrow(() => openEnvelope(resealed(envelope, inner, contentKey), contentKey))
  for (const [clear, sealed] of contradictions) {
    const forged = resealed({ ...envelope, ...clear }, { ...inner, ...sealed }, contentKey)
    assert.throws(() => openEnvelope(forged, contentKey), { code: 'damaged.envelope' })
  }
})

test('a sealed part that is padded otherwise is refused', async () => {
  const { bytes, contentKey } = sealEnvelope(await sealOptions(16))
  const envelope = parseEnvelope(bytes)
  const padded = encodeInner(openEnvelope(envelope, contentKey), metadataFields(metadata))
  const context = boxContext(encodeHead(envelope))
  const last = padded.length - 1
  const bad = [
    new Uint8Array(0),
    new Uint8Array(256),
    padded.subarray(0, 3),
    concatBytes(padded, new Uint8Array(256)),
    padded.subarray(0, last),
    flipped(padded, last),
    flipped(padded, 3),
    flipped(padded, 0, 0x80),
  ]
  for (const plain of bad) {
    const sealed = sealBox(contentKey, plain, { context, random: createSeededRandom(1) })
    assert.throws(() => openEnvelope({ ...envelope, sealed }, contentKey), { code: 'damaged.envelope' })
  }
})

test('an envelope with other keys, sizes or kinds than the format has is refused', async () => {
  const { bytes } = sealEnvelope(await sealOptions(26, { runnables }))
  const open = sealEnvelope(await publicOptions(26))
  type Map = Record<string, unknown>
  const changedBy = (change: (fields: Map, head: Map) => void, from = bytes) => {
    const fields = decodeCbor(from) as Map
    change(fields, fields.head as Map)
    return encodeCbor(fields)
  }
  const slot = { kind: 'own', epoch: 1, key: new Uint8Array(40) }
  const bad = [
    changedBy((fields) => Object.assign(fields, { more: 1 })),
    changedBy((fields) => Object.assign(fields, { signature: new Uint8Array(3373) })),
    changedBy((fields) => delete fields.slots),
    changedBy((fields) => Object.assign(fields, { slots: [] })),
    changedBy((fields) => Object.assign(fields, { slots: [slot, slot] })),
    changedBy((fields) => Object.assign(fields, { slots: [{ kind: 'open', key: new Uint8Array(32) }] })),
    changedBy((fields) => Object.assign(fields, { slots: [{ ...slot, kind: 'else' }] })),
    changedBy((fields) => Object.assign(fields, { slots: [{ ...slot, kind: 'hpke' }] })),
    changedBy((fields) => Object.assign(fields, { slots: [{ ...slot, epoch: 2 ** 32 }] })),
    changedBy((fields) => Object.assign(fields, { slots: Array(66).fill(slot) })),
    changedBy((fields) => Object.assign(fields, { sealed: new Uint8Array(200_000) })),
    changedBy((_, head) => Object.assign(head, { qnt: 2 })),
    changedBy((_, head) => Object.assign(head, { suite: 2 })),
    changedBy((_, head) => Object.assign(head, { class: 'secret' })),
    changedBy((_, head) => Object.assign(head, { class: 'public' })),
    changedBy((_, head) => Object.assign(head, { id: new Uint8Array(15) })),
    changedBy((_, head) => Object.assign(head, { owner: alice })),
    changedBy((_, head) => Object.assign(head, { more: 1 })),
    changedBy((_, head) => Object.assign(head, { runnables: [] })),
    changedBy((_, head) => Object.assign(head.body as Map, { root: cidOf(cborCodec, bytes) })),
    changedBy((_, head) => Object.assign(head.body as Map, { locked: 0 })),
    changedBy((_, head) => Object.assign(head.body as Map, { bytes: -1 })),
    changedBy((_, head) => Object.assign(head, { commitments: [new Uint8Array(31)] })),
    changedBy((_, head) => Object.assign(head, { commitments: Array(73).fill(new Uint8Array(32)) })),
    changedBy((fields) => delete fields.signature, open.bytes),
    changedBy((fields) => Object.assign(fields, { slots: [slot] }), open.bytes),
    changedBy((_, head) => Object.assign(head, { owner: new Uint8Array(32) }), open.bytes),
    concatBytes(bytes, new Uint8Array(1)),
    bytes.subarray(0, -1),
    new Uint8Array(0),
    new Uint8Array(300 * 1024),
  ]
  for (const [at, envelope] of bad.entries()) {
    assert.throws(() => parseEnvelope(envelope), { code: 'invalid.envelope' }, `case ${at}`)
  }
})

function openedByOwner(bytes: Uint8Array): Inner | undefined {
  return openedBy(bytes, byOwner)
}

function openedByReader(bytes: Uint8Array): Inner {
  const inner = openedBy(bytes, { kem: reader })
  if (inner === undefined) throw new Error('refused')
  return inner
}

/** The reading, or undefined where it was refused with a fault; any other error is the test's failure. */
function openedBy(bytes: Uint8Array, opener: Parameters<typeof openSlot>[1]): Inner | undefined {
  try {
    const envelope = parseEnvelope(bytes)
    const key = openSlot(envelope, opener)
    return key === undefined ? undefined : openEnvelope(envelope, key)
  } catch (error) {
    assert.equal((error as Error).name, 'Fault', String(error))
    return undefined
  }
}

function isSound(bytes: Uint8Array): boolean {
  try {
    const envelope = parseEnvelope(bytes)
    openEnvelope(envelope, openSlot(envelope) as Uint8Array)
    return verifyEnvelope(envelope, signer.publicKey)
  } catch (error) {
    assert.equal((error as Error).name, 'Fault', String(error))
    return false
  }
}

/** What a dishonest owner could publish: any clear part over any sealed part. */
function resealed(envelope: Envelope, inner: Inner, contentKey: Uint8Array): Envelope {
  const plain = encodeInner(inner, metadataFields(inner.metadata))
  const context = boxContext(encodeHead(envelope))
  return { ...envelope, sealed: sealBox(contentKey, plain, { context, random: createSeededRandom(1) }) }
}
