import { equalBytes, fromHex, toHex } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import {
  type Cid,
  cborCodec,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readCid,
  readFields,
  readInt,
  readText,
} from '@anarq/ipld'
import { type LogStore, leafBytes } from '@anarq/qerberos'
import { cidOf } from '@anarq/qlock'
import { type Block, encodeCarBlock, encodeCarHeader, readCar } from '@anarq/qnt'
import type { Account } from '../account.ts'
import type { KernelPorts } from '../ports.ts'
import type { RestoreReport } from './operations.ts'

/**
 * A backup is one CARv1 file: its root is a manifest (vault, heads, where the audit logs are), then the audit logs in
 * blocks, then every block of the store, the precious ones first. All of it lies sealed, as in the home folder.
 */
type Manifest = {
  /** Backups of before this was written do not say. */
  readonly madeMs: number | undefined
  readonly vault: Uint8Array
  readonly heads: readonly { feed: Uint8Array; heads: readonly { cid: Cid; sequence: number }[] }[]
  readonly logs: readonly { name: string; head: Uint8Array | undefined; blocks: readonly Cid[] }[]
  readonly metaBlocks: number
}

type BackupPorts = Pick<KernelPorts, 'blocks' | 'heads' | 'openLog'>
type RestorePorts = BackupPorts & Pick<KernelPorts, 'setAsideLog'>

export type OpenBackup = { readonly manifest: Manifest; readonly blocks: AsyncIterator<Block> }

const logEntriesABlock = 512
const logsMax = 10_000
const putBytesMax = 16 * 1024 * 1024

export async function* writeBackup(
  account: Account,
  logNames: readonly string[],
  { blocks, heads, openLog, clock }: BackupPorts & Pick<KernelPorts, 'clock'>,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  const vault = account.sealed()
  if (vault === undefined)
    throw new Fault('missing.identity', 'There is nothing to back up yet. Begin with: anarq init')
  const logs = []
  for (const name of logNames) {
    const log = await openLog(name)
    const cids: Cid[] = []
    for await (const block of logBlocks(log)) cids.push(block.cid)
    logs.push({ name, log, head: await log.getHead(), blocks: cids })
  }
  const kept = []
  for (const feed of await heads.feeds()) kept.push({ feed, heads: await heads.get(feed) })
  const precious: Cid[] = []
  const rest: Cid[] = []
  for await (const { cid, blockClass } of blocks.list()) (blockClass === 'meta' ? precious : rest).push(cid)

  const manifest = encodeCbor({
    v: 1,
    made: clock.nowMs(),
    vault,
    heads: kept.map(({ feed, heads: of }) => [feed, of.map(({ cid, sequence }) => [cid, sequence])]),
    logs: logs.map(({ name, head, blocks: of }) => [name, head ?? null, of]),
    meta: precious.length,
  })
  const root = cidOf(cborCodec, manifest)
  yield encodeCarHeader([root])
  yield encodeCarBlock({ cid: root, bytes: manifest })
  for (const { log } of logs) for await (const block of logBlocks(log)) yield encodeCarBlock(block)
  for (const cid of [...precious, ...rest]) {
    signal?.throwIfAborted()
    // A damaged block stays behind, and what it belonged to is named by verify: all the rest is worth keeping.
    const bytes = await blocks.get(cid).catch((error: unknown) => {
      if (!hasCode(error, 'damaged')) throw error
      return undefined
    })
    // A block that was freed since the list was made is no part of anything any more.
    if (bytes !== undefined) yield encodeCarBlock({ cid, bytes })
  }
}

/**
 * Into an empty home. Every block is checked against its name; the vault comes last, so a broken restore leaves no identity,
 * and can be begun again. Where an index lies that the backup does not know, nothing is touched.
 */
export async function readBackup(
  account: Account,
  source: AsyncIterable<Uint8Array>,
  ports: RestorePorts,
  signal?: AbortSignal,
): Promise<RestoreReport> {
  needEmpty(account)
  const { manifest, blocks } = await openBackup(source)
  await needNothingElse(manifest, ports)
  for (const { name, head, blocks: cids } of manifest.logs) {
    const log = await emptyLog(name, ports)
    for (const cid of cids) {
      signal?.throwIfAborted()
      await putLogBlock(log, await nextBlock(blocks, cid))
    }
    if (head !== undefined) await log.putHead(head)
  }
  const counts = await putBlocks(blocks, manifest.metaBlocks, ports, signal)
  await ports.blocks.flush()
  needEmpty(account)
  for (const { feed, heads } of manifest.heads)
    for (const head of heads.toReversed()) await ports.heads.put(feed, head)
  await account.putSealed(manifest.vault)
  return counts
}

function needEmpty(account: Account): void {
  if (account.state() === 'empty') return
  throw new Fault(
    'conflict.identity',
    'There is an identity here already. Restore into an empty folder: --home FOLDER',
  )
}

