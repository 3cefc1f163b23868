import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes } from '@anarq/bytes'
import { asFault, type Fault, hasCode } from '@anarq/fault'
import { diskFault, freeBytesAt, type Journal, openJournal } from '@anarq/files'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import { openPacks, type Packs } from '@anarq/packs'
import type { BlockAt, BlockNote, HeadStore, SignedHead, Store } from '@anarq/qnet/swarm'
import { createNotes, readNote, writeNote, writeNoteGone } from './held-notes.ts'

/** What this machine holds for other nodes. */
export type HeldStore = {
  readonly store: Store
  readonly heads: HeadStore
  /** What owners say that their indexes stand on, and which nodes stand for them. */
  readonly lists: HeadStore
  readonly bails: HeadStore
  /** Of blocks, without what the files add. */
  bytes(): number
  blocks(): number
  close(): Promise<void>
}

export type HeldStoreOptions = {
  /** A folder of its own, made where it is missing. */
  readonly folder: string
  readonly onFault: (fault: Fault) => void
  /** So much that is held no more is left lying about, or a quarter of what is. */
  readonly looseBytesMax?: number
}

const keyBytes = 32
const headBytes = keyBytes + 8 + 32 + 64
/** A journal with this much more than it needs is written anew. */
const looseRecordsMax = 4096
const looseBytesMaxDefault = 64 * 1024 * 1024

/**
 * Blocks lie in packs (group commit, one record for a small block, room given back when they go), which know nothing of homes; a
 * journal of 76 bytes a block says what is held, for which home and since when it is wanted. The block is durable first, then its note, and only then is it
 * held: whatever moment a crash chooses, there is no note without its block. Notes alone are read at the start.
 */
export async function openHeldStore({
  folder,
  onFault,
  looseBytesMax = looseBytesMaxDefault,
}: HeldStoreOptions): Promise<HeldStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw diskFault(error, folder)
  })
  const packs = await openPacks({ directory: join(folder, 'blocks'), onFault })
  try {
    const blocks = await openBlocks(join(folder, 'notes.journal'), packs, onFault, looseBytesMax)
    const [heads, lists, bails] = (await Promise.all(
      (['heads', 'lists', 'bails'] as const).map((name) =>
        openHeads(join(folder, `${name}.journal`), onFault),
      ),
    )) as [Heads, Heads, Heads]
    return {
      store: blocks.store,
      heads: heads.store,
      lists: lists.store,
      bails: bails.store,
      bytes: blocks.bytes,
      blocks: blocks.count,
      async close() {
        await blocks.close()
        for (const one of [heads, lists, bails]) await one.close()
        await packs.close()
      },
    }
  } catch (error) {
    await packs.close()
    throw error
  }
}

/** How much is held for others where nobody said how much: a tenth of what is free, and 10 GiB at most. */
export async function heldBytesDefault(folder: string, heldBytes: number): Promise<number> {
  return Math.min(10 * 1024 ** 3, Math.floor(((await freeBytesAt(folder)) + heldBytes) / 10))
}

type Blocks = { readonly store: Store; bytes(): number; count(): number; close(): Promise<void> }

