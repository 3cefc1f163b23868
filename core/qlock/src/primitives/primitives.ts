import type { Random } from '@anarq/random'

/** A private signing key, imported once: importing costs more than signing. */
export type SigningKey = {
  readonly publicKey: Uint8Array
  /** `context` (0 to 255 bytes) is for ML-DSA (FIPS 204); Ed25519 has none and ignores it. */
  sign(message: Uint8Array, context?: Uint8Array): Uint8Array
  /** Forgets the key; using it later is `refused.disposed`. The same holds for the other private keys here. */
  dispose(): void
}

/** A public signing key, imported once. Malformed signatures are false, never an error. */
export type VerifyingKey = {
  verify(message: Uint8Array, signature: Uint8Array, context?: Uint8Array): boolean
}

/** A private X25519 key, imported once. */
export type AgreementKey = {
  readonly publicKey: Uint8Array
  /** 32 bytes. A public key of low order is `invalid.public-key`, because the result would be all zero. */
  agree(peerPublicKey: Uint8Array): Uint8Array
  dispose(): void
}

/** A private ML-KEM-768 key, imported once. */
export type DecapsulationKey = {
  readonly publicKey: Uint8Array
  /** 32 bytes; of a forged ciphertext too (implicit rejection, FIPS 203). Throws `invalid.ciphertext` only on a wrong length. */
  decapsulate(ciphertext: Uint8Array): Uint8Array
  dispose(): void
}

export type HkdfOptions = {
  readonly salt?: Uint8Array
  readonly info: Uint8Array
  readonly length: number
}

export type Argon2Options = {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
  readonly length: number
  readonly secret?: Uint8Array
  readonly associatedData?: Uint8Array
}

/**
 * The algorithms everything in this package is written over. Two implementations, chosen by the conditional
 * import `#primitives`: Node's own crypto, and @noble with hash-wasm in browsers; both pass
 * `testPrimitives` of `@anarq/qlock/testing`. Results are plain `Uint8Array`s of their own, keys have the exact
 * length said or are `invalid.key`, and `undefined` from an `…Open` or `…Unwrap` means that it does not verify.
 */
export type Primitives = {
  readonly name: string
  /** Bytes whose content is whatever lay in memory: for results that are about to be written whole. */
  allocate(length: number): Uint8Array
  /** For who is about to hash many little things, and can wait some milliseconds for what makes that fast. */
  warmUp(): Promise<void>
  /** Drops what was prepared from this key, if anything was. `wipe` calls it. */
  forget(secret: Uint8Array): void

  /** BLAKE3 of the parts one after another, 32 bytes. */
  blake3(...parts: readonly Uint8Array[]): Uint8Array
  /** BLAKE3 with a 32-byte key over the parts one after another, 32 bytes. */
  blake3Keyed(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
  sha256(data: Uint8Array): Uint8Array
  sha512(data: Uint8Array): Uint8Array
  sha3_256(data: Uint8Array): Uint8Array
  shake256(data: Uint8Array, length: number): Uint8Array

  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
  /** Of the parts one after another. */
  hmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
  /** RFC 5869, extract and expand. */
  hkdfSha256(ikm: Uint8Array, options: HkdfOptions): Uint8Array
  hkdfSha512(ikm: Uint8Array, options: HkdfOptions): Uint8Array
  pbkdf2Sha512(password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array
  /** RFC 9106, version 0x13. */
  argon2id(password: Uint8Array, salt: Uint8Array, options: Argon2Options): Promise<Uint8Array>

  /** AES-256-GCM, 12-byte nonce: ciphertext || tag(16). */
  aesGcmSeal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, aad?: Uint8Array): Uint8Array
  /** The same of several pieces one after another, into `out` at `offset`, which has room for them and 16 bytes more. */
  aesGcmSealInto(
    key: Uint8Array,
    nonce: Uint8Array,
    pieces: readonly Uint8Array[],
    out: Uint8Array,
    offset: number,
  ): void
  aesGcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array): Uint8Array | undefined
  /**
   * The same into `outs`, one filled after another, which together are as long as the plain text. False where it does not
   * verify: what lies in them then is nobody's to use.
   */
  aesGcmOpenInto(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, outs: readonly Uint8Array[]): boolean
  /** ChaCha20-Poly1305, RFC 8439: ciphertext || tag(16). */
  chachaSeal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, aad?: Uint8Array): Uint8Array
  /** The same of several pieces one after another, into `out` at `offset`, which has room for them and 16 bytes more. */
  chachaSealInto(
    key: Uint8Array,
    nonce: Uint8Array,
    pieces: readonly Uint8Array[],
    out: Uint8Array,
    offset: number,
    aad?: Uint8Array,
  ): void
  chachaOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array): Uint8Array | undefined
  /** AES-256 in counter mode (NIST SP 800-38A): `counter` is the first block, 16 bytes. The same call opens. Proves nothing. */
  aesCtr(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Uint8Array
  /** AES-256 key wrap, RFC 3394: 8 bytes longer than the key, whose length is a multiple of 8 from 16. */
  aesKwWrap(kek: Uint8Array, key: Uint8Array): Uint8Array
  /** The same of many keys of 32 bytes under one. */
  aesKwWrapEach(kek: Uint8Array, keys: readonly Uint8Array[]): Uint8Array[]
  aesKwUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined
  /** The same of many keys of 32 bytes under one: undefined for each that is not one. */
  aesKwUnwrapEach(kek: Uint8Array, wrapped: readonly Uint8Array[]): (Uint8Array | undefined)[]

  x25519Key(secret: Uint8Array): AgreementKey
  x25519Public(secret: Uint8Array): Uint8Array
  x25519Shared(secret: Uint8Array, publicKey: Uint8Array): Uint8Array

  ed25519Key(seed: Uint8Array): SigningKey
  ed25519Public(seed: Uint8Array): Uint8Array
  /** Undefined where the bytes are no key in canonical form, or one of small order, on which libraries disagree. */
  ed25519Verifier(publicKey: Uint8Array): VerifyingKey | undefined
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  /** ML-DSA-65 (FIPS 204) from its 32-byte seed; signing is hedged. */
  mlDsaKey(seed: Uint8Array): SigningKey
  mlDsaPublic(seed: Uint8Array): Uint8Array
  mlDsaVerifier(publicKey: Uint8Array): VerifyingKey | undefined
  mlDsaVerify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    context?: Uint8Array,
  ): boolean

  /** ML-KEM-768 (FIPS 203) from its 64-byte seed d || z. */
  mlKemKey(seed: Uint8Array): DecapsulationKey
  /**
   * A fresh secret and its ciphertext; a malformed public key is `invalid.public-key`. Node's crypto draws from its
   * own generator and leaves `random` untouched, so that only the browser's results repeat under a seeded `random`.
   */
  mlKemEncapsulate(
    publicKey: Uint8Array,
    random: Random,
  ): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array }
}
