import type { Cid } from '@anarq/ipld'
import type { IndexRecord } from '../record/record.ts'
import { decodeRecord } from '../record/record-codec.ts'
import type { NodeReader } from '../trie/node-store.ts'
import { diffTries, findRecord } from '../trie/trie-walk.ts'
import type { Commit } from './commit.ts'
import type { Heads } from './heads.ts'
import type { History } from './history.ts'
import { blocksOfCommits, triesKept } from './reachable.ts'

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
  const commits = history.walk([head], raise, since)
  const blocks = blocksOfCommits(commits, {
    ...{ reader, tries: triesKept, beside: before, report: raise },
    isKept: (cid) => ends.has(cid.toString()),
    isWhole: (cid) => cid.equals(head.info.cid),
  })
  for await (const cid of blocks) yield { cid }
  for await (const records of diffTries(reader, before, head.trie))
    for (const bytes of records) {
      const record = decodeRecord(bytes)
      // Where that is gone, all of the record is new.
      const old = await findRecord(reader, before, record.id).catch(() => undefined)
      yield { record, before: old && decodeRecord(old) }
    }
}

function raise(fault: unknown): never {
  throw fault
}
