import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type AgreementKey, type DecapsulationKey, primitives, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type LinkKeys, nextKeys } from './key-schedule.ts'

const publicBytes = 32
const offerBytes = 1 + publicBytes + 1184
const answerBytes = 1 + publicBytes + 1088

/** The first byte of a REKEY_DH frame. */
const step = { offer: 0, answer: 1, done: 2 } as const

/** The secrets of an offer that waits for its answer. */
export type Offer = {
  readonly message: Uint8Array
  readonly agreement: AgreementKey
  readonly kem: DecapsulationKey
}

export type RekeyMessage =
  | { readonly step: 'offer'; readonly message: Uint8Array }
  | { readonly step: 'answer'; readonly message: Uint8Array }
  | { readonly step: 'done' }

export const doneMessage: Uint8Array = Uint8Array.of(step.done)

export function parseRekey(body: Uint8Array): RekeyMessage | undefined {
  if (body[0] === step.offer && body.length === offerBytes) return { step: 'offer', message: body }
  if (body[0] === step.answer && body.length === answerBytes) return { step: 'answer', message: body }
  return body[0] === step.done && body.length === 1 ? { step: 'done' } : undefined
}

/** `0 | X25519 public key | ML-KEM-768 public key`. */
export function makeOffer(random: Random): Offer {
  const [secret, seed] = [random.bytes(32), random.bytes(64)]
  const [agreement, kem] = [primitives.x25519Key(secret), primitives.mlKemKey(seed)]
  wipe(secret, seed)
  return {
    message: concatBytes(Uint8Array.of(step.offer), agreement.publicKey, kem.publicKey),
    agreement,
    kem,
  }
}

/** `1 | X25519 public key | ML-KEM-768 ciphertext`, and the keys that follow. Undefined where the offer's keys are none. */
export function answerOffer(
  offer: Uint8Array,
  root: Uint8Array,
  random: Random,
): { readonly message: Uint8Array; readonly keys: LinkKeys } | undefined {
  const secret = random.bytes(32)
  const agreement = primitives.x25519Key(secret)
  wipe(secret)
  try {
    const agreed = agreement.agree(offer.subarray(1, 1 + publicBytes))
    const { ciphertext, sharedSecret } = primitives.mlKemEncapsulate(offer.subarray(1 + publicBytes), random)
    const message = concatBytes(Uint8Array.of(step.answer), agreement.publicKey, ciphertext)
    return { message, keys: nextKeys(root, [agreed, sharedSecret], concatBytes(offer, message)) }
  } catch (thrown) {
    if (thrown instanceof Fault) return undefined
    throw thrown
  } finally {
    agreement.dispose()
  }
}

/** The same keys on the other side; the offer is used up. */
export function takeAnswer(offer: Offer, answer: Uint8Array, root: Uint8Array): LinkKeys | undefined {
  try {
    const agreed = offer.agreement.agree(answer.subarray(1, 1 + publicBytes))
    const encapsulated = offer.kem.decapsulate(answer.subarray(1 + publicBytes))
    return nextKeys(root, [agreed, encapsulated], concatBytes(offer.message, answer))
  } catch (thrown) {
    if (thrown instanceof Fault) return undefined
    throw thrown
  } finally {
    dropOffer(offer)
  }
}

export function dropOffer({ agreement, kem }: Offer): void {
  agreement.dispose()
  kem.dispose()
}
