import { equalBytes, toHex } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { createMerkleTree, merkleLeaf } from '@anarq/qlock'
import type { Blocks } from '@anarq/qnt'
import { decodeRecord } from '../record/record-codec.ts'
import { compareMarks } from '../record/stamp.ts'
import type { NodeRef } from '../trie/node.ts'
import type { NodeReader } from '../trie/node-store.ts'
import { idOfEncoded, recordsIn } from '../trie/packed.ts'
import { type Damage, findSubtree, type LeafAt, walkTrie } from '../trie/trie-walk.ts'
import { readLists } from './batch.ts'
import { type Commit, type IndexSigner, isSigned } from './commit.ts'
import type { History } from './history.ts'

export type VerifyOptions = {
  /** How far back the history is checked; default 1000 commits. */
  readonly commitsMax?: number
  readonly signal?: AbortSignal
}

/** What was looked at, and how many faults were told. */
export type Verification = { readonly commits: number; readonly records: number; readonly faults: number }

type Ports = { history: History; reader: NodeReader; blocks: Blocks; signer: IndexSigner }

/** How many older tries are asked which records a damaged part held. */
const olderTriesMax = 32

/**
 * Checks signatures, the chain of commits, the batches and every record of the head's trie. A damaged part of the
 * trie is told with `prefix` (what the ids in it begin with), `records` (how many) and `ids` (hexadecimal: those
 * that an older, readable state had there).
 */
export async function verifyIndex(
  ports: Ports,
  head: Commit | undefined,
  onFault: (fault: Fault) => void,
  { commitsMax = 1000, signal }: VerifyOptions,
): Promise<Verification> {
  let faults = 0
  const tell = (fault: Fault) => {
    faults += 1
    onFault(fault)
  }
  if (head === undefined) return { commits: 0, records: 0, faults }
  const older: Commit[] = []
  let commits = 0
  for await (const commit of ports.history.walk([head], tell)) {
    signal?.throwIfAborted()
    if (commits === commitsMax) break
    commits += 1
    if (older.length < olderTriesMax && commit !== head) older.push(commit)
    await checkCommit(commit, ports, tell)
  }
  const damages: Damage[] = []
  let records = 0
  for await (const leaf of walkTrie(ports.reader, head.trie, (damage) => damages.push(damage))) {
    signal?.throwIfAborted()
    records += checkLeaf(leaf, head, tell)
  }
  for (const damage of damages) tell(await describeDamage(damage, older, ports.reader))
  return { commits, records, faults }
}

async function checkCommit(
  commit: Commit,
  { signer, blocks }: Ports,
  tell: (fault: Fault) => void,
): Promise<void> {
  const { cid, sequence, batchRoot } = commit.info
  const data = { cid: cid.toString(), sequence }
  if (!isSigned(commit, signer)) {
    tell(
      new Fault('refused.signature', `State ${sequence} of the index is not signed by this identity.`, {
        data,
      }),
    )
  }
  if (commit.lists.length === 0) return
  try {
    const digests = [commit.bodyDigest, ...(await readLists(blocks, commit.lists))]
    const { root } = createMerkleTree(digests.map((digest) => merkleLeaf(digest)))
    if (equalBytes(root, batchRoot)) return
    tell(
      new Fault('damaged.batch', `State ${sequence} of the index signs other objects than it lists.`, {
        data,
      }),
    )
  } catch (error) {
    tell(asFault(error))
  }
}

/** How many of the leaf's records are as they should be. */
function checkLeaf({ records, prefix }: LeafAt, head: Commit, tell: (fault: Fault) => void): number {
  let good = 0
  for (const bytes of recordsIn(records)) {
    const id = toHex(idOfEncoded(bytes))
    try {
      const record = decodeRecord(bytes)
      const isLate = [...record.fields.values()].some(({ stamp }) => compareMarks(stamp, head.info.clock) > 0)
      if (isLate || !id.startsWith(prefix)) {
        throw new Fault('damaged.record', 'A record is where or when it cannot be.')
      }
      good += 1
    } catch (error) {
      const { code, message } = asFault(error)
      tell(new Fault(code, message, { cause: error, data: { prefix, records: 1, ids: [id] } }))
    }
  }
  return good
}

async function describeDamage(
  { fault, ref, prefix }: Damage,
  older: readonly Commit[],
  reader: NodeReader,
): Promise<Fault> {
  let ids: string[] = []
  for (const { trie } of older) {
    const subtree = await findSubtree(reader, trie, prefix).catch(() => undefined)
    if (subtree === undefined || equalBytes(subtree.digest, ref.digest)) continue
    ids = await idsBelow(reader, subtree, prefix)
    if (ids.length > 0) break
  }
  const records = ref.count
  const message = `${records} entries of the index, those whose ids begin with "${prefix}", are out of reach. ${fault.message}`
  return new Fault(fault.code, message, { cause: fault, data: { ...fault.data, prefix, records, ids } })
}

async function idsBelow(reader: NodeReader, subtree: NodeRef, prefix: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { records } of walkTrie(reader, subtree, () => {})) {
    for (const bytes of recordsIn(records)) {
      const id = toHex(idOfEncoded(bytes))
      if (id.startsWith(prefix)) ids.push(id)
    }
  }
  return ids
}
