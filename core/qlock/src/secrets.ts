import { fromUtf8 } from '@anarq/bytes'
import { primitives } from '#primitives'

/** Overwrites secrets with zeros, and drops what was prepared from them. Copies that the engine or the collector made are out of reach: see README. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) {
    primitives.forget(secret)
    secret.fill(0)
  }
}

/** A secret of its own for each label: HKDF-SHA512 (RFC 5869) without salt, info = the label in UTF-8. */
export function deriveSecret(secret: Uint8Array, label: string, length: number = 32): Uint8Array {
  return primitives.hkdfSha512(secret, { info: fromUtf8(label), length })
}

/** HKDF-Expand with SHA-512 (RFC 5869 section 2.3), for keys that are uniform already. `info` comes in parts. */
export function expandSha512(prk: Uint8Array, info: readonly Uint8Array[], length: number): Uint8Array {
  const okm = new Uint8Array(Math.ceil(length / 64) * 64)
  let block: Uint8Array = okm.subarray(0, 0)
  for (let counter = 1; (counter - 1) * 64 < length; counter += 1) {
    block = primitives.hmacSha512(prk, block, ...info, Uint8Array.of(counter))
    okm.set(block, (counter - 1) * 64)
  }
  return okm.subarray(0, length)
}

/** A context as bytes: text is taken in UTF-8. */
export function contextBytes(context: Uint8Array | string): Uint8Array {
  return typeof context === 'string' ? fromUtf8(context) : context
}
