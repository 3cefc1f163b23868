import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { cidKey } from '@anarq/ipld'
import { primitives } from '#primitives'
import { mlDsaBytes } from './primitives/lengths.ts'
import type { VerifyingKey } from './primitives/primitives.ts'
import { deriveSecret, wipe } from './secrets.ts'

/**
 * Signs with ML-DSA-65 and Ed25519 together. `context` (at most 255 bytes in UTF-8) says what the signature is for;
 * a signature under one context does not verify under another.
 */
export type Signer = {
  readonly publicKey: Uint8Array
  /** 3,373 bytes; about a millisecond. Sign a Merkle root (`signBatch`) where there are many things to sign. */
  sign(message: Uint8Array, context?: string): Uint8Array
  /** The light signature: 64 bytes of Ed25519 alone, for what lives less than 24 hours. No quantum computer may meet it later. */
  signEd25519(message: Uint8Array, context?: string): Uint8Array
  /** Forgets the keys; from then on signing is `refused.disposed`. */
  dispose(): void
}

export const signatureBytes = 3373
export const verifyKeyBytes = 1984
export const lightSignatureBytes = 64

/**
 * id-MLDSA65-Ed25519-SHA512 of draft-ietf-lamps-pq-composite-sigs, section 3.2: what both halves sign is
 * prefix || label || length(context) || context || SHA-512(message), and the label is ML-DSA's own context.
 */
const compositeLabel = fromUtf8('COMPSIG-MLDSA65-Ed25519-SHA512')
const compositePrefix = concatBytes(fromUtf8('CompositeAlgorithmSignatures2025'), compositeLabel)
/** Differs from the composite prefix in its first byte, so neither half of one can pass for the other. */
const lightPrefix = fromUtf8('AnarQ light signature v1, Ed25519')

const contextBytesMax = 255
const verifiersMax = 1024

type Verifiers = { readonly mlDsa: VerifyingKey; readonly ed25519: VerifyingKey }

/** The least recently used come first; a key costs about ten times its use to import. */
const verifiers = new Map<string, Verifiers>()

/** A signer from a 32-byte leaf: the seeds of both halves come from it by label. */
export function createSigner(leaf: Uint8Array): Signer {
  const mlDsaSeed = deriveSecret(leaf, 'q/v1/sig/ml-dsa-65')
  const ed25519Seed = deriveSecret(leaf, 'q/v1/sig/ed25519')
  try {
    return createSignerOfSeeds(mlDsaSeed, ed25519Seed)
  } finally {
    wipe(mlDsaSeed, ed25519Seed)
  }
}

/** A signer from the two 32-byte seeds that the LAMPS draft calls the composite private key. */
export function createSignerOfSeeds(mlDsaSeed: Uint8Array, ed25519Seed: Uint8Array): Signer {
  const mlDsa = primitives.mlDsaKey(mlDsaSeed)
  const ed25519 = primitives.ed25519Key(ed25519Seed)
  return {
    publicKey: concatBytes(mlDsa.publicKey, ed25519.publicKey),
    sign(message, context = '') {
      const bound = bind(compositePrefix, message, context)
      return concatBytes(mlDsa.sign(bound, compositeLabel), ed25519.sign(bound))
    },
    signEd25519: (message, context = '') => ed25519.sign(bind(lightPrefix, message, context)),
    dispose() {
      mlDsa.dispose()
      ed25519.dispose()
    },
  }
}

/** Both halves must verify. Bytes that are no key or no signature are false. */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  context: string = '',
): boolean {
  if (signature.length !== signatureBytes) return false
  const keys = verifiersOf(publicKey)
  if (keys === undefined) return false
  const bound = bind(compositePrefix, message, context)
  return (
    keys.ed25519.verify(bound, signature.subarray(mlDsaBytes.signature)) &&
    keys.mlDsa.verify(bound, signature.subarray(0, mlDsaBytes.signature), compositeLabel)
  )
}

/** Verifies a light signature against the Ed25519 half of a composite public key. */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  context: string = '',
): boolean {
  if (signature.length !== lightSignatureBytes) return false
  return verifiersOf(publicKey)?.ed25519.verify(bind(lightPrefix, message, context), signature) ?? false
}

/** The 32 bytes of Ed25519 in a composite public key. */
export function ed25519PartOf(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== verifyKeyBytes)
    throw new Fault('invalid.public-key', `A public key for signatures has ${verifyKeyBytes} bytes.`)
  return publicKey.slice(mlDsaBytes.publicKey)
}

function bind(prefix: Uint8Array, message: Uint8Array, context: string): Uint8Array {
  const ctx = fromUtf8(context)
  if (ctx.length > contextBytesMax)
    throw new Fault('invalid.context', `The context of a signature has at most ${contextBytesMax} bytes.`)
  return concatBytes(prefix, Uint8Array.of(ctx.length), ctx, primitives.sha512(message))
}

function verifiersOf(publicKey: Uint8Array): Verifiers | undefined {
  if (publicKey.length !== verifyKeyBytes) return undefined
  const name = cidKey(primitives.blake3(publicKey))
  const known = verifiers.get(name) ?? importVerifiers(publicKey)
  if (known === undefined) return undefined
  verifiers.delete(name)
  verifiers.set(name, known)
  if (verifiers.size > verifiersMax) verifiers.delete(verifiers.keys().next().value as string)
  return known
}

function importVerifiers(publicKey: Uint8Array): Verifiers | undefined {
  const mlDsa = primitives.mlDsaVerifier(publicKey.subarray(0, mlDsaBytes.publicKey))
  const ed25519 = primitives.ed25519Verifier(publicKey.subarray(mlDsaBytes.publicKey))
  return mlDsa && ed25519 && { mlDsa, ed25519 }
}
