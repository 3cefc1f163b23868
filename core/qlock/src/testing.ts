import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromHex, fromUtf8, toHex } from '@anarq/bytes'
import { systemRandom as random } from '@anarq/random'
import type { Primitives } from './primitives/primitives.ts'

/** The tests that every implementation of `Primitives` passes. */
export function testPrimitives(name: string, primitives: Primitives): void {
  testHashes(name, primitives)
  testDerivations(name, primitives)
  testAead(name, primitives)
  testCounterMode(name, primitives)
  testKeyWrap(name, primitives)
  testKeyWrapOfMany(name, primitives)
  testAgreement(name, primitives)
  testSignatures(name, primitives)
  testEncapsulation(name, primitives)
}

const abc = fromUtf8('abc')
const nothing = new Uint8Array(0)

function testHashes(name: string, p: Primitives): void {
  test(`${name}: hashes and MACs give the values printed in their standards`, () => {
    const jefe = fromUtf8('Jefe')
    const want = fromUtf8('what do ya want for nothing?')
    const cases: [string, Uint8Array, string][] = [
      ['FIPS 180-4', p.sha256(abc), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
      [
        'FIPS 180-4',
        p.sha512(abc),
        'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
          '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      ],
      ['FIPS 202', p.sha3_256(abc), '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
      [
        'FIPS 202',
        p.shake256(nothing, 32),
        '46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f',
      ],
      ['BLAKE3', p.blake3(nothing), 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
      [
        'RFC 4231',
        p.hmacSha256(jefe, want),
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      ],
      [
        'RFC 4231',
        p.hmacSha512(jefe, want),
        '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
          '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
      ],
    ]
    for (const [standard, actual, expected] of cases) assert.equal(toHex(actual), expected, standard)
  })

  test(`${name}: hashing parts is hashing their joining, with and without a key`, () => {
    const key = random.bytes(32)
    const parts = [random.bytes(1), nothing, random.bytes(5000), random.bytes(64)]
    assert.deepEqual(p.blake3(...parts), p.blake3(concatBytes(...parts)))
    assert.deepEqual(p.blake3(), p.blake3(nothing))
    assert.deepEqual(p.blake3Keyed(key, ...parts), p.blake3Keyed(key, concatBytes(...parts)))
    assert.notDeepEqual(p.blake3Keyed(key, ...parts), p.blake3(...parts))
  })

  test(`${name}: keyed hashing follows its key: through other keys, changes in place and forgetting`, () => {
    const [key, other] = [random.bytes(32), random.bytes(32)]
    const first = p.blake3Keyed(key, abc)
    assert.notDeepEqual(p.blake3Keyed(other, abc), first)
    assert.deepEqual(p.blake3Keyed(key.slice(), abc), first)
    p.forget(key)
    assert.deepEqual(p.blake3Keyed(key, abc), first)
    key.fill(0)
    assert.deepEqual(p.blake3Keyed(key, abc), p.blake3Keyed(new Uint8Array(32), abc))
    assert.throws(() => p.blake3Keyed(random.bytes(31), abc), { code: 'invalid.key' })
  })

  test(`${name}: results are plain byte arrays that own their memory`, () => {
    const results = [
      p.allocate(32),
      p.blake3(abc),
      p.sha256(abc),
      p.shake256(abc, 40),
      p.aesGcmSeal(random.bytes(32), new Uint8Array(12), abc),
      p.mlDsaPublic(random.bytes(32)),
    ]
    for (const result of results) {
      assert.equal(Object.getPrototypeOf(result), Uint8Array.prototype)
      assert.ok(result.buffer.byteLength < 8192)
    }
  })
}

function testDerivations(name: string, p: Primitives): void {
  test(`${name}: HKDF gives the values of RFC 5869, appendix A.1 and A.3`, () => {
    const ikm = new Uint8Array(22).fill(0x0b)
    const salt = fromHex('000102030405060708090a0b0c')
    const info = fromHex('f0f1f2f3f4f5f6f7f8f9')
    assert.equal(
      toHex(p.hkdfSha256(ikm, { salt, info, length: 42 })),
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
    assert.equal(
      toHex(p.hkdfSha256(ikm, { info: nothing, length: 42 })),
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  test(`${name}: Argon2id gives the tag of RFC 9106, section 5.3`, async () => {
    const tag = await p.argon2id(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), {
      memoryKiB: 32,
      passes: 3,
      lanes: 4,
      length: 32,
      secret: new Uint8Array(8).fill(3),
      associatedData: new Uint8Array(12).fill(4),
    })
    assert.equal(toHex(tag), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659')
  })
}

function testAead(name: string, p: Primitives): void {
  test(`${name}: AES-256-GCM and ChaCha20-Poly1305 give the values printed in their standards`, () => {
    const zeros = p.aesGcmSeal(new Uint8Array(32), new Uint8Array(12), new Uint8Array(16))
    assert.equal(toHex(zeros), 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919')
    const sunscreen = p.chachaSeal(
      fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
      fromHex('070000004041424344454647'),
      fromUtf8(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      ),
      fromHex('50515253c0c1c2c3c4c5c6c7'),
    )
    assert.equal(toHex(sunscreen.subarray(0, 16)), 'd31a8d34648e60db7b86afbc53ef7ec2')
    assert.equal(toHex(sunscreen.subarray(-16)), '1ae10b594f09e26a7e902ecbd0600691')
  })

  for (const [cipher, seal, open] of [
    ['AES-256-GCM', p.aesGcmSeal, p.aesGcmOpen],
    ['ChaCha20-Poly1305', p.chachaSeal, p.chachaOpen],
  ] as const) {
    test(`${name}: AQ-QLOCK-2, AQ-QLOCK-3: ${cipher} opens what it sealed, and nothing that was touched`, () => {
      const [key, nonce, aad] = [random.bytes(32), random.bytes(12), random.bytes(7)]
      for (const length of [0, 1, 15, 16, 17, 1000]) {
        const plain = random.bytes(length)
        const sealed = seal(key, nonce, plain, aad)
        assert.equal(sealed.length, length + 16)
        assert.deepEqual(open(key, nonce, sealed, aad), plain)
        for (const at of [0, length, length + 15]) {
          assert.equal(open(key, nonce, flipped(sealed, at), aad), undefined)
        }
        assert.equal(open(random.bytes(32), nonce, sealed, aad), undefined)
        assert.equal(open(key, random.bytes(12), sealed, aad), undefined)
        assert.equal(open(key, nonce, sealed), undefined)
        assert.equal(open(key, nonce, sealed.subarray(0, -1), aad), undefined)
        assert.equal(open(key, nonce, sealed.subarray(0, 12), aad), undefined)
      }
    })

    test(`${name}: ${cipher} refuses keys and nonces of other lengths`, () => {
      for (const length of [0, 16, 31, 33]) {
        assert.throws(() => seal(random.bytes(length), random.bytes(12), abc), { code: 'invalid.key' })
        assert.throws(() => open(random.bytes(length), random.bytes(12), abc), { code: 'invalid.key' })
      }
      for (const length of [0, 8, 11, 13, 16]) {
        assert.throws(() => seal(random.bytes(32), random.bytes(length), abc), { code: 'invalid.nonce' })
        assert.throws(() => open(random.bytes(32), random.bytes(length), abc), { code: 'invalid.nonce' })
      }
    })
  }

  test(`${name}: opening into buffers gives the same bytes as opening, and says no where that would`, () => {
    const [key, nonce] = [random.bytes(32), random.bytes(12)]
    for (const [head, rest] of [
      [0, 0],
      [0, 17],
      [4, 300_000],
    ] as const) {
      const plain = random.bytes(head + rest)
      const sealed = p.aesGcmSeal(key, nonce, plain)
      const outs = [new Uint8Array(head), new Uint8Array(rest)]
      assert.equal(p.aesGcmOpenInto(key, nonce, sealed, outs), true)
      assert.deepEqual(concatBytes(...outs), plain)
      for (const at of [0, head + rest, head + rest + 15]) {
        assert.equal(p.aesGcmOpenInto(key, nonce, flipped(sealed, at), outs), false)
      }
      assert.equal(p.aesGcmOpenInto(random.bytes(32), nonce, sealed, outs), false)
      assert.equal(p.aesGcmOpenInto(key, nonce, sealed.subarray(0, 15), [new Uint8Array(0)]), false)
    }
  })

  test(`${name}: sealing into a buffer and in parts gives the same bytes as sealing`, () => {
    const [key, nonce] = [random.bytes(32), random.bytes(12)]
    for (const length of [0, 1, 70_000]) {
      const plain = random.bytes(length)
      const sealed = p.aesGcmSeal(key, nonce, plain)
      const out = new Uint8Array(length + 20)
      const pieces = [plain.subarray(0, 1), plain.subarray(1)]
      p.aesGcmSealInto(key, nonce, pieces, out, 3)
      assert.deepEqual(out.subarray(3, -1), sealed)
      for (const aad of [undefined, random.bytes(10)]) {
        p.chachaSealInto(key, nonce, pieces, out, 3, aad)
        assert.deepEqual(out.subarray(3, -1), p.chachaSeal(key, nonce, plain, aad))
      }
      assert.throws(() => p.chachaSealInto(key, nonce.subarray(1), pieces, out, 3), { code: 'invalid.nonce' })
    }
  })
}

function testCounterMode(name: string, p: Primitives): void {
  test(`${name}: AES in counter mode gives the values of NIST SP 800-38A, F.5.5, and undoes itself`, () => {
    const key = fromHex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4')
    const counter = fromHex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
    const plain = fromHex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51')
    const sealed = p.aesCtr(key, counter, plain)
    assert.equal(toHex(sealed), '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5')
    assert.deepEqual(p.aesCtr(key, counter, sealed), plain)
    assert.deepEqual(p.aesCtr(key, counter, plain.subarray(0, 5)), sealed.slice(0, 5))
    assert.equal(p.aesCtr(key, counter, nothing).length, 0)
    assert.throws(() => p.aesCtr(random.bytes(16), counter, plain), { code: 'invalid.key' })
    assert.throws(() => p.aesCtr(key, random.bytes(12), plain), { code: 'invalid.nonce' })
  })
}

function testKeyWrap(name: string, p: Primitives): void {
  test(`${name}: AES key wrap gives the value of RFC 3394, section 4.6, and refuses what was touched`, () => {
    const kek = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
    const key = fromHex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f')
    const wrapped = p.aesKwWrap(kek, key)
    assert.equal(
      toHex(wrapped),
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    )
    assert.deepEqual(p.aesKwUnwrap(kek, wrapped), key)
    for (const at of [0, 8, 39]) assert.equal(p.aesKwUnwrap(kek, flipped(wrapped, at)), undefined)
    assert.equal(p.aesKwUnwrap(random.bytes(32), wrapped), undefined)
    assert.equal(p.aesKwUnwrap(kek, wrapped.subarray(0, 32)), undefined)
    assert.equal(p.aesKwUnwrap(kek, wrapped.subarray(0, 39)), undefined)
    assert.throws(() => p.aesKwWrap(kek, random.bytes(15)), { code: 'invalid.key' })
    assert.throws(() => p.aesKwWrap(random.bytes(16), key), { code: 'invalid.key' })
  })
}

function testKeyWrapOfMany(name: string, p: Primitives): void {
  test(`${name}: many keys are wrapped, and unwrapped, as each by itself`, () => {
    const kek = random.bytes(32)
    for (const count of [0, 1, 2, 129]) {
      const keys = Array.from({ length: count }, () => random.bytes(32))
      const wrapped = p.aesKwWrapEach(kek, keys)
      assert.deepEqual(
        wrapped,
        keys.map((key) => p.aesKwWrap(kek, key)),
      )
      const given = wrapped.map((one) => one.slice())
      assert.deepEqual(p.aesKwUnwrapEach(kek, given), keys)
      assert.deepEqual(given, wrapped)
    }
    const key = random.bytes(32)
    const wrapped = p.aesKwWrap(kek, key)
    const touched = [0, 8, 39].map((at) => flipped(wrapped, at))
    const others = [p.aesKwWrap(kek, random.bytes(24)), wrapped.subarray(0, 39), new Uint8Array(0)]
    assert.deepEqual(p.aesKwUnwrapEach(kek, [...touched, wrapped, ...others]), [
      ...[undefined, undefined, undefined, key],
      ...[undefined, undefined, undefined],
    ])
    assert.throws(() => p.aesKwUnwrapEach(random.bytes(16), [wrapped]), { code: 'invalid.key' })
    assert.throws(() => p.aesKwWrapEach(kek, [random.bytes(24)]), { code: 'invalid.key' })
  })
}

function testAgreement(name: string, p: Primitives): void {
  test(`${name}: X25519 gives the value of RFC 7748, section 5.2, and both sides agree`, () => {
    const shared = p.x25519Shared(
      fromHex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
      fromHex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'),
    )
    assert.equal(toHex(shared), 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
    const other = random.bytes(32)
    const key = p.x25519Key(random.bytes(32))
    assert.deepEqual(key.agree(p.x25519Public(other)), p.x25519Shared(other, key.publicKey))
  })

  test(`${name}: X25519 refuses public keys of low order and of another length`, () => {
    const secret = random.bytes(32)
    for (const first of [0, 1]) {
      const low = new Uint8Array(32)
      low[0] = first
      assert.throws(() => p.x25519Shared(secret, low), { code: 'invalid.public-key' })
    }
    assert.throws(() => p.x25519Shared(secret, random.bytes(31)), { code: 'invalid.public-key' })
    assert.throws(() => p.x25519Public(random.bytes(31)), { code: 'invalid.key' })
  })
}

function testSignatures(name: string, p: Primitives): void {
  test(`${name}: Ed25519 gives the key and signature of RFC 8032, section 7.1, test 1`, () => {
    const key = p.ed25519Key(fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'))
    assert.equal(toHex(key.publicKey), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    assert.equal(
      toHex(key.sign(nothing)),
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
        '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
  })

  for (const [algorithm, key, publicOf, verify] of [
    ['Ed25519', p.ed25519Key, p.ed25519Public, p.ed25519Verify],
    ['ML-DSA-65', p.mlDsaKey, p.mlDsaPublic, p.mlDsaVerify],
  ] as const) {
    test(`${name}: ${algorithm} verifies what its key signed and nothing else`, () => {
      const seed = random.bytes(32)
      const signer = key(seed)
      const message = random.bytes(100)
      const signature = signer.sign(message)
      assert.deepEqual(signer.publicKey, publicOf(seed))
      assert.ok(verify(signer.publicKey, message, signature))
      assert.ok(!verify(signer.publicKey, flipped(message, 50), signature))
      assert.ok(!verify(signer.publicKey, message, flipped(signature, 10)))
      assert.ok(!verify(publicOf(random.bytes(32)), message, signature))
      for (const wrong of [nothing, signature.subarray(1), concatBytes(signature, Uint8Array.of(0))]) {
        assert.equal(verify(signer.publicKey, message, wrong), false)
        assert.equal(verify(wrong, message, signature), false)
      }
      signer.dispose()
      assert.throws(() => signer.sign(message), { code: 'refused.disposed' })
      assert.throws(() => key(random.bytes(31)), { code: 'invalid.key' })
    })
  }

  test(`${name}: an ML-DSA-65 signature under one context does not verify under another`, () => {
    const signer = p.mlDsaKey(random.bytes(32))
    const signature = signer.sign(abc, fromUtf8('one'))
    assert.ok(p.mlDsaVerify(signer.publicKey, abc, signature, fromUtf8('one')))
    assert.ok(!p.mlDsaVerify(signer.publicKey, abc, signature, fromUtf8('other')))
    assert.ok(!p.mlDsaVerify(signer.publicKey, abc, signature))
    assert.ok(!p.mlDsaVerify(signer.publicKey, abc, signature, new Uint8Array(256)))
  })
}

function testEncapsulation(name: string, p: Primitives): void {
  test(`${name}: ML-KEM-768 gives both sides one secret, and another one for a forged ciphertext`, () => {
    const seed = random.bytes(64)
    const key = p.mlKemKey(seed)
    const { ciphertext, sharedSecret } = p.mlKemEncapsulate(key.publicKey, random)
    assert.equal(sharedSecret.length, 32)
    assert.deepEqual(key.decapsulate(ciphertext), sharedSecret)
    const forged = key.decapsulate(flipped(ciphertext, 0))
    assert.notDeepEqual(forged, sharedSecret)
    assert.deepEqual(key.decapsulate(flipped(ciphertext, 0)), forged, 'implicit rejection is deterministic')
    assert.notDeepEqual(p.mlKemKey(random.bytes(64)).decapsulate(ciphertext), sharedSecret)
    key.dispose()
    assert.throws(() => key.decapsulate(ciphertext), { code: 'refused.disposed' })
  })

  test(`${name}: ML-KEM-768 refuses malformed keys and ciphertexts`, () => {
    const key = p.mlKemKey(random.bytes(64))
    assert.throws(() => p.mlKemKey(random.bytes(32)), { code: 'invalid.key' })
    assert.throws(() => key.decapsulate(random.bytes(1087)), { code: 'invalid.ciphertext' })
    const overModulus = key.publicKey.slice().fill(0xff, 0, 3)
    for (const wrong of [key.publicKey.subarray(1), overModulus]) {
      assert.throws(() => p.mlKemEncapsulate(wrong, random), { code: 'invalid.public-key' })
    }
  })
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ 1
  return copy
}
