import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { asFault, failed, type Outcome, ok } from '@anarq/fault'
import { readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { signatureBytes } from '@anarq/qlock'
import { parseReceipt, type ReceiptFields, type SignedReceipt, verifyReceipt } from './receipt.ts'

/** A signed receipt as a document that can be given to anybody; bytes are base64url. */
export type SignedReceiptJson = {
  readonly version: 1
  /** Canonical DAG-CBOR: `parseReceipt` reads it. */
  readonly receipt: string
  /** Where it stood in the batch that was signed, and the Merkle path from it to the signed root. */
  readonly index: number
  readonly size: number
  readonly path: readonly string[]
  readonly signature: string
}

export type VerifiedReceipt = { readonly bytes: Uint8Array; readonly fields: ReceiptFields }

const jsonKeys = ['version', 'receipt', 'index', 'size', 'path', 'signature'] as const
const receiptCharactersMax = 90_000
const pathMax = 64

export function signedReceiptToJson({ receipt, proof }: SignedReceipt): SignedReceiptJson {
  const { index, size, path, signature } = proof
  return {
    version: 1,
    receipt: toBase64Url(receipt.bytes),
    index,
    size,
    path: path.map(toBase64Url),
    signature: toBase64Url(signature),
  }
}

/**
 * Checks such a document with the verifying key of who decided (1,984 bytes) and nothing else: `refused.receipt` where
 * it does not hold, `invalid.receipt` where it is none.
 */
export function readSignedReceipt(value: unknown, publicKey: Uint8Array): Outcome<VerifiedReceipt> {
  try {
    const json = readFields(value, jsonKeys, 'This receipt')
    readInt(json.version, 'Its version', { min: 1, max: 1 })
    const bytes = bytesOf(json.receipt, 'The receipt itself', receiptCharactersMax)
    const proof = {
      index: readInt(json.index, 'Its place'),
      size: readInt(json.size, 'The size of its batch', { min: 1 }),
      path: readArray(json.path, 'Its path', { max: pathMax }).map((node) =>
        readBytes(bytesOf(node, 'A node of its path', 64), 'A node of its path', { length: 32 }),
      ),
      signature: readBytes(bytesOf(json.signature, 'Its signature', 8192), 'Its signature', {
        length: signatureBytes,
      }),
    }
    if (verifyReceipt(publicKey, bytes, proof)) return ok({ bytes, fields: parseReceipt(bytes) })
  } catch (error) {
    return failed('invalid.receipt', `This is no receipt of a decision: ${asFault(error).message}`, {
      cause: error,
    })
  }
  return failed('refused.receipt', 'This receipt was changed, or it is not signed by this key.')
}

function bytesOf(value: unknown, what: string, max: number): Uint8Array {
  return fromBase64Url(readText(value, what, { max }))
}
