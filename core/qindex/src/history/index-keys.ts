import { Fault } from '@anarq/fault'
import { deriveSecret, wipe } from '@anarq/qlock'
import { feedBytes } from './heads.ts'

/** The secrets of one identity's index. They stay their owner's to wipe. */
export type IndexKeys = {
  /** The sealing secret of the current epoch, 32 bytes. */
  readonly index: Uint8Array
  /** The name under which heads are kept, 16 bytes: says nothing to others. */
  readonly feed: Uint8Array
  readonly epoch: number
  /** The sealing secret of an epoch up to the current one. */
  indexOf(epoch: number): Uint8Array | undefined
}

/** What is derived from them, once for each epoch. */
export type DerivedKeys = {
  readonly feed: Uint8Array
  readonly epoch: number
  /** Under which the nodes of a trie of this epoch are sealed. */
  trie(): Uint8Array
  /** Under which the commits of an epoch are sealed; undefined where the secret is not held. */
  commit(epoch: number): Uint8Array | undefined
  /** For folder ids: always of the first epoch, so that a folder keeps its id when keys rotate. */
  folder(): Uint8Array
  wipe(): void
}

export function deriveKeys(keys: IndexKeys): DerivedKeys {
  if (keys.feed.length !== feedBytes) {
    throw new Fault('invalid.feed', `The name of an index has ${feedBytes} bytes, not ${keys.feed.length}.`)
  }
  const made = new Map<string, Uint8Array>()
  const secretOf = (epoch: number) => (epoch === keys.epoch ? keys.index : keys.indexOf(epoch))
  const derive = (epoch: number, label: string) => {
    const name = `${label} ${epoch}`
    const known = made.get(name)
    if (known !== undefined) return known
    const secret = secretOf(epoch)
    if (secret === undefined) return undefined
    const derived = deriveSecret(secret, label)
    made.set(name, derived)
    return derived
  }
  return {
    feed: keys.feed,
    epoch: keys.epoch,
    trie: () => derive(keys.epoch, 'q/v1/index/trie') as Uint8Array,
    commit: (epoch) => derive(epoch, 'q/v1/index/commit'),
    folder() {
      const secret = derive(0, 'q/v1/index/folder')
      if (secret !== undefined) return secret
      throw new Fault(
        'missing.key',
        'The first key of this index is not held here. Open it with all its epochs.',
      )
    },
    wipe() {
      wipe(...made.values())
      made.clear()
    },
  }
}
