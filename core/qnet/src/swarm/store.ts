import { equalBytes } from '@anarq/bytes'
import type { Place } from './place.ts'

/** What is known of a block beside its bytes. Blocks that several indexes stand on have a note for each. */
export type BlockNote = {
  readonly key: Uint8Array
  readonly home: Place
  readonly bytes: number
  /** When it was last known to be wanted: it was put, or listed. In this machine's time, whole seconds in milliseconds. */
  readonly wantedMs: number
  /** When it goes, unless it is wanted before; 0: it stays. */
  readonly goesMs: number
}

export type BlockAt = Pick<BlockNote, 'home' | 'key'>

/**
 * Where a node keeps what it holds for others. `done` is called when it is durable, or could not be. What comes back from a
 * disk is checked against its key by whoever asked.
 */
export type Store = {
  put(note: BlockNote, bytes: Uint8Array, done: (isDurable: boolean) => void): void
  get(key: Uint8Array, then: (bytes: Uint8Array | undefined) => void): void
  /** Another note in place of the one for this home, of a block that is held. */
  renew(note: BlockNote): void
  /** For this home; the block goes with its last note. */
  delete(at: BlockAt): void
  /** Everything that is held, as it is now. */
  notes(): Iterable<BlockNote>
  find(at: BlockAt): BlockNote | undefined
}

/** A store that lives as long as the process. */
export function createMemoryStore(): Store {
  const kept = new Map<string, { notes: BlockNote[]; bytes: Uint8Array }>()
  const set = (note: BlockNote, bytes: Uint8Array): void => {
    const others = kept.get(note.key.toHex())?.notes.filter((one) => !isSameHome(one, note)) ?? []
    kept.set(note.key.toHex(), { notes: [...others, note], bytes })
  }
  return {
    put(note, bytes, done) {
      set(note, bytes)
      done(true)
    },
    get: (key, then) => then(kept.get(key.toHex())?.bytes),
    renew(note) {
      const held = kept.get(note.key.toHex())
      if (held?.notes.some((one) => isSameHome(one, note)) === true) set(note, held.bytes)
    },
    delete(at) {
      const held = kept.get(at.key.toHex())
      if (held === undefined) return
      held.notes = held.notes.filter((one) => !isSameHome(one, at))
      if (held.notes.length === 0) kept.delete(at.key.toHex())
    },
    *notes() {
      for (const { notes } of kept.values()) yield* notes
    },
    find: (at) => kept.get(at.key.toHex())?.notes.find((one) => isSameHome(one, at)),
  }
}

function isSameHome(a: Pick<BlockNote, 'home'>, b: Pick<BlockNote, 'home'>): boolean {
  return equalBytes(a.home, b.home)
}
