import { fromUtf8, toHex } from '@anarq/bytes'
import type { Change, QIndex, View } from '@anarq/qindex'
import { hashBlake3 } from '@anarq/qlock'
import type { Random } from '@anarq/random'

/**
 * What content is sealed under. Ordinarily the identity's chunk secret, so that equal content is stored once. Content
 * that was sealed anew, so that keys kept from before open nothing of it, has a secret of its own: later versions of it
 * never meet the old blocks again.
 */
export type ChunkSecrets = {
  /** The object's own; undefined where it is sealed like everything else. */
  of(id: Uint8Array): Uint8Array | undefined
  /** False while nothing has a secret of its own, which is ordinarily so. */
  isAny(): boolean
  /** A fresh secret, in force at once: for puts that begin from here on. */
  renew(id: Uint8Array, random: Random): RenewedSecret
}

export type RenewedSecret = {
  readonly secret: Uint8Array
  /** What makes it durable; it belongs into the commit that names what was sealed under it. */
  readonly change: Change
  /** The one before is in force again: nothing was committed. */
  undo(): void
}

const recordKind = 'chunk-secret'
const recordsMax = 1_000_000
const secretBytes = 32

/** The secrets are records of the owner's index: sealed, signed, and on every device of the owner. */
export async function openChunkSecrets(
  index: Pick<QIndex, 'get'>,
  view: Pick<View, 'search'>,
): Promise<ChunkSecrets> {
  const secrets = new Map<string, Uint8Array>()
  for (const { id } of view.search({ kind: recordKind, limit: recordsMax })) {
    const fields = (await index.get(id))?.fields
    const [object, secret] = [fields?.get('object')?.value, fields?.get('secret')?.value]
    if (typeof object === 'string' && secret instanceof Uint8Array && secret.length === secretBytes)
      secrets.set(object, secret)
  }
  const put = (object: string, secret: Uint8Array | undefined): void => {
    if (secret === undefined) secrets.delete(object)
    else secrets.set(object, secret)
  }
  return {
    of: (id) => secrets.get(toHex(id)),
    isAny: () => secrets.size > 0,
    renew(id, random) {
      const object = toHex(id)
      const before = secrets.get(object)
      const secret = random.bytes(secretBytes)
      put(object, secret)
      return {
        secret,
        change: {
          id: hashBlake3(fromUtf8(`chunk secret ${object}`)).slice(0, 16),
          kind: recordKind,
          set: { object, secret },
        },
        undo: () => put(object, before),
      }
    },
  }
}
