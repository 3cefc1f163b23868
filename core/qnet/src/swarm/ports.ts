import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { primitives, type SigningKey } from '@anarq/qlock'

/** How a node signs and checks signatures: Ed25519 in the product; a simulation of thousands may stand in something cheaper. */
export type Signing = {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

export const signatureBytesMax = 64

/** Imported keys are kept, because importing one costs more than using it. */
const verifiersMax = 512

export function createSigning(seed: Uint8Array): Signing & Disposable {
  const key = primitives.ed25519Key(seed)
  return { ...signingOf(key), [Symbol.dispose]: () => key.dispose() }
}

/** With a key that is somebody else's to dispose of. */
export function signingOf(key: Pick<SigningKey, 'publicKey' | 'sign'>): Signing {
  const verifiers = new Map<string, ReturnType<typeof primitives.ed25519Verifier>>()
  return {
    publicKey: key.publicKey,
    sign: (message) => key.sign(message),
    verify(publicKey, message, signature) {
      if (publicKey.length !== 32 || signature.length !== 64) return false
      const name = publicKey.toHex()
      if (!verifiers.has(name)) verifiers.set(name, primitives.ed25519Verifier(publicKey))
      if (verifiers.size > verifiersMax) verifiers.delete(verifiers.keys().next().value as string)
      return (
        (verifiers.get(name) ?? primitives.ed25519Verifier(publicKey))?.verify(message, signature) ?? false
      )
    },
  }
}

/** What is signed begins with what it is, so that a signature for one thing is none for another. */
export function labelled(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(fromUtf8(`anarq swarm ${label} v1\n`), ...parts)
}
