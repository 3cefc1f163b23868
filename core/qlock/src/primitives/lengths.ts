import { Fault } from '@anarq/fault'

export const tagBytes = 16
export const nonceBytes = 12
/** FIPS 204, table 2. */
export const mlDsaBytes = { publicKey: 1952, signature: 3309 } as const
/** FIPS 203, table 3. */
export const mlKemBytes = { publicKey: 1184, ciphertext: 1088 } as const

/** The key itself, or `invalid.key`. */
export function checkKey(key: Uint8Array, length: number): Uint8Array {
  if (key.length === length) return key
  throw new Fault('invalid.key', `This key has ${key.length} bytes where ${length} are needed.`)
}

export function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== nonceBytes)
    throw new Fault('invalid.nonce', `A nonce has ${nonceBytes} bytes, not ${nonce.length}.`)
}

/** The ML-KEM-768 ciphertext itself, or `invalid.ciphertext`. */
export function checkCiphertext(ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length === mlKemBytes.ciphertext) return ciphertext
  throw new Fault('invalid.ciphertext', `A ciphertext of ML-KEM-768 has ${mlKemBytes.ciphertext} bytes.`)
}

export function checkKeyToWrap(key: Uint8Array): Uint8Array {
  if (key.length >= 16 && key.length % 8 === 0) return key
  throw new Fault('invalid.key', 'Only keys of 16, 24, 32, … bytes can be wrapped with AES.')
}

export function wrongPublicKey(algorithm: string, cause?: unknown): Fault {
  return new Fault(
    'invalid.public-key',
    `This is no ${algorithm} public key. Ask its owner for it again.`,
    cause === undefined ? {} : { cause },
  )
}

export function weakPublicKey(cause?: unknown): Fault {
  return new Fault(
    'invalid.public-key',
    'This X25519 public key has low order: anybody could compute the shared secret.',
    cause === undefined ? {} : { cause },
  )
}

/** The first block of counter mode itself, or `invalid.nonce`. */
export function checkCounter(counter: Uint8Array): Uint8Array {
  if (counter.length === 16) return counter
  throw new Fault('invalid.nonce', `A counter block of AES has 16 bytes, not ${counter.length}.`)
}
