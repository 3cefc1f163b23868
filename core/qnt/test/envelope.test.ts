import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareBytes, equalBytes, fromUtf8, toHex } from '@anarq/bytes'
import { cborCodec, decodeCbor, encodeCbor } from '@anarq/ipld'
import { cidOf, openChunk, verifyCid } from '@anarq/qlock'
import {
  blocksOf,
  createMemoryBlocks,
  type Envelope,
  openEnvelope,
  openSlot,
  parseEnvelope,
  type SealOptions,
  sealEnvelope,
  verifyEnvelope,
} from '@anarq/qnt'
import fc from 'fast-check'
import {
  alice,
  bob,
  byOwner,
  kek,
  metadata,
  otherSigner,
  program,
  publicOptions,
  putSmall,
  reader,
  runnables,
  sealOptions,
  signer,
  terms,
} from './fixtures.ts'

test('WX-QNT-1: any bytes become an object that its owner opens to the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (frame) => {
      const blocks = createMemoryBlocks()
      const body = await putSmall(blocks, frame)
      const envelope = parseEnvelope(sealEnvelope(await sealOptions(1, { body })).bytes)
      const inner = openEnvelope(envelope, openSlot(envelope, byOwner) as Uint8Array)
      const block = await blocks.get(inner.body.cid)
      assert.deepEqual(openChunk(inner.body.key, block as Uint8Array), frame)
    }),
    { numRuns: 30 },
  )
})

test('WX-QNT-2, WX-QNT-4, WX-QNT-5: an opened object gives back all that was sealed into it', async () => {
  const first = sealEnvelope(await sealOptions(2))
  const options = await sealOptions(3, { previous: first.cid, sequence: 1, terms, runnables })
  const { bytes, cid, contentKey } = sealEnvelope(options)
  assert.ok(verifyCid(cid, bytes) && cid.code === cborCodec)
  const envelope = parseEnvelope(bytes)
  assert.deepEqual(envelope.id, options.id)
  assert.deepEqual(envelope.runnables, runnables)
  assert.deepEqual([envelope.version, envelope.suite, envelope.objectClass], [1, 1, 'private'])
  const inner = openEnvelope(envelope, contentKey)
  assert.equal(inner.owner, alice)
  assert.equal(inner.sequence, 1)
  assert.ok(inner.previous?.equals(first.cid))
  assert.deepEqual(inner.metadata, metadata)
  assert.deepEqual(inner.terms, { ...terms, rights: ['read', 'share'] })
  assert.deepEqual(inner.body, { ...options.body })
})

test('every metadata that can be sealed comes back as it was', async () => {
  const options = await sealOptions(4)
  const text = fc.string({ maxLength: 40 }).filter((value) => value.isWellFormed())
  const any = fc.record(
    {
      name: text,
      type: text,
      createdMs: fc.maxSafeInteger(),
      modifiedMs: fc.maxSafeInteger(),
      mode: fc.nat(0o7777),
      tags: fc.uniqueArray(text, { maxLength: 5 }),
      transforms: fc.array(fc.record({ id: text, version: fc.nat(9) }, { noNullPrototype: true }), {
        maxLength: 3,
      }),
      extra: fc.dictionary(
        fc.stringMatching(/^[a-z][A-Za-z0-9_.-]{0,9}$/),
        fc.oneof(text, fc.maxSafeInteger(), fc.boolean(), fc.constant(null), fc.uint8Array({ maxLength: 9 })),
        { minKeys: 1, maxKeys: 9, noNullPrototype: true },
      ),
    },
    {
      requiredKeys: ['name', 'type', 'createdMs', 'modifiedMs', 'tags', 'transforms'],
      noNullPrototype: true,
    },
  )
  fc.assert(
    fc.property(any, (wanted) => {
      const { bytes, contentKey } = sealEnvelope({ ...options, metadata: wanted })
      assert.deepEqual(openEnvelope(parseEnvelope(bytes), contentKey).metadata, wanted)
    }),
    { numRuns: 150 },
  )
})

test('a lock is shown as locked and its cost comes back', async () => {
  const lock = { salt: new Uint8Array(16).fill(5), params: { memoryKiB: 65_536, passes: 3, lanes: 1 } }
  const { bytes, contentKey } = sealEnvelope(await sealOptions(5, { metadata: { ...metadata, lock } }))
  const envelope = parseEnvelope(bytes)
  assert.equal(envelope.body.locked, true)
  assert.deepEqual(openEnvelope(envelope, contentKey).metadata.lock, lock)
})

test('whoever holds the bytes learns neither owner nor name, tag, type, time, terms or version', async () => {
  const { bytes } = sealEnvelope(await sealOptions(7, { terms }))
  const seen = Buffer.from(bytes)
  for (const secret of [
    alice,
    'Grandmother',
    'markdown',
    'kitchen',
    'born',
    'laga',
    'research',
    'Name the',
  ]) {
    assert.equal(seen.indexOf(secret), -1, secret)
  }
  for (const number of [metadata.createdMs, metadata.modifiedMs]) {
    assert.equal(seen.indexOf(encodeCbor(number)), -1, String(number))
  }
  const sizeOf = async (name: string) =>
    sealEnvelope(await sealOptions(7, { metadata: { ...metadata, name } })).bytes.length
  assert.equal(await sizeOf('a'), await sizeOf('a name of more letters'), 'sizes come in steps')
})

