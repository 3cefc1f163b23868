import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type Cid,
  decodeCbor,
  encodeCbor,
  rawCodec,
  readArray,
  readBytes,
  readCid,
  readFields,
  readInt,
  readOptional,
  readText,
} from '@anarq/ipld'
import { cidOf, createMerkleTree, hashBlake3, merkleLeaf, openBox, rootOfPath, sealBox } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type ClockMark, deviceBytes, readMark } from '../record/stamp.ts'
import { encodeRef, type NodeRef, readRef } from '../trie/node.ts'
import type { DerivedKeys } from './index-keys.ts'

/** What a commit says of itself. */
export type CommitInfo = {
  readonly cid: Cid
  /** Greater than that of every parent. */
  readonly sequence: number
  readonly parents: readonly Cid[]
  /** The trie root, 32 bytes: the digest in its CID. Undefined while the index is empty. */
  readonly root: Uint8Array | undefined
  /** Records in the trie. */
  readonly count: number
  /** The Merkle root that was signed: over the commit itself and the envelope digests of its batch. */
  readonly batchRoot: Uint8Array
  /** Envelope digests in its batch. */
  readonly batchSize: number
  readonly atMs: number
  readonly did: string
  readonly device: Uint8Array
  readonly epoch: number
  /** No stamp in the trie is greater. */
  readonly clock: ClockMark
}

/** A sealed block of envelope digests. */
export type BatchList = { readonly digest: Uint8Array; readonly key: Uint8Array; readonly size: number }

export type Commit = {
  readonly info: CommitInfo
  readonly trie: NodeRef | undefined
  readonly lists: readonly BatchList[]
  /** BLAKE3 of the signed part: the first digest of the signed batch. */
  readonly bodyDigest: Uint8Array
  readonly signature: Uint8Array
}

/** Signs and verifies commits for one identity. */
export type IndexSigner = {
  readonly did: string
  sign(message: Uint8Array, context: string): Uint8Array
  /** True when `did`, with its keys of that epoch, belongs to this identity and signed. */
  verify(did: string, epoch: number, message: Uint8Array, signature: Uint8Array, context: string): boolean
}

/** Names what the signature is for; pass it to qlock's `verifyBatchProof` with a proof of `QIndex.proof`. */
export const batchContext = 'q/v1/index/commit'

export type CommitDraft = Omit<CommitInfo, 'cid' | 'root' | 'count' | 'batchRoot' | 'batchSize'> & {
  readonly trie: NodeRef | undefined
  readonly lists: readonly BatchList[]
  readonly batch: readonly Uint8Array[]
}

const sealContext = 'q/v1/index/commit'
const parentsMax = 16
const listsMax = 64

/**
 * One sealed block: the signed part, and a signature over the Merkle root of [its BLAKE3, ...envelope digests] with
 * the path from the first leaf, so the commit verifies by itself, and each envelope by a proof that gives away
 * nothing else.
 */
export function sealCommit(
  draft: CommitDraft,
  { keys, signer, random }: { keys: DerivedKeys; signer: IndexSigner; random: Random },
): { readonly commit: Commit; readonly bytes: Uint8Array } {
  const key = keys.commit(draft.epoch)
  if (key === undefined) throw new Fault('internal.epoch', 'A commit is sealed under a key that is held.')
  const body = encodeBody(draft, keys.feed)
  const bodyDigest = hashBlake3(body)
  const tree = createMerkleTree([bodyDigest, ...draft.batch].map((digest) => merkleLeaf(digest)))
  const signature = signer.sign(batchMessage(tree.root, tree.size), batchContext)
  const path = tree.inclusionPath(0)
  const bytes = sealBox(key, encodeCbor({ body, path, signature }), { context: sealContext, random })
  // Read back before it is stored: a commit that was written must never turn out unreadable.
  return { commit: openCommit(cidOf(rawCodec, bytes), bytes, keys), bytes }
}

/** Opens a commit's block; the signature is still to verify. `missing.key` where no held epoch opens it, `damaged.commit` where it is malformed. */
export function openCommit(cid: Cid, bytes: Uint8Array, keys: DerivedKeys): Commit {
  const [opened, epoch] = openEpoch(bytes, keys)
  if (opened === undefined) {
    throw new Fault('missing.key', 'A commit of the index does not open with the keys of this device.', {
      data: { cid: cid.toString() },
    })
  }
  try {
    return readCommit(cid, opened, epoch, keys.feed)
  } catch (cause) {
    throw new Fault('damaged.commit', 'A commit of the index is malformed and was not used.', {
      cause,
      data: { cid: cid.toString() },
    })
  }
}

