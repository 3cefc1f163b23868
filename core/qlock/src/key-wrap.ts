import { concatBytes } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import type { Random } from '@anarq/random'
import { primitives } from '#primitives'
import { hpkeAead, scheduleHpke } from './hpke.ts'
import { tagBytes } from './primitives/lengths.ts'
import { contextBytes, deriveSecret, wipe } from './secrets.ts'
import { createXWingKey, encapsulateXWing, xWingBytes } from './x-wing.ts'

/** The private half that opens what was wrapped for `publicKey`. */
export type KemKey = {
  readonly publicKey: Uint8Array
  /** The X-Wing shared secret, 32 bytes, or undefined where the ciphertext is no ciphertext. For `unwrapKey`. */
  decapsulate(ciphertext: Uint8Array): Uint8Array | undefined
  /** Forgets the key; from then on unwrapping is `refused.disposed`. */
  dispose(): void
}

export const kemPublicKeyBytes: number = xWingBytes.publicKey
export const wrapEncBytes: number = xWingBytes.ciphertext
/** What a wrapped secret is longer than the secret: 1,136 bytes, so 1,168 for a 32-byte key. */
export const wrapOverheadBytes: number = wrapEncBytes + tagBytes

/** A key encapsulation key from a 32-byte leaf. */
export function createKemKey(leaf: Uint8Array): KemKey {
  const seed = deriveSecret(leaf, 'q/v1/kem/x-wing')
  try {
    return createKemKeyOfSeed(seed)
  } finally {
    wipe(seed)
  }
}

/** A key encapsulation key from an X-Wing seed, which is also what a post-quantum age identity is. */
export function createKemKeyOfSeed(seed: Uint8Array): KemKey {
  const key = createXWingKey(seed)
  return {
    publicKey: key.publicKey,
    decapsulate(ciphertext) {
      if (ciphertext.length !== wrapEncBytes) return undefined
      try {
        return key.decapsulate(ciphertext)
      } catch (error) {
        if (hasCode(error, 'invalid')) return undefined
        throw error
      }
    },
    dispose: key.dispose,
  }
}

/**
 * A secret sealed for the holder of a public key: enc(1120) || ciphertext || tag(16).
 * HPKE (RFC 9180) base mode, one message: KEM X-Wing (0x647a), HKDF-SHA256, AES-256-GCM, empty AAD.
 */
export function wrapKey(
  publicKey: Uint8Array,
  secret: Uint8Array,
  { info, random }: { readonly info: Uint8Array | string; readonly random: Random },
): Uint8Array {
  const { ciphertext, sharedSecret } = encapsulateXWing(publicKey, random)
  const { key, baseNonce } = scheduleHpke(sharedSecret, contextBytes(info), hpkeAead.aes256Gcm)
  const wrapped = concatBytes(ciphertext, primitives.aesGcmSeal(key, baseNonce, secret))
  wipe(sharedSecret, key)
  return wrapped
}

/** The secret, or undefined where it was wrapped for another key, with another `info`, or was changed. */
export function unwrapKey(
  kem: KemKey,
  wrapped: Uint8Array,
  { info }: { readonly info: Uint8Array | string },
): Uint8Array | undefined {
  if (wrapped.length < wrapOverheadBytes) return undefined
  const sharedSecret = kem.decapsulate(wrapped.subarray(0, wrapEncBytes))
  if (sharedSecret === undefined) return undefined
  const { key, baseNonce } = scheduleHpke(sharedSecret, contextBytes(info), hpkeAead.aes256Gcm)
  const secret = primitives.aesGcmOpen(key, baseNonce, wrapped.subarray(wrapEncBytes))
  wipe(sharedSecret, key)
  return secret
}
