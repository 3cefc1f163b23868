import { Buffer } from 'node:buffer'
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  hash,
  type KeyObject,
  pbkdf2Sync,
  sign,
  verify,
} from 'node:crypto'
import { allocate, plain, take } from './buffers.node.ts'
import {
  aeadOpen,
  aeadSeal,
  aeadSealInto,
  aesCtr,
  aesGcmOpenInto,
  aesKwUnwrap,
  aesKwUnwrapEach,
  aesKwWrap,
  aesKwWrapEach,
} from './cipher.node.ts'
import { isStrictEd25519Key } from './ed25519-strict.ts'
import { argon2id, blake3Keyed, blake3Parts, forget, hkdf, hkdfSha512, hmacSha512 } from './hash.node.ts'
import { hold } from './held.ts'
import {
  checkCiphertext,
  checkKey,
  mlDsaBytes,
  mlKemBytes,
  weakPublicKey,
  wrongPublicKey,
} from './lengths.ts'
import type { AgreementKey, DecapsulationKey, Primitives, SigningKey, VerifyingKey } from './primitives.ts'
import { loadWasmHash } from './wasm-hash.node.ts'

type PublicKeyType = 'ed25519' | 'ml-dsa-65' | 'ml-kem-768' | 'x25519'

const empty = new Uint8Array(0)

/** The algorithms of Node's own crypto, of @napi-rs/blake-hash and of @node-rs/argon2. */
export const primitives: Primitives = {
  name: 'node',
  allocate,
  warmUp: loadWasmHash,
  forget,

  blake3: blake3Parts,
  blake3Keyed,
  sha256: (data) => take(hash('sha256', data, 'buffer')),
  sha512: (data) => take(hash('sha512', data, 'buffer')),
  sha3_256: (data) => take(hash('sha3-256', data, 'buffer')),
  shake256: (data, length) =>
    take(hash('shake256', data, { outputLength: length, outputEncoding: 'buffer' })),

  hmacSha256: (key, data) => take(createHmac('sha256', key).update(data).digest()),
  hmacSha512,
  hkdfSha256: (ikm, options) => hkdf('sha256', ikm, options),
  hkdfSha512,
  pbkdf2Sha512: (password, salt, iterations, length) =>
    take(pbkdf2Sync(password, salt, iterations, length, 'sha512')),
  argon2id,

  aesGcmSeal: (key, nonce, bytes, aad) => aeadSeal('aes-256-gcm', key, nonce, bytes, aad),
  aesGcmSealInto: (key, nonce, pieces, out, offset) =>
    aeadSealInto('aes-256-gcm', key, nonce, pieces, out, offset),
  aesGcmOpen: (key, nonce, sealed, aad) => aeadOpen('aes-256-gcm', key, nonce, sealed, aad),
  aesGcmOpenInto,
  chachaSeal: (key, nonce, bytes, aad) => aeadSeal('chacha20-poly1305', key, nonce, bytes, aad),
  chachaSealInto: (key, nonce, pieces, out, offset, aad) =>
    aeadSealInto('chacha20-poly1305', key, nonce, pieces, out, offset, aad),
  chachaOpen: (key, nonce, sealed, aad) => aeadOpen('chacha20-poly1305', key, nonce, sealed, aad),
  aesCtr,
  aesKwWrap,
  aesKwWrapEach,
  aesKwUnwrap,
  aesKwUnwrapEach,

  x25519Key,
  x25519Public: (secret) => x25519Key(secret).publicKey,
  x25519Shared: (secret, publicKey) => x25519Key(secret).agree(publicKey),

  ed25519Key: (seed) => signingKey(importPrivate('ed25519', 'raw-private', checkKey(seed, 32))),
  ed25519Public: (seed) => rawPublic(importPrivate('ed25519', 'raw-private', checkKey(seed, 32))),
  ed25519Verifier,
  ed25519Verify: (publicKey, message, signature) =>
    ed25519Verifier(publicKey)?.verify(message, signature) ?? false,

  mlDsaKey: (seed) => signingKey(importPrivate('ml-dsa-65', 'raw-seed', checkKey(seed, 32))),
  mlDsaPublic: (seed) => rawPublic(importPrivate('ml-dsa-65', 'raw-seed', checkKey(seed, 32))),
  mlDsaVerifier,
  mlDsaVerify: (publicKey, message, signature, context) =>
    mlDsaVerifier(publicKey)?.verify(message, signature, context) ?? false,

  mlKemKey,
  mlKemEncapsulate(publicKey) {
    const key = publicKey.length === mlKemBytes.publicKey ? importPublic('ml-kem-768', publicKey) : undefined
    if (key === undefined) throw wrongPublicKey('ML-KEM-768')
    const { ciphertext, sharedKey } = encapsulate(key)
    return { ciphertext: plain(ciphertext), sharedSecret: take(sharedKey) }
  },
}

function x25519Key(secret: Uint8Array): AgreementKey {
  const held = hold(importPrivate('x25519', 'raw-private', checkKey(secret, 32)))
  return {
    publicKey: rawPublic(held.get()),
    agree(peerPublicKey) {
      const privateKey = held.get()
      const publicKey = peerPublicKey.length === 32 ? importPublic('x25519', peerPublicKey) : undefined
      if (publicKey === undefined) throw wrongPublicKey('X25519')
      try {
        return take(diffieHellman({ privateKey, publicKey }))
      } catch (cause) {
        throw weakPublicKey(cause)
      }
    },
    dispose: held.dispose,
  }
}

function ed25519Verifier(publicKey: Uint8Array): VerifyingKey | undefined {
  if (!isStrictEd25519Key(publicKey)) return undefined
  const key = importPublic('ed25519', publicKey)
  return (
    key && {
      verify: (message, signature) => signature.length === 64 && verify(null, message, key, signature),
    }
  )
}

function mlDsaVerifier(publicKey: Uint8Array): VerifyingKey | undefined {
  const key = publicKey.length === mlDsaBytes.publicKey ? importPublic('ml-dsa-65', publicKey) : undefined
  return (
    key && {
      verify: (message, signature, context = empty) =>
        signature.length === mlDsaBytes.signature &&
        context.length <= 255 &&
        verify(null, message, { key, context }, signature),
    }
  )
}

function signingKey(key: KeyObject): SigningKey {
  const held = hold(key)
  const takesContext = key.asymmetricKeyType === 'ml-dsa-65'
  return {
    publicKey: rawPublic(key),
    sign: (message, context = empty) =>
      take(sign(null, message, takesContext ? { key: held.get(), context } : held.get())),
    dispose: held.dispose,
  }
}

function mlKemKey(seed: Uint8Array): DecapsulationKey {
  const held = hold(importPrivate('ml-kem-768', 'raw-seed', checkKey(seed, 64)))
  return {
    publicKey: rawPublic(held.get()),
    decapsulate: (ciphertext) => take(decapsulate(held.get(), checkCiphertext(ciphertext))),
    dispose: held.dispose,
  }
}

function importPrivate(type: PublicKeyType, format: 'raw-private' | 'raw-seed', key: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.from(key.buffer, key.byteOffset, key.byteLength),
    format,
    asymmetricKeyType: type,
  })
}

function importPublic(type: PublicKeyType, key: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({
      key: Buffer.from(key.buffer, key.byteOffset, key.byteLength),
      format: 'raw-public',
      asymmetricKeyType: type,
    })
  } catch {
    return undefined
  }
}

function rawPublic(privateKey: KeyObject): Uint8Array {
  return take(createPublicKey(privateKey).export({ format: 'raw-public' }))
}
