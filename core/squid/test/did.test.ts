import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBase58, toHex } from '@anarq/bytes'
import { createKemKey, createSigner } from '@anarq/qlock'
import {
  canonicalJson,
  encodePublicIdentity,
  isPeerDid,
  parseCard,
  parsePublicIdentity,
  publicOfPeer,
  writeCard,
} from '@anarq/squid'
import fc from 'fast-check'
import { documentOf } from '../src/did/document.ts'
import { entryHash, type LogEntry, scidPlaceholder } from '../src/did/key-log.ts'
import { decodeVerifyKey, encodeKemKey, encodeVerifyKey, hashText } from '../src/did/multikey.ts'
import { decodePeerDid, encodePeerDid, peerDidOf } from '../src/did/peer-did.ts'
import { codeOf, isFault } from './people.ts'

/** The long form that the did:peer specification prints as its example for method 4. */
const specLong =
  'did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd:z2M1k7h4psgp4CmJcnQn2Ljp7Pz7ktsd7oBhMU3dWY5s4fhFNj17qcRTQ427C7QHNT6cQ7T3XfRh35Q2GhaNFZmWHVFq4vL7F8nm36PA9Y96DvdrUiRUaiCuXnBFrn1o7mxFZAx14JL4t8vUWpuDPwQuddVo1T8myRiVH7wdxuoYbsva5x6idEpCQydJdFjiHGCpNc2UtjzPQ8awSXkctGCnBmgkhrj5gto3D4i3EREXYq4Z8r2cWGBr2UzbSmnxW2BuYddFo9Yfm6mKjtJyLpF74ytqrF5xtf84MnGFg1hMBmh1xVx1JwjZ2BeMJs7mNS8DTZhKC7KH38EgqDtUZzfjhpjmmUfkXg2KFEA3EGbbVm1DPqQXayPYKAsYPS9AyKkcQ3fzWafLPP93UfNhtUPL8JW5pMcSV3P8v6j3vPXqnnGknNyBprD6YGUVtgLiAqDBDUF3LSxFQJCVYYtghMTv8WuSw9h1a1SRFrDQLGHE4UrkgoRvwaGWr64aM87T1eVGkP5Dt4L1AbboeK2ceLArPScrdYGTpi3BpTkLwZCdjdiFSfTy9okL1YNRARqUf2wm8DvkVGUU7u5nQA3ZMaXWJAewk6k1YUxKd7LvofGUK4YEDtoxN5vb6r1Q2godrGqaPkjfL3RoYPpDYymf9XhcgG8Kx3DZaA6cyTs24t45KxYAfeCw4wqUpCH9HbpD78TbEUr9PPAsJgXBvBj2VVsxnr7FKbK4KykGcg1W8M1JPz21Z4Y72LWgGQCmixovrkHktcTX1uNHjAvKBqVD5C7XmVfHgXCHj7djCh3vzLNuVLtEED8J1hhqsB1oCBGiuh3xXr7fZ9wUjJCQ1HYHqxLJKdYKtoCiPmgKM7etVftXkmTFETZmpM19aRyih3bao76LdpQtbw636r7a3qt8v4WfxsXJetSL8c7t24SqQBcAY89FBsbEnFNrQCMK3JEseKHVaU388ctvRD45uQfe5GndFxthj4iSDomk4uRFd1uRbywoP1tRuabHTDX42UxPjz'

const leaf = new Uint8Array(32).fill(7)
const keys = { verifyKey: createSigner(leaf).publicKey, kemKey: createKemKey(leaf).publicKey }
const now = { nowMs: 0 }

test('did:peer:4 of the specification decodes, and its document encodes to the same DID', () => {
  const { short, document } = decodePeerDid(specLong)
  assert.equal(short, 'did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd')
  assert.ok(isPeerDid(short))
  assert.equal((document as { service: { type: string }[] }).service[0]?.type, 'DIDCommMessaging')
})

