import { equalBytes, fromHex } from '@anarq/bytes'
import { asFault, Fault, unwrap } from '@anarq/fault'
import { type ProvedEntry, verifyAuditProof } from '@anarq/qerberos'
import { type ReceiptFields, readSignedReceipt } from '@anarq/qonsent'

export type CheckedProof = {
  readonly isValid: boolean
  readonly sentence: string
  readonly entry?: unknown
  /** What was decided, where the entry speaks of a decision whose receipt came with the proof. */
  readonly receipt?: ReceiptFields
}

const proofCharactersMax = 1_000_000

/** Checks a proof as `anarq audit prove` writes it, with nothing but what is in it. */
export function verifyAuditProofFile(text: string): CheckedProof {
  try {
    if (text.length > proofCharactersMax)
      throw new Fault('limit.proof', 'This file is too large to be a proof.')
    const parsed = JSON.parse(text) as { publicKey?: unknown; receipt?: unknown }
    const { publicKey, receipt: signed, ...proof } = parsed
    if (typeof publicKey !== 'string')
      throw new Fault('invalid.proof', 'This file is not a proof of the audit log.')
    const key = fromHex(publicKey)
    const proved = unwrap(verifyAuditProof(proof, key))
    const said = 'The proof holds: this entry is in the signed log, as it was written.'
    if (signed === undefined) return { isValid: true, sentence: said, entry: proved }
    const receipt = checkedReceipt(signed, key, proved)
    const sentence = `${said} Its receipt says: ${receipt.verdict} (${receipt.code}).`
    return { isValid: true, sentence, entry: proved, receipt }
  } catch (error) {
    const fault = asFault(error)
    const isRefused = fault.code.startsWith('refused.')
    const how = isRefused ? 'The proof does not hold' : 'The proof cannot be read'
    return { isValid: false, sentence: `${how}: ${fault.message}` }
  }
}

/** Signed by the same key, and the very one that this entry keeps. */
function checkedReceipt(signed: unknown, key: Uint8Array, { entry }: ProvedEntry): ReceiptFields {
  const { bytes, fields } = unwrap(readSignedReceipt(signed, key))
  const isOfEntry = entry?.receipt !== undefined && equalBytes(entry.receipt, bytes)
  if (isOfEntry && fields.by === entry.identity) return fields
  throw new Fault('refused.receipt', 'The receipt that came with it is not the one of this entry.')
}
