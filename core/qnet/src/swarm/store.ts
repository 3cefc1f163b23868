import type { Place } from './place.ts'

/** What is known of a block beside its bytes. */
export type BlockNote = { readonly key: Uint8Array; readonly home: Place; readonly bytes: number }

/**
 * Where a node keeps what it holds for others. `done` is called when it is durable, or could not be. What comes back from a
 * disk is checked against its key by whoever asked.
 */
export type Store = {
  put(note: BlockNote, bytes: Uint8Array, done: (isDurable: boolean) => void): void
  get(key: Uint8Array, then: (bytes: Uint8Array | undefined) => void): void
  delete(key: Uint8Array): void
  /** Everything that is held, as it is now. */
  notes(): Iterable<BlockNote>
  has(key: Uint8Array): boolean
}

/** A store that lives as long as the process. */
export function createMemoryStore(): Store {
  const kept = new Map<string, { note: BlockNote; bytes: Uint8Array }>()
  return {
    put(note, bytes, done) {
      kept.set(note.key.toHex(), { note, bytes })
      done(true)
    },
    get: (key, then) => then(kept.get(key.toHex())?.bytes),
    delete: (key) => void kept.delete(key.toHex()),
    *notes() {
      for (const { note } of kept.values()) yield note
    },
    has: (key) => kept.has(key.toHex()),
  }
}
