import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { cborCodec, decodeCbor, encodeCbor, rawCodec } from '@anarq/ipld'
import { cidOf, verifyEd25519 } from '@anarq/qlock'
import {
  asObjectId,
  hashTerms,
  makePing,
  type Ping,
  parseEnvelope,
  parsePing,
  pingContext,
  sealEnvelope,
  type Terms,
  verifyPing,
} from '@anarq/qnt'
import fc from 'fast-check'
import { alice, bob, flipped, metadata, otherSigner, sealOptions, signer } from './fixtures.ts'

const terms: Terms = { rights: ['read'], usesMax: 3 }
const envelopeCid = cidOf(cborCodec, fromUtf8('an envelope'))
const ping: Ping = {
  id: asObjectId(new Uint8Array(16).fill(7)),
  version: 'latest',
  owner: alice,
  audience: bob,
  where: ['https://anarq.example/.well-known/anarq', 'qnet:k51qzi5uqu5dl'],
  grant: cidOf(cborCodec, fromUtf8('a grant')),
  termsHash: hashTerms(terms),
  issuedMs: 1_767_225_600_000,
  expiresMs: 1_767_312_000_000,
}
const sign = (message: Uint8Array) => signer.signEd25519(message, pingContext)
const verifyBy = (key: Uint8Array) => (message: Uint8Array, signature: Uint8Array) =>
  verifyEd25519(key, message, signature, pingContext)
const byAlice = verifyBy(signer.publicKey)

test('WX-PNG-1: a ping file is small, whole and signed, and says where to ask for what', () => {
  for (const wanted of [ping, { ...ping, version: envelopeCid }, withoutExpiry(ping)]) {
    const file = makePing(wanted, sign)
    assert.ok(file.length <= 1024 && file.length < 700, String(file.length))
    const parsed = parsePing(file)
    assert.deepEqual(parsed.ping, wanted)
    assert.equal(verifyPing(parsed, byAlice), true)
  }
})

test('WX-PNG-2: a ping file holds no key, name, type or tag, and no CID of content', async () => {
  const { bytes, cid } = sealEnvelope(await sealOptions(60))
  const envelope = parseEnvelope(bytes)
  const file = Buffer.from(makePing({ ...ping, id: envelope.id, version: cid }, sign))
  for (const secret of [metadata.name, metadata.type, ...metadata.tags]) {
    assert.equal(file.indexOf(secret), -1)
  }
  assert.equal(file.indexOf(envelope.body.root.bytes), -1)
  assert.deepEqual(Object.keys(decodeCbor(file.subarray(7)) as object).sort(), [
    'audience',
    'expires',
    'grant',
    'id',
    'issued',
    'owner',
    'signature',
    'terms',
    'version',
    'where',
  ])
})

test('WX-PNG-4: a ping that another signed, or that was changed anywhere, does not verify', () => {
  const file = makePing(ping, sign)
  assert.equal(verifyPing(parsePing(file), verifyBy(otherSigner.publicKey)), false)
  for (let at = 0; at < file.length; at += 1) {
    const changed = flipped(file, at, 1 << (at % 8))
    try {
      assert.equal(verifyPing(parsePing(changed), byAlice), false, `byte ${at}`)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'invalid.ping', String(error))
    }
  }
})

test('a ping signature is no signature of anything else', () => {
  const { signature, signedBytes } = parsePing(makePing(ping, sign))
  assert.equal(verifyEd25519(signer.publicKey, signedBytes, signature), false)
})

test('a ping names the terms that were agreed, and equal terms have one name', () => {
  assert.deepEqual(
    hashTerms({ rights: ['share', 'read'] }),
    hashTerms({ rights: ['read', 'share'], tags: [] } as Terms),
  )
  assert.notDeepEqual(hashTerms(terms), hashTerms({ ...terms, usesMax: 4 }))
  assert.notDeepEqual(hashTerms(undefined), hashTerms({ rights: [] }))
})

test('a ping over 1,024 bytes is neither made nor read', () => {
  const where = Array.from({ length: 8 }, (_, at) => `https://${at}${'x'.repeat(150)}.example`)
  assert.throws(() => makePing({ ...ping, where }, sign), { code: 'limit.ping' })
  assert.throws(() => parsePing(new Uint8Array(1025)), { code: 'invalid.ping' })
})

test('a ping that could not be read back is not signed', () => {
  const never = () => assert.fail('signed')
  const bad: Partial<Ping>[] = [
    { owner: 'alice' },
    { audience: '' },
    { id: asObjectId(new Uint8Array(16)).subarray(1) as Ping['id'] },
    { version: cidOf(rawCodec, fromUtf8('x')) },
    { termsHash: new Uint8Array(31) },
    { issuedMs: 1.5 },
    { where: Array(9).fill('x') },
    { where: ['x'.repeat(401)] },
  ]
  for (const changes of bad) {
    assert.throws(() => makePing({ ...ping, ...changes }, never), { code: 'invalid.ping' })
  }
  assert.throws(() => makePing(ping, () => new Uint8Array(63)), { code: 'invalid.ping' })
})

test('a file that is not in the one form of a ping is refused', () => {
  const file = makePing(ping, sign)
  const magic = fromUtf8('QPING1\n')
  const fields = decodeCbor(file.subarray(7)) as Record<string, unknown>
  const withFields = (changes: Record<string, unknown>) =>
    concatBytes(magic, encodeCbor({ ...fields, ...changes }))
  const { signature: _, ...unsigned } = fields
  const bad = [
    new Uint8Array(0),
    magic,
    file.subarray(7),
    file.subarray(0, -1),
    concatBytes(file, new Uint8Array(1)),
    concatBytes(fromUtf8('QPING2\n'), file.subarray(7)),
    withFields({ more: 1 }),
    withFields({ signature: new Uint8Array(65) }),
    withFields({ version: 'newest' }),
    concatBytes(magic, encodeCbor(unsigned)),
    concatBytes(magic, encodeCbor([])),
  ]
  for (const [at, bytes] of bad.entries()) {
    assert.throws(() => parsePing(bytes), { code: 'invalid.ping' }, `case ${at}`)
  }
})

test('WX-PNG-5: a list of a thousand objects as pings is less than a megabyte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (id) => {
      assert.ok(makePing({ ...ping, id: asObjectId(id) }, () => new Uint8Array(64)).length < 1000)
    }),
    { numRuns: 50 },
  )
})

function withoutExpiry({ expiresMs: _, ...rest }: Ping): Ping {
  return rest
}
