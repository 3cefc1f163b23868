import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { cidKey, digestOf } from '@anarq/ipld'
import { createMemoryHeads, type IndexRecord, openIndex, type QIndex, readFile } from '@anarq/qindex'
import { type Blocks, blocksOf } from '@anarq/qnt'
import { openVersion } from '../drive/versions.ts'
import type { Home } from '../home.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import { nextBlock, type OpenBackup, openBackup } from './backup.ts'
import { filesHere, filesKept, permissionsSince } from './drill-compare.ts'
import type { BackupReport } from './operations.ts'

/** What a backup has of index and envelopes that this store has not, or no more, is held in memory while it is counted. */
const heldBytesMax = 256 * 1024 * 1024
/** So many files are named of those that are not as they should be. */
const pathsMax = 5

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
  const backup = noFiles()
  const homeNow = noFiles()
  const since = { added: 0, changed: 0, gone: 0, ofApps: 0, permissions: 0 }
  const paths: string[] = []
  const brokenPaths: string[] = []
  const residents = home.residents()
  let isOurs = false
  let identities = 0
  let brokenFiles = 0
  let newestMs: number | undefined
  for (const { did, createdMs } of residents) {
    const { space } = await home.officeOf(did)
    const kept = manifest.heads.find(({ feed }) => equalBytes(feed, space.identity.secrets.feed))
    const index = kept && (await openKept(space, kept, held.store, ports))
    try {
      for await (const { path, isOwn, change, bytes } of filesHere(space.index, index, signal)) {
        if (isOwn) count(homeNow, bytes)
        if (change === undefined) continue
        since[isOwn ? change : 'ofApps'] += 1
        if (isOwn && paths.length < pathsMax) paths.push(path)
      }
      since.permissions += await permissionsSince(space.index, index)
      // One that has kept nothing yet has no index: the vault brings it back.
      if (index !== undefined || createdMs <= (manifest.madeMs ?? 0)) identities += 1
      if (index === undefined) continue
      isOurs = true
      for await (const { record, path, isOwn, isGone, bytes } of filesKept(index, space.index, signal)) {
        if (isOwn) count(backup, bytes)
        if (isOwn && isGone) since.gone += 1
        if (await isWhole(space, held, record)) continue
        brokenFiles += 1
        if (brokenPaths.length < pathsMax) brokenPaths.push(path)
      }
      const atMs = index.head()?.atMs
      if (atMs !== undefined) newestMs = Math.max(newestMs ?? 0, atMs)
    } finally {
      await index?.close()
    }
  }
  return {
    isOurs,
    ...(manifest.madeMs === undefined ? {} : { madeMs: manifest.madeMs }),
    ...(newestMs === undefined ? {} : { newestMs }),
    blocks: held.count,
    bytes: held.bytes,
    identities: isOurs ? identities : 0,
    identitiesHere: residents.length,
    ...backup,
    brokenFiles,
    brokenPaths,
    filesHere: homeNow.files,
    contentBytesHere: homeNow.contentBytes,
    since: { ...since, paths },
  }
}

type Files = { files: number; contentBytes: number }

const noFiles = (): Files => ({ files: 0, contentBytes: 0 })

function count(into: Files, bytes: number): void {
  into.files += 1
  into.contentBytes += bytes
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

/** Whether each version of it opens and every block of it is there. */
async function isWhole(space: Space, { store, has }: Held, record: IndexRecord): Promise<boolean> {
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
