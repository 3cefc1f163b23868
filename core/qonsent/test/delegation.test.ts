import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { cborCodec, decodeCbor, encodeCbor } from '@anarq/ipld'
import { cidOf, signatureBytes } from '@anarq/qlock'
import {
  covers,
  describeDelegation,
  parseDelegation,
  readCommand,
  readDid,
  sealDelegation,
  standingOf,
} from '@anarq/qonsent'
import fc from 'fast-check'
import { dayMs, give, people, startMs, startSeconds, verify } from './world.ts'

const { alice, bob } = people
const sealed = give(alice, bob, {
  pol: [['==', '.purpose', 'research']],
  meta: { uses: 3, note: 'for the study' },
})

/** The same envelope with one thing changed; signatures are not looked at here. */
function changed(
  change: (payload: Record<string, unknown>, signed: Record<string, unknown>) => void,
): Uint8Array {
  const [signature, signed] = decodeCbor(sealed.bytes) as [
    Uint8Array,
    Record<string, Record<string, unknown>>,
  ]
  change(signed['ucan/dlg@1.0.0'] as Record<string, unknown>, signed)
  return encodeCbor([signature, signed])
}

test('a delegation is a UCAN 1.0 envelope that says its suite, named by its CID, and is read back whole', () => {
  const read = parseDelegation(sealed.bytes)
  assert.ok(read.cid.equals(cidOf(cborCodec, sealed.bytes)))
  const { iss, aud, sub, cmd, pol, nbf, exp, usesMax, meta } = read
  assert.deepEqual(
    { iss, aud, sub, cmd, pol, nbf, exp, usesMax, meta },
    {
      iss: alice.did,
      aud: bob.did,
      sub: alice.did,
      cmd: '/qnt/read',
      pol: [['==', '.purpose', 'research']],
      nbf: startSeconds,
      exp: startSeconds + 30 * 86_400,
      usesMax: 3,
      meta: { uses: 3, note: 'for the study' },
    },
  )
  const [signature, signed] = decodeCbor(sealed.bytes) as [Uint8Array, { h: Uint8Array }]
  assert.equal(signature.length, signatureBytes)
  assert.equal(toHex(signed.h), '34018180c0011371')
  assert.equal(toHex(read.signedBytes), toHex(encodeCbor(signed)))
  assert.ok(verify(alice.did, read.signedBytes, read.signature, 'anarq/qonsent/delegation/1'))
  assert.ok(!verify(alice.did, read.signedBytes, read.signature, 'anarq/qonsent/status/1'))
})

test('what its giver changes later in the given bytes changes nothing that was read', () => {
  // A Buffer, because its slice() is no copy.
  const bytes = Buffer.from(sealed.bytes)
  const read = parseDelegation(bytes)
  bytes.fill(0)
  assert.deepEqual(read.bytes, sealed.bytes)
  assert.ok(verify(alice.did, read.signedBytes, read.signature, 'anarq/qonsent/delegation/1'))
})

test('malformed, oversized, foreign and unbounded delegations are refused', () => {
  for (const [title, bytes, code] of [
    ['not CBOR', fromUtf8('hello'), 'invalid.cbor'],
    ['cut short', sealed.bytes.subarray(0, -1), 'invalid.cbor'],
    [
      'larger than 16 KiB',
      changed((payload) => Object.assign(payload, { meta: { note: 'x'.repeat(16_384) } })),
      'limit.delegation',
    ],
    ['an unknown field', changed((payload) => Object.assign(payload, { admin: true })), 'invalid.shape'],
    [
      'an unknown field beside the payload',
      changed((_, signed) => Object.assign(signed, { x: 1 })),
      'invalid.shape',
    ],
    [
      'another suite',
      changed((_, signed) =>
        Object.assign(signed, { h: Uint8Array.of(0x34, 1, 0xed, 1, 0xed, 1, 0x13, 0x71) }),
      ),
      'invalid.suite',
    ],
    ['a powerline', changed((payload) => Object.assign(payload, { sub: null })), 'invalid.powerline'],
    [
      'a key instead of an identity',
      changed((payload) => Object.assign(payload, { aud: `${bob.did}#key-1` })),
      'invalid.did',
    ],
    [
      'a command in capitals',
      changed((payload) => Object.assign(payload, { cmd: '/Qnt' })),
      'invalid.command',
    ],
    [
      'a command with a slash at its end',
      changed((payload) => Object.assign(payload, { cmd: '/qnt/' })),
      'invalid.command',
    ],
    [
      'an unknown operator',
      changed((payload) => Object.assign(payload, { pol: [['in time', '.a', 1]] })),
      'invalid.policy',
    ],
    ['no uses at all', changed((payload) => Object.assign(payload, { meta: { uses: 0 } })), 'invalid.shape'],
    [
      'uses in words',
      changed((payload) => Object.assign(payload, { meta: { uses: 'many' } })),
      'invalid.shape',
    ],
    ['a fraction of a second', changed((payload) => Object.assign(payload, { exp: 1.5 })), 'invalid.shape'],
    ['an end past 2^53', changed((payload) => Object.assign(payload, { exp: 2n ** 60n })), 'invalid.shape'],
    ['no end', changed((payload) => Reflect.deleteProperty(payload, 'exp')), 'invalid.shape'],
    [
      'no nonce to speak of',
      changed((payload) => Object.assign(payload, { nonce: new Uint8Array(7) })),
      'invalid.shape',
    ],
    [
      'a short signature',
      encodeCbor([new Uint8Array(64), (decodeCbor(sealed.bytes) as unknown[])[1]]),
      'invalid.shape',
    ],
    ['a list of three', encodeCbor([...(decodeCbor(sealed.bytes) as unknown[]), 1]), 'invalid.shape'],
  ] as const) {
    assert.throws(
      () => parseDelegation(bytes),
      (error) => error instanceof Fault && error.code === code,
      title,
    )
  }
})

