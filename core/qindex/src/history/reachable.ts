import { asFault, type Fault, hasCode } from '@anarq/fault'
import { type Cid, cidOfDigest, rawCodec } from '@anarq/ipld'
import type { NodeRef } from '../trie/node.ts'
import type { NodeReader } from '../trie/node-store.ts'
import { walkRefs } from '../trie/trie-walk.ts'
import type { Commit } from './commit.ts'
import type { Heads } from './heads.ts'
import type { History } from './history.ts'

/** So many of the newest commits keep their tries. */
export const triesKept = 16

export type ReachableOptions = {
  /** How many of the newest commits keep their tries; default 16. Those that the store of heads lists always do. */
  readonly tries?: number
  /** Told of what cannot be read, the walk goes on: what lay behind it is then not named. Untold, it throws. */
  readonly onFault?: (fault: Fault) => void
}

/**
 * The blocks in use: every commit with its lists of digests, the tries of the newest commits, and those of all
 * heads, merged or not. Some are named more than once.
 */
export async function* reachableCids(
  { heads, history, reader, feed }: { heads: Heads; history: History; reader: NodeReader; feed: Uint8Array },
  head: Commit | undefined,
  { tries = triesKept, onFault }: ReachableOptions,
): AsyncGenerator<Cid> {
  const report = (error: unknown) => {
    if (onFault === undefined) throw error
    onFault(asFault(error))
  }
  const ends = new Map<string, Commit>()
  if (head !== undefined) ends.set(head.info.cid.toString(), head)
  for (const { cid } of await heads.get(feed)) {
    yield cid
    try {
      ends.set(cid.toString(), await history.read(cid))
    } catch (error) {
      report(error)
    }
  }
  const lost: Cid[] = []
  const passed = (fault: Fault, cid: Cid) => {
    report(fault)
    lost.push(cid)
  }
  const commits = history.walk([...ends.values()], passed)
  yield* blocksOfCommits(commits, {
    ...{ reader, tries, report },
    isKept: (cid) => ends.has(cid.toString()),
    isWhole: (cid) => ends.has(cid.toString()),
    beside: undefined,
  })
  yield* lost
}

/**
 * The commits, newest first, with their lists, and the nodes of the tries of so many of them, and of those kept anyway, that are not in the
 * one before or, for the first, in `beside`. A gap in a trie that need not be whole is no fault: it was collected.
 */
export async function* blocksOfCommits(
  commits: AsyncIterable<Commit>,
  { reader, tries, isKept, isWhole, beside, report }: CommitBlocksOptions,
): AsyncGenerator<Cid> {
  let seen = 0
  let newer = beside
  for await (const { info, lists, trie } of commits) {
    yield info.cid
    for (const { digest } of lists) yield cidOfDigest(rawCodec, digest)
    seen += 1
    if (trie === undefined || (seen > tries && !isKept(info.cid))) continue
    try {
      for await (const { digest } of walkRefs(reader, trie, newer)) yield cidOfDigest(rawCodec, digest)
    } catch (error) {
      if (isWhole(info.cid) || !hasCode(error, 'missing')) report(error)
    }
    newer = trie
  }
}

type CommitBlocksOptions = {
  readonly reader: NodeReader
  readonly tries: number
  readonly beside: NodeRef | undefined
  isKept(commit: Cid): boolean
  isWhole(commit: Cid): boolean
  report(error: unknown): void
}