async function openBlocks(
  path: string,
  packs: Packs,
  onFault: (fault: Fault) => void,
  looseBytesMax: number,
): Promise<Blocks> {
  const notes = createNotes()
  const underWay = new Map<string, Promise<boolean>>()
  const journal = await openJournal({ path, onFault, onRecord: (record) => readNote(record, notes) })
  let looseBytes = 0
  let tidying: Promise<void> | undefined

  const failed = (error: unknown): void => onFault(asFault(error))
  const write = (record: Uint8Array): Promise<void> => {
    const written = journal.append(record)
    if (journal.count() > 2 * notes.size() + looseRecordsMax)
      journal.rewrite(() => [...notes.all()].map(writeNote)).catch(failed)
    return written
  }
  /** The room of what went is given back when it is worth reading packs for. */
  const tidy = (): void => {
    if (tidying !== undefined || looseBytes < Math.max(looseBytesMax, notes.bytes() / 4)) return
    looseBytes = 0
    packs.beginSweep()
    const isLive = (digest: Uint8Array): boolean => notes.has(digest) || underWay.has(digest.toHex())
    tidying = packs.compact(isLive).then(
      () => {
        tidying = undefined
      },
      (error: unknown) => {
        tidying = undefined
        failed(error)
      },
    )
  }
  const forget = (note: BlockNote): void => {
    notes.delete(note)
    write(writeNoteGone(note)).catch(failed)
    // Another index stands on it.
    if (notes.has(note.key)) return
    looseBytes += note.bytes
    packs.blocks.delete([cidOf(note.key)]).catch(failed)
    tidy()
  }
  const hold = async (note: BlockNote, content: Uint8Array): Promise<boolean> => {
    try {
      await packs.blocks.putSealed([{ codec: rawCodec, digest: note.key, parts: [content] }], 'data')
      await packs.blocks.flush()
      await write(writeNote(note))
      notes.set(note)
      return true
    } catch (error) {
      failed(error)
      return false
    }
  }

  await dropLost(notes, packs, forget)
  const { blocks: there } = await packs.stats()
  if (there > notes.blocks()) looseBytes = Math.max(looseBytesMax, notes.bytes() / 4)
  tidy()
  return {
    bytes: notes.bytes,
    count: notes.blocks,
    store: {
      put({ key, home, ...rest }, content, done) {
        const note = { key: key.slice(), home: home.slice(), ...rest }
        // One after the other of one block: each has a note of its own, and the block lies there once.
        const before = underWay.get(key.toHex()) ?? Promise.resolve(true)
        const holding = before.then(() => hold(note, content))
        underWay.set(key.toHex(), holding)
        void holding.then((isDurable) => {
          if (underWay.get(key.toHex()) === holding) underWay.delete(key.toHex())
          done(isDurable)
        })
      },
      get(key, then) {
        if (!notes.has(key)) {
          then(undefined)
          return
        }
        packs.blocks.get(cidOf(key)).then(then, (error: unknown) => {
          // What the disk has spoilt is not held any more, so that the neighbours send it again.
          if (hasCode(error, 'damaged')) for (const note of [...notes.of(key)]) forget(note)
          then(undefined)
        })
      },
      renew(note) {
        if (notes.find(note) === undefined) return
        notes.set(note)
        write(writeNote(note)).catch(failed)
      },
      delete(at: BlockAt) {
        const note = notes.find(at)
        if (note !== undefined) forget(note)
      },
      notes: notes.all,
      find: notes.find,
    },
    async close() {
      await Promise.all([...underWay.values()])
      await tidying
      await journal.close()
    },
  }
}

/** A pack that was damaged or taken away leaves notes without blocks. Most often there are as many of both, and nothing is looked at. */
async function dropLost(
  notes: ReturnType<typeof createNotes>,
  packs: Packs,
  forget: (note: BlockNote) => void,
): Promise<void> {
  const { blocks } = await packs.stats()
  if (blocks >= notes.blocks()) return
  const there = new Set<string>()
  for await (const { cid } of packs.blocks.list()) there.add(cid.multihash.digest.toHex())
  for (const note of [...notes.all()]) if (!there.has(note.key.toHex())) forget(note)
}

function cidOf(key: Uint8Array): ReturnType<typeof cidOfDigest> {
  return cidOfDigest(rawCodec, key)
}

type Heads = { readonly store: HeadStore; close(): Promise<void> }

async function openHeads(path: string, onFault: (fault: Fault) => void): Promise<Heads> {
  const kept = new Map<string, readonly SignedHead[]>()
  const journal: Journal = await openJournal({
    path,
    onFault,
    onRecord(record) {
      const name = record.subarray(0, keyBytes).toHex()
      const heads = readHeads(record)
      if (heads.length === 0) kept.delete(name)
      else kept.set(name, heads)
    },
  })
  const records = (): Uint8Array[] =>
    [...kept].map(([name, heads]) => writeHeads(Uint8Array.fromHex(name), heads))
  return {
    store: {
      get: (feed) => kept.get(feed.toHex()) ?? [],
      *feeds() {
        for (const name of kept.keys()) yield Uint8Array.fromHex(name)
      },
      size: () => kept.size,
      set(feed, heads, done) {
        const name = feed.toHex()
        if (heads.length === 0) kept.delete(name)
        else kept.set(name, heads)
        journal.append(writeHeads(feed, heads)).then(
          () => done(true),
          (error: unknown) => {
            onFault(asFault(error))
            done(false)
          },
        )
        if (journal.count() > 2 * kept.size + looseRecordsMax)
          journal.rewrite(records).catch((error: unknown) => onFault(asFault(error)))
      },
    },
    close: journal.close,
  }
}

/** The index, then sequence, digest and signature of each head. */
function writeHeads(feed: Uint8Array, heads: readonly SignedHead[]): Uint8Array {
  return concatBytes(
    feed,
    ...heads.flatMap(({ sequence, head, signature }) => {
      const fixed = new Uint8Array(64)
      fixed.set(signature)
      return [uint32(Math.floor(sequence / 2 ** 32)), uint32(sequence >>> 0), head, fixed]
    }),
  )
}

function readHeads(record: Uint8Array): SignedHead[] {
  const heads: SignedHead[] = []
  for (let at = keyBytes; at + headBytes - keyBytes <= record.length; at += headBytes - keyBytes)
    heads.push({
      sequence: uint32At(record, at) * 2 ** 32 + uint32At(record, at + 4),
      head: record.slice(at + 8, at + 40),
      signature: record.slice(at + 40, at + 104),
    })
  return heads
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function uint32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at)
}
