import { concatBytes, fromUtf8, toHex } from '@anarq/bytes'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readText } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'

/** What identities sign for a branch: bytes that say what they are, and who signed them. */
export type Signed = {
  readonly body: Uint8Array
  readonly signatures: readonly IdentitySignature[]
}

export type IdentitySignature = { readonly did: string; readonly signature: Uint8Array }

/** Whether this identity signed this, with a key that it has or had. */
export type VerifyAs = (did: string, message: Uint8Array, signature: Uint8Array, context: string) => boolean

/** Of all signatures for branches; the body says what is signed. */
export const branchContext = 'anarq branch v1'
/** A hybrid signature (Ed25519 and ML-DSA-65) has 3,373 bytes. */
const signatureBytesMax = 4096
export const signersMax = 16
const bodyBytesMax = 8192
const didLettersMax = 2048

export function encodeSigned({ body, signatures }: Signed): Uint8Array {
  return encodeCbor({ body, signatures: signatures.map(({ did, signature }) => [did, signature]) })
}

export function parseSigned(bytes: Uint8Array, what: string): Signed {
  const fields = readFields(decodeCbor(bytes, what), ['body', 'signatures'], what)
  const signatures = readArray(fields.signatures, 'Its signatures', { max: signersMax })
  return {
    body: readBytes(fields.body, what, { max: bodyBytesMax }),
    signatures: signatures.map((one) => {
      const [did, signature] = readArray(one, 'A signature', { max: 2 })
      return {
        did: readDid(did, 'Who signed'),
        signature: readBytes(signature, 'A signature', { max: signatureBytesMax }),
      }
    }),
  }
}

export function readDid(value: unknown, what: string): string {
  return readText(value, what, { max: didLettersMax })
}

/** What a document is called by: one body is one document, whoever signed it. */
export function nameOf({ body }: Pick<Signed, 'body'>): Uint8Array {
  return hashBlake3(fromUtf8('anarq branch document v1\n'), body)
}

export function keyOf(signed: Pick<Signed, 'body'>): string {
  return toHex(nameOf(signed))
}

/** How many of these really signed it, each counted once. */
export function countSigners(
  { body, signatures }: Signed,
  among: readonly string[],
  verify: VerifyAs,
): number {
  const signers = new Set<string>()
  for (const { did, signature } of signatures)
    if (!signers.has(did) && among.includes(did) && verify(did, body, signature, branchContext))
      signers.add(did)
  return signers.size
}

/** One document out of two copies of it: signatures of both, one of each identity. */
export function joinSigned(a: Signed, b: Signed): Signed {
  const known = new Set(a.signatures.map(({ did }) => did))
  const more = b.signatures.filter(({ did }) => !known.has(did))
  if (more.length === 0) return a
  return { body: a.body, signatures: [...a.signatures, ...more].slice(0, signersMax) }
}

/** Begins with what it is, so that a signature of a node for one thing is none for another. */
export function nodeStatement(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(fromUtf8(`anarq branch ${label} v1\n`), ...parts)
}
