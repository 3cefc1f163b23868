import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import {
  createKemKey,
  createKemKeyOfSeed,
  kemPublicKeyBytes,
  primitives,
  unwrapKey,
  wrapEncBytes,
  wrapKey,
  wrapOverheadBytes,
} from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import fc from 'fast-check'
import { hpkeAead, scheduleHpke } from '../src/hpke.ts'
import { createXWingKey, encapsulateXWing } from '../src/x-wing.ts'
import { flip, hex, randomOf, readVectors, skipWithout } from './vectors.ts'

type XWingVector = { seed: string; eseed: string; ss: string; pk: string; ct: string }

test('AQ-QLOCK-14: X-Wing gives the keys and secrets of its draft, and on browsers its ciphertexts', {
  skip: skipWithout('hpke/x-wing.json'),
}, () => {
  for (const { seed, eseed, ss, pk, ct } of readVectors<XWingVector[]>('hpke/x-wing.json')) {
    const key = createXWingKey(hex(seed))
    assert.equal(toHex(key.publicKey), pk)
    assert.equal(toHex(key.decapsulate(hex(ct))), ss)
    const drawn = primitives.name === 'node' ? hex(eseed).slice(32) : hex(eseed)
    const { ciphertext, sharedSecret } = encapsulateXWing(hex(pk), randomOf(drawn))
    if (primitives.name === 'node') {
      assert.equal(toHex(ciphertext).slice(2176), ct.slice(2176), 'the X25519 half')
      assert.deepEqual(key.decapsulate(ciphertext), sharedSecret)
    } else {
      assert.equal(toHex(ciphertext), ct)
      assert.equal(toHex(sharedSecret), ss)
    }
  }
})

type HpkeVector = Record<
  'info' | 'skRm' | 'pkRm' | 'enc' | 'shared_secret' | 'key' | 'base_nonce',
  string
> & {
  kem_id: number
  kdf_id: number
  aead_id: number
  encryptions: Record<'aad' | 'ct' | 'nonce' | 'pt', string>[]
}

test('HPKE: the X-Wing vector of the draft with HKDF-SHA256 gives its secret, key, nonce and messages', {
  skip: skipWithout('hpke/hpke-pq.json'),
}, () => {
  const ours = readVectors<HpkeVector[]>('hpke/hpke-pq.json').filter(
    ({ kem_id, kdf_id }) => kem_id === 0x647a && kdf_id === 1,
  )
  assert.equal(ours.length, 1)
  for (const { info, skRm, pkRm, enc, shared_secret, key, base_nonce, aead_id, encryptions } of ours) {
    assert.equal(aead_id, hpkeAead.chacha20Poly1305)
    const receiver = createXWingKey(hex(skRm))
    assert.equal(toHex(receiver.publicKey), pkRm)
    const secret = receiver.decapsulate(hex(enc))
    assert.equal(toHex(secret), shared_secret)
    const keys = scheduleHpke(secret, hex(info), aead_id)
    assert.equal(toHex(keys.key), key)
    assert.equal(toHex(keys.baseNonce), base_nonce)
    for (const { aad, ct, nonce, pt } of encryptions) {
      assert.deepEqual(primitives.chachaOpen(keys.key, hex(nonce), hex(ct), hex(aad)), hex(pt))
      assert.deepEqual(primitives.chachaSeal(keys.key, hex(nonce), hex(pt), hex(aad)), hex(ct))
    }
  }
})

test('AQ-QLOCK-2: a wrapped secret comes back to the holder of the key, at the sizes said', () => {
  const kem = createKemKey(random.bytes(32))
  assert.equal(kem.publicKey.length, kemPublicKeyBytes)
  for (const length of [0, 16, 32, 100]) {
    const secret = random.bytes(length)
    const wrapped = wrapKey(kem.publicKey, secret, { info: 'a slot', random })
    assert.equal(wrapped.length, length + wrapOverheadBytes)
    assert.deepEqual(unwrapKey(kem, wrapped, { info: 'a slot' }), secret)
  }
  assert.equal(wrapKey(kem.publicKey, random.bytes(32), { info: '', random }).length, 1168)
})

