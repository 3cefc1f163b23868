import { equalBytes } from '@anarq/bytes'
import { asFault } from '@anarq/fault'
import { createMerkleFrontier, type MerkleFrontier, merkleLeaf } from '@anarq/qlock'
import { parseHead, type SignedHead, verifyHead } from './audit-head.ts'
import { openAny } from './audit-search.ts'
import { type AuditContext, extendFrontier, withLeaves } from './audit-tree.ts'
import { type LogStore, leafBytes } from './log-store.ts'

export type OpeningTrouble = {
  readonly kind: 'head' | 'cut' | 'tree' | 'forged' | 'damaged' | 'storage'
  readonly sentence: string
}

export type OpenedLog = {
  frontier: MerkleFrontier
  head: SignedHead | undefined
  troubles: readonly OpeningTrouble[]
}

/** Finds where the log stands, trusting only what the signed head covers or what opens under the key. */
export async function openLog(context: AuditContext): Promise<OpenedLog> {
  const { store } = context
  const troubles: OpeningTrouble[] = []
  const kept = await readHead(context, troubles)
  await completeLeaves(store)
  const size = store.size()
  const head = kept?.head
  let frontier = kept === undefined ? undefined : frontierOf(kept)
  if (head !== undefined && head.size > size) {
    const lost = head.size - size
    troubles.push({
      kind: 'cut',
      sentence: `${lost} of the ${head.size} entries that were signed are gone from the end.`,
    })
    frontier = undefined
  }
  await checkTail(context, head?.size ?? 0, troubles)
  frontier ??= await rebuild(context, head, troubles)
  await extendFrontier(frontier, store, size)
  for (const { sentence } of await store.damage()) troubles.push({ kind: 'storage', sentence })
  return { frontier, head, troubles }
}

type KeptHead = { head: SignedHead; nodes: readonly Uint8Array[] }

/** The head on the disk when it is whole and signed; what is wrong with it goes to `troubles`. */
export async function readHead(
  { store, publicKeys, origin }: AuditContext,
  troubles: OpeningTrouble[],
): Promise<KeptHead | undefined> {
  const bytes = await store.getHead()
  if (bytes === undefined) {
    if (store.size() > 0) troubles.push({ kind: 'head', sentence: 'The log has entries and no signed head.' })
    return undefined
  }
  let kept: KeptHead
  try {
    kept = parseHead(bytes)
  } catch (thrown) {
    troubles.push({ kind: 'head', sentence: `The signed head cannot be read: ${asFault(thrown).message}` })
    return undefined
  }
  const isSigned = publicKeys.some((publicKey) => verifyHead(publicKey, kept.head))
  if (isSigned && kept.head.origin === origin) return kept
  const why = isSigned ? `is that of another log, "${kept.head.origin}"` : "is not signed by the log's owner"
  troubles.push({ kind: 'head', sentence: `The head of the log ${why}.` })
  return undefined
}

/** The frontier beside the head, when it gives the root that was signed. */
function frontierOf({ head, nodes }: KeptHead): MerkleFrontier | undefined {
  try {
    const frontier = createMerkleFrontier({ size: head.size, nodes })
    return equalBytes(frontier.root(), head.root) ? frontier : undefined
  } catch {
    return undefined
  }
}

/** Over all leaves, once more from the entries when the kept leaves do not give the root that was signed. */
async function rebuild(
  { store, tree }: AuditContext,
  head: SignedHead | undefined,
  troubles: OpeningTrouble[],
): Promise<MerkleFrontier> {
  const size = Math.min(store.size(), head?.size ?? store.size())
  const kept = await tree.frontier(size)
  if (head === undefined || size < head.size || equalBytes(kept.root(), head.root)) return kept
  const computed = createMerkleFrontier()
  for await (const stored of store.read(0, size)) {
    computed.append('bytes' in stored ? merkleLeaf(stored.bytes) : lostLeaf)
  }
  if (!equalBytes(computed.root(), head.root)) {
    troubles.push({ kind: 'tree', sentence: 'The entries are not those that the head was signed over.' })
    return kept
  }
  await writeLeaves(store, 0, size)
  tree.forget()
  return computed
}

// Stands for an entry that was lost before its hash was kept, so that the numbers after it stay what they are.
const lostLeaf = merkleLeaf(new Uint8Array(0))
const leavesAtOnce = 4096

async function completeLeaves(store: LogStore): Promise<void> {
  if (store.leafCount() < store.size()) await writeLeaves(store, store.leafCount(), store.size())
}

async function writeLeaves(store: LogStore, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += leavesAtOnce) {
    const last = Math.min(to, first + leavesAtOnce)
    const leaves = new Uint8Array((last - first) * leafBytes)
    for await (const stored of store.read(first, last)) {
      leaves.set('bytes' in stored ? merkleLeaf(stored.bytes) : lostLeaf, (stored.index - first) * leafBytes)
    }
    await store.putLeaves(first, leaves)
  }
}

/**
 * What nobody signed yet must at least be sealed by us, or the next head would vouch for it. Its kept leaves may not have
 * reached the disk before a power cut: where they differ, the entry is right.
 */
async function checkTail(
  { store, keys }: AuditContext,
  from: number,
  troubles: OpeningTrouble[],
): Promise<void> {
  for await (const { stored, leaf } of withLeaves(store, from, store.size())) {
    const { index } = stored
    if (!('bytes' in stored)) {
      tell(troubles, 'damaged', `Entry ${index}, not signed yet, is ${stored.damage}.`)
    } else if (openAny(keys, index, stored.bytes) === undefined) {
      tell(troubles, 'forged', `Entry ${index}, not signed yet, was not sealed by this log.`)
    } else {
      const computed = merkleLeaf(stored.bytes)
      if (leaf === undefined || !equalBytes(leaf, computed)) await store.putLeaves(index, computed)
    }
  }
}

const troublesMax = 100

function tell(troubles: OpeningTrouble[], kind: OpeningTrouble['kind'], sentence: string): void {
  if (troubles.length < troublesMax) troubles.push({ kind, sentence })
}
