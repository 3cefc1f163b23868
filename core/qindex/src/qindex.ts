import { equalBytes } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { asFault, type Fault } from '@anarq/fault'
import type { Cid } from '@anarq/ipld'
import type { Blocks } from '@anarq/qnt'
import type { Random } from '@anarq/random'
import { createProofFinder, type IndexProof } from './history/batch.ts'
import type { CommitInfo, IndexSigner } from './history/commit.ts'
import { type CommitQueue, createCommitQueue } from './history/commit-queue.ts'
import { type Committer, createCommitter } from './history/committer.ts'
import { type Grown, grownSince } from './history/grown.ts'
import type { Heads } from './history/heads.ts'
import { createHistory, type History } from './history/history.ts'
import { type DerivedKeys, deriveKeys, type IndexKeys } from './history/index-keys.ts'
import { openHead } from './history/open-head.ts'
import { type ReachableOptions, reachableCids } from './history/reachable.ts'
import { type Verification, type VerifyOptions, verifyIndex } from './history/verify.ts'
import { type Change, checkChange, type IndexRecord } from './record/record.ts'
import { decodeRecord } from './record/record-codec.ts'
import { createStampClock } from './record/stamp.ts'
import type { NodeRef } from './trie/node.ts'
import { createNodeStore, type NodeStore } from './trie/node-store.ts'
import { recordsIn } from './trie/packed.ts'
import { diffTries, findRecord, type OnDamage, walkTrie } from './trie/trie-walk.ts'
import { checkName, deriveFolderId } from './view/folders.ts'

export type IndexOptions = {
  readonly blocks: Blocks
  readonly heads: Heads
  readonly keys: IndexKeys
  readonly signer: IndexSigner
  readonly clock: Clock
  readonly random: Random
  /** 8 bytes that no other device of this identity has. */
  readonly device: Uint8Array
  /** Told of everything that opening had to pass by: heads that cannot be read or merged, holes in the history. */
  readonly onFault?: (fault: Fault) => void
  /** For decoded nodes kept in memory; default 48 MiB. */
  readonly cacheBytesMax?: number
  /** How far another device's clock may be ahead; default 24 hours. */
  readonly aheadMsMax?: number
}

export type CommitOptions = {
  /** Envelope digests (32 bytes) that this commit signs. */
  readonly batch?: readonly Uint8Array[]
  readonly signal?: AbortSignal
}

export type ReadOptions = {
  /** Told of a part that cannot be read, the walk goes on without it. Untold, it throws. */
  readonly onFault?: (fault: Fault) => void
}

/** One identity's index: a signed history of commits over a trie of records. Reads see the head of the moment they began. */
export type QIndex = {
  head(): CommitInfo | undefined
  get(id: Uint8Array): Promise<IndexRecord | undefined>
  /**
   * Durable when it resolves; when it rejects, the head has not moved. Callers that wait while a commit runs share
   * the next one and its signature. The changes are the index's from then on.
   * Codes: `invalid.change`, `conflict.kind`, `limit.record`, `limit.batch`, `cancelled.aborted`, and the store's.
   */
  commit(changes: readonly Change[], options?: CommitOptions): Promise<CommitInfo>
  /**
   * Takes in another head of this identity, whose blocks are in the store: the result holds both. Where one
   * descends from the other no commit is made. Codes: `refused.signature`, `refused.clock`, `missing.block`.
   */
  merge(other: Cid, options?: { readonly aheadMsMax?: number }): Promise<CommitInfo>
  /** In the order of their ids. */
  records(options?: ReadOptions): AsyncIterable<IndexRecord>
  /** At least every record that differs from what the trie of this root held; all, where the root is not known. */
  changesSince(root: Uint8Array | undefined, options?: ReadOptions): AsyncIterable<IndexRecord>
  /** True for the root of a state in the history, as far back as `changesSince` looks. */
  knowsRoot(root: Uint8Array): Promise<boolean>
  /** Newest first. */
  history(): AsyncIterable<CommitInfo>
  /** How anyone sees that this identity signed an envelope. */
  proof(envelopeDigest: Uint8Array): Promise<IndexProof | undefined>
  reachable(options?: ReachableOptions): AsyncIterable<Cid>
  /**
   * At least what the head of this moment stands on and an earlier one did not, blocks before records; some more where the earlier one is
   * no part of this history. Throws where something cannot be read: `missing.block` for a commit that is gone.
   */
  grown(since: Cid): AsyncIterable<Grown>
  verify(onFault: (fault: Fault) => void, options?: VerifyOptions): Promise<Verification>
  /** See `deriveFolderId`. */
  folderId(parent: Uint8Array | null, name: string, attempt?: number): Uint8Array
  /** Waits for what was asked for, then forgets keys and nodes. */
  close(): Promise<void>
}

const dayMs = 24 * 60 * 60 * 1000
const cacheBytes = 48 * 1024 * 1024
/** How many commits back `changesSince` looks for the trie of a root. */
const rootsLookedAt = 4096

