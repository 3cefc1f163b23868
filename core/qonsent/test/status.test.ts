import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, cborCodec, cidOfDigest, decodeCbor, encodeCbor } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import {
  checkSuccessor,
  isFresh,
  parseStatus,
  revokedMax,
  type StatusFields,
  type StatusSnapshot,
  sealStatus,
  verifyStatus,
} from '@anarq/qonsent'
import fc from 'fast-check'
import { people, startMs, verify } from './world.ts'

const { alice, bob } = people

function cidOf(seed: number): Cid {
  return cidOfDigest(cborCodec, hashBlake3(fromUtf8(String(seed))))
}

function say(fields: Partial<StatusFields> = {}, by = alice): StatusSnapshot {
  const sealing = { did: alice.did, sign: by.signer.sign }
  return sealStatus({ sequence: 1, atMs: startMs, maxStaleMs: 60_000, revoked: [], ...fields }, sealing)
}

function changed(change: (signed: Record<string, unknown>) => void): Uint8Array {
  const [signature, signed] = decodeCbor(say({ revoked: [cidOf(1), cidOf(2)] }).bytes) as [
    Uint8Array,
    Record<string, unknown>,
  ]
  change(signed)
  return encodeCbor([signature, signed])
}

test('a snapshot names exactly what was ever revoked, in one signed list', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40)), fc.array(fc.nat(40)), (before, after) => {
      const sign = (): Uint8Array => new Uint8Array(3373)
      const seal = (fields: StatusFields): StatusSnapshot => sealStatus(fields, { did: alice.did, sign })
      const common = { atMs: startMs, maxStaleMs: 1000 }
      const previous = seal({ ...common, sequence: 1, revoked: before.map(cidOf) })
      const next = parseStatus(seal({ ...common, sequence: 2, revoked: after.map(cidOf), previous }).bytes)
      const all = new Set([...before, ...after])
      assert.equal(next.revokedCount, all.size)
      for (let seed = 0; seed <= 40; seed += 1) assert.equal(next.isRevoked(cidOf(seed)), all.has(seed))
      assert.ok(checkSuccessor(previous, next).ok)
    }),
    { numRuns: 50 },
  )
})

test('a snapshot carries its issuer’s signature, and another’s does not pass', () => {
  assert.ok(verifyStatus(say(), verify))
  assert.ok(!verifyStatus(say({}, bob), verify))
  assert.ok(!verifyStatus(parseStatus(changed((signed) => Object.assign(signed, { sequence: 9 }))), verify))
})

test('a snapshot is fresh for as long as it says, and never when it comes from the future', () => {
  const snapshot = say({ maxStaleMs: 60_000 })
  for (const [ms, fresh] of [
    [0, true],
    [60_000, true],
    [60_001, false],
    [-300_000, true],
    [-300_001, false],
  ] as const) {
    assert.equal(isFresh(snapshot, startMs + ms), fresh, String(ms))
  }
})

test('malformed, unsorted, foreign and oversized snapshots are refused', () => {
  const { revoked } = say({ revoked: [cidOf(1), cidOf(2)] })
  const swapped = new Uint8Array([...revoked.subarray(32), ...revoked.subarray(0, 32)])
  for (const [title, bytes, code] of [
    ['not CBOR', fromUtf8('x'), 'invalid.cbor'],
    ['another thing', changed((signed) => Object.assign(signed, { t: 'anarq/status@2' })), 'invalid.status'],
    ['an unknown field', changed((signed) => Object.assign(signed, { x: 1 })), 'invalid.shape'],
    ['out of order', changed((signed) => Object.assign(signed, { revoked: swapped })), 'invalid.status'],
    [
      'twice the same',
      changed((signed) => Object.assign(signed, { revoked: new Uint8Array(64) })),
      'invalid.status',
    ],
    [
      'a part of one',
      changed((signed) => Object.assign(signed, { revoked: new Uint8Array(33) })),
      'invalid.status',
    ],
    ['sequence 0', changed((signed) => Object.assign(signed, { sequence: 0 })), 'invalid.shape'],
    [
      'valid for a year',
      changed((signed) => Object.assign(signed, { maxStaleMs: 365 * 86_400_000 })),
      'invalid.shape',
    ],
    ['too long', new Uint8Array(revokedMax * 32 + 8193), 'limit.status'],
  ] as const) {
    assert.throws(
      () => parseStatus(bytes),
      (error) => error instanceof Fault && error.code === code,
      title,
    )
  }
})