export function isSigned({ info, signature }: Commit, signer: IndexSigner): boolean {
  const message = batchMessage(info.batchRoot, info.batchSize + 1)
  return signer.verify(info.did, info.epoch, message, signature, batchContext)
}

/** What qlock's `signBatch` signs. */
function batchMessage(root: Uint8Array, size: number): Uint8Array {
  const count = new Uint8Array(8)
  new DataView(count.buffer).setBigUint64(0, BigInt(size))
  return concatBytes(fromUtf8('q/v1/batch\0'), count, root)
}

function encodeBody(draft: CommitDraft, feed: Uint8Array): Uint8Array {
  return encodeCbor({
    v: 1,
    feed,
    did: draft.did,
    device: draft.device,
    epoch: draft.epoch,
    sequence: draft.sequence,
    parents: draft.parents,
    at: draft.atMs,
    clock: [draft.clock.ms, draft.clock.counter],
    trie: draft.trie === undefined ? null : encodeRef(draft.trie),
    lists: draft.lists.map(({ digest, key, size }) => [concatBytes(digest, key), size]),
  })
}

const bodyKeys = [
  'v',
  'feed',
  'did',
  'device',
  'epoch',
  'sequence',
  'parents',
  'at',
  'clock',
  'trie',
  'lists',
] as const

/** The epoch is not in the clear, so the newest is tried first. */
function openEpoch(bytes: Uint8Array, keys: DerivedKeys): [Uint8Array | undefined, number] {
  for (let epoch = keys.epoch; epoch >= 0; epoch -= 1) {
    const key = keys.commit(epoch)
    const opened = key && openBox(key, bytes, { context: sealContext })
    if (opened !== undefined) return [opened, epoch]
  }
  return [undefined, -1]
}

function readCommit(cid: Cid, opened: Uint8Array, epoch: number, feed: Uint8Array): Commit {
  const what = 'A commit'
  const outer = readFields(decodeCbor(opened, what), ['body', 'path', 'signature'], what)
  const body = readBytes(outer.body, what)
  const path = readArray(outer.path, what, { max: 64 }).map((hash) => readBytes(hash, what, { length: 32 }))
  const fields = readFields(decodeCbor(body, what), bodyKeys, what)
  readInt(fields.v, `${what}'s version`, { min: 1, max: 1 })
  if (!equalBytes(readBytes(fields.feed, what), feed)) throw shape('belongs to another index')
  if (readInt(fields.epoch, what) !== epoch) throw shape('is sealed under another epoch than it says')
  const lists = readArray(fields.lists, what, { max: listsMax }).map(readList)
  const batchSize = lists.reduce((sum, { size }) => sum + size, 0)
  const bodyDigest = hashBlake3(body)
  const leaf = merkleLeaf(bodyDigest)
  const batchRoot = rootOfPath({ leaf, index: 0, size: batchSize + 1, path })
  if (batchRoot === undefined) throw shape('has a path that leads nowhere')
  const trie = readOptional(fields.trie ?? undefined, (ref) => {
    const [both, count, bytes] = readArray(ref, what, { max: 3 })
    return readRef(both, count, bytes)
  })
  const [ms, counter] = readArray(fields.clock, what, { max: 2 })
  const info: CommitInfo = {
    cid,
    sequence: readInt(fields.sequence, what, { min: 1 }),
    parents: readArray(fields.parents, what, { max: parentsMax }).map((parent) => readCid(parent, what)),
    root: trie?.digest,
    count: trie?.count ?? 0,
    batchRoot,
    batchSize,
    atMs: readInt(fields.at, what),
    did: readText(fields.did, what, { max: 1024 }),
    device: readBytes(fields.device, what, { length: deviceBytes }),
    epoch,
    clock: readMark(ms, counter, what),
  }
  return { info, trie, lists, bodyDigest, signature: readBytes(outer.signature, what, { max: 65_536 }) }
}

function readList(item: unknown): BatchList {
  const what = 'A list of digests'
  const [both, size] = readArray(item, what, { max: 2 })
  const pair = readBytes(both, what, { length: 64 })
  return {
    digest: pair.slice(0, 32),
    key: pair.slice(32),
    size: readInt(size, what, { min: 1, max: 2 ** 20 }),
  }
}

function shape(detail: string): Fault {
  return new Fault('invalid.shape', `A commit ${detail}.`)
}