type Parts = {
  readonly options: IndexOptions
  readonly keys: DerivedKeys
  readonly store: NodeStore
  readonly history: History
  readonly committer: Committer
  readonly queue: CommitQueue
  readonly onFault: (fault: Fault) => void
}

/**
 * Opens the index of an identity: takes the greatest head that is whole and signed, merges every other that was
 * written apart from it, and tells `onFault` what it had to pass by. `damaged.index` when none of several can be read.
 */
export async function openIndex(options: IndexOptions): Promise<QIndex> {
  const { blocks, heads, signer, clock, device, onFault = () => {}, cacheBytesMax = cacheBytes } = options
  const aheadMsMax = options.aheadMsMax ?? dayMs
  const keys = deriveKeys(options.keys)
  const store = createNodeStore({ blocks, cacheBytesMax })
  const history = createHistory({ blocks, keys, signer })
  const stamps = createStampClock({ clock, device })
  const opened = await openHead({ feed: keys.feed, heads, history, reader: store, signer, onFault })
  const committer = createCommitter({ ...options, keys, stamps, store, history }, opened)
  for (const { info } of opened.others) {
    await committer.merge(info.cid, aheadMsMax).catch((error) => onFault(asFault(error)))
  }
  const queue = createCommitQueue(committer.commitGroup)
  return createFace({ options, keys, store, history, committer, queue, onFault }, aheadMsMax)
}

function createFace(parts: Parts, aheadMsMaxDefault: number): QIndex {
  const { options, keys, store, history, committer, queue, onFault } = parts
  const { blocks, heads, signer } = options
  const proofs = createProofFinder(blocks, history)
  const commits = () => {
    const head = committer.head()
    return history.walk(head === undefined ? [] : [head], onFault)
  }
  return {
    head: () => committer.head()?.info,
    async get(id) {
      const bytes = await findRecord(store, committer.head()?.trie, id)
      return bytes && decodeRecord(bytes)
    },
    async commit(changes, { batch = [], signal } = {}) {
      for (const change of changes) checkChange(change)
      return queue.add({ changes, batch }, signal)
    },
    merge: (other, { aheadMsMax = aheadMsMaxDefault } = {}) =>
      queue.run(() => committer.merge(other, aheadMsMax)),
    records: (read = {}) => recordsOf(parts, read),
    changesSince: (root, read = {}) => changedRecords(parts, root, read),
    knowsRoot: async (root) => (await trieOfRoot(parts, root)) !== undefined,
    async *history() {
      for await (const { info } of commits()) yield info
    },
    proof: (digest) => proofs.find(digest, commits()),
    reachable: (reach = {}) =>
      reachableCids({ heads, history, reader: store, feed: keys.feed }, committer.head(), reach),
    grown(since) {
      const head = committer.head()
      return head === undefined
        ? nothing()
        : grownSince({ heads, history, reader: store, feed: keys.feed }, head, since)
    },
    verify: (tell, verify = {}) =>
      verifyIndex({ history, reader: store, blocks, signer }, committer.head(), tell, verify),
    folderId: (parent, name, attempt) => deriveFolderId(keys.folder(), parent, checkName(name), attempt),
    async close() {
      await queue.close()
      store.forget()
      keys.wipe()
    },
  }
}

async function* nothing(): AsyncGenerator<never> {}

async function* recordsOf({ store, committer }: Parts, read: ReadOptions): AsyncGenerator<IndexRecord> {
  for await (const { records } of walkTrie(store, committer.head()?.trie, damageTo(read))) {
    for (const bytes of recordsIn(records)) yield* decoded(bytes, read)
  }
}

async function* changedRecords(
  parts: Parts,
  root: Uint8Array | undefined,
  read: ReadOptions,
): AsyncGenerator<IndexRecord> {
  const { store, committer } = parts
  const after = committer.head()?.trie
  if (root !== undefined && after !== undefined && equalBytes(root, after.digest)) return
  const written = committer.takeWritten(root)
  if (written !== undefined) {
    yield* written
    return
  }
  const before = root === undefined ? undefined : await trieOfRoot(parts, root)
  for await (const records of diffTries(store, before, after, damageTo(read))) {
    for (const bytes of records) yield* decoded(bytes, read)
  }
}

async function trieOfRoot(
  { history, committer, onFault }: Parts,
  root: Uint8Array,
): Promise<NodeRef | undefined> {
  const head = committer.head()
  let looked = 0
  for await (const { trie } of history.walk(head === undefined ? [] : [head], onFault)) {
    if (trie !== undefined && equalBytes(trie.digest, root)) return trie
    looked += 1
    if (looked === rootsLookedAt) break
  }
  return undefined
}

function* decoded(bytes: Uint8Array, { onFault }: ReadOptions): Generator<IndexRecord> {
  try {
    yield decodeRecord(bytes)
  } catch (error) {
    if (onFault === undefined) throw error
    onFault(asFault(error))
  }
}

function damageTo({ onFault }: ReadOptions): OnDamage | undefined {
  return onFault && (({ fault }) => onFault(fault))
}
