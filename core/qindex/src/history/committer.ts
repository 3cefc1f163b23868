import { equalBytes } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { type Cid, cidOfDigest, rawCodec } from '@anarq/ipld'
import type { Blocks } from '@anarq/qnt'
import type { Random } from '@anarq/random'
import type { IndexRecord } from '../record/record.ts'
import { decodeRecord } from '../record/record-codec.ts'
import { compareMarks, type StampClock } from '../record/stamp.ts'
import type { NodeRef } from '../trie/node.ts'
import type { NodeStore } from '../trie/node-store.ts'
import { joinTries, resealTrie, type TrieIo, updateTrie } from '../trie/trie.ts'
import { diffTries } from '../trie/trie-walk.ts'
import { checkBatch, sealLists } from './batch.ts'
import { type Commit, type CommitInfo, type IndexSigner, sealCommit } from './commit.ts'
import type { CommitRequest } from './commit-queue.ts'
import type { Heads } from './heads.ts'
import { checkSigned, type History } from './history.ts'
import type { DerivedKeys } from './index-keys.ts'
import type { OpenedHead } from './open-head.ts'
import { patchesOf } from './patches.ts'

/** Moves the head. One call at a time: whoever calls it queues. */
export type Committer = {
  head(): Commit | undefined
  /**
   * The records that the last commit wrote, where it led from a trie of this root to the head: for who follows the index and would
   * else read and decode them again. Given once.
   */
  takeWritten(root: Uint8Array | undefined): readonly IndexRecord[] | undefined
  commitGroup(requests: readonly CommitRequest[]): Promise<CommitInfo>
  merge(other: Cid, aheadMsMax: number): Promise<CommitInfo>
}

export type CommitterPorts = {
  readonly blocks: Blocks
  readonly heads: Heads
  readonly keys: DerivedKeys
  readonly signer: IndexSigner
  readonly clock: Clock
  readonly random: Random
  readonly device: Uint8Array
  readonly stamps: StampClock
  readonly store: NodeStore
  readonly history: History
}

export function createCommitter(ports: CommitterPorts, opened: OpenedHead): Committer {
  const { blocks, heads, keys, stamps, store, history } = ports
  let { head, sequenceMax } = opened
  let written: Written | undefined
  if (head !== undefined) stamps.observe(head.info.clock)

  /** The order of effects: blocks durable, then the head durable, and only then it counts. */
  const advance = async (commit: Commit): Promise<CommitInfo> => {
    const { cid, sequence } = commit.info
    await blocks.flush()
    await heads.put(keys.feed, { cid, sequence })
    history.remember(commit)
    head = commit
    written = undefined
    sequenceMax = Math.max(sequenceMax, sequence)
    return commit.info
  }
  const publish = async (
    { writer }: TrieIo,
    trie: NodeRef | undefined,
    parents: readonly Commit[],
    batch: readonly Uint8Array[],
  ): Promise<CommitInfo> => {
    const sealed = sealLists(batch, keys.trie())
    const { commit, bytes } = sealCommit(
      {
        sequence: Math.max(sequenceMax, ...parents.map(({ info }) => info.sequence)) + 1,
        parents: parents.map(({ info }) => info.cid),
        atMs: Math.max(0, Math.floor(ports.clock.nowMs())),
        did: ports.signer.did,
        device: ports.device,
        epoch: keys.epoch,
        clock: stamps.mark(),
        trie,
        lists: sealed.lists,
        batch,
      },
      ports,
    )
    await writer.finish()
    await blocks.put([...sealed.blocks, { cid: commit.info.cid, bytes }], 'meta')
    return advance(commit)
  }
  const openIo = (): TrieIo => ({ reader: store, writer: store.writer(keys.trie()) })

  return {
    head: () => head,
    takeWritten(root) {
      const taken = written
      written = undefined
      return taken !== undefined && isSameRoot(taken.since, root) ? taken.records : undefined
    },
    async commitGroup(requests) {
      const batch = checkBatch(requests.flatMap((request) => request.batch))
      const records: IndexRecord[] = []
      const patches = patchesOf(requests, stamps, (record) => void records.push(record))
      if (patches.length === 0 && batch.length === 0 && head !== undefined) return head.info
      const io = openIo()
      const since = head?.trie?.digest
      const trie = await updateTrie(io, await currentTrie(io, head, keys), patches)
      const info = await publish(io, trie, head === undefined ? [] : [head], batch)
      written = { since, records }
      return info
    },
    async merge(other, aheadMsMax) {
      const theirs = await history.readSigned(other)
      const { isOld, isAhead, added } = await history.relate(head, theirs)
      if (isOld && head !== undefined) return head.info
      checkClock(theirs.info, ports.clock.nowMs(), aheadMsMax)
      await checkAdded(added, ports)
      await checkRecords(store, head?.trie, theirs)
      stamps.observe(theirs.info.clock)
      if (isAhead || head === undefined) return advance(theirs)
      const io = openIo()
      const trie = await joinTries(io, await currentTrie(io, head, keys), await currentTrie(io, theirs, keys))
      return publish(io, trie, [head, theirs], [])
    },
  }
}

type Written = { readonly since: Uint8Array | undefined; readonly records: readonly IndexRecord[] }

function isSameRoot(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b)
}

/** A commit's trie as it is in this epoch: a new epoch reseals everything once, so that old secrets open nothing new. */
async function currentTrie(
  io: TrieIo,
  commit: Commit | undefined,
  keys: DerivedKeys,
): Promise<NodeRef | undefined> {
  if (commit?.trie === undefined || commit.info.epoch === keys.epoch) return commit?.trie
  const trie = await resealTrie(io, commit.trie)
  await io.writer.finish()
  return trie
}

/**
 * Stamps from a clock that is far ahead would win over everything written until then, so they are not let in
 * unasked: one of the two clocks is wrong, and its owner can put it right.
 */
function checkClock({ clock, cid }: CommitInfo, nowMs: number, aheadMsMax: number): void {
  const aheadMs = clock.ms - nowMs
  if (aheadMs <= aheadMsMax) return
  throw new Fault(
    'refused.clock',
    `The other device's clock is ${Math.round(aheadMs / 3_600_000)} hours ahead of this one's. Set the one that is wrong, then merge again.`,
    { data: { cid: cid.toString(), aheadMs } },
  )
}

async function checkAdded(added: readonly Commit[], { signer, blocks }: CommitterPorts): Promise<void> {
  for (const commit of added) {
    checkSigned(commit, signer)
    for (const { digest } of commit.lists) {
      const cid = cidOfDigest(rawCodec, digest)
      if (await blocks.has(cid)) continue
      throw new Fault(
        'missing.block',
        'The other index has not arrived whole: a list of digests is missing.',
        {
          data: { cid: cid.toString() },
        },
      )
    }
  }
}

/** Reads all that theirs has and ours has not, so that nothing missing, malformed or later than it says comes in. */
async function checkRecords(store: NodeStore, ours: NodeRef | undefined, theirs: Commit): Promise<void> {
  for await (const records of diffTries(store, ours, theirs.trie)) {
    for (const bytes of records) {
      for (const { stamp } of decodeRecord(bytes).fields.values()) {
        if (compareMarks(stamp, theirs.info.clock) <= 0) continue
        throw new Fault(
          'damaged.index',
          'The other index holds a record later than itself; it was not merged.',
          {
            data: { cid: theirs.info.cid.toString() },
          },
        )
      }
    }
  }
}
