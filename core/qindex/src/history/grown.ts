import { hasCode } from '@anarq/fault'
import { type Cid, cidOfDigest, rawCodec } from '@anarq/ipld'
import type { IndexRecord } from '../record/record.ts'
import { decodeRecord } from '../record/record-codec.ts'
import type { NodeRef } from '../trie/node.ts'
import type { NodeReader } from '../trie/node-store.ts'
import { diffTries, findRecord, walkRefs } from '../trie/trie-walk.ts'
import type { Commit } from './commit.ts'
import type { Heads } from './heads.ts'
import type { History } from './history.ts'
import { triesKept } from './reachable.ts'

/** A block that the index stands on, or a record that is not what it was. */
export type Grown =
  | { readonly cid: Cid }
  | { readonly record: IndexRecord; readonly before: IndexRecord | undefined }

/**
 * At least what an index stands on at `head` and did not at `since`: commits with their lists of digests and the nodes of their tries, the
 * newest first, then the records that changed. What cannot be read throws.
 */
export async function* grownSince(
  { heads, history, reader, feed }: { heads: Heads; history: History; reader: NodeReader; feed: Uint8Array },
  head: Commit,
  since: Cid,
): AsyncGenerator<Grown> {
  const { trie: before } = await history.read(since)
  const ends = new Set((await heads.get(feed)).map(({ cid }) => cid.toString()))
  let seen = 0
  let beside = before
  for await (const { info, lists, trie } of history.walk([head], raise, since)) {
    yield { cid: info.cid }
    for (const { digest } of lists) yield { cid: cidOfDigest(rawCodec, digest) }
    seen += 1
    if (trie === undefined || (seen > triesKept && !ends.has(info.cid.toString()))) continue
    for await (const { digest } of nodesOf(reader, trie, beside, seen === 1))
      yield { cid: cidOfDigest(rawCodec, digest) }
    beside = trie
  }
  for await (const records of diffTries(reader, before, head.trie))
    for (const bytes of records) {
      const record = decodeRecord(bytes)
      // Where that is gone, all of the record is new.
      const old = await findRecord(reader, before, record.id).catch(() => undefined)
      yield { record, before: old && decodeRecord(old) }
    }
}

async function* nodesOf(
  reader: NodeReader,
  trie: NodeRef,
  beside: NodeRef | undefined,
  isHead: boolean,
): AsyncGenerator<NodeRef> {
  try {
    yield* walkRefs(reader, trie, beside)
  } catch (error) {
    // A gap in an older trie: it was collected meanwhile.
    if (isHead || !hasCode(error, 'missing')) throw error
  }
}

function raise(fault: Error): never {
  throw fault
}
