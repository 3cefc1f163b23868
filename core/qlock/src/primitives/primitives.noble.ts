import { concatBytes, equalBytes } from '@anarq/bytes'
import { aeskw, ctr, gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { argon2idAsync } from '@noble/hashes/argon2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { pbkdf2 } from '@noble/hashes/pbkdf2.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { sha3_256, shake256 } from '@noble/hashes/sha3.js'
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { createBLAKE3, argon2id as wasmArgon2id } from 'hash-wasm'
import { isStrictEd25519Key } from './ed25519-strict.ts'
import { hold } from './held.ts'
import {
  checkCiphertext,
  checkCounter,
  checkKey,
  checkKeyToWrap,
  checkNonce,
  mlDsaBytes,
  tagBytes,
  weakPublicKey,
  wrongPublicKey,
} from './lengths.ts'
import type {
  AgreementKey,
  Argon2Options,
  DecapsulationKey,
  Primitives,
  SigningKey,
  VerifyingKey,
} from './primitives.ts'

const empty = new Uint8Array(0)

/** Ten times faster than JavaScript; absent where the page's policy forbids WebAssembly. */
const wasmBlake3 = await createBLAKE3().catch(() => undefined)

/** The algorithms of @noble in JavaScript, with hash-wasm for BLAKE3 and Argon2id: for browsers. */
export const primitives: Primitives = {
  name: 'noble',
  allocate: (length) => new Uint8Array(length),
  async warmUp() {},
  forget() {},

  blake3: blake3Parts,
  blake3Keyed,
  sha256: (data) => sha256(data),
  sha512: (data) => sha512(data),
  sha3_256: (data) => sha3_256(data),
  shake256: (data, length) => shake256(data, { dkLen: length }),

  hmacSha256: (key, data) => hmac(sha256, key, data),
  hmacSha512: (key, ...parts) => hmac(sha512, key, concatBytes(...parts)),
  hkdfSha256: (ikm, { salt, info, length }) => hkdf(sha256, ikm, salt, info, length),
  hkdfSha512: (ikm, { salt, info, length }) => hkdf(sha512, ikm, salt, info, length),
  pbkdf2Sha512: (password, salt, iterations, length) =>
    pbkdf2(sha512, password, salt, { c: iterations, dkLen: length }),
  argon2id,

  aesGcmSeal,
  aesGcmSealInto: (key, nonce, pieces, out, offset) =>
    out.set(aesGcmSeal(key, nonce, concatBytes(...pieces)), offset),
  aesGcmOpen(key, nonce, sealed, aad) {
    checkAead(key, nonce)
    return opened(sealed.length >= tagBytes, () => gcm(key, nonce, aad).decrypt(sealed))
  },
  aesGcmOpenInto(key, nonce, sealed, outs) {
    checkAead(key, nonce)
    const plain = opened(sealed.length >= tagBytes, () => gcm(key, nonce).decrypt(sealed))
    if (plain === undefined) return false
    let from = 0
    for (const out of outs) {
      out.set(plain.subarray(from, from + out.length))
      from += out.length
    }
    return true
  },
  chachaSeal(key, nonce, plain, aad) {
    checkAead(key, nonce)
    return chacha20poly1305(key, nonce, aad).encrypt(plain)
  },
  chachaSealInto(key, nonce, pieces, out, offset, aad) {
    checkAead(key, nonce)
    out.set(chacha20poly1305(key, nonce, aad).encrypt(concatBytes(...pieces)), offset)
  },
  chachaOpen(key, nonce, sealed, aad) {
    checkAead(key, nonce)
    return opened(sealed.length >= tagBytes, () => chacha20poly1305(key, nonce, aad).decrypt(sealed))
  },
  aesCtr: (key, counter, data) => ctr(checkKey(key, 32), checkCounter(counter)).encrypt(data),
  aesKwWrap: (kek, key) => aeskw(checkKey(kek, 32)).encrypt(checkKeyToWrap(key)),
  aesKwWrapEach: (kek, keys) => keys.map((key) => primitives.aesKwWrap(kek, checkKey(key, 32))),
  aesKwUnwrap(kek, wrapped) {
    checkKey(kek, 32)
    const isWhole = wrapped.length >= 24 && wrapped.length % 8 === 0
    return opened(isWhole, () => aeskw(kek).decrypt(wrapped))
  },
  aesKwUnwrapEach: (kek, wrapped) =>
    wrapped.map((one) => (one.length === 40 ? primitives.aesKwUnwrap(kek, one) : undefined)),

  x25519Key,
  x25519Public: (secret) => x25519.getPublicKey(checkKey(secret, 32)),
  x25519Shared: agree,

  ed25519Key,
  ed25519Public: (seed) => ed25519.getPublicKey(checkKey(seed, 32)),
  ed25519Verifier,
  ed25519Verify: (publicKey, message, signature) =>
    ed25519Verifier(publicKey)?.verify(message, signature) ?? false,

  mlDsaKey,
  mlDsaPublic: (seed) => ml_dsa65.keygen(checkKey(seed, 32)).publicKey,
  mlDsaVerifier,
  mlDsaVerify: (publicKey, message, signature, context) =>
    mlDsaVerifier(publicKey)?.verify(message, signature, context) ?? false,

  mlKemKey,
  mlKemEncapsulate(publicKey, random) {
    const seed = random.bytes(32)
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, seed)
      return { ciphertext: cipherText, sharedSecret }
    } catch (cause) {
      throw wrongPublicKey('ML-KEM-768', cause)
    } finally {
      seed.fill(0)
    }
  },
}

