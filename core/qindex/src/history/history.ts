import { asFault, Fault } from '@anarq/fault'
import { type Cid, cidKey, digestOf } from '@anarq/ipld'
import type { Blocks } from '@anarq/qnt'
import { type Commit, type IndexSigner, isSigned, openCommit } from './commit.ts'
import { compareHeads } from './heads.ts'
import type { DerivedKeys } from './index-keys.ts'

/** Reads commits and finds how two ends of a history stand to each other. */
export type History = {
  /** `missing.block`, `damaged.block`, `missing.key` or `damaged.commit`. */
  read(cid: Cid): Promise<Commit>
  /** The same, and signed by this identity: else `refused.signature`. */
  readSigned(cid: Cid): Promise<Commit>
  /**
   * From these ends back to the beginning, or to one commit and not on from there; the greatest sequence first. A commit that cannot
   * be read is told and passed by.
   */
  walk(
    ends: readonly Commit[],
    onFault: (fault: Fault, cid: Cid) => void,
    until?: Cid,
  ): AsyncGenerator<Commit>
  /** Without ours, all of theirs is new. */
  relate(ours: Commit | undefined, theirs: Commit): Promise<Relation>
  remember(commit: Commit): void
}

type Relation = {
  /** Theirs is an ancestor of ours, or the same. */
  readonly isOld: boolean
  /** Ours is an ancestor of theirs. */
  readonly isAhead: boolean
  /** What theirs has and ours has not, newest first, theirs itself included. */
  readonly added: readonly Commit[]
}

const commitsKept = 512

export function createHistory({
  blocks,
  keys,
  signer,
}: {
  blocks: Blocks
  keys: DerivedKeys
  signer: IndexSigner
}): History {
  const known = new Map<string, Commit>()
  const history: History = {
    async read(cid) {
      const kept = known.get(keyOf(cid))
      if (kept !== undefined) return kept
      const bytes = await blocks.get(cid)
      if (bytes === undefined) {
        throw new Fault('missing.block', 'A commit of the index is not here. Fetch it from another device.', {
          data: { cid: cid.toString() },
        })
      }
      const commit = openCommit(cid, bytes, keys)
      history.remember(commit)
      return commit
    },
    async readSigned(cid) {
      const commit = await history.read(cid)
      checkSigned(commit, signer)
      return commit
    },
    walk: (ends, onFault, until) => walk(history, ends, onFault, until),
    relate: (ours, theirs) => relate(history, ours, theirs),
    remember(commit) {
      known.set(keyOf(commit.info.cid), commit)
      for (const oldest of known.keys()) {
        if (known.size <= commitsKept) break
        known.delete(oldest)
      }
    },
  }
  return history
}

export function checkSigned(commit: Commit, signer: IndexSigner): void {
  if (isSigned(commit, signer)) return
  throw new Fault(
    'refused.signature',
    'A commit of the index is not signed by this identity; it was not used.',
    {
      data: { cid: commit.info.cid.toString() },
    },
  )
}

async function* walk(
  history: History,
  ends: readonly Commit[],
  onFault: (fault: Fault, cid: Cid) => void,
  until: Cid | undefined,
): AsyncGenerator<Commit> {
  const frontier = new Map(ends.map((commit) => [keyOf(commit.info.cid), commit]))
  const unreadable = new Set<string>()
  const end = until && keyOf(until)
  for (let commit = takeNewest(frontier); commit !== undefined; commit = takeNewest(frontier)) {
    if (keyOf(commit.info.cid) === end) continue
    yield commit
    for (const cid of commit.info.parents) {
      const key = keyOf(cid)
      if (frontier.has(key) || unreadable.has(key)) continue
      try {
        frontier.set(key, await readParent(history, commit, cid))
      } catch (error) {
        unreadable.add(key)
        onFault(asFault(error), cid)
      }
    }
  }
}

const oursSide = 1
const theirsSide = 2
const bothSides = 3

/**
 * Walks back from both ends at once by falling sequence. A commit's children have greater sequences, so when its
 * turn comes, all that lead to it have been seen, and its sides are known for good.
 */
async function relate(history: History, ours: Commit | undefined, theirs: Commit): Promise<Relation> {
  const theirsKey = keyOf(theirs.info.cid)
  const oursKey = ours && keyOf(ours.info.cid)
  if (oursKey === theirsKey) return { isOld: true, isAhead: false, added: [] }
  const frontier = new Map([[theirsKey, theirs]])
  const sides = new Map([[theirsKey, theirsSide]])
  if (ours !== undefined) {
    frontier.set(keyOf(ours.info.cid), ours)
    sides.set(keyOf(ours.info.cid), oursSide)
  }
  const added: Commit[] = []
  const isOpen = () => [...frontier.keys()].some((key) => sides.get(key) !== bothSides)
  while (isOpen()) {
    const commit = takeNewest(frontier) as Commit
    const side = sides.get(keyOf(commit.info.cid)) ?? 0
    if (side === theirsSide) added.push(commit)
    for (const cid of commit.info.parents) {
      const key = keyOf(cid)
      sides.set(key, (sides.get(key) ?? 0) | side)
      if (frontier.has(key)) continue
      try {
        frontier.set(key, await readParent(history, commit, cid))
      } catch (error) {
        // Our own past may have a hole; what another brings must be whole.
        if (side === theirsSide) throw error
      }
    }
  }
  const isAhead = oursKey === undefined || sides.get(oursKey) === bothSides
  return { isOld: sides.get(theirsKey) === bothSides, isAhead, added }
}

async function readParent(history: History, child: Commit, cid: Cid): Promise<Commit> {
  const parent = await history.read(cid)
  if (parent.info.sequence < child.info.sequence) return parent
  throw new Fault('damaged.commit', 'The history of the index runs backwards at a commit; it was not used.', {
    data: { cid: cid.toString() },
  })
}

function takeNewest(frontier: Map<string, Commit>): Commit | undefined {
  let newest: Commit | undefined
  for (const commit of frontier.values()) {
    if (newest === undefined || compareHeads(commit.info, newest.info) < 0) newest = commit
  }
  if (newest !== undefined) frontier.delete(keyOf(newest.info.cid))
  return newest
}

function keyOf(cid: Cid): string {
  return cidKey(digestOf(cid))
}
