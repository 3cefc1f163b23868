import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type Cid,
  cidKey,
  cidOfDigest,
  decodeCbor,
  encodeCbor,
  rawCodec,
  readArray,
  readBytes,
  readInt,
} from '@anarq/ipld'
import { type BatchProof, batchProof, sealChunk } from '@anarq/qlock'
import type { Block, Blocks } from '@anarq/qnt'
import { openSealed } from '../trie/node-store.ts'
import type { BatchList, Commit } from './commit.ts'
import type { History } from './history.ts'

/** Shows that an envelope digest was signed with a commit of this index; for qlock's `verifyBatchProof`, with `batchContext`. */
export type IndexProof = BatchProof & { readonly commit: Cid }

/** Finds the commit that signed an envelope digest, and remembers what it has read on the way. */
export type ProofFinder = {
  find(digest: Uint8Array, newestFirst: AsyncIterable<Commit>): Promise<IndexProof | undefined>
}

const digestBytes = 32
const digestsPerList = 16_384
export const batchDigestsMax: number = 64 * digestsPerList
/** 3 marks a list, beside the trie's nodes. */
const listMark = 3
const rememberedMax = 200_000

/** The digests of a batch as sealed blocks. */
export function sealLists(
  digests: readonly Uint8Array[],
  secret: Uint8Array,
): { readonly lists: readonly BatchList[]; readonly blocks: readonly Block[] } {
  const lists: BatchList[] = []
  const blocks: Block[] = []
  for (let from = 0; from < digests.length; from += digestsPerList) {
    const part = digests.slice(from, from + digestsPerList)
    const joined = new Uint8Array(part.length * digestBytes)
    for (const [i, digest] of part.entries()) joined.set(digest, i * digestBytes)
    const { block, digest, key } = sealChunk(secret, encodeCbor([listMark, joined]))
    lists.push({ digest, key, size: part.length })
    blocks.push({ cid: cidOfDigest(rawCodec, digest), bytes: block })
  }
  return { lists, blocks }
}

/** Each digest once, in the order given; `invalid.digest` or `limit.batch` where a batch cannot be signed. */
export function checkBatch(digests: readonly Uint8Array[]): Uint8Array[] {
  const unique = new Map<string, Uint8Array>()
  for (const digest of digests) {
    if (!(digest instanceof Uint8Array) || digest.length !== digestBytes) {
      throw new Fault('invalid.digest', `An envelope digest has ${digestBytes} bytes.`)
    }
    unique.set(cidKey(digest), digest)
  }
  if (unique.size > batchDigestsMax) {
    throw new Fault('limit.batch', `One commit signs at most ${batchDigestsMax} envelopes. Commit in parts.`)
  }
  return [...unique.values()]
}

export function createProofFinder(blocks: Blocks, history: Pick<History, 'read'>): ProofFinder {
  const commitOf = new Map<string, Cid>()
  const visited = new Set<string>()
  const proofIn = async (commit: Commit, digest: Uint8Array): Promise<IndexProof | undefined> => {
    const digests = [commit.bodyDigest, ...(await readLists(blocks, commit.lists))]
    const index = digests.findIndex((other, i) => i > 0 && equalBytes(other, digest))
    if (index < 0) return undefined
    return { ...batchProof(digests, index, commit.signature), commit: commit.info.cid }
  }
  const visit = async ({ info, lists, bodyDigest }: Commit): Promise<void> => {
    if (commitOf.size > rememberedMax) {
      commitOf.clear()
      visited.clear()
    }
    for (const signed of await readLists(blocks, lists)) {
      const name = cidKey(signed)
      if (!commitOf.has(name)) commitOf.set(name, info.cid)
    }
    visited.add(cidKey(bodyDigest))
  }
  return {
    async find(digest, newestFirst) {
      const key = cidKey(digest)
      const remembered = commitOf.get(key)
      if (remembered !== undefined) return proofIn(await history.read(remembered), digest)
      for await (const commit of newestFirst) {
        if (commit.lists.length === 0 || visited.has(cidKey(commit.bodyDigest))) continue
        await visit(commit)
        if (commitOf.has(key)) return proofIn(commit, digest)
      }
      return undefined
    },
  }
}

/** The envelope digests of a commit, in their order. */
export async function readLists(blocks: Blocks, lists: readonly BatchList[]): Promise<Uint8Array[]> {
  const digests: Uint8Array[] = []
  for (const list of lists) {
    const [mark, part] = readArray(decodeCbor(await openSealed(blocks, list), 'A list of digests'), 'A list')
    readInt(mark, 'A list', { min: listMark, max: listMark })
    const joined = readBytes(part, 'A list of digests', { length: list.size * digestBytes })
    for (let at = 0; at < joined.length; at += digestBytes)
      digests.push(joined.subarray(at, at + digestBytes))
  }
  return digests
}
