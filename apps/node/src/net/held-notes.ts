import { concatBytes, equalBytes } from '@anarq/bytes'
import type { BlockAt, BlockNote } from '@anarq/qnet/swarm'

/** What is held, by block: most have one note, those that several indexes stand on one for each. */
export type Notes = {
  set(note: BlockNote): void
  delete(at: BlockAt): void
  /** Every note of a block. */
  deleteAll(key: Uint8Array): void
  find(at: BlockAt): BlockNote | undefined
  of(key: Uint8Array): readonly BlockNote[]
  has(key: Uint8Array): boolean
  all(): Iterable<BlockNote>
  size(): number
  blocks(): number
  /** Of blocks, each once. */
  bytes(): number
}

export function createNotes(): Notes {
  const byKey = new Map<string, readonly BlockNote[]>()
  let size = 0
  let bytes = 0
  const of = (key: Uint8Array): readonly BlockNote[] => byKey.get(key.toHex()) ?? []
  const put = (key: Uint8Array, notes: readonly BlockNote[]): void => {
    const before = of(key)
    size += notes.length - before.length
    bytes += (notes[0]?.bytes ?? 0) - (before[0]?.bytes ?? 0)
    if (notes.length === 0) byKey.delete(key.toHex())
    else byKey.set(key.toHex(), notes)
  }
  const others = ({ key, home }: BlockAt): readonly BlockNote[] =>
    of(key).filter((note) => !equalBytes(note.home, home))
  return {
    set: (note) => put(note.key, [...others(note), note]),
    delete: (at) => put(at.key, others(at)),
    deleteAll: (key) => put(key, []),
    find: (at) => of(at.key).find(({ home }) => equalBytes(home, at.home)),
    of,
    has: (key) => byKey.has(key.toHex()),
    all: () => [...byKey.values()].flat(),
    size: () => size,
    blocks: () => byKey.size,
    bytes: () => bytes,
  }
}

const keyBytes = 32
const atBytes = 2 * keyBytes
const oldNoteBytes = atBytes + 4
const noteBytes = atBytes + 12

/** Key, home, size, then when it was wanted last and when it goes, in seconds. */
export function writeNote({ key, home, bytes, wantedMs, goesMs }: BlockNote): Uint8Array {
  return concatBytes(key, home, uint32(bytes), uint32(wantedMs / 1000), uint32(goesMs / 1000))
}

/** Key and home alone say that it is held no more. */
export function writeNoteGone({ key, home }: BlockAt): Uint8Array {
  return concatBytes(key, home)
}

/** Also what was written before notes knew of time: a key alone for a block that went, and notes without the last two. */
export function readNote(record: Uint8Array, notes: Notes): void {
  const key = record.slice(0, keyBytes)
  const home = record.slice(keyBytes, atBytes)
  if (record.length === keyBytes) notes.deleteAll(key)
  else if (record.length === atBytes) notes.delete({ key, home })
  else if (record.length === oldNoteBytes || record.length === noteBytes) {
    const isOld = record.length === oldNoteBytes
    notes.set({
      ...{ key, home, bytes: uint32At(record, atBytes) },
      wantedMs: isOld ? 0 : uint32At(record, atBytes + 4) * 1000,
      goesMs: isOld ? 0 : uint32At(record, atBytes + 8) * 1000,
    })
  }
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function uint32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at)
}
