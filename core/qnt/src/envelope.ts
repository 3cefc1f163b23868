import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type Cid,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readFields,
  readInt,
  withCbor,
} from '@anarq/ipld'
import { hashBlake3, signatureBytes, verifySignature } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { commitmentBytes, commitmentsMax } from './commitments.ts'
import { type BodyRef, readBlockCid } from './list.ts'
import type { Metadata } from './metadata.ts'
import { readDid, reading } from './parse.ts'
import { type Runnable, readRunnables, runnableFields } from './runnables.ts'
import { readSlots, type Slot, slotFields } from './slots.ts'
import type { Terms } from './terms.ts'

declare const objectIdBrand: unique symbol
/** 16 random bytes, the same over all versions of an object. */
export type ObjectId = Uint8Array & { readonly [objectIdBrand]: true }

export type ObjectClass = 'private' | 'protected' | 'public'

/** What everybody sees of an object. */
export type Envelope = {
  readonly version: 1
  readonly suite: 1
  readonly id: ObjectId
  readonly objectClass: ObjectClass
  /** A commitment (32 bytes) that the sealed part opens; the DID itself of a public object. */
  readonly owner: Uint8Array | string
  readonly body: { readonly root: Cid; readonly storedBytes: number; readonly locked: boolean }
  readonly commitments: readonly Uint8Array[]
  readonly runnables: readonly Runnable[]
  readonly slots: readonly Slot[]
  /** The rest, under the content key: see `Inner`. */
  readonly sealed: Uint8Array
  /** Of public objects only. */
  readonly signature?: Uint8Array
}

/** The head: all of the envelope that the sealed part is bound to. */
export type ClearPart = Omit<Envelope, 'slots' | 'sealed' | 'signature'>

/** What only readers see of an object. */
export type Inner = {
  readonly owner: string
  readonly ownerSalt: Uint8Array
  /** The envelope of the version before; there is one exactly when `sequence` is not 0. */
  readonly previous?: Cid
  readonly sequence: number
  readonly body: BodyRef
  readonly metadata: Metadata
  readonly terms?: Terms
  readonly commitmentSeed: Uint8Array
}

export const objectIdBytes = 16
export const envelopeBytesMax: number = 256 * 1024

/** The context of a public envelope's signature. */
export const envelopeContext = 'q/v1/envelope'

const version = 1
const suite = 1
const sealedBytesMax = 128 * 1024
const headKeys = ['qnt', 'suite', 'id', 'class', 'owner', 'body', 'commitments', 'runnables']
const classes: readonly unknown[] = ['private', 'protected', 'public'] satisfies ObjectClass[]
const boxLabel = fromUtf8('q/v1/envelope')
const advice = 'Ask for the object again, or take it from a copy.'

export function createObjectId(random: Random): ObjectId {
  return random.bytes(objectIdBytes) as ObjectId
}

/** 16 bytes as an object id; anything else is `invalid.id`. */
export function asObjectId(bytes: Uint8Array): ObjectId {
  if (bytes.length === objectIdBytes) return bytes as ObjectId
  throw new Fault('invalid.id', `An object id has ${objectIdBytes} bytes, not ${bytes.length}.`)
}

/** Strict: bytes that are not an envelope in its one canonical form are `invalid.envelope`. Opens nothing. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  return reading('invalid.envelope', advice, () => {
    if (bytes.length > envelopeBytesMax) {
      throw new Fault('invalid.shape', `An envelope has at most ${envelopeBytesMax} bytes.`)
    }
    return readEnvelope(decodeCbor(bytes, 'An envelope'))
  })
}

/** Whether its owner signed this public envelope; false for the others, whose authenticity is the index commit's. */
export function verifyEnvelope(envelope: Envelope, publicKey: Uint8Array): boolean {
  const { signature } = envelope
  if (envelope.objectClass !== 'public' || signature === undefined) return false
  return verifySignature(publicKey, signedBytesOf(envelope), signature, envelopeContext)
}

/** The canonical bytes of the envelope without its signature. */
export function signedBytesOf({ signature: _, ...unsigned }: Envelope): Uint8Array {
  return encodeEnvelope(unsigned)
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { slots, sealed, signature } = envelope
  const fields: Record<string, unknown> = { head: headFields(envelope), slots: slots.map(slotFields), sealed }
  if (signature !== undefined) fields.signature = signature
  return encodeCbor(fields)
}

export function encodeHead(clear: ClearPart): Uint8Array {
  return encodeCbor(headFields(clear))
}

export function boxContextOf(clear: ClearPart): Uint8Array {
  return withCbor(headFields(clear), boxContext)
}

/** What the seal of the sealed part is bound to: nothing of the head can be changed and the part still open. */
export function boxContext(head: Uint8Array): Uint8Array {
  return concatBytes(boxLabel, hashBlake3(head))
}

function headFields(clear: ClearPart): Record<string, unknown> {
  const { root, storedBytes, locked } = clear.body
  const fields: Record<string, unknown> = {
    qnt: version,
    suite,
    id: clear.id,
    class: clear.objectClass,
    owner: clear.owner,
    body: { root, bytes: storedBytes, locked },
    commitments: clear.commitments,
  }
  if (clear.runnables.length > 0) fields.runnables = clear.runnables.map(runnableFields)
  return fields
}

function readEnvelope(value: unknown): Envelope {
  const fields = readFields(value, ['head', 'slots', 'sealed', 'signature'], 'An envelope')
  const head = readHead(fields.head)
  const envelope = {
    ...head,
    slots: readSlots(fields.slots, head.objectClass),
    sealed: readBytes(fields.sealed, "An envelope's sealed part", { max: sealedBytesMax }),
  }
  if (head.objectClass !== 'public') {
    if (fields.signature === undefined) return envelope
    throw new Fault('invalid.shape', 'Only the envelope of a public object carries a signature.')
  }
  const signature = readBytes(fields.signature, "An envelope's signature", { length: signatureBytes })
  return { ...envelope, signature }
}

function readHead(value: unknown): ClearPart {
  const fields = readFields(value, headKeys, "An envelope's head")
  readInt(fields.qnt, "An envelope's version", { min: version, max: version })
  readInt(fields.suite, "An envelope's suite", { min: suite, max: suite })
  const objectClass = readClass(fields.class)
  const body = readFields(fields.body, ['root', 'bytes', 'locked'], "An envelope's body")
  if (typeof body.locked !== 'boolean') {
    throw new Fault('invalid.shape', "An envelope's lock is malformed: expected true or false.")
  }
  return {
    version,
    suite,
    id: asObjectId(readBytes(fields.id, "An envelope's id", { length: objectIdBytes })),
    objectClass,
    owner:
      objectClass === 'public'
        ? readDid(fields.owner, "An envelope's owner")
        : readBytes(fields.owner, "An envelope's owner", { length: commitmentBytes }),
    body: {
      root: readBlockCid(body.root, "An envelope's root"),
      storedBytes: readInt(body.bytes, "An envelope's size", { min: 1 }),
      locked: body.locked,
    },
    commitments: readArray(fields.commitments, "An envelope's commitments", { max: commitmentsMax }).map(
      (entry) => readBytes(entry, 'A commitment', { length: commitmentBytes }),
    ),
    runnables: readRunnables(fields.runnables),
  }
}

function readClass(value: unknown): ObjectClass {
  if (classes.includes(value)) return value as ObjectClass
  throw new Fault('invalid.shape', "An envelope's class is malformed: expected private, protected or public.")
}
