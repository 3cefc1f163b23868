import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase58, fromBase64Url, fromUtf8, toHex } from '@anarq/bytes'
import { decodeCbor } from '@anarq/ipld'
import { verifySignature } from '@anarq/qlock'
import {
  canonicalJson,
  createSession,
  encodePublicIdentity,
  identityKey,
  type OpenIdentity,
  sessionKey,
  signRequest,
} from '@anarq/squid'
import { type Person, person } from './people.ts'

/** What is the same in every document of this kind, whoever made it. */
const vocabulary =
  /@context|https:\/\/www\.w3\.org\/ns\/did\/v1|https:\/\/w3id\.org\/security\/multikey\/v1|[A-Za-z]*verificationMethod|publicKeyMultibase|Multikey|controller|authentication|assertionMethod|capabilityInvocation|capabilityDelegation|keyAgreement|alsoKnownAs|#sig|#kem|did:peer:4zQm/g

/** Everything of an identity that any counterpart, store or node operator can come to see, as separate byte strings. */
function shownBy({ clock, random }: Person, identity: OpenIdentity): Uint8Array[] {
  const known = identity.public()
  const request = { method: 'GET', targetUri: 'https://node.example/', headers: {} }
  const session = createSession(identity, { ttlMs: 3_600_000, clock, random })
  const certificates = identity.record.devices.flatMap(({ certificate }) => statementParts(certificate))
  // Its `alsoKnownAs` is the same document once more, in base58.
  const { alsoKnownAs: _, ...bare } = known.document
  const document = canonicalJson(bare).replaceAll(vocabulary, '\n')
  return [
    known.verifyKey,
    known.kemKey,
    identity.kem.publicKey,
    identity.secrets.feed,
    fromBase58(known.did.slice('did:peer:4z'.length)).subarray(2),
    fromBase64Url(identity.record.devices[0]?.id ?? ''),
    ...document.split(/[^A-Za-z0-9_-]+/).map(fromUtf8),
    ...certificates,
    ...statementParts(fromBase64Url(session.certificate)),
    ...signatureParts(signatureOf(signRequest(request, identityKey(identity), { clock, random }))),
    signatureOf(signRequest(request, sessionKey(session), { clock, random })),
    fromUtf8(session.keyid.split('#')[1] ?? ''),
  ]
}

/** The signed values of a statement; times are whole days and field names the same for all. */
function statementParts(bytes: Uint8Array): Uint8Array[] {
  const [payload, signature] = decodeCbor(bytes) as [Uint8Array, Uint8Array]
  const values = Object.values(decodeCbor(payload) as Record<string, unknown>)
  return [...signatureParts(signature), ...values.filter((value) => value instanceof Uint8Array)]
}

/** Without ML-DSA's hint (FIPS 204, algorithm 28): 61 bytes that anybody's signature pads with zeros. */
function signatureParts(signature: Uint8Array): Uint8Array[] {
  return [signature.subarray(0, 3248), signature.subarray(3309)]
}

function signatureOf(headers: Readonly<Record<string, string>>): Uint8Array {
  return Uint8Array.fromBase64(/:(.*):/.exec(headers.signature ?? '')?.[1] ?? '')
}

function windowsOf(parts: readonly Uint8Array[]): Set<string> {
  const windows = new Set<string>()
  for (const part of parts) {
    const hex = toHex(part)
    for (let at = 0; at + 16 <= hex.length; at += 2) windows.add(hex.slice(at, at + 16))
  }
  return windows
}

test('AQ-SQUID-6: two sub-identities of one person share no 8 bytes in anything they show', () => {
  const someone = person(1)
  const shown = ['work', 'dating'].map((name) => {
    const { did } = someone.keyring.create({ kind: 'sub', name })
    return windowsOf(shownBy(someone, someone.keyring.open(did)))
  })
  const [first = new Set<string>(), second = new Set<string>()] = shown
  assert.ok(first.size > 10_000 && second.size > 10_000)
  assert.deepEqual(
    [...first].filter((window) => second.has(window)),
    [],
  )
})

test('AQ-SQUID-6: the comparison finds what two identities share, where they share something', () => {
  const someone = person(1)
  const { did } = someone.keyring.create({ kind: 'sub', name: 'work' })
  using identity = someone.keyring.open(did)
  const first = windowsOf(shownBy(someone, identity))
  const second = windowsOf([identity.public().verifyKey.subarray(100, 120)])
  assert.equal([...first].filter((window) => second.has(window)).length, 13)
})

test('AQ-SQUID-8: an anonymous identity shares no 8 bytes with its root, and its root never signs for it', () => {
  const someone = person(2)
  const { keyring } = someone
  const { did } = keyring.create({ kind: 'anonymous', name: 'whistle' })
  using anonymous = keyring.open(did)
  using root = keyring.open(keyring.current())
  const ours = windowsOf(shownBy(someone, anonymous))
  const log = (root.record.log ?? []).flatMap((line) => line.split(/[^A-Za-z0-9_-]+/).map(fromUtf8))
  const theirs = windowsOf([
    ...log,
    root.public().verifyKey,
    root.public().kemKey,
    root.secrets.feed,
    fromUtf8(root.did.slice(10)),
    ...root.record.devices.flatMap(({ certificate }) => statementParts(certificate)),
  ])
  const words = windowsOf(
    [
      'verificationMethod',
      'capabilityInvocation',
      'capabilityDelegation',
      'assertionMethod',
      'authentication',
      'publicKeyMultibase',
      'controller',
      'keyAgreement',
      'security',
      'multikey',
      'Multikey',
    ].map(fromUtf8),
  )
  assert.deepEqual(
    [...ours].filter((window) => theirs.has(window) && !words.has(window)),
    [],
  )
  for (const { certificate } of anonymous.record.devices) {
    const [payload, signature] = decodeCbor(certificate) as [Uint8Array, Uint8Array]
    assert.ok(verifySignature(anonymous.public().verifyKey, payload, signature, 'q/v1/squid/device'))
    assert.ok(!verifySignature(root.public().verifyKey, payload, signature, 'q/v1/squid/device'))
  }
})

test('AQ-SQUID-8: what is sent of an identity names no other of its keyring', () => {
  const { keyring } = person(3)
  for (const kind of ['sub', 'anonymous', 'organisation'] as const)
    keyring.create({ kind, name: 'a name nobody sees' })
  for (const { did } of keyring.list()) {
    using identity = keyring.open(did)
    const sent = Buffer.from(encodePublicIdentity(identity.public())).toString('latin1')
    assert.ok(!sent.includes('a name nobody sees'))
    for (const other of keyring.list()) {
      if (other.did !== did) assert.ok(!sent.includes(other.did))
    }
  }
})

test('AQ-SQUID-8: rotating an anonymous identity leaves nothing that links the new one to the old', () => {
  const someone = person(4)
  const { did } = someone.keyring.create({ kind: 'anonymous', name: 'whistle' })
  using old = someone.keyring.open(did)
  // The feed is the name under which the owner finds the index again: it goes on, and is shown to stores only.
  const feed = toHex(old.secrets.feed)
  const before = windowsOf(shownBy(someone, old).filter((part) => toHex(part) !== feed))
  using next = someone.keyring.open(someone.keyring.rotate(did).record.did)
  const after = windowsOf(shownBy(someone, next).filter((part) => toHex(part) !== feed))
  assert.deepEqual(
    [...before].filter((window) => after.has(window)),
    [],
  )
})
