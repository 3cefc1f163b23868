import { compareBytes, concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  decodeCbor,
  encodeCbor,
  type Fields,
  readArray,
  readBytes,
  readFields,
  readText,
  withCbor,
} from '@anarq/ipld'
import { hashBlake3, primitives } from '@anarq/qlock'
import type { Envelope, Inner } from './envelope.ts'
import { committedFields, extrasMax, metadataFields, metadataKeys } from './metadata.ts'
import { reading } from './parse.ts'

/** One field shown: whoever has the envelope can check it, and learns nothing of the others. */
export type Disclosure = { readonly field: string; readonly value: unknown; readonly salt: Uint8Array }

export const commitmentBytes = 32
/** The standard fields, an app's own, rounded up to whole steps. */
export const commitmentsMax: number = 8 + extrasMax

/** The number of commitments is a multiple of this, so that it tells little of which fields there are. */
const stepCount = 8
const saltBytes = 32
const decoyLabel = fromUtf8('q/v1/decoys')
const ownerLabel = fromUtf8('q/v1/owner')
/** Fixed-length secrets behind a label: BLAKE3 knows no length extension, and a keyed hasher costs several plain hashes to set up. */
const saltLabel = fromUtf8('q/v1/salt')
const commitmentLabel = fromUtf8('q/v1/commitment')
const advice = 'Ask for the disclosure again.'

/** One for each metadata field and decoys up to a multiple of 8, sorted by their bytes. */
export function commitmentsOf(seed: Uint8Array, metadata: Fields): Uint8Array[] {
  const fields = committedFields(metadata)
  const commitments = fields.map(([field, value]) => commit(saltOf(seed, field), field, value))
  const decoys = -commitments.length & (stepCount - 1)
  if (decoys > 0) {
    const bytes = primitives.shake256(concatBytes(decoyLabel, seed), decoys * commitmentBytes)
    for (let at = 0; at < bytes.length; at += commitmentBytes) {
      commitments.push(bytes.subarray(at, at + commitmentBytes))
    }
  }
  return commitments.sort(compareBytes)
}

/** What an envelope shows of its owner: BLAKE3 over a label, a salt (32 bytes) and the DID. */
export function commitOwner(salt: Uint8Array, did: string): Uint8Array {
  return hashBlake3(ownerLabel, salt, fromUtf8(did))
}

/**
 * Opens some fields and no others: `name`, `type`, `created`, `modified`, `mode`, `tags`, `transforms`, `lock`,
 * `extra.<key>`, and `owner`. A field that the object does not have is `missing.field`.
 */
export function disclose(inner: Inner, fields: readonly string[]): Disclosure[] {
  const values = new Map(committedFields(metadataFields(inner.metadata)))
  return fields.map((field) => {
    if (field === 'owner') return { field, value: inner.owner, salt: inner.ownerSalt }
    if (!values.has(field)) {
      throw new Fault('missing.field', `This object has no field "${field.slice(0, 80)}" to disclose.`)
    }
    return { field, value: values.get(field), salt: saltOf(inner.commitmentSeed, field) }
  })
}

/** True when every field shown is the one committed to, and none is shown twice. Proves nothing of who made the envelope. */
export function verifyDisclosure(envelope: Envelope, disclosures: readonly Disclosure[]): boolean {
  const fields = new Set(disclosures.map(({ field }) => field))
  return fields.size === disclosures.length && disclosures.every((shown) => isCommitted(envelope, shown))
}

/** To be sent: canonical DAG-CBOR, a list of maps `field`, `salt`, `value`. */
export function encodeDisclosures(disclosures: readonly Disclosure[]): Uint8Array {
  return encodeCbor(disclosures.map(({ field, value, salt }) => ({ field, value, salt })))
}

/** Strict; anything else is `invalid.disclosure`. */
export function parseDisclosures(bytes: Uint8Array): Disclosure[] {
  return reading('invalid.disclosure', advice, () =>
    readArray(decodeCbor(bytes, 'A disclosure'), 'A disclosure', { max: commitmentsMax + 1 }).map((entry) => {
      const { field, value, salt } = readFields(entry, ['field', 'value', 'salt'], 'A disclosed field')
      if (value === undefined) throw new Fault('invalid.shape', 'A disclosed field has no value.')
      return {
        field: readText(field, "A disclosed field's name", { max: 80 }),
        value,
        salt: readBytes(salt, "A disclosed field's salt", { length: saltBytes }),
      }
    }),
  )
}

function isCommitted(envelope: Envelope, { field, value, salt }: Disclosure): boolean {
  if (salt.length !== saltBytes) return false
  if (field === 'owner') return typeof value === 'string' && isOwner(envelope, salt, value)
  const commitment = commit(salt, field, value)
  return envelope.commitments.some((known) => equalBytes(known, commitment))
}

function isOwner({ owner }: Envelope, salt: Uint8Array, did: string): boolean {
  return typeof owner === 'string' ? owner === did : equalBytes(owner, commitOwner(salt, did))
}

function saltOf(seed: Uint8Array, field: string): Uint8Array {
  return hashBlake3(saltLabel, seed, fieldLabels.get(field) ?? fromUtf8(field))
}

const fieldLabels: ReadonlyMap<string, Uint8Array> = new Map(
  metadataKeys.map((field) => [field, fromUtf8(field)]),
)

/** The field's name is inside, so that a time of change cannot be shown as the time of creation. */
function commit(salt: Uint8Array, field: string, value: unknown): Uint8Array {
  return withCbor([field, value], (bytes) => hashBlake3(commitmentLabel, salt, bytes))
}
