import { Fault } from '@anarq/fault'
import { type Cid, cborCodec, type Fields, rawCodec, readInt } from '@anarq/ipld'
import { cidOf, type Signer, sealBox } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { commitmentsOf, commitOwner } from './commitments.ts'
import {
  asObjectId,
  boxContextOf,
  type ClearPart,
  type Envelope,
  encodeEnvelope,
  envelopeBytesMax,
  envelopeContext,
  type Inner,
  type ObjectClass,
  type ObjectId,
  parseEnvelope,
  signedBytesOf,
} from './envelope.ts'
import { checkSequence, encodeInner } from './inner.ts'
import type { BodyRef } from './list.ts'
import { checkExtra, type Metadata, metadataFields, readMetadata } from './metadata.ts'
import { openEnvelope } from './open.ts'
import { readDid, reading } from './parse.ts'
import { type Runnable, readRunnables, runnableFields } from './runnables.ts'
import {
  contentKeyBytes,
  ownSlot,
  readEpoch,
  readerSlot,
  readersMax,
  type Slot,
  tooManyReaders,
  wrappedSlot,
} from './slots.ts'
import { readTerms, type Terms, termsFields } from './terms.ts'

export type SealOptions = {
  readonly id: ObjectId
  readonly objectClass: ObjectClass
  /** DID. */
  readonly owner: string
  /** The envelope of the version before; needed exactly when `sequence` is not 0. */
  readonly previous?: Cid
  readonly sequence: number
  readonly body: BodyRef
  readonly metadata: Metadata
  readonly terms?: Terms
  readonly runnables?: readonly Runnable[]
  /** 32 bytes; a fresh one when left out, as every version should have. */
  readonly contentKey?: Uint8Array
  /** The owner's storage key (32 bytes) and its epoch, or what `wrapOwn` made of the content key; not for public objects. */
  readonly own?: { readonly epoch: number } & (
    | { readonly kek: Uint8Array }
    | { readonly wrapped: Uint8Array }
  )
  /** KEM public keys of standing readers; not for public objects. */
  readonly readers?: readonly Uint8Array[]
  /** For public objects, and only for them. */
  readonly signer?: Pick<Signer, 'sign'>
  readonly random: Random
}

/** An envelope's bytes and name. Store it as a `meta` block. */
export type SealedEnvelope = { readonly bytes: Uint8Array; readonly cid: Cid }

const advice = 'Nothing was sealed.'

/** What could not be read back is refused now: `invalid.object`, `limit.readers`, `limit.metadata`, `limit.envelope`. */
export function sealEnvelope(options: SealOptions): SealedEnvelope & { readonly contentKey: Uint8Array } {
  const { random, contentKey = random.bytes(contentKeyBytes) } = options
  const metadata = metadataFields(options.metadata)
  checkParts(options, metadata, contentKey)
  const inner = innerOf(options)
  const clear = clearPartOf(options, inner, commitmentsOf(inner.commitmentSeed, metadata))
  const context = boxContextOf(clear)
  const sealed = sealBox(contentKey, encodeInner(inner, metadata), { context, random })
  const envelope = { ...clear, slots: slotsOf(options, contentKey), sealed }
  if (options.signer === undefined) return { ...named(envelope), contentKey }
  const signature = options.signer.sign(signedBytesOf(envelope), envelopeContext)
  return { ...named({ ...envelope, signature }), contentKey }
}

/**
 * A standing reader more: only the slots change, neither the sealed part nor the content. Throws `refused.key` when the
 * key is not this envelope's, `refused.public` for a public object, `limit.readers` past 64.
 */
export function addReader(
  envelopeBytes: Uint8Array,
  contentKey: Uint8Array,
  kemPublicKey: Uint8Array,
  random: Random,
): SealedEnvelope {
  const envelope = parseEnvelope(envelopeBytes)
  if (envelope.objectClass === 'public') {
    throw new Fault('refused.public', 'A public object is open to everybody: it needs no readers.')
  }
  openEnvelope(envelope, contentKey)
  const readers = envelope.slots.filter(({ kind }) => kind === 'hpke')
  if (readers.length >= readersMax) throw tooManyReaders()
  const slot = readerSlot(kemPublicKey, envelope.id, contentKey, random)
  return named({ ...envelope, slots: [...envelope.slots, slot] })
}

/** Everything of the caller's is held against what the readers accept. */
function checkParts(options: SealOptions, metadata: Fields, contentKey: Uint8Array): void {
  const { id, owner, previous, sequence, body, terms, runnables = [] } = options
  reading('invalid.object', advice, () => {
    asObjectId(id)
    readDid(owner, "An object's owner")
    readInt(sequence, "An object's sequence")
    checkSequence(sequence, previous)
    readMetadata(metadata)
    if (metadata.extra !== undefined) checkExtra(metadata.extra)
    if (terms !== undefined) readTerms(termsFields(terms))
    if (runnables.length > 0) readRunnables(runnables.map(runnableFields))
    checkKeys(options)
    if (contentKey.length !== contentKeyBytes || body.cid.code !== rawCodec) {
      throw new Fault('invalid.shape', 'A content key has 32 bytes, and the root of a body is a raw block.')
    }
  })
  if ((options.readers?.length ?? 0) > readersMax) throw tooManyReaders()
}

function checkKeys({ objectClass, own, readers = [], signer }: SealOptions): void {
  const hasKeys = own !== undefined || readers.length > 0
  const isPublic = objectClass === 'public'
  if (isPublic === hasKeys || isPublic !== (signer !== undefined)) {
    throw new Fault(
      'invalid.shape',
      'A public object has a signer and no keys; the others have keys and no signer.',
    )
  }
  if (own !== undefined) readEpoch(own.epoch)
}

function slotsOf(
  { objectClass, id, own, readers = [], random }: SealOptions,
  contentKey: Uint8Array,
): readonly Slot[] {
  if (objectClass === 'public') return [{ kind: 'open', key: contentKey }]
  const slots = readers.map((publicKey) => readerSlot(publicKey, id, contentKey, random))
  if (own === undefined) return slots
  const { epoch } = own
  const mine = 'kek' in own ? ownSlot(own.kek, epoch, contentKey) : wrappedSlot(epoch, own.wrapped)
  return [mine, ...slots]
}

function innerOf({ owner, previous, sequence, body, metadata, terms, random }: SealOptions): Inner {
  return {
    owner,
    ownerSalt: random.bytes(32),
    sequence,
    body,
    metadata,
    commitmentSeed: random.bytes(32),
    ...(previous === undefined ? {} : { previous }),
    ...(terms === undefined ? {} : { terms }),
  }
}

function clearPartOf(
  { id, objectClass, owner, body, metadata, runnables = [] }: SealOptions,
  { ownerSalt }: Inner,
  commitments: readonly Uint8Array[],
): ClearPart {
  return {
    version: 1,
    suite: 1,
    id,
    objectClass,
    owner: objectClass === 'public' ? owner : commitOwner(ownerSalt, owner),
    body: { root: body.cid, storedBytes: body.storedBytes, locked: metadata.lock !== undefined },
    commitments,
    runnables,
  }
}

function named(envelope: Envelope): SealedEnvelope {
  const bytes = encodeEnvelope(envelope)
  if (bytes.length > envelopeBytesMax) {
    throw new Fault('limit.envelope', `An envelope has at most ${envelopeBytesMax} bytes. ${advice}`)
  }
  return { bytes, cid: cidOf(cborCodec, bytes) }
}
