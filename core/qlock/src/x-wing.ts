import { concatBytes } from '@anarq/bytes'
import type { Random } from '@anarq/random'
import { primitives } from '#primitives'
import { checkKey, mlKemBytes, wrongPublicKey } from './primitives/lengths.ts'
import { wipe } from './secrets.ts'

/**
 * X-Wing: ML-KEM-768 and X25519 in one key encapsulation, safe while either holds.
 * https://datatracker.ietf.org/doc/draft-connolly-cfrg-xwing-kem/
 */
export const xWingBytes = {
  seed: 32,
  publicKey: 1216,
  ciphertext: 1120,
} as const

export type XWingKey = {
  readonly publicKey: Uint8Array
  /** 32 bytes; of a forged ciphertext another secret, or `invalid.public-key` where its X25519 half has low order. */
  decapsulate(ciphertext: Uint8Array): Uint8Array
  dispose(): void
}

/** The six bytes `\.//^\`. */
const label = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c)

export function createXWingKey(seed: Uint8Array): XWingKey {
  const expanded = primitives.shake256(checkKey(seed, xWingBytes.seed), 96)
  const mlKem = primitives.mlKemKey(expanded.subarray(0, 64))
  const x25519 = primitives.x25519Key(expanded.subarray(64))
  wipe(expanded)
  return {
    publicKey: concatBytes(mlKem.publicKey, x25519.publicKey),
    decapsulate(ciphertext) {
      const [mlKemPart, x25519Part] = split(ciphertext, mlKemBytes.ciphertext)
      const x25519Secret = x25519.agree(x25519Part)
      return combine(mlKem.decapsulate(mlKemPart), x25519Secret, x25519Part, x25519.publicKey)
    },
    dispose() {
      mlKem.dispose()
      x25519.dispose()
    },
  }
}

/** A fresh shared secret for the holder of a public key. `random.bytes(32)` is asked once for ML-KEM (in browsers), once for X25519. */
export function encapsulateXWing(
  publicKey: Uint8Array,
  random: Random,
): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array } {
  if (publicKey.length !== xWingBytes.publicKey) throw wrongPublicKey('X-Wing')
  const [mlKemPart, x25519Part] = split(publicKey, mlKemBytes.publicKey)
  const mlKem = primitives.mlKemEncapsulate(mlKemPart, random)
  const ephemeralSecret = random.bytes(32)
  const ephemeral = primitives.x25519Key(ephemeralSecret)
  const ciphertext = concatBytes(mlKem.ciphertext, ephemeral.publicKey)
  const x25519Secret = ephemeral.agree(x25519Part)
  ephemeral.dispose()
  wipe(ephemeralSecret)
  return {
    ciphertext,
    sharedSecret: combine(mlKem.sharedSecret, x25519Secret, ephemeral.publicKey, x25519Part),
  }
}

function combine(
  mlKemSecret: Uint8Array,
  x25519Secret: Uint8Array,
  x25519Ciphertext: Uint8Array,
  x25519PublicKey: Uint8Array,
): Uint8Array {
  const input = concatBytes(mlKemSecret, x25519Secret, x25519Ciphertext, x25519PublicKey, label)
  const secret = primitives.sha3_256(input)
  wipe(mlKemSecret, x25519Secret, input)
  return secret
}

function split(bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, at), bytes.slice(at)]
}