test("did:peer:4 of another implementation's example comes out the same", () => {
  assert.deepEqual(encodePeerDid({ hello: 'world' }), {
    short: 'did:peer:4zQmb7xLdVY9TXx8oov5XgpGUmGELgqiAV2699s43i6Qdm3M',
    long: 'did:peer:4zQmb7xLdVY9TXx8oov5XgpGUmGELgqiAV2699s43i6Qdm3M:zQSJgiFTYiCHjQ9MktwNThRXM7a',
  })
})

test('entry hash and identifier of did:webvh logs of others come out as they printed them', () => {
  const entry =
    '{"versionId": "QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE", "versionTime": "2025-04-01T17:39:50Z", "parameters": {"witness": {"threshold": 2, "witnesses": [{"id": "did:key:z6Mkkc51mg2vpQzKWAbWQZupeGYhowaBjYkmvcKMTqteqHB4", "weight": 1}, {"id": "did:key:z6MkuDdJdKLCgwZuQuEi9xG6LVgJJ9Tebr74CXPYPSumqgJs", "weight": 1}, {"id": "did:key:z6MkoSWmQyp4fTk4ZQy4KUsss9dFX51XfEUzKKKj1J1JUsrF", "weight": 1}]}, "updateKeys": ["z6MkgzBDcBFV3sk4ypPE5YXMZHmS213A3HpYY2LmcVKV15jr"], "nextKeyHashes": ["QmZreDcjvWEpyRFznQeExWNCsvMLk5i59AcRJJuQC8UodJ"], "method": "did:webvh:0.5", "scid": "QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE"}, "state": {"@context": ["https://www.w3.org/ns/did/v1"], "id": "did:webvh:QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE:domain.example"}}'
  assert.equal(
    entryHash(JSON.parse(entry) as LogEntry, 'QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE'),
    'QmQ6FJ4fk2xheSSQoEjVpTgx9AQPKhJgtR9hn1nr4EeCrZ',
  )
  const scid = 'QmUy89VrfryQ254CeHZzQfmcKqByPoKNGqYykP3SeXuegQ'
  const did = `did:webvh:${scid}:example.com`
  const key = 'z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG'
  const genesis: LogEntry = {
    versionId: '1-QmRqMp6AtLbWzMyLa6ZdCjiQXo1HaLpUStJFwqAMY7pVfo',
    versionTime: '2000-01-01T00:00:00Z',
    parameters: {
      method: 'did:webvh:1.0',
      scid,
      updateKeys: [key],
      portable: false,
      nextKeyHashes: [],
      watchers: [],
      witness: {},
      deactivated: false,
    },
    state: {
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
      id: did,
      controller: did,
      verificationMethod: [
        {
          type: 'Multikey',
          publicKeyMultibase: key,
          purpose: 'authentication',
          id: `${did}#P5RDjVJG`,
          controller: did,
        },
      ],
      authentication: [`${did}#P5RDjVJG`],
    },
  }
  assert.equal(`1-${entryHash(genesis, scid)}`, genesis.versionId)
  const draft = canonicalJson({ ...genesis, versionId: scidPlaceholder }).replaceAll(scid, scidPlaceholder)
  assert.equal(hashText(draft), scid)
})

test('a Multikey text is base64url over its private multicodec prefix, and gives back the key', () => {
  const written = encodeVerifyKey(keys.verifyKey)
  assert.deepEqual(decodeVerifyKey(written), keys.verifyKey)
  assert.equal(
    toHex(Uint8Array.fromBase64(written.slice(1, 9), { alphabet: 'base64url' }).subarray(0, 4)),
    '81a2c101',
  )
  const kem = encodeKemKey(keys.kemKey)
  assert.equal(
    toHex(Uint8Array.fromBase64(kem.slice(1, 9), { alphabet: 'base64url' }).subarray(0, 4)),
    '82a2c101',
  )
  for (const bad of [
    kem,
    written.slice(1),
    `z${written.slice(1)}`,
    `${written}A`,
    written.slice(0, -1),
    undefined,
    7,
  ]) {
    assert.throws(() => decodeVerifyKey(bad), isFault('invalid.multikey'))
  }
})