function blake3Parts(...parts: readonly Uint8Array[]): Uint8Array {
  if (wasmBlake3 === undefined) return blake3(concatBytes(...parts))
  wasmBlake3.init()
  for (const part of parts) wasmBlake3.update(part)
  return wasmBlake3.digest('binary').slice()
}

/** In JavaScript, because hash-wasm takes a key only when it creates a hasher, asynchronously. */
function blake3Keyed(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = blake3.create({ key: checkKey(key, 32) })
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}

function argon2id(
  password: Uint8Array,
  salt: Uint8Array,
  { memoryKiB, passes, lanes, length, secret, associatedData }: Argon2Options,
): Promise<Uint8Array> {
  if (password.length > 0 && associatedData === undefined) {
    return wasmArgon2id({
      password,
      salt,
      iterations: passes,
      parallelism: lanes,
      memorySize: memoryKiB,
      hashLength: length,
      outputType: 'binary',
      ...(secret === undefined ? {} : { secret }),
    })
  }
  return argon2idAsync(password, salt, {
    t: passes,
    m: memoryKiB,
    p: lanes,
    dkLen: length,
    ...(secret === undefined ? {} : { key: secret }),
    ...(associatedData === undefined ? {} : { personalization: associatedData }),
  })
}

function aesGcmSeal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, aad?: Uint8Array): Uint8Array {
  checkAead(key, nonce)
  return gcm(key, nonce, aad).encrypt(plain)
}

function checkAead(key: Uint8Array, nonce: Uint8Array): void {
  checkKey(key, 32)
  checkNonce(nonce)
}

function opened(isWhole: boolean, open: () => Uint8Array): Uint8Array | undefined {
  if (!isWhole) return undefined
  try {
    return open()
  } catch {
    return undefined
  }
}

function x25519Key(secret: Uint8Array): AgreementKey {
  const held = hold(checkKey(secret, 32).slice(), overwrite)
  return {
    publicKey: x25519.getPublicKey(held.get()),
    agree: (peerPublicKey) => agree(held.get(), peerPublicKey),
    dispose: held.dispose,
  }
}

function agree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  checkKey(secret, 32)
  if (publicKey.length !== 32) throw wrongPublicKey('X25519')
  try {
    return x25519.getSharedSecret(secret, publicKey)
  } catch (cause) {
    throw weakPublicKey(cause)
  }
}

function ed25519Key(seed: Uint8Array): SigningKey {
  const held = hold(checkKey(seed, 32).slice(), overwrite)
  return {
    publicKey: ed25519.getPublicKey(held.get()),
    sign: (message) => ed25519.sign(message, held.get()),
    dispose: held.dispose,
  }
}

/**
 * RFC 8032 section 5.1.7 without the cofactor, comparing encodings, as OpenSSL does: noble's own `verify` multiplies
 * by the cofactor even with `zip215: false`, and would accept signatures that a server refuses.
 */
function ed25519Verifier(publicKey: Uint8Array): VerifyingKey | undefined {
  if (!isStrictEd25519Key(publicKey)) return undefined
  const { Point } = ed25519
  const key = publicKey.slice()
  try {
    const negated = Point.fromBytes(key, false).negate()
    return {
      verify(message, signature) {
        const s = littleEndian(signature.subarray(32))
        if (signature.length !== 64 || s >= Point.Fn.ORDER) return false
        const r = signature.subarray(0, 32)
        const k = littleEndian(sha512(concatBytes(r, key, message))) % Point.Fn.ORDER
        const expected = Point.BASE.multiplyUnsafe(s).add(negated.multiplyUnsafe(k))
        return equalBytes(expected.toBytes(), r)
      },
    }
  } catch {
    return undefined
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x0${bytes.slice().reverse().toHex()}`)
}

function mlDsaKey(seed: Uint8Array): SigningKey {
  const { secretKey, publicKey } = ml_dsa65.keygen(checkKey(seed, 32))
  const held = hold<Uint8Array>(secretKey, overwrite)
  return {
    publicKey,
    sign: (message, context = empty) => ml_dsa65.sign(message, held.get(), { context }),
    dispose: held.dispose,
  }
}

function mlDsaVerifier(publicKey: Uint8Array): VerifyingKey | undefined {
  if (publicKey.length !== mlDsaBytes.publicKey) return undefined
  const key = publicKey.slice()
  return {
    verify: (message, signature, context = empty) =>
      signature.length === mlDsaBytes.signature &&
      context.length <= 255 &&
      ml_dsa65.verify(signature, message, key, { context }),
  }
}

function mlKemKey(seed: Uint8Array): DecapsulationKey {
  const { secretKey, publicKey } = ml_kem768.keygen(checkKey(seed, 64))
  const held = hold<Uint8Array>(secretKey, overwrite)
  return {
    publicKey,
    decapsulate: (ciphertext) => ml_kem768.decapsulate(checkCiphertext(ciphertext), held.get()),
    dispose: held.dispose,
  }
}

function overwrite(secret: Uint8Array): void {
  secret.fill(0)
}