test('AQ-QLOCK-3, AQ-QLOCK-17, AQ-ENC-5: nobody else opens it, nor with another info, a flipped bit or a cut', () => {
  const kem = createKemKey(random.bytes(32))
  const other = createKemKey(random.bytes(32))
  const wrapped = wrapKey(kem.publicKey, random.bytes(32), { info: 'a slot', random })
  assert.equal(unwrapKey(other, wrapped, { info: 'a slot' }), undefined)
  assert.equal(unwrapKey(kem, wrapped, { info: 'another' }), undefined)
  assert.equal(unwrapKey(kem, wrapped.subarray(0, -1), { info: 'a slot' }), undefined)
  assert.equal(unwrapKey(kem, wrapped.subarray(0, 1000), { info: 'a slot' }), undefined)
  fc.assert(
    fc.property(fc.nat(wrapped.length - 1), fc.nat(6), (at, bit) => {
      assert.equal(unwrapKey(kem, flip(wrapped, at, 1 << bit), { info: 'a slot' }), undefined)
    }),
    {
      numRuns: 40,
      examples: [
        [0, 0],
        [1087, 0],
        [1088, 0],
        [1119, 0],
        [1120, 0],
        [1167, 0],
      ],
    },
  )
})

test('the unused top bit of the X25519 half cannot be flipped either', () => {
  const kem = createKemKey(random.bytes(32))
  const wrapped = wrapKey(kem.publicKey, random.bytes(32), { info: '', random })
  assert.equal(unwrapKey(kem, flip(wrapped, wrapEncBytes - 1, 0x80), { info: '' }), undefined)
})

test('AQ-QLOCK-7: wrapping one secret twice gives bytes that differ', () => {
  const kem = createKemKey(random.bytes(32))
  const secret = random.bytes(32)
  const [one, two] = [1, 2].map(() => wrapKey(kem.publicKey, secret, { info: '', random }))
  assert.notDeepEqual(one?.subarray(0, 1088), two?.subarray(0, 1088))
  assert.notDeepEqual(one?.subarray(1088, 1120), two?.subarray(1088, 1120))
  assert.notDeepEqual(one?.subarray(1120), two?.subarray(1120))
})

test('a ciphertext whose X25519 half has low order opens to nothing', () => {
  const kem = createKemKey(random.bytes(32))
  const wrapped = wrapKey(kem.publicKey, random.bytes(32), { info: '', random })
  wrapped.fill(0, 1088, 1120)
  assert.equal(unwrapKey(kem, wrapped, { info: '' }), undefined)
})

test('a public key of another length, or no ML-KEM key, is refused before anything is sealed', () => {
  const { publicKey } = createKemKey(random.bytes(32))
  const notReduced = publicKey.slice().fill(0xff, 0, 3)
  const lowOrder = publicKey.slice().fill(0, 1184)
  for (const wrong of [publicKey.subarray(1), new Uint8Array(0), notReduced, lowOrder]) {
    assert.throws(() => wrapKey(wrong, random.bytes(32), { info: '', random }), {
      code: 'invalid.public-key',
    })
  }
})

test('a key comes back from its leaf or seed, and a key that was put away opens nothing', () => {
  const leaf = random.bytes(32)
  assert.deepEqual(createKemKey(leaf).publicKey, createKemKey(leaf).publicKey)
  assert.notDeepEqual(createKemKeyOfSeed(leaf).publicKey, createKemKey(leaf).publicKey)
  const kem = createKemKey(leaf)
  const wrapped = wrapKey(kem.publicKey, leaf, { info: '', random })
  kem.dispose()
  assert.throws(() => unwrapKey(kem, wrapped, { info: '' }), { code: 'refused.disposed' })
})