test('AQ-QLOCK-8: a did:peer is bound to its keys: any other document under it is refused', () => {
  const { short, long } = peerDidOf(keys)
  const resolved = publicOfPeer(long)
  assert.ok(resolved.ok)
  assert.equal(resolved.value.did, short)
  assert.deepEqual(resolved.value.verifyKey, keys.verifyKey)
  assert.deepEqual(resolved.value.kemKey, keys.kemKey)
  assert.equal(resolved.value.document.id, short)
  assert.deepEqual(resolved.value.document.alsoKnownAs, [long])

  const other = createSigner(new Uint8Array(32).fill(8)).publicKey
  const swapped = peerDidOf({ ...keys, verifyKey: other }).long
  assert.equal(codeOf(publicOfPeer(short + swapped.slice(short.length))), 'invalid.did')
  fc.assert(
    fc.property(fc.nat({ max: long.length - 1 }), fc.constantFrom('2', 'x', ':'), (at, character) => {
      fc.pre(long[at] !== character)
      assert.notEqual(codeOf(publicOfPeer(long.slice(0, at) + character + long.slice(at + 1))), 'ok')
    }),
    { numRuns: 30 },
  )
})

test('a did:peer of any other shape is none of ours', () => {
  const document = documentOf(keys)
  const spaced = JSON.stringify(document, null, 1)
  const bytes = Uint8Array.from([0x80, 0x04, ...new TextEncoder().encode(spaced)])
  const encoded = `z${toBase58(bytes)}`
  assert.equal(
    codeOf(publicOfPeer(`did:peer:4z${hashText(encoded)}:${encoded}`)),
    'invalid.did',
    'white space',
  )
  const more = encodePeerDid({
    ...document,
    service: [{ id: '#s', type: 'X', serviceEndpoint: 'https://a.example' }],
  })
  assert.equal(codeOf(publicOfPeer(more.long)), 'invalid.document', 'a service')
  assert.notEqual(codeOf(publicOfPeer(specLong)), 'ok', 'foreign keys')
  assert.equal(codeOf(publicOfPeer(`${specLong}${'1'.repeat(20_000)}`)), 'invalid.did', 'too long')
  for (const bad of ['', 'did:peer:4', 'did:peer:2.Ez6L', specLong.slice(0, 60)]) {
    assert.equal(codeOf(publicOfPeer(bad)), 'invalid.did')
  }
})

test('a public identity is sent as its long form alone, and resolved anew by who reads it', () => {
  const resolved = publicOfPeer(peerDidOf(keys).long)
  assert.ok(resolved.ok)
  const bytes = encodePublicIdentity(resolved.value)
  const parsed = parsePublicIdentity(bytes, now)
  assert.ok(parsed.ok)
  assert.deepEqual(parsed.value, resolved.value)
  assert.equal(codeOf(parsePublicIdentity(bytes, { ...now, did: 'did:peer:4zother' })), 'refused.identity')
  assert.equal(codeOf(parsePublicIdentity(bytes.subarray(1), now)), 'invalid.cbor')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      assert.notEqual(codeOf(parsePublicIdentity(noise, now)), 'ok')
    }),
  )
})

test('a card is one line of text that resolves by itself; anything else is none', () => {
  const resolved = publicOfPeer(peerDidOf(keys).long)
  assert.ok(resolved.ok)
  const card = writeCard(resolved.value)
  assert.match(card, /^anarq-card-1:[A-Za-z0-9_-]+$/)
  const parsed = parseCard(`${card}\n`, now)
  assert.deepEqual(parsed.ok && parsed.value, resolved.value)
  for (const other of ['', 'hello', card.slice(1), `${card}=`, `${card}!`, card.replace('card-1', 'card-2')])
    assert.equal(codeOf(parseCard(other, now)), 'invalid.card', other.slice(0, 20))
  assert.notEqual(codeOf(parseCard(card.slice(0, -4), now)), 'ok')
})
