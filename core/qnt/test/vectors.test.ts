import assert from 'node:assert/strict'
import { createDecipheriv, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { concatBytes, equalBytes, fromBase64Url, fromUtf8 } from '@anarq/bytes'
import { decodeCbor, parseCid } from '@anarq/ipld'
import { hashBlake3, primitives, verifyCid, verifyEd25519 } from '@anarq/qlock'
import {
  asObjectId,
  createMemoryBlocks,
  openEnvelope,
  openSlot,
  parseDisclosures,
  parseEnvelope,
  parsePing,
  readChunks,
  readQntFile,
  unwrapForReader,
  verifyDisclosure,
  verifyEnvelope,
  verifyPing,
} from '@anarq/qnt'
import { collect, stream } from './fixtures.ts'
import { fixedSections, recordedSections, type Section, secrets, vectorsUrl } from './vectors.ts'

type Vectors = { fixed: Record<string, Section>; recorded: Record<string, Section> }

const { fixed, recorded } = JSON.parse(readFileSync(vectorsUrl, 'utf8')) as Vectors

test('the vectors of the format document are what this code makes', async () => {
  const made = await fixedSections()
  assert.deepEqual(Object.keys(fixed), Object.keys(made))
  for (const [name, section] of Object.entries(made)) assert.deepEqual(section, fixed[name], name)
})

test('the recorded vectors have the shape of new ones', () => {
  for (const [name, section] of Object.entries(recordedSections())) {
    assert.deepEqual(Object.keys(recorded[name] as Section), Object.keys(section))
  }
})

test('the recorded reader slot and the released key open', () => {
  const { slot, release } = recorded as Record<'slot' | 'release', Section>
  const envelope = parseEnvelope(bytes(fixed.envelope, 'bytes'))
  const hpke = { kind: 'hpke', wrapped: bytes(slot, 'wrapped') } as const
  const opened = openSlot({ ...envelope, slots: [hpke] }, { kem: secrets.reader })
  assert.deepEqual(opened, bytes(slot, 'contentKey'))
  const binding = { id: asObjectId(bytes(release, 'id')), envelope: parseCid(String(release.envelope)) }
  assert.deepEqual(
    unwrapForReader(secrets.reader, bytes(release, 'wrapped'), binding),
    bytes(release, 'contentKey'),
  )
})

test('the recorded public envelope opens and verifies', () => {
  const section = recorded.public as Section
  const envelope = parseEnvelope(bytes(section, 'bytes'))
  assert.ok(verifyCid(parseCid(String(section.cid)), bytes(section, 'bytes')))
  assert.equal(verifyEnvelope(envelope, bytes(section, 'publicKey')), true)
  assert.equal(openEnvelope(envelope, openSlot(envelope) as Uint8Array).metadata.name, 'Soup.md')
})

test('the vectors read as what they say', async () => {
  const envelope = parseEnvelope(bytes(fixed.envelope, 'bytes'))
  const shown = parseDisclosures(bytes(fixed.disclosure, 'bytes'))
  assert.equal(verifyDisclosure(envelope, shown), true)
  const key = bytes(fixed.ping, 'publicKey')
  const verify = (message: Uint8Array, signature: Uint8Array) =>
    verifyEd25519(key, message, signature, 'q/v1/ping')
  assert.equal(verifyPing(parsePing(bytes(fixed.ping, 'file')), verify), true)
  const file = await readQntFile(stream([bytes(fixed.file, 'bytes')]))
  const blocks = createMemoryBlocks()
  for await (const block of file.blocks) await blocks.put([block], 'data')
  const inner = openEnvelope(file.envelope, bytes(fixed.file, 'contentKey'))
  assert.equal((await collect(readChunks(blocks, inner.body))).length, 1)
})

test('a reader written from the document alone, over other cryptography, opens the envelope and the chunk', () => {
  const { head, slots, sealed } = decodeCbor(bytes(fixed.envelope, 'bytes')) as {
    head: Record<string, Uint8Array>
    slots: [{ key: Uint8Array }]
    sealed: Uint8Array
  }
  const contentKey = strangerUnwrap(secrets.kek, slots[0].key)
  const context = concatBytes(fromUtf8('q/v1/envelope'), hashBlake3(bytes(fixed.envelope, 'head')))
  const padded = strangerOpenBox(contentKey, sealed, context)
  assert.equal(padded.length % 256, 0)
  const innerBytes = new DataView(padded.buffer, padded.byteOffset).getUint32(0)
  const { owner, salt, seed, metadata, body } = decodeCbor(padded.subarray(4, 4 + innerBytes)) as {
    owner: string
    salt: Uint8Array
    seed: Uint8Array
    metadata: Record<string, unknown>
    body: { key: Uint8Array }
  }
  assert.equal(metadata.name, 'Soup.md')
  assert.deepEqual(hashBlake3(concatBytes(fromUtf8('q/v1/owner'), salt, fromUtf8(owner))), head.owner)
  const nameSalt = primitives.blake3(fromUtf8('q/v1/salt'), seed, fromUtf8('name'))
  const opened = concatBytes(
    Uint8Array.of(0x82, 0x64),
    fromUtf8('name'),
    Uint8Array.of(0x67),
    fromUtf8('Soup.md'),
  )
  const commitment = primitives.blake3(fromUtf8('q/v1/commitment'), nameSalt, opened)
  const shown = head.commitments as unknown as Uint8Array[]
  assert.ok(shown.some((one) => equalBytes(one, commitment)))
  const frame = strangerOpenChunk(body.key, bytes(fixed.chunk, 'block'))
  assert.deepEqual(frame, bytes(fixed.frame, 'frame'))
  assert.deepEqual(frame.subarray(2), fromUtf8('Soup'))
})

/** RFC 3394. */
function strangerUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const cipher = createDecipheriv('id-aes256-wrap', kek, new Uint8Array(8).fill(0xa6))
  return new Uint8Array(Buffer.concat([cipher.update(wrapped), cipher.final()]))
}

/** salt(24) commitment(32) ciphertext tag(16), of one chunk. */
function strangerOpenBox(key: Uint8Array, sealed: Uint8Array, context: Uint8Array): Uint8Array {
  const label = fromUtf8('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0')
  const okm = strangerExpand(key, concatBytes(label, sealed.subarray(0, 24), context), 76)
  assert.deepEqual(okm.subarray(44), sealed.subarray(24, 56))
  return strangerGcm(okm.subarray(0, 32), okm.subarray(32, 44), sealed.subarray(56))
}

/** commitment(32) ciphertext tag(16). */
function strangerOpenChunk(key: Uint8Array, block: Uint8Array): Uint8Array {
  const prk = new Uint8Array(createHmac('sha512', new Uint8Array(64)).update(key).digest())
  const okm = strangerExpand(prk, fromUtf8('q/v1/chunk'), 64)
  assert.deepEqual(okm.subarray(32), block.subarray(0, 32))
  return strangerGcm(okm.subarray(0, 32), new Uint8Array(12), block.subarray(32))
}

function strangerExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const first = createHmac('sha512', prk).update(info).update(Uint8Array.of(1)).digest()
  const second = createHmac('sha512', prk).update(first).update(info).update(Uint8Array.of(2)).digest()
  return new Uint8Array(Buffer.concat([first, second])).slice(0, length)
}

function strangerGcm(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  const cipher = createDecipheriv('aes-256-gcm', key, nonce)
  cipher.setAuthTag(sealed.subarray(-16))
  return new Uint8Array(Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]))
}

function bytes(section: Section | undefined, field: string): Uint8Array {
  return fromBase64Url(String(section?.[field]))
}