test('no bytes make the reader throw anything but a refusal', () => {
  fc.assert(
    fc.property(fc.nat(sealed.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = new Uint8Array(sealed.bytes)
      bytes[at] = (bytes[at] ?? 0) ^ flip
      try {
        const read = parseDelegation(bytes)
        assert.ok(!read.cid.equals(sealed.cid), 'another envelope has another name')
      } catch (error) {
        assert.ok(error instanceof Fault, String(error))
      }
    }),
    { numRuns: 300 },
  )
})

test('sealing refuses what reading would', () => {
  assert.throws(() => give(alice, bob, { cmd: '/Qnt' as '/x' }), { code: 'invalid.command' })
  assert.throws(() => give(alice, bob, { nonce: new Uint8Array(3) }), { code: 'invalid.shape' })
  const sign = (): Uint8Array => new Uint8Array(signatureBytes)
  const { pol, aud, sub, cmd, exp, nonce } = sealed
  assert.throws(() => sealDelegation({ pol, aud, sub, cmd, exp, nonce }, { did: 'alice', sign }), {
    code: 'invalid.did',
  })
})

test('a command covers itself and what is under it, by whole segments', () => {
  for (const [held, asked, isCovered] of [
    ['/', '/qnt/read', true],
    ['/qnt', '/qnt/read', true],
    ['/qnt/read', '/qnt/read', true],
    ['/qnt/read', '/qnt/read/name', true],
    ['/qnt/read', '/qnt', false],
    ['/qnt/read', '/qnt/reader', false],
    ['/qnt/read', '/', false],
  ] as const) {
    assert.equal(covers(held, asked), isCovered, `${held} ${asked}`)
  }
  for (const bad of ['qnt', '//', '/a//b', '/A', '/a b', `/${'a/'.repeat(8)}a`, `/${'a'.repeat(128)}`, 7]) {
    assert.throws(() => readCommand(bad, 'It'), { code: 'invalid.command' })
  }
  for (const bad of [
    'alice',
    'did:',
    'did:peer:',
    'did:peer:a b',
    'did:peer:4z#x',
    'did:peer:4z?x',
    `did:x:${'a'.repeat(600)}`,
    null,
  ]) {
    assert.throws(() => readDid(bad, 'It'), { code: 'invalid.did' })
  }
})

test('AQ-QONSENT-13: every permission has a standing and a sentence, whether active, past or taken back', () => {
  const facts = { nowMs: startMs, isRevoked: false, uses: 0 }
  assert.equal(standingOf(sealed, facts), 'active')
  assert.equal(standingOf(sealed, { ...facts, nowMs: startMs - 1 }), 'not-yet')
  assert.equal(standingOf(sealed, { ...facts, nowMs: startMs + 30 * dayMs + 1 }), 'expired')
  assert.equal(standingOf(sealed, { ...facts, uses: 3 }), 'used-up')
  assert.equal(standingOf(sealed, { ...facts, isRevoked: true }), 'revoked')
  assert.equal(
    describeDelegation(sealed),
    'did:peer:4zbob may /qnt/read where purpose is "research" from 2026-01-01T00:00:00Z until 2026-01-31T00:00:00Z, at most 3 times.',
  )
})
