import { concatBytes, fromHex, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readBytes, readFields, readInt } from '@anarq/ipld'
import { hashBlake3, primitives } from '@anarq/qlock'
import { nodeStatement } from './signed.ts'

/** A node says, with its own key, that it had these blocks on its disk at that time, and read each of them. */
export type Custody = {
  readonly branch: string
  readonly nodeKey: Uint8Array
  readonly atMs: number
  /** Of whoever asked: nothing that was signed before answers it. */
  readonly nonce: Uint8Array
  readonly digests: readonly Uint8Array[]
}

export type SignedCustody = { readonly body: Uint8Array; readonly signature: Uint8Array }

export const custodyDigestsMax = 256
export const custodyNonceBytes = 16
const digestBytes = 32
const kind = 'branch custody'
const what = 'A statement of custody'

export function encodeCustody({ branch, nodeKey, atMs, nonce, digests }: Custody): Uint8Array {
  return encodeCbor({
    v: 1,
    what: kind,
    branch: fromHex(branch),
    node: nodeKey,
    at: atMs,
    nonce,
    digests: concatBytes(...digests),
  })
}

export function signCustody(custody: Custody, sign: (message: Uint8Array) => Uint8Array): SignedCustody {
  const body = encodeCustody(custody)
  return { body, signature: sign(nodeStatement('custody', body)) }
}

/** What it says, where the node that it names signed it: `invalid.custody` else. */
export function readCustody({ body, signature }: SignedCustody): Custody {
  const known = ['v', 'what', 'branch', 'node', 'at', 'nonce', 'digests']
  const fields = readFields(decodeCbor(body, what), known, what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  const nodeKey = readBytes(fields.node, 'Its node', { length: 32 })
  const digests = readBytes(fields.digests, 'Its blocks', { max: custodyDigestsMax * digestBytes })
  const isSigned =
    signature.length === 64 && primitives.ed25519Verify(nodeKey, nodeStatement('custody', body), signature)
  if (fields.what !== kind || digests.length % digestBytes !== 0 || !isSigned)
    throw new Fault('invalid.custody', 'A statement of custody is not signed by the node that it names.')
  return {
    branch: toHex(readBytes(fields.branch, 'Its branch', { length: 32 })),
    nodeKey,
    atMs: readInt(fields.at, 'Its time'),
    nonce: readBytes(fields.nonce, 'Its nonce', { length: custodyNonceBytes }),
    digests: splitDigests(digests),
  }
}

/** Who has a block can say this for any nonce; who has only its name cannot. */
export function custodyAnswer(nonce: Uint8Array, block: Uint8Array): Uint8Array {
  return hashBlake3(nodeStatement('possession', nonce), block)
}

export function splitDigests(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / digestBytes }, (_, at) =>
    bytes.slice(at * digestBytes, (at + 1) * digestBytes),
  )
}
