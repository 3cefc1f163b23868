import { fromHex } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { verifyAuditProof } from '@anarq/qerberos'

export type CheckedProof = { readonly isValid: boolean; readonly sentence: string; readonly entry?: unknown }

const proofCharactersMax = 1_000_000

/** Checks a proof as `anarq audit prove` writes it, with nothing but what is in it. */
export function verifyAuditProofFile(text: string): CheckedProof {
  try {
    if (text.length > proofCharactersMax)
      throw new Fault('limit.proof', 'This file is too large to be a proof.')
    const { publicKey, ...proof } = JSON.parse(text) as { publicKey?: unknown }
    if (typeof publicKey !== 'string')
      throw new Fault('invalid.proof', 'This file is not a proof of the audit log.')
    const checked = verifyAuditProof(proof, fromHex(publicKey))
    return checked.ok
      ? {
          isValid: true,
          sentence: 'The proof holds: this entry is in the signed log, as it was written.',
          entry: checked.value,
        }
      : { isValid: false, sentence: `The proof does not hold: ${checked.fault.message}` }
  } catch (error) {
    return { isValid: false, sentence: `The proof cannot be read: ${asFault(error).message}` }
  }
}
