import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes } from '@anarq/bytes'
import { asFault, type Fault, hasCode } from '@anarq/fault'
import { diskFault, type Journal, openJournal } from '@anarq/files'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import { openPacks, type Packs } from '@anarq/packs'
import type { BlockNote, HeadStore, SignedHead, Store } from '@anarq/qnet/swarm'

/** What this machine holds for other nodes. */
export type HeldStore = {
  readonly store: Store
  readonly heads: HeadStore
  /** Of blocks, without what the files add. */
  bytes(): number
  blocks(): number
  close(): Promise<void>
}

export type HeldStoreOptions = {
  /** A folder of its own, made where it is missing. */
  readonly folder: string
  readonly onFault: (fault: Fault) => void
}

const keyBytes = 32
const headBytes = keyBytes + 8 + 32 + 64
/** A journal with this much more than it needs is written anew. */
const looseRecordsMax = 4096
const looseBytesMax = 64 * 1024 * 1024

/**
 * Blocks lie in packs (group commit, one record for a small block, room given back when they go), which know nothing of homes; a
 * journal of 68 bytes a block says what is held and for which home. The block is durable first, then its note, and only then is it
 * held: whatever moment a crash chooses, there is no note without its block. Notes alone are read at the start.
 */
export async function openHeldStore({ folder, onFault }: HeldStoreOptions): Promise<HeldStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw diskFault(error, folder)
  })
  const packs = await openPacks({ directory: join(folder, 'blocks'), onFault })
  try {
    const blocks = await openBlocks(join(folder, 'notes.journal'), packs, onFault)
    const heads = await openHeads(join(folder, 'heads.journal'), onFault)
    return {
      store: blocks.store,
      heads: heads.store,
      bytes: blocks.bytes,
      blocks: blocks.count,
      async close() {
        await blocks.close()
        await heads.close()
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
  const { bavail, bsize } = await statfs(folder)
  return Math.min(10 * 1024 ** 3, Math.floor((bavail * bsize + heldBytes) / 10))
}

type Blocks = { readonly store: Store; bytes(): number; count(): number; close(): Promise<void> }

async function openBlocks(path: string, packs: Packs, onFault: (fault: Fault) => void): Promise<Blocks> {
  const notes = new Map<string, BlockNote>()
  const underWay = new Map<string, Promise<boolean>>()
  const journal = await openJournal({ path, onFault, onRecord: (record) => readNote(record, notes) })
  let bytes = 0
  for (const note of notes.values()) bytes += note.bytes
  let looseBytes = 0
  let tidying: Promise<void> | undefined

  const failed = (error: unknown): void => onFault(asFault(error))
  const write = (record: Uint8Array): Promise<void> => {
    const written = journal.append(record)
    if (journal.count() > 2 * notes.size + looseRecordsMax)
      journal.rewrite(() => [...notes.values()].map(writeNote)).catch(failed)
    return written
  }
  /** The room of what went is given back when it is worth reading packs for. */
  const tidy = (): void => {
    if (tidying !== undefined || looseBytes < Math.max(looseBytesMax, bytes / 4)) return
    looseBytes = 0
    packs.beginSweep()
    const isLive = (digest: Uint8Array): boolean => notes.has(digest.toHex()) || underWay.has(digest.toHex())
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
    notes.delete(note.key.toHex())
    bytes -= note.bytes
    looseBytes += note.bytes
    write(note.key).catch(failed)
    packs.blocks.delete([cidOf(note.key)]).catch(failed)
    tidy()
  }
  const hold = async (note: BlockNote, content: Uint8Array): Promise<boolean> => {
    try {
      await packs.blocks.putSealed([{ codec: rawCodec, digest: note.key, parts: [content] }], 'data')
      await packs.blocks.flush()
      await write(writeNote(note))
      const name = note.key.toHex()
      if (!notes.has(name)) bytes += note.bytes
      notes.set(name, note)
      return true
    } catch (error) {
      failed(error)
      return false
    } finally {
      underWay.delete(note.key.toHex())
    }
  }

  await dropLost(notes, packs, forget)
  const { blocks: there } = await packs.stats()
  if (there > notes.size) looseBytes = Math.max(looseBytesMax, bytes / 4)
  tidy()
  return {
    bytes: () => bytes,
    count: () => notes.size,
    store: {
      put({ key, home, bytes: length }, content, done) {
        const name = key.toHex()
        const note = { key: key.slice(), home: home.slice(), bytes: length }
        const holding = underWay.get(name) ?? hold(note, content)
        underWay.set(name, holding)
        void holding.then(done)
      },
      get(key, then) {
        const note = notes.get(key.toHex())
        if (note === undefined) {
          then(undefined)
          return
        }
        packs.blocks.get(cidOf(key)).then(then, (error: unknown) => {
          // What the disk has spoilt is not held any more, so that the neighbours send it again.
          if (hasCode(error, 'damaged') && notes.get(key.toHex()) === note) forget(note)
          then(undefined)
        })
      },
      delete(key) {
        const note = notes.get(key.toHex())
        if (note !== undefined) forget(note)
      },
      notes: () => [...notes.values()],
      has: (key) => notes.has(key.toHex()),
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
  notes: ReadonlyMap<string, BlockNote>,
  packs: Packs,
  forget: (note: BlockNote) => void,
): Promise<void> {
  const { blocks } = await packs.stats()
  if (blocks >= notes.size) return
  const there = new Set<string>()
  for await (const { cid } of packs.blocks.list()) there.add(cid.multihash.digest.toHex())
  for (const [name, note] of [...notes]) if (!there.has(name)) forget(note)
}

function cidOf(key: Uint8Array): ReturnType<typeof cidOfDigest> {
  return cidOfDigest(rawCodec, key)
}

/** Key, home and size; a key alone says that it is held no more. */
function writeNote({ key, home, bytes }: BlockNote): Uint8Array {
  return concatBytes(key, home, uint32(bytes))
}

function readNote(record: Uint8Array, notes: Map<string, BlockNote>): void {
  const key = record.slice(0, keyBytes)
  if (record.length === keyBytes) notes.delete(key.toHex())
  else if (record.length === 2 * keyBytes + 4)
    notes.set(key.toHex(), { key, home: record.slice(keyBytes, 2 * keyBytes), bytes: uint32At(record, 64) })
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