/** A home whose vault was lost is empty too, and what it has may be newer than the backup. */
async function needNothingElse({ heads: kept }: Manifest, { heads }: RestorePorts): Promise<void> {
  for (const feed of await heads.feeds()) {
    const known = kept.find((one) => equalBytes(one.feed, feed))?.heads ?? []
    const others = (await heads.get(feed)).filter(({ cid }) => !known.some((head) => head.cid.equals(cid)))
    if (others.length > 0)
      throw new Fault(
        'conflict.home',
        'In this folder lie files whose key is missing, and this backup does not know all of them. Bring them back with the 24 words, or restore the backup into another folder: --home FOLDER',
      )
  }
}

/** What a restore that was broken off left of a log is put out of the way: its entries would come twice. */
async function emptyLog(
  name: string,
  { openLog, setAsideLog }: Pick<RestorePorts, 'openLog' | 'setAsideLog'>,
): Promise<LogStore> {
  const log = await openLog(name)
  if (log.size() === 0) return log
  await setAsideLog(name)
  return openLog(name)
}

/** Its manifest; the blocks that follow, the audit logs' first, each checked against its name. `invalid.backup` for another file. */
export async function openBackup(source: AsyncIterable<Uint8Array>): Promise<OpenBackup> {
  const code = 'invalid.backup'
  const car = await readCar(source, { code })
  const blocks = car.blocks[Symbol.asyncIterator]()
  const first = await blocks.next()
  if (first.done === true || car.roots[0]?.equals(first.value.cid) !== true)
    throw new Fault(code, 'This file is not a backup of AnarQ.')
  return { manifest: readManifest(first.value.bytes), blocks }
}

async function putBlocks(
  blocks: AsyncIterator<Block>,
  metaBlocks: number,
  ports: BackupPorts,
  signal?: AbortSignal,
): Promise<RestoreReport> {
  let count = 0
  let bytes = 0
  let waiting: Block[] = []
  let waitingBytes = 0
  const put = async (): Promise<void> => {
    await ports.blocks.put(waiting, count <= metaBlocks ? 'meta' : 'data')
    waiting = []
    waitingBytes = 0
  }
  for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) {
    signal?.throwIfAborted()
    waiting.push(next.value)
    waitingBytes += next.value.bytes.length
    bytes += next.value.bytes.length
    count += 1
    if (count === metaBlocks || waitingBytes >= putBytesMax) await put()
  }
  if (waiting.length > 0) await put()
  return { blocks: count, bytes }
}

export async function nextBlock(blocks: AsyncIterator<Block>, wanted: Cid): Promise<Block> {
  const next = await blocks.next()
  if (next.done !== true && next.value.cid.equals(wanted)) return next.value
  throw new Fault('damaged.backup', 'This backup is cut short or out of order. Use another copy of it.')
}

/** Entries as they lie, each with its leaf hash: one that is damaged stays damaged, and the tree still proves the rest. */
async function* logBlocks(log: LogStore): AsyncIterable<Block> {
  for (let from = 0; from < log.size(); from += logEntriesABlock) {
    const to = Math.min(from + logEntriesABlock, log.size())
    const leaves = await log.readLeaves(from, to)
    const entries: Uint8Array[] = []
    for await (const stored of log.read(from, to))
      entries.push('bytes' in stored ? stored.bytes : new Uint8Array(0))
    const bytes = encodeCbor({ entries, leaves })
    yield { cid: cidOf(cborCodec, bytes), bytes }
  }
}

async function putLogBlock(log: LogStore, { bytes }: Block): Promise<void> {
  const what = 'A part of the audit log'
  const fields = readFields(decodeCbor(bytes, what), ['entries', 'leaves'], what)
  const entries = readArray(fields.entries, what, { max: logEntriesABlock }).map((entry) =>
    readBytes(entry, what),
  )
  const leaves = readBytes(fields.leaves, what, { length: entries.length * leafBytes })
  await log.append(
    entries,
    entries.map((_, i) => leaves.subarray(i * leafBytes, (i + 1) * leafBytes)),
  )
}

function readManifest(bytes: Uint8Array): Manifest {
  const what = 'The manifest of this backup'
  const fields = readFields(decodeCbor(bytes, what), ['v', 'made', 'vault', 'heads', 'logs', 'meta'], what)
  readInt(fields.v, what, { min: 1, max: 1 })
  return {
    madeMs: fields.made === undefined ? undefined : readInt(fields.made, what),
    vault: readBytes(fields.vault, what),
    heads: readArray(fields.heads, what).map((item) => {
      const [feed, heads] = readArray(item, what, { max: 2 })
      return {
        feed: readBytes(feed, what, { length: 16 }),
        heads: readArray(heads, what, { max: 64 }).map((head) => {
          const [cid, sequence] = readArray(head, what, { max: 2 })
          return { cid: readCid(cid, what), sequence: readInt(sequence, what) }
        }),
      }
    }),
    logs: readArray(fields.logs, what, { max: logsMax }).map((item) => {
      const [name, head, cids] = readArray(item, what, { max: 3 })
      return {
        name: toHex(fromHex(readText(name, what, { max: 64 }))),
        head: head === null ? undefined : readBytes(head, what),
        blocks: readArray(cids, what, { max: 10_000_000 }).map((cid) => readCid(cid, what)),
      }
    }),
    metaBlocks: readInt(fields.meta, what),
  }
}
