import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPrimitives } from '@anarq/qlock/testing'
import { createSeededRandom } from '@anarq/random/testing'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { isStrictEd25519Key } from '../src/primitives/ed25519-strict.ts'
import { opensslArgon2id } from '../src/primitives/hash.node.ts'
import { primitives as noble } from '../src/primitives/primitives.noble.ts'
import { primitives as node } from '../src/primitives/primitives.node.ts'

testPrimitives('node', node)
testPrimitives('noble', noble)

// From here on Node hashes little things in WebAssembly, in the comparisons below too.
test('Node warms up to hash little things another way', () => node.warmUp())
testPrimitives('node, warmed up', node)

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const data = fc.uint8Array({ maxLength: 3000 })

test('both implementations hash, derive and seal to the same bytes', () => {
  fc.assert(
    fc.property(bytes(32), bytes(12), data, fc.integer({ min: 1, max: 300 }), (key, nonce, plain, length) => {
      const both = [node, noble].map((p) => [
        p.blake3(plain),
        p.blake3(key, plain),
        p.blake3Keyed(key, plain),
        p.sha256(plain),
        p.sha512(plain),
        p.sha3_256(plain),
        p.shake256(plain, length),
        p.hmacSha256(nonce, plain),
        p.hmacSha512(plain, nonce),
        p.hkdfSha256(key, { info: plain, length }),
        p.hkdfSha512(plain, { salt: nonce, info: key, length }),
        p.pbkdf2Sha512(plain, nonce, 2, length),
        p.aesGcmSeal(key, nonce, plain, nonce),
        p.chachaSeal(key, nonce, plain, nonce),
        p.aesCtr(key, key.slice(0, 16), plain),
        p.aesKwWrap(
          key,
          plain.slice(0, plain.length & ~7).length >= 16 ? plain.slice(0, plain.length & ~7) : key,
        ),
      ])
      assert.deepEqual(both[0], both[1])
    }),
    { numRuns: 40 },
  )
})

test('both implementations derive the same Argon2id tags, and OpenSSL where the library is not there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 40 }),
      bytes(16),
      fc.constantFrom({ memoryKiB: 32, passes: 2, lanes: 1 }, { memoryKiB: 100, passes: 1, lanes: 3 }),
      async (password, salt, cost) => {
        const options = { ...cost, length: 32 }
        const tag = await node.argon2id(password, salt, options)
        assert.deepEqual(tag, await noble.argon2id(password, salt, options))
        assert.deepEqual(tag, await opensslArgon2id(password, salt, options))
        const peppered = { ...options, secret: salt }
        assert.deepEqual(
          await node.argon2id(password, salt, peppered),
          await opensslArgon2id(password, salt, peppered),
        )
      },
    ),
    { numRuns: 10 },
  )
})

test('both implementations derive the same keys from the same seeds, and each accepts what the other made', () => {
  fc.assert(
    fc.property(bytes(64), data, (seed, message) => {
      const half = seed.slice(0, 32)
      for (const [one, other] of [
        [node, noble],
        [noble, node],
      ] as const) {
        const [edwards, lattice, kem] = [one.ed25519Key(half), one.mlDsaKey(half), one.mlKemKey(seed)]
        assert.deepEqual(edwards.publicKey, other.ed25519Public(half))
        assert.deepEqual(lattice.publicKey, other.mlDsaPublic(half))
        assert.deepEqual(kem.publicKey, other.mlKemKey(seed).publicKey)
        assert.deepEqual(one.x25519Public(half), other.x25519Public(half))
        assert.deepEqual(edwards.sign(message), other.ed25519Key(half).sign(message))
        assert.ok(other.ed25519Verify(edwards.publicKey, message, edwards.sign(message)))
        assert.ok(other.mlDsaVerify(lattice.publicKey, message, lattice.sign(message, half), half))
        const { ciphertext, sharedSecret } = other.mlKemEncapsulate(kem.publicKey, createSeededRandom(1))
        assert.deepEqual(kem.decapsulate(ciphertext), sharedSecret)
      }
    }),
    { numRuns: 3 },
  )
})

const { Point } = ed25519
const order = Point.Fn.ORDER

test('Ed25519: both implementations give one verdict on signatures with a part of small order', () => {
  const torsion = Point.fromBytes(
    Uint8Array.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  )
  const message = new Uint8Array(10)
  const [secret, once] = [123456789n, 987654321n]
  for (let step = 0n; step < 8n; step += 1n) {
    const small = step === 0n ? Point.ZERO : torsion.multiplyUnsafe(step)
    for (const [keyPart, nonceToo] of [
      [small, false],
      [Point.ZERO, true],
    ] as const) {
      const publicKey = Point.BASE.multiply(secret).add(keyPart).toBytes()
      const r = Point.BASE.multiply(once)
        .add(nonceToo ? small : Point.ZERO)
        .toBytes()
      const k = littleEndian(sha512(new Uint8Array([...r, ...publicKey, ...message]))) % order
      const signature = new Uint8Array([...r, ...toLittleEndian((once + k * secret) % order)])
      const verdict = node.ed25519Verify(publicKey, message, signature)
      assert.equal(noble.ed25519Verify(publicKey, message, signature), verdict, `${step} ${nonceToo}`)
      if (step === 0n) assert.ok(verdict)
      if (nonceToo && step > 0n) assert.ok(!verdict)
    }
  }
})

test('Ed25519: a key of small order or in another form than the canonical one is refused by both', () => {
  const forged = new Uint8Array(64)
  forged[0] = 1
  for (let step = 0n; step < 8n; step += 1n) {
    const torsion = Point.fromBytes(
      Uint8Array.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
    )
    const point = step === 0n ? Point.ZERO : torsion.multiplyUnsafe(step)
    assert.ok(!isStrictEd25519Key(point.toBytes()))
    for (const p of [node, noble]) {
      for (let i = 0; i < 8; i += 1) {
        assert.equal(p.ed25519Verify(point.toBytes(), Uint8Array.of(i), forged), false)
      }
    }
  }
  for (let low = 0xed; low <= 0xff; low += 1) {
    const key = new Uint8Array(32).fill(0xff)
    key[0] = low
    for (const last of [0x7f, 0xff]) {
      key[31] = last
      assert.ok(!isStrictEd25519Key(key))
      assert.equal(node.ed25519Verifier(key), undefined)
      assert.equal(noble.ed25519Verifier(key), undefined)
    }
  }
  assert.ok(isStrictEd25519Key(node.ed25519Public(new Uint8Array(32))))
})

test('Ed25519: a signature whose S is not reduced is refused by both', () => {
  const key = node.ed25519Key(new Uint8Array(32).fill(9))
  const signature = key.sign(new Uint8Array(3))
  const s = littleEndian(signature.subarray(32)) + order
  const malleable = new Uint8Array([...signature.subarray(0, 32), ...toLittleEndian(s)])
  for (const p of [node, noble]) {
    assert.ok(p.ed25519Verify(key.publicKey, new Uint8Array(3), signature))
    assert.ok(!p.ed25519Verify(key.publicKey, new Uint8Array(3), malleable))
  }
})

function littleEndian(value: Uint8Array): bigint {
  return BigInt(`0x${value.slice().reverse().toHex()}`)
}

function toLittleEndian(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(64, '0')).reverse()
}
