import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, readArray, readBytes, readFields } from '@anarq/ipld'
import { type LogStore, leafBytes } from '@anarq/qerberos'
import type { Block } from '@anarq/qnt'
import type { Account } from '../account.ts'
import type { KernelPorts } from '../ports.ts'
import { logEntriesABlock, type Manifest, openBackup } from './backup.ts'
import type { RestoreReport } from './operations.ts'

type RestorePorts = Pick<KernelPorts, 'blocks' | 'heads' | 'openLog' | 'setAsideLog' | 'compact'>

const putBytesMax = 16 * 1024 * 1024

/**
 * Into an empty home. Every block is checked against its name, and what is damaged stays out, as if it had been lost on the disk;
 * the vault comes last, so a broken restore leaves no identity, and can be begun again. Where an index lies that the backup does
 * not know, nothing is touched.
 */
export async function readBackup(
  account: Account,
  source: AsyncIterable<Uint8Array>,
  ports: RestorePorts,
  signal?: AbortSignal,
): Promise<RestoreReport> {
  needEmpty(account)
  let damagedParts = 0
  const { manifest, blocks } = await openBackup(source, () => {
    damagedParts += 1
  })
  await needNothingElse(manifest, ports)
  const ahead = createLookahead(blocks)
  for (const log of manifest.logs) await putLog(log, ahead, ports, signal)
  const counts = await putBlocks(ahead, manifest.metaBlocks, ports, signal)
  await needOneIndex(manifest, ports)
  await ports.blocks.flush()
  needEmpty(account)
  for (const { feed, heads } of manifest.heads)
    for (const head of heads.toReversed()) await ports.heads.put(feed, head)
  await account.putSealed(manifest.vault)
  return { ...counts, damagedParts }
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

/** Without an index there is nothing to come back to: what was brought in until now goes again. */
async function needOneIndex(
  { heads: kept }: Manifest,
  { blocks, heads, compact }: RestorePorts,
): Promise<void> {
  const newest = kept.flatMap(({ heads: of }) => of)
  if (newest.length === 0) return
  for (const { cid } of newest) if (await blocks.has(cid)) return
  if ((await heads.feeds()).length === 0) await compact(() => false)
  throw new Fault(
    'damaged.backup',
    'This backup is damaged where it says which files there are, so nothing of it can be brought back, and nothing was. Use another copy of it.',
  )
}

/** A part that is damaged keeps the numbers of the entries behind it: each of its own counts as unreadable. */
async function putLog(
  { name, head, blocks: cids }: Manifest['logs'][number],
  blocks: Lookahead,
  ports: RestorePorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const log = await emptyLog(name, ports)
  for (const [i, cid] of cids.entries()) {
    signal?.throwIfAborted()
    const next = await blocks.peek()
    if (next?.cid.equals(cid) === true) await putLogBlock(log, (await blocks.next()) as Block)
    // How many the last part had is not known: there the log ends.
    else if (i < cids.length - 1) await log.append(lostEntries, lostLeaves)
  }
  if (head !== undefined) await log.putHead(head)
}

const lostEntries: readonly Uint8Array[] = Array.from({ length: logEntriesABlock }, () => new Uint8Array(0))
const lostLeaves: readonly Uint8Array[] = lostEntries.map(() => new Uint8Array(leafBytes))

type Lookahead = { peek(): Promise<Block | undefined>; next(): Promise<Block | undefined> }

function createLookahead(blocks: AsyncIterator<Block>): Lookahead {
  let waiting: Promise<Block | undefined> | undefined
  const read = async (): Promise<Block | undefined> => {
    const next = await blocks.next()
    return next.done === true ? undefined : next.value
  }
  return {
    peek() {
      waiting ??= read()
      return waiting
    },
    next() {
      const next = waiting ?? read()
      waiting = undefined
      return next
    },
  }
}

/** Where damaged parts are missing among the first, some of the others are kept twice that need not be. */
async function putBlocks(
  blocks: Lookahead,
  metaBlocks: number,
  ports: RestorePorts,
  signal?: AbortSignal,
): Promise<{ blocks: number; bytes: number }> {
  let count = 0
  let bytes = 0
  let waiting: Block[] = []
  let waitingBytes = 0
  const put = async (): Promise<void> => {
    await ports.blocks.put(waiting, count <= metaBlocks ? 'meta' : 'data')
    waiting = []
    waitingBytes = 0
  }
  for (let next = await blocks.next(); next !== undefined; next = await blocks.next()) {
    signal?.throwIfAborted()
    waiting.push(next)
    waitingBytes += next.bytes.length
    bytes += next.bytes.length
    count += 1
    if (count === metaBlocks || waitingBytes >= putBytesMax) await put()
  }
  if (waiting.length > 0) await put()
  return { blocks: count, bytes }
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
