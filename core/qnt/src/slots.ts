import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, readArray, readBytes, readFields, readInt } from '@anarq/ipld'
import { type KemKey, primitives, unwrapKey, wipe, wrapKey } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import type { Envelope, ObjectClass, ObjectId } from './envelope.ts'

/**
 * The content key for someone: `own` under the owner's storage key of an epoch (AES-256 key wrap, 40 bytes), `hpke`
 * for a standing reader (HPKE with X-Wing, 1,168 bytes; it does not say for whom), `open` in clear for everybody.
 */
export type Slot =
  | { readonly kind: 'own'; readonly epoch: number; readonly wrapped: Uint8Array }
  | { readonly kind: 'hpke'; readonly wrapped: Uint8Array }
  | { readonly kind: 'open'; readonly key: Uint8Array }

export type SlotOf<Kind extends Slot['kind']> = Extract<Slot, { readonly kind: Kind }>

/** What somebody can open slots with: the owner's storage keys by epoch, or a reader's key. */
export type SlotOpener = { kek(epoch: number): Uint8Array | undefined } | { readonly kem: KemKey }

/** Which version of which object a released key is for. */
export type ReleaseBinding = { readonly id: ObjectId; readonly envelope: Cid }

export const contentKeyBytes = 32
const ownSlotBytes = 40
export const readerSlotBytes = 1168
/** Of one object among many that are released together. */
export const releaseSlotBytes: number = ownSlotBytes
export const readersMax = 64

const slotLabel = fromUtf8('q/v1/slot')
const releaseLabel = fromUtf8('q/v1/release')
const releasesLabel = fromUtf8('q/v1/releases')

/** The content key (32 bytes), or `undefined` when no slot opens for this one. Whatever comes back is proven only by `openEnvelope`. */
export function openSlot({ id, slots }: Envelope, opener?: SlotOpener): Uint8Array | undefined {
  for (const slot of slots) {
    const key = openOne(slot, id, opener)
    if (key?.length === contentKeyBytes) return key
  }
  return undefined
}

/** The same by the storage keys of the owner, of many envelopes at once. */
export function openOwnSlots(
  envelopes: readonly Envelope[],
  kekOf: (epoch: number) => Uint8Array | undefined,
): (Uint8Array | undefined)[] {
  const keys = envelopes.map((): Uint8Array | undefined => undefined)
  const slots = envelopes.flatMap(({ slots }, at) =>
    slots.flatMap((slot) => (slot.kind === 'own' ? [{ at, ...slot }] : [])),
  )
  for (const [epoch, ofEpoch] of Map.groupBy(slots, ({ epoch }) => epoch)) {
    const kek = kekOf(epoch)
    if (kek === undefined) continue
    const opened = primitives.aesKwUnwrapEach(
      kek,
      ofEpoch.map(({ wrapped }) => wrapped),
    )
    for (const [i, { at }] of ofEpoch.entries()) keys[at] ??= opened[i]
  }
  return keys
}

/**
 * The content key for a reader whose access was just decided: 1,168 bytes that open only for this version of this
 * object. Nothing is added to the envelope, so use counts and revocation hold for the next access.
 */
export function wrapForReader(
  contentKey: Uint8Array,
  kemPublicKey: Uint8Array,
  binding: ReleaseBinding,
  random: Random,
): Uint8Array {
  return wrapKey(kemPublicKey, contentKey, { info: releaseInfo(binding), random })
}

/** `undefined` when it was wrapped for another reader, another object or another version. */
export function unwrapForReader(
  kem: KemKey,
  wrapped: Uint8Array,
  binding: ReleaseBinding,
): Uint8Array | undefined {
  if (wrapped.length !== readerSlotBytes) return undefined
  return unwrapKey(kem, wrapped, { info: releaseInfo(binding) })
}

/** Many releases to one reader under one key, which is what costs: a slot of each has 40 bytes and takes microseconds. */
export type Releases = {
  /** The key, for the reader: 1,168 bytes. */
  readonly sealed: Uint8Array
  /** As `wrapForReader`: opens only for this version of this object. */
  wrap(contentKey: Uint8Array, binding: ReleaseBinding): Uint8Array
  /** Forgets the key; from then on wrapping is `refused.disposed`. */
  dispose(): void
}

export function createReleases(kemPublicKey: Uint8Array, random: Random): Releases {
  const key = random.bytes(contentKeyBytes)
  let isDisposed = false
  return {
    sealed: wrapKey(kemPublicKey, key, { info: releasesLabel, random }),
    wrap(contentKey, binding) {
      if (isDisposed) throw new Fault('refused.disposed', 'These releases are over.')
      return usingPartKey(key, binding, (part) => primitives.aesKwWrap(part, contentKey))
    },
    dispose() {
      isDisposed = true
      wipe(key)
    },
  }
}

export type OpenReleases = {
  /** `undefined` when it was wrapped under another key, for another object or another version. */
  unwrap(wrapped: Uint8Array, binding: ReleaseBinding): Uint8Array | undefined
}