test('two versions by one owner show different owners, and equal fields different commitments', async () => {
  const [one, two] = [8, 9].map(async (seed) => parseEnvelope(sealEnvelope(await sealOptions(seed)).bytes))
  const [a, b] = [(await one) as Envelope, (await two) as Envelope]
  assert.notDeepEqual(a.owner, b.owner)
  for (const commitment of a.commitments) {
    assert.ok(b.commitments.every((other) => !equalBytes(commitment, other)))
  }
})

test('AQ-FIN-4: a public object opens for everybody and is its owner’s by signature', async () => {
  const { bytes, contentKey } = sealEnvelope(await publicOptions(21))
  const envelope = parseEnvelope(bytes)
  assert.equal(envelope.owner, alice)
  assert.deepEqual(openSlot(envelope), contentKey)
  assert.equal(openEnvelope(envelope, contentKey).metadata.name, metadata.name)
  assert.equal(verifyEnvelope(envelope, signer.publicKey), true)
  assert.equal(verifyEnvelope(envelope, otherSigner.publicKey), false)
  assert.equal(verifyEnvelope({ ...envelope, owner: bob }, signer.publicKey), false)
  assert.throws(() => openEnvelope({ ...envelope, owner: bob }, contentKey), { code: 'refused.key' })
  const secret = parseEnvelope(sealEnvelope(await sealOptions(22)).bytes)
  assert.equal(verifyEnvelope(secret, signer.publicKey), false)
})

test('AQ-FIN-5: what the envelope shows of content is hashes and sizes', async () => {
  const { bytes } = sealEnvelope(await sealOptions(23, { runnables }))
  const { head } = decodeCbor(bytes) as { head: Record<string, unknown> }
  assert.deepEqual(Object.keys(head).sort(), [
    'body',
    'class',
    'commitments',
    'id',
    'owner',
    'qnt',
    'runnables',
    'suite',
  ])
  assert.deepEqual(Object.keys(head.body as object).sort(), ['bytes', 'locked', 'root'])
})

test('what could not be read back is not sealed', async () => {
  const sealing = async (changes: Partial<SealOptions>) => sealEnvelope(await sealOptions(24, changes))
  const long = 'x'.repeat(2000)
  const bad: Partial<SealOptions>[] = [
    { owner: 'alice' },
    { owner: 'did:key:z6Mk#key-1' },
    { sequence: 1 },
    { sequence: -1, previous: program },
    { previous: cidOf(cborCodec, fromUtf8('x')) },
    { metadata: { ...metadata, name: long } },
    { metadata: { ...metadata, name: '\ud800' } },
    { metadata: { ...metadata, tags: ['a', 'a'] } },
    { metadata: { ...metadata, mode: 0o100_644 } },
    { metadata: { ...metadata, createdMs: 0.5 } },
    { metadata: { ...metadata, modifiedMs: Number.NaN } },
    { metadata: { ...metadata, extra: { 'Not a name': 1 } } },
    { metadata: { ...metadata, extra: { fine: undefined } } },
    { metadata: { ...metadata, extra: { fine: Number.NaN } } },
    { metadata: { ...metadata, extra: { fine: () => 1 } } },
    { own: { kek, epoch: -1 } },
    { own: { kek, epoch: 2 ** 32 } },
    { terms: { rights: ['read', 'read'] } },
    { terms: { rights: [], price: { amount: '1.5', unit: 'QTOKEN' } } },
    { terms: { rights: [], audience: ['bob'] } },
    { runnables: [{ cid: program, on: 'Not a name', limits: runnables[0]!.limits }] },
    { runnables: Array.from({ length: 17 }, () => runnables[0]!) },
    { contentKey: new Uint8Array(16) },
    { signer },
    { objectClass: 'public' },
  ]
  for (const changes of bad) {
    await assert.rejects(sealing(changes), { code: 'invalid.object' }, JSON.stringify(changes).slice(0, 99))
  }
  await assert.rejects(publicOptions(24, { readers: [reader.publicKey] }).then(sealEnvelope), {
    code: 'invalid.object',
  })
  const { own: _, ...unowned } = await sealOptions(24)
  assert.throws(() => sealEnvelope(unowned), { code: 'invalid.object' })
  const large = { blob: new Uint8Array(70_000) }
  await assert.rejects(sealing({ metadata: { ...metadata, extra: large } }), { code: 'limit.metadata' })
})

test('commitments are sorted by their bytes and padded to a multiple of eight', async () => {
  for (const extras of [0, 1, 2, 9]) {
    const extra = Object.fromEntries(Array.from({ length: extras }, (_, at) => [`field${at}`, at]))
    const { bytes } = sealEnvelope(await sealOptions(27, { metadata: { ...metadata, extra } }))
    const { commitments } = parseEnvelope(bytes)
    assert.equal(commitments.length, Math.ceil((7 + extras) / 8) * 8)
    assert.deepEqual(commitments, [...commitments].sort(compareBytes))
    assert.equal(new Set(commitments.map(toHex)).size, commitments.length)
  }
})

test('blocks of an opened object are found from its envelope alone', async () => {
  const blocks = createMemoryBlocks()
  const body = await putSmall(blocks, fromUtf8('soup'))
  const { bytes, contentKey } = sealEnvelope(await sealOptions(28, { body }))
  const inner = openEnvelope(parseEnvelope(bytes), contentKey)
  assert.deepEqual(await Array.fromAsync(blocksOf(blocks, inner)), [body.cid])
})
