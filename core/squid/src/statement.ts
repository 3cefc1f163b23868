import { Fault, failed, type Outcome, ok } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes } from '@anarq/ipld'
import { type Signer, signatureBytes, verifySignature } from '@anarq/qlock'

/** What a statement is for; signed along with it, so that one kind can never be shown as another. */
export type StatementKind = 'device' | 'session' | 'consent' | 'authority' | 'delegation' | 'succession'

const statementBytesMax = 65_536

/** A signed map: canonical DAG-CBOR of [payload bytes, composite signature over them]. */
export function sealStatement(
  kind: StatementKind,
  fields: unknown,
  signer: Pick<Signer, 'sign'>,
): Uint8Array {
  const payload = encodeCbor(fields)
  return encodeCbor([payload, signer.sign(payload, contextOf(kind))])
}

/** The fields of a statement, not yet verified; malformed ones are `invalid.cbor` or `invalid.shape`. */
export function readStatement(bytes: Uint8Array, what: string): { readonly fields: unknown } & SignedPayload {
  if (bytes.length > statementBytesMax) throw new Fault('limit.statement', `${what} is too large to be one.`)
  const [payloadValue, signatureValue, ...more] = readArray(decodeCbor(bytes, what), what, { max: 2 })
  const payload = readBytes(payloadValue, what)
  const signature = readBytes(signatureValue, what, { length: signatureBytes })
  if (more.length > 0) throw new Fault('invalid.shape', `${what} is malformed.`)
  return { payload, signature, fields: decodeCbor(payload, what) }
}

/** `ok` where the key signed exactly this statement, as this kind; else `refused.signature`. */
export function checkStatement(
  kind: StatementKind,
  { payload, signature }: SignedPayload,
  verifyKey: Uint8Array,
  what: string,
): Outcome<undefined> {
  if (verifySignature(verifyKey, payload, signature, contextOf(kind))) return ok(undefined)
  return failed(
    'refused.signature',
    `${what} was not signed by the identity that it names, or it was changed.`,
  )
}

type SignedPayload = { readonly payload: Uint8Array; readonly signature: Uint8Array }

function contextOf(kind: StatementKind): string {
  return `q/v1/squid/${kind}`
}
