import { Fault } from '@anarq/fault'
import { type Cid, cidOfDigest, digestOf, rawCodec } from '@anarq/ipld'
import { isSignedHead } from '@anarq/qnet/swarm/feed'
import type { StoreSecrets } from '@anarq/squid'
import type { Account } from '../account.ts'
import { feedInBranch } from '../branches/copies.ts'
import { isPurged } from '../drive/versions.ts'
import type { Home } from '../home.ts'
import { findKeyring } from '../home-records.ts'
import type { Office } from '../office.ts'
import type { KernelPorts, Neighbours } from '../ports.ts'
import { createOfficeBlocks, feedKeyOf } from './office-blocks.ts'
import type { ReturnFacts } from './operations.ts'
import { usedBlocks } from './used-blocks.ts'

export type BringBackOptions = {
  readonly account: Account
  readonly home: Home
  readonly ports: KernelPorts
  readonly neighbours: Neighbours
  readonly onProgress: (done: { blocks: number; bytes: number }) => void
  readonly signal: AbortSignal | undefined
}

/** So many rotations of the root are looked through when it comes back from words alone. */
const rotationsMax = 64
const fetchesAtOnce = 8
const lookAgainMs = 2000

/**
 * From the words alone: they give the root's index secret, that the name of its index, the name the nodes that keep its heads, a
 * head the commit, and the index the keyring with every other identity, whose indexes come the same way.
 */
export async function bringBack(options: BringBackOptions): Promise<ReturnFacts> {
  const { account, home, ports, signal } = options
  const root = account
    .keyring()
    .list()
    .find(({ kind }) => kind === 'root')
  const isNew = account.keyring().list().length === 1
  const sum = { identities: 0, files: 0, blocks: 0, bytes: 0, missing: 0 }
  if (root !== undefined) {
    sum.missing += (await pullIndex(options, root.did, true)).lacking
    // An identity that was here before knows its keyring better than the index does.
    if (isNew) await home.withKeysAhead(account.rootKeys(rotationsMax), () => findKeyring(account, home))
  }
  let hasIndex = false
  for (const { did } of home.residents()) {
    signal?.throwIfAborted()
    if (did !== root?.did) sum.missing += (await pullIndex(options, did, false)).lacking
    const office = await home.officeOf(did)
    hasIndex ||= office.space.index.head() !== undefined
    await fetchAll(office, options, sum)
    sum.identities += 1
  }
  if (!hasIndex)
    throw new Fault(
      'missing.index',
      'Nobody there keeps anything under these words. Check them, and whether the invitation leads to the network that you were in.',
    )
  await home.introduce()
  await ports.blocks.flush()
  return sum
}

/**
 * Whoever just came may be in one part of the network, and what it looks for in another: they become one in a while. So it looks
 * again, until it has an index where there must be one, and of every index the newest state that anybody tells of.
 */
async function pullIndex(options: BringBackOptions, did: string, mustBe: boolean): Promise<Pulled> {
  const { signal, neighbours, home } = options
  const startMs = performance.now()
  let pulled = await pullHeads(options, did)
  while (
    (pulled.lacking > 0 || (mustBe && !pulled.isFound)) &&
    performance.now() - startMs < neighbours.patienceMs
  ) {
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
    signal?.throwIfAborted()
    pulled = await pullHeads(options, did)
  }
  // An office that was open meanwhile knows nothing of it: the next that opens does.
  await home.withoutOffice(did, async () => {})
  return pulled
}

type Pulled = {
  readonly isFound: boolean
  /** Newer states that its owner signed, and whose commit nobody gave. */
  readonly lacking: number
}

/** What others say that an index ends with, where its owner signed it and the commit itself is there. */
async function pullHeads({ account, ports, neighbours }: BringBackOptions, did: string): Promise<Pulled> {
  let found = -1
  const lacking: number[] = []
  using identity = account.keyring().open(did)
  const feed = feedOf(identity.secrets)
  const { indexBlocks } = createOfficeBlocks({
    feed,
    feedIn: (branch) => feedInBranch(identity.secrets, branch),
    branchesOf: () => [],
    ports,
  })
  for (const { sequence, head, signature } of await neighbours.heads(feed)) {
    if (!isSignedHead(feed, sequence, head, signature)) continue
    const cid = cidOfDigest(rawCodec, head)
    if ((await indexBlocks.get(cid)) === undefined) {
      lacking.push(sequence)
      continue
    }
    await ports.heads.put(identity.secrets.feed, { cid, sequence })
    found = Math.max(found, sequence)
  }
  return { isFound: found >= 0, lacking: lacking.filter((sequence) => sequence > found).length }
}

function feedOf(secrets: StoreSecrets): Uint8Array {
  using key = feedKeyOf(secrets)
  return key.feed
}

async function fetchAll(
  { space, ports: own, stored: { disk } }: Office,
  { ports, onProgress, signal }: BringBackOptions,
  sum: { files: number; blocks: number; bytes: number; missing: number },
): Promise<void> {
  const fetchOne = async (cid: Cid): Promise<void> => {
    const bytes = await own.blocks.get(cid).catch(() => undefined)
    if (bytes === undefined) sum.missing += 1
    else {
      sum.blocks += 1
      sum.bytes += bytes.length
    }
    onProgress({ blocks: sum.blocks, bytes: sum.bytes })
  }
  const seen = new Set<string>()
  let fetching: Promise<void>[] = []
  // What names things comes while the walk goes from one to the next; contents are known ahead, several at once.
  for await (const { cid } of usedBlocks(space, own, ports.onFault)) {
    signal?.throwIfAborted()
    const name = digestOf(cid).toHex()
    if (seen.has(name)) continue
    seen.add(name)
    if (await disk.has(cid)) continue
    fetching.push(fetchOne(cid))
    if (fetching.length < fetchesAtOnce) continue
    await Promise.all(fetching)
    fetching = []
  }
  await Promise.all(fetching)
  for await (const record of space.index.records({ onFault: ports.onFault }))
    if (record.kind === 'file' && !isPurged(record)) sum.files += 1
}
