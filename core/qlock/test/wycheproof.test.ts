import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, toHex } from '@anarq/bytes'
import type { Primitives } from '@anarq/qlock'
import { primitives as noble } from '../src/primitives/primitives.noble.ts'
import { primitives as node } from '../src/primitives/primitives.node.ts'
import { hex, randomOf, readVectors, skipWithout, wycheproof } from './vectors.ts'

for (const p of [node, noble]) {
  testAeads(p)
  testX25519(p)
  testSignatures(p)
  testKem(p)
  testHkdf(p)
  testBlake3(p)
}

function testAeads(p: Primitives): void {
  for (const [name, seal, open] of [
    ['aes_gcm', p.aesGcmSeal, p.aesGcmOpen],
    ['chacha20_poly1305', p.chachaSeal, p.chachaOpen],
  ] as const) {
    test(`${p.name}: QN-CRY-1: all Wycheproof cases of ${name} with a 256-bit key and a 96-bit nonce, and the other sizes are refused`, {
      skip: skipWithout(`wycheproof/${name}_test.json`),
    }, () => {
      let [tried, refused] = [0, 0]
      for (const [one, { keySize, ivSize }, title] of wycheproof(name)) {
        const [key, iv, aad, msg] = [hex(one.key), hex(one.iv), hex(one.aad), hex(one.msg)]
        const sealed = concatBytes(hex(one.ct), hex(one.tag))
        if (keySize !== 256 || ivSize !== 96) {
          assert.throws(() => open(key, iv, sealed, aad), { code: /^invalid\.(key|nonce)$/ }, title)
          refused += 1
          continue
        }
        const isValid = one.result === 'valid'
        assert.deepEqual(open(key, iv, sealed, aad), isValid ? msg : undefined, title)
        assert.equal(toHex(seal(key, iv, msg, aad)) === toHex(sealed), isValid, title)
        tried += 1
      }
      assert.ok(tried >= 66 && refused > 0, `${tried} tried`)
    })
  }
}

function testX25519(p: Primitives): void {
  test(`${p.name}: QN-CRY-1: all Wycheproof cases of x25519; an all-zero secret is refused`, {
    skip: skipWithout('wycheproof/x25519_test.json'),
  }, () => {
    for (const [one, , title] of wycheproof('x25519')) {
      const agree = () => p.x25519Shared(hex(one.private), hex(one.public))
      if (/^0+$/.test(one.shared ?? '')) assert.throws(agree, { code: 'invalid.public-key' }, title)
      else assert.equal(toHex(agree()), one.shared, title)
    }
  })
}

function testSignatures(p: Primitives): void {
  test(`${p.name}: AQ-QLOCK-10, QN-CRY-1: all Wycheproof cases of ed25519`, {
    skip: skipWithout('wycheproof/ed25519_test.json'),
  }, () => {
    for (const [one, group, title] of wycheproof('ed25519')) {
      const verdict = p.ed25519Verify(hex(group.publicKey.pk), hex(one.msg), hex(one.sig))
      assert.equal(verdict, one.result === 'valid', title)
    }
  })

  test(`${p.name}: AQ-QLOCK-10, AQ-QLOCK-14: all Wycheproof cases of ML-DSA-65`, {
    skip: skipWithout('wycheproof/mldsa_65_verify_test.json'),
  }, () => {
    for (const [one, group, title] of wycheproof('mldsa_65_verify')) {
      const verdict = p.mlDsaVerify(hex(group.publicKey), hex(one.msg), hex(one.sig), hex(one.ctx))
      assert.equal(verdict, one.result === 'valid', title)
    }
  })
}

function testKem(p: Primitives): void {
  test(`${p.name}: AQ-QLOCK-14, QN-CRY-1: all Wycheproof cases of ML-KEM-768`, {
    skip: skipWithout('wycheproof/mlkem_768_test.json'),
  }, () => {
    for (const [one, , title] of wycheproof('mlkem_768')) {
      const decapsulate = () => p.mlKemKey(hex(one.seed)).decapsulate(hex(one.c))
      if (one.result === 'valid') assert.equal(toHex(decapsulate()), one.K, title)
      else assert.throws(decapsulate, { code: /^invalid\.(key|ciphertext)$/ }, title)
      if (one.result === 'valid' && one.ek !== undefined)
        assert.equal(toHex(p.mlKemKey(hex(one.seed)).publicKey), one.ek, title)
    }
  })
}

test('noble: ML-KEM-768 encapsulates the X-Wing vectors of its draft, whose randomness they fix', {
  skip: skipWithout('hpke/x-wing.json'),
}, () => {
  for (const { pk, eseed, ct } of readVectors<Record<string, string>[]>('hpke/x-wing.json')) {
    const { ciphertext } = noble.mlKemEncapsulate(hex(pk).subarray(0, 1184), randomOf(hex(eseed)))
    assert.equal(toHex(ciphertext), ct?.slice(0, 2176))
  }
})

function testHkdf(p: Primitives): void {
  for (const [name, derive] of [
    ['hkdf_sha256', p.hkdfSha256],
    ['hkdf_sha512', p.hkdfSha512],
  ] as const) {
    test(`${p.name}: QN-CRY-1: all Wycheproof cases of ${name}`, {
      skip: skipWithout(`wycheproof/${name}_test.json`),
    }, () => {
      for (const [one, , title] of wycheproof(name)) {
        const okm = () => derive(hex(one.ikm), { salt: hex(one.salt), info: hex(one.info), length: one.size })
        if (one.result === 'valid') assert.equal(toHex(okm()), one.okm, title)
        else assert.throws(okm, title)
      }
    })
  }
}

type Blake3Vectors = { key: string; cases: { input_len: number; hash: string; keyed_hash: string }[] }

function testBlake3(p: Primitives): void {
  test(`${p.name}: all BLAKE3 vectors, plain and keyed, whole and in parts`, {
    skip: skipWithout('blake3/test_vectors.json'),
  }, () => {
    const { key, cases } = readVectors<Blake3Vectors>('blake3/test_vectors.json')
    const keyBytes = new TextEncoder().encode(key)
    for (const one of cases) {
      const input = Uint8Array.from({ length: one.input_len }, (_, i) => i % 251)
      const parts = [input.subarray(0, 1000), input.subarray(1000)]
      for (const pieces of [[input], parts]) {
        assert.equal(toHex(p.blake3(...pieces)), one.hash.slice(0, 64))
        assert.equal(toHex(p.blake3Keyed(keyBytes, ...pieces)), one.keyed_hash.slice(0, 64))
      }
    }
  })
}
