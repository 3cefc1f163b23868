/** What a worker does with small files on their way out: envelope and only block of each at once. */
import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { digestOf } from '@anarq/ipld'
import { hashBlake3, wipe } from '@anarq/qlock'
import { type Envelope, openEnvelope, openOwnSlots, parseEnvelope } from '@anarq/qnt'
import { openBlock } from './open-block.ts'

/** A block as it is stored, unchecked, and the name that it must have. */
export type StoredBlock = { readonly bytes: Uint8Array; readonly digest: Uint8Array }

/** A version as its owner's signed index names it: its envelope, and the root of its body. */
export type StoredFile = { readonly envelope: StoredBlock; readonly root: StoredBlock }

/** The owner's storage key of an epoch. */
export type EpochKey = { readonly epoch: number; readonly kek: Uint8Array }

export type OpenedFile = {
  readonly bytes: Uint8Array
  /** POSIX permission bits, where the envelope has them. */
  readonly mode?: number
  /** BLAKE3 of the block's key, for the guardian. */
  readonly keyHash: Uint8Array
}

/**
 * Checked, unsealed and expanded; undefined for whatever is not one sound block without a second lock: the longer way, which
 * reads one part after another, has a sentence for each of these cases and mends what it can.
 */
export function openFiles(
  files: readonly StoredFile[],
  keys: readonly EpochKey[],
): (OpenedFile | undefined)[] {
  const sound = files.flatMap(({ envelope, root }, at) => {
    const parsed = soundEnvelope(envelope)
    return parsed === undefined ? [] : [{ at, root, envelope: parsed }]
  })
  const contentKeys = openOwnSlots(
    sound.map(({ envelope }) => envelope),
    (wanted) => keys.find(({ epoch }) => epoch === wanted)?.kek,
  )
  const opened = files.map((): OpenedFile | undefined => undefined)
  for (const [i, { at, root, envelope }] of sound.entries()) {
    const key = contentKeys[i]
    if (key !== undefined) opened[at] = openOne(root, envelope, key)
  }
  wipe(...contentKeys.filter((key) => key !== undefined))
  return opened
}

function soundEnvelope({ bytes, digest }: StoredBlock): Envelope | undefined {
  return equalBytes(hashBlake3(bytes), digest) ? orNothing(() => parseEnvelope(bytes)) : undefined
}

function openOne(root: StoredBlock, envelope: Envelope, contentKey: Uint8Array): OpenedFile | undefined {
  const inner = orNothing(() => openEnvelope(envelope, contentKey, { isOwn: true }))
  if (inner === undefined || inner.metadata.lock !== undefined) return undefined
  const { cid, depth, key, plainBytes } = inner.body
  if (depth !== 0 || !equalBytes(digestOf(cid), root.digest)) return undefined
  const bytes = openBlock(root.bytes, { digest: root.digest, key, plainBytes })
  if (typeof bytes === 'string') return undefined
  const { mode } = inner.metadata
  return { bytes, keyHash: hashBlake3(key), ...(mode === undefined ? {} : { mode }) }
}

function orNothing<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}
