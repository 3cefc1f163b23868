import { asFault, Fault } from '@anarq/fault'
import type { NodeReader } from '../trie/node-store.ts'
import type { Commit, IndexSigner } from './commit.ts'
import { compareHeads, type HeadRef, type Heads } from './heads.ts'
import { checkSigned, type History } from './history.ts'

export type OpenedHead = {
  /** Undefined for an index that has no commit yet. */
  readonly head: Commit | undefined
  /** Heads that the first one does not descend from: to be merged. */
  readonly others: readonly Commit[]
  /** Whatever comes next is greater, so that it comes first in the list of heads. */
  readonly sequenceMax: number
}

/**
 * Picks the head of the greatest sequence that is signed by this identity and whose trie can be entered. Every
 * head that cannot be used is told; when none can, `damaged.index`, because beginning anew would look like a loss
 * of everything.
 */
export async function openHead({
  feed,
  heads,
  history,
  reader,
  signer,
  onFault,
}: {
  feed: Uint8Array
  heads: Heads
  history: History
  reader: NodeReader
  signer: IndexSigner
  onFault: (fault: Fault) => void
}): Promise<OpenedHead> {
  const listed = await heads.get(feed)
  for (const { cid, sequence } of listed.filter((ref) => !isPlausible(ref))) {
    const fault = new Fault('damaged.head', 'Its place in the history is no number that a history reaches.')
    onFault(unusable(fault, cid.toString(), sequence))
  }
  const refs = listed.filter(isPlausible).sort(compareHeads)
  const others: Commit[] = []
  let head: Commit | undefined
  let newestFault: Fault | undefined
  for (const { cid, sequence } of refs) {
    try {
      const commit = await history.read(cid)
      if (head !== undefined && (await history.relate(head, commit)).isOld) continue
      checkSigned(commit, signer)
      if (commit.trie !== undefined) await reader.read(commit.trie)
      if (head === undefined) head = commit
      else others.push(commit)
    } catch (error) {
      const fault = unusable(asFault(error), cid.toString(), sequence)
      newestFault ??= fault
      onFault(fault)
    }
  }
  if (head === undefined && listed.length > 0) {
    throw new Fault(
      'damaged.index',
      `None of the ${listed.length} last states of this index can be read. Fetch it from another device or a backup.`,
      { cause: newestFault },
    )
  }
  return { head, others, sequenceMax: refs[0]?.sequence ?? 0 }
}

/** A sequence that no history reaches would leave no room for the next. */
function isPlausible({ sequence }: HeadRef): boolean {
  return Number.isSafeInteger(sequence) && sequence > 0 && sequence < 2 ** 48
}

function unusable(cause: Fault, cid: string, sequence: number): Fault {
  return new Fault(
    cause.code,
    `State ${sequence} of the index cannot be used and was passed by. ${cause.message}`,
    {
      cause,
      data: { ...cause.data, cid, sequence },
    },
  )
}
