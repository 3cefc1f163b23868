import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { cidKey, digestOf } from '@anarq/ipld'
import { createMemoryHeads, openIndex, type QIndex, readFile } from '@anarq/qindex'
import { type Blocks, blocksOf } from '@anarq/qnt'
import { isPurged, openVersion } from '../drive/versions.ts'
import type { Home } from '../home.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import { nextBlock, type OpenBackup, openBackup } from './backup.ts'
import type { BackupReport } from './operations.ts'

/** What a backup has of index and envelopes that this store has not, or no more, is held in memory while it is counted. */
const heldBytesMax = 256 * 1024 * 1024
/** Commits that are counted since a backup; more are as many. */
const commitsMax = 100_000

type DrillPorts = Pick<KernelPorts, 'blocks' | 'clock' | 'random'>

/**
 * The drill: reads a backup to its end, each block against its name, then opens the index that is in it with the keys of
 * this home and looks whether every file that it names is whole in it. Nothing is written.
 */
export async function drillBackup(
  source: AsyncIterable<Uint8Array>,
  home: Home,
  ports: DrillPorts,
  signal?: AbortSignal,
): Promise<BackupReport> {
  const { manifest, blocks } = await openBackup(source)
  for (const { blocks: cids } of manifest.logs) for (const cid of cids) await nextBlock(blocks, cid)
  const held = await holdBlocks({ manifest, blocks }, ports, signal)
  const total = {
    files: 0,
    contentBytes: 0,
    brokenFiles: 0,
    filesHere: 0,
    contentBytesHere: 0,
    changesSince: 0,
  }
  let identities = 0
  let newestMs: number | undefined
  for (const { did } of home.residents()) {
    const { space } = await home.officeOf(did)
    const here = await countFiles(space.index, signal)
    total.filesHere += here.files
    total.contentBytesHere += here.contentBytes
    const kept = manifest.heads.find(({ feed }) => equalBytes(feed, space.identity.secrets.feed))
    if (kept === undefined) continue
    identities += 1
    const index = await openKept(space, kept, held.store, ports)
    try {
      const there = await countFiles(index, signal, (record) => isWhole(space, held, record))
      total.files += there.files
      total.contentBytes += there.contentBytes
      total.brokenFiles += there.broken
      const atMs = index.head()?.atMs
      if (atMs !== undefined) newestMs = Math.max(newestMs ?? 0, atMs)
      total.changesSince += await commitsSince(space.index, index)
    } finally {
      await index.close()
    }
  }
  return {
    isOurs: identities > 0,
    ...(manifest.madeMs === undefined ? {} : { madeMs: manifest.madeMs }),
    ...(newestMs === undefined ? {} : { newestMs }),
    blocks: held.count,
    bytes: held.bytes,
    identities,
    ...total,
  }
}

type Held = {
  readonly store: Blocks
  readonly count: number
  readonly bytes: number
  has(key: string): boolean
}

/** The blocks as a store that has what the backup has, and nothing else. */
async function holdBlocks(
  { manifest, blocks }: OpenBackup,
  ports: DrillPorts,
  signal: AbortSignal | undefined,
): Promise<Held> {
  const names = new Set<string>()
  const held = new Map<string, Uint8Array>()
  let heldBytes = 0
  let count = 0
  let bytes = 0
  for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) {
    signal?.throwIfAborted()
    const { cid, bytes: block } = next.value
    const key = cidKey(digestOf(cid))
    names.add(key)
    count += 1
    bytes += block.length
    if (count > manifest.metaBlocks || (await ports.blocks.has(cid))) continue
    heldBytes += block.length
    if (heldBytes > heldBytesMax)
      throw new Fault(
        'limit.drill',
        'This backup differs too much from what is here to be counted beside it. Restore it into an empty folder: anarq restore-backup FILE --home FOLDER',
      )
    held.set(key, block.slice())
  }
  return {
    count,
    bytes,
    has: (key) => names.has(key),
    store: {
      async get(cid) {
        const key = cidKey(digestOf(cid))
        return names.has(key) ? (held.get(key) ?? ports.blocks.get(cid)) : undefined
      },
      has: async (cid) => names.has(cidKey(digestOf(cid))),
      // Of two heads that were written apart the index makes one: in memory, as all of this.
      async put(made) {
        for (const { cid, bytes: block } of made) {
          names.add(cidKey(digestOf(cid)))
          held.set(cidKey(digestOf(cid)), block.slice())
        }
      },
      async delete() {},
      async *list() {},
      async flush() {},
    },
  }
}

/** The index as it was when the backup was made. */
async function openKept(
  space: Space,
  { feed, heads: kept }: OpenBackup['manifest']['heads'][number],
  blocks: Blocks,
  { clock, random }: DrillPorts,
): Promise<QIndex> {
  const heads = createMemoryHeads()
  for (const head of kept.toReversed()) await heads.put(feed, head)
  return openIndex({ ...space.indexKeys, blocks, heads, clock, random, onFault: () => {} })
}

type Counted = { files: number; contentBytes: number; broken: number }
type FileRecord = Parameters<typeof readFile>[0]

async function countFiles(
  index: QIndex,
  signal: AbortSignal | undefined,
  isSound: (record: FileRecord) => Promise<boolean> = async () => true,
): Promise<Counted> {
  const counted = { files: 0, contentBytes: 0, broken: 0 }
  for await (const record of index.records()) {
    signal?.throwIfAborted()
    if (record.kind !== 'file' || isPurged(record)) continue
    counted.files += 1
    counted.contentBytes += readFile(record).bytes
    if (!(await isSound(record))) counted.broken += 1
  }
  return counted
}

/** Whether each version of it opens and every block of it is there. */
async function isWhole(space: Space, { store, has }: Held, record: FileRecord): Promise<boolean> {
  try {
    for (const { cid } of readFile(record).versions) {
      const { inner } = await openVersion(space, { blocks: store }, cid, 'a file')
      for await (const block of blocksOf(store, inner)) if (!has(cidKey(digestOf(block)))) return false
    }
    return true
  } catch {
    return false
  }
}

async function commitsSince(here: QIndex, kept: QIndex): Promise<number> {
  const from = kept.head()
  let count = 0
  for await (const commit of here.history()) {
    if (from !== undefined && commit.cid.equals(from.cid)) break
    count += 1
    if (count >= commitsMax) break
  }
  return count
}
