import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decode, encode } from '@ipld/dag-cbor'

/** Canonical DAG-CBOR (https://ipld.io/specs/codecs/dag-cbor/spec/). Throws on `undefined`, NaN and functions: defects of ours. */
export function encodeCbor(value: unknown): Uint8Array {
  return encode(value)
}

/** Strict: malformed, truncated, trailing or non-canonical bytes are `invalid.cbor`. `what` names the thing in the message. */
export function decodeCbor(bytes: Uint8Array, what = 'This data'): unknown {
  let value: unknown
  try {
    value = decode(bytes)
    if (equalBytes(encode(value), bytes)) return value
  } catch (cause) {
    throw new Fault('invalid.cbor', `${what} is malformed: it is not DAG-CBOR, or it is cut short.`, {
      cause,
    })
  }
  throw new Fault('invalid.cbor', `${what} is malformed: it is not in DAG-CBOR's one canonical form.`)
}