/** `undefined` where they are for another reader. */
export function openReleases(kem: KemKey, sealed: Uint8Array): OpenReleases | undefined {
  const key = sealed.length === readerSlotBytes ? unwrapKey(kem, sealed, { info: releasesLabel }) : undefined
  if (key?.length !== contentKeyBytes) return undefined
  return {
    unwrap(wrapped, binding) {
      if (wrapped.length !== releaseSlotBytes) return undefined
      return usingPartKey(key, binding, (part) => primitives.aesKwUnwrap(part, wrapped))
    },
  }
}

function usingPartKey<T>(key: Uint8Array, binding: ReleaseBinding, use: (part: Uint8Array) => T): T {
  const part = primitives.hkdfSha512(key, { info: releaseInfo(binding), length: contentKeyBytes })
  try {
    return use(part)
  } finally {
    wipe(part)
  }
}

export function ownSlot(kek: Uint8Array, epoch: number, contentKey: Uint8Array): SlotOf<'own'> {
  return { kind: 'own', epoch, wrapped: primitives.aesKwWrap(kek, contentKey) }
}

/** The same with a key that was wrapped before. */
export function wrappedSlot(epoch: number, wrapped: Uint8Array): SlotOf<'own'> {
  return { kind: 'own', epoch, wrapped: readBytes(wrapped, "A slot's key", { length: ownSlotBytes }) }
}

/** Content keys for `sealEnvelope`'s `own`, many at once. */
export function wrapOwn(kek: Uint8Array, contentKeys: readonly Uint8Array[]): Uint8Array[] {
  return primitives.aesKwWrapEach(kek, contentKeys)
}

export function readerSlot(
  kemPublicKey: Uint8Array,
  id: ObjectId,
  contentKey: Uint8Array,
  random: Random,
): SlotOf<'hpke'> {
  return { kind: 'hpke', wrapped: wrapKey(kemPublicKey, contentKey, { info: slotInfo(id), random }) }
}

export function slotFields(slot: Slot): Record<string, unknown> {
  switch (slot.kind) {
    case 'own':
      return { kind: slot.kind, epoch: slot.epoch, key: slot.wrapped }
    case 'hpke':
      return { kind: slot.kind, key: slot.wrapped }
    case 'open':
      return { kind: slot.kind, key: slot.key }
    default:
      return slot satisfies never
  }
}

/** A public object has the one open slot and no other; the others have at most one of the owner's, and no open one. */
export function readSlots(value: unknown, objectClass: ObjectClass): readonly Slot[] {
  const slots = readArray(value, "An envelope's slots", { max: readersMax + 1 }).map(readSlot)
  const open = countOf(slots, 'open')
  const isSound =
    objectClass === 'public'
      ? open === 1 && slots.length === 1
      : open === 0 && slots.length > 0 && countOf(slots, 'own') <= 1 && countOf(slots, 'hpke') <= readersMax
  if (isSound) return slots
  throw new Fault('invalid.shape', `An envelope's slots are not those of a ${objectClass} object.`)
}

export function readEpoch(value: unknown): number {
  return readInt(value, "A slot's epoch", { max: 0xffff_ffff })
}

export function tooManyReaders(): Fault {
  return new Fault(
    'limit.readers',
    `An object has at most ${readersMax} standing readers. Wrap it for a group's key instead.`,
  )
}

function readSlot(value: unknown): Slot {
  const fields = readFields(value, ['kind', 'epoch', 'key'], 'A slot')
  if (fields.kind === 'own') {
    const epoch = readEpoch(fields.epoch)
    return { kind: 'own', epoch, wrapped: readBytes(fields.key, "A slot's key", { length: ownSlotBytes }) }
  }
  if (fields.epoch !== undefined) throw new Fault('invalid.shape', 'Only the own slot has an epoch.')
  if (fields.kind === 'hpke') {
    return { kind: 'hpke', wrapped: readBytes(fields.key, "A slot's key", { length: readerSlotBytes }) }
  }
  if (fields.kind === 'open') {
    return { kind: 'open', key: readBytes(fields.key, "A slot's key", { length: contentKeyBytes }) }
  }
  throw new Fault('invalid.shape', 'A slot is of an unknown kind.')
}

function openOne(slot: Slot, id: ObjectId, opener: SlotOpener | undefined): Uint8Array | undefined {
  if (slot.kind === 'open') return slot.key
  if (opener === undefined) return undefined
  if (slot.kind === 'own') {
    const kek = 'kek' in opener ? opener.kek(slot.epoch) : undefined
    return kek === undefined ? undefined : primitives.aesKwUnwrap(kek, slot.wrapped)
  }
  return 'kem' in opener ? unwrapKey(opener.kem, slot.wrapped, { info: slotInfo(id) }) : undefined
}

function slotInfo(id: ObjectId): Uint8Array {
  return concatBytes(slotLabel, id)
}

function releaseInfo({ id, envelope }: ReleaseBinding): Uint8Array {
  return concatBytes(releaseLabel, id, envelope.bytes)
}

function countOf(slots: readonly Slot[], kind: Slot['kind']): number {
  let count = 0
  for (const slot of slots) if (slot.kind === kind) count += 1
  return count
}
