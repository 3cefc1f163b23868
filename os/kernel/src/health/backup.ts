import { fromHex, toHex } from '@anarq/bytes'
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
import type { LogStore } from '@anarq/qerberos'
import { cidOf } from '@anarq/qlock'
import { type Block, encodeCarBlock, encodeCarHeader, readCar } from '@anarq/qnt'
import type { Account } from '../account.ts'
import type { KernelPorts } from '../ports.ts'

/**
 * A backup is one CARv1 file: its root is a manifest (vault, heads, where the audit logs are), then the audit logs in
 * blocks, then every block of the store, the precious ones first. All of it lies sealed, as in the home folder.
 */
export type Manifest = {
  /** Backups of before this was written do not say. */
  readonly madeMs: number | undefined
  readonly vault: Uint8Array
  readonly heads: readonly { feed: Uint8Array; heads: readonly { cid: Cid; sequence: number }[] }[]
  readonly logs: readonly { name: string; head: Uint8Array | undefined; blocks: readonly Cid[] }[]
  readonly metaBlocks: number
}

export type OpenBackup = { readonly manifest: Manifest; readonly blocks: AsyncIterator<Block> }

export const logEntriesABlock = 512
const logsMax = 10_000

export async function* writeBackup(
  account: Account,
  logNames: readonly string[],
  { blocks, heads, openLog, clock }: Pick<KernelPorts, 'blocks' | 'heads' | 'openLog' | 'clock'>,
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
 * Its manifest; the blocks that follow, the audit logs' first, each checked against its name. `invalid.backup` for another file.
 * Damage is refused, or with `onDamage` told and passed by; in the manifest it is `damaged.backup`, because the keys are there.
 */
export async function openBackup(
  source: AsyncIterable<Uint8Array>,
  onDamage?: () => void,
): Promise<OpenBackup> {
  const code = 'invalid.backup'
  let isDamaged = false
  const noteDamage = (): void => {
    isDamaged = true
    onDamage?.()
  }
  const car = await readCar(source, { code, ...(onDamage === undefined ? {} : { onDamage: noteDamage }) })
  const first = await car.blocks.next()
  if (first.done === true || car.roots[0]?.equals(first.value.cid) !== true) {
    await car.blocks.return()
    throw isDamaged
      ? new Fault(
          'damaged.backup',
          'This backup is damaged at its beginning, where its keys lie, so nothing of it can be brought back, and nothing was. Use another copy of it; without one, the 24 words bring your identity back (anarq id recover).',
        )
      : new Fault(code, 'This file is not a backup of AnarQ, or its first bytes are damaged.')
  }
  return { manifest: readManifest(first.value.bytes), blocks: car.blocks }
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
