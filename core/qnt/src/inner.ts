import { Fault } from '@anarq/fault'
import {
  type Cid,
  cborCodec,
  decodeCbor,
  type Fields,
  readBytes,
  readCid,
  readFields,
  readInt,
  readOptional,
  withCbor,
} from '@anarq/ipld'
import type { Inner } from './envelope.ts'
import { bodyFields, readBody } from './list.ts'
import { readMetadata } from './metadata.ts'
import { readDid } from './parse.ts'
import { readTerms, termsFields } from './terms.ts'

const innerKeys = ['owner', 'salt', 'previous', 'sequence', 'body', 'metadata', 'terms', 'seed']
const wordBytes = 32
/** The plain sealed part is a multiple of this, so that its size says little of the name's. */
const padBytes = 256
const lengthBytes = 4

const innerBytesMax = 64 * 1024

/** The sealed part before sealing: length (4 bytes, big-endian), canonical CBOR, zeros to a multiple of 256 bytes. */
export function encodeInner(inner: Inner, metadata: Fields): Uint8Array {
  const fields: Record<string, unknown> = {
    owner: inner.owner,
    salt: inner.ownerSalt,
    sequence: inner.sequence,
    body: bodyFields(inner.body),
    metadata,
    seed: inner.commitmentSeed,
  }
  if (inner.previous !== undefined) fields.previous = inner.previous
  if (inner.terms !== undefined) fields.terms = termsFields(inner.terms)
  return withCbor(fields, padded)
}

function padded(encoded: Uint8Array): Uint8Array {
  if (encoded.length > innerBytesMax) {
    throw new Fault(
      'limit.metadata',
      `The metadata and terms of one object have at most ${innerBytesMax} bytes.`,
    )
  }
  const whole = new Uint8Array(Math.ceil((lengthBytes + encoded.length) / padBytes) * padBytes)
  new DataView(whole.buffer).setUint32(0, encoded.length)
  whole.set(encoded, lengthBytes)
  return whole
}

/** The other way; refusals are `invalid.…`. */
export function parseInner(padded: Uint8Array): Inner {
  const fields = readFields(decodeCbor(unpad(padded), 'A sealed part'), innerKeys, 'A sealed part')
  const inner = {
    owner: readDid(fields.owner, "A sealed part's owner"),
    ownerSalt: readBytes(fields.salt, "A sealed part's salt", { length: wordBytes }),
    sequence: readInt(fields.sequence, "An object's sequence"),
    body: readBody(fields.body),
    metadata: readMetadata(fields.metadata),
    commitmentSeed: readBytes(fields.seed, "A sealed part's seed", { length: wordBytes }),
  }
  const previous = readOptional(fields.previous, readEnvelopeCid)
  const terms = readOptional(fields.terms, readTerms)
  checkSequence(inner.sequence, previous)
  return {
    ...inner,
    ...(previous === undefined ? {} : { previous }),
    ...(terms === undefined ? {} : { terms }),
  }
}

export function checkSequence(sequence: number, previous: Cid | undefined): void {
  if ((sequence === 0) === (previous === undefined)) return
  throw new Fault('invalid.shape', 'The first version has no version before it, and every other has one.')
}

function readEnvelopeCid(value: unknown): Cid {
  const cid = readCid(value, 'The version before')
  if (cid.code === cborCodec) return cid
  throw new Fault('invalid.shape', 'The version before is malformed: expected the CID of an envelope.')
}

function unpad(padded: Uint8Array): Uint8Array {
  const length = padded.length < lengthBytes ? 0 : new DataView(padded.buffer, padded.byteOffset).getUint32(0)
  const end = lengthBytes + length
  const isSound =
    length > 0 &&
    length <= innerBytesMax &&
    padded.length === Math.ceil(end / padBytes) * padBytes &&
    isZeroFrom(padded, end)
  if (!isSound) throw new Fault('invalid.shape', 'A sealed part is not padded as it must be.')
  return padded.subarray(lengthBytes, end)
}

function isZeroFrom(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < bytes.length; at += 1) if (bytes[at] !== 0) return false
  return true
}
