import { hasCode } from '@anarq/fault'
import { type Cid, cborCodec, cidKey, digestOf } from '@anarq/ipld'
import { deriveSecret, verifyCid, wipe } from '@anarq/qlock'
import { createFeedKey, type FeedKey } from '@anarq/qnet/swarm/feed'
import type { BlockClass } from '@anarq/qnt'
import type { StoreSecrets } from '@anarq/squid'
import type { KernelPorts } from '../ports.ts'

/** The store as one identity sees it: what is not here comes from others who keep it. */
export type OfficeBlocks = {
  readonly blocks: KernelPorts['blocks']
  /** The same for the index, whose blocks are kept twice; one that others have is there. */
  readonly indexBlocks: KernelPorts['blocks']
  /** What this machine has, and nothing else. */
  readonly disk: KernelPorts['blocks']
}

export type OfficeBlocksOptions = {
  readonly feed: Uint8Array
  /** The same in a branch. */
  feedIn(branch: string): Uint8Array
  /** Branches that folders were given to. */
  branchesOf(): readonly string[]
  readonly ports: Pick<KernelPorts, 'blocks' | 'branches' | 'neighbours'>
}

/** The key of an index among nodes, from a secret that the words give: nobody can tell whose it is. */
export function feedKeyOf({ index }: Pick<StoreSecrets, 'index'>): FeedKey {
  const secret = deriveSecret(index, 'q/v1/store/neighbours')
  try {
    return createFeedKey(secret)
  } finally {
    wipe(secret)
  }
}

export function createOfficeBlocks(options: OfficeBlocksOptions): OfficeBlocks {
  const { blocks: disk } = options.ports
  const underWay = new Map<string, Promise<Uint8Array | undefined>>()
  const fromOthers = fetching(options)
  const fetchBack = async (cid: Cid, blockClass: BlockClass): Promise<Uint8Array | undefined> => {
    const back = await fromOthers(cid)
    if (back !== undefined) await disk.put([{ cid, bytes: back }], blockClass)
    return back
  }
  /** What is missing or damaged here, from whoever has it: checked, and put back. */
  const get = async (cid: Cid, blockClass: BlockClass): Promise<Uint8Array | undefined> => {
    let damage: unknown
    const here = await disk.get(cid).catch((error: unknown) => {
      if (!hasCode(error, 'damaged')) throw error
      damage = error
      return undefined
    })
    if (here !== undefined) return here
    const name = cidKey(digestOf(cid))
    const fetching = underWay.get(name) ?? fetchBack(cid, blockClass).finally(() => underWay.delete(name))
    underWay.set(name, fetching)
    const back = await fetching
    // Several may have asked for it, and each may change what it gets.
    if (back !== undefined) return back.slice()
    if (damage !== undefined) throw damage
    return undefined
  }

  const blocks: KernelPorts['blocks'] = {
    ...disk,
    get: (cid) => get(cid, cid.code === cborCodec ? 'meta' : 'data'),
  }
  return {
    blocks,
    indexBlocks: {
      ...disk,
      get: (cid) => get(cid, 'meta'),
      has: async (cid) => (await disk.has(cid)) || (await get(cid, 'meta')) !== undefined,
    },
    disk,
  }
}

/** Asks whoever may have a block: members of the branch that it is of, or the neighbours; held to its name. */
function fetching({
  feed,
  feedIn,
  branchesOf,
  ports: { branches, neighbours },
}: OfficeBlocksOptions): (cid: Cid) => Promise<Uint8Array | undefined> {
  /** From members of a branch: what comes is noted as the branch's before it is here. */
  const fromMembers = async (cid: Cid, branch: string): Promise<Uint8Array | undefined> => {
    const members = branches?.neighboursOf(branch)
    const back = members && (await fetched(members.get(feedIn(branch), digestOf(cid))))
    if (back === undefined || !verifyCid(cid, back)) return undefined
    await branches?.bound.add(branch, [digestOf(cid)])
    return back
  }
  return async (cid) => {
    const branch = branches?.bound.branchOf(digestOf(cid))
    if (branch !== undefined) return fromMembers(cid, branch)
    const back =
      neighbours?.isThere() === true ? await fetched(neighbours.get(feed, digestOf(cid))) : undefined
    if (back !== undefined && verifyCid(cid, back)) return back
    // After a disk was lost nobody here knows which blocks were a branch's.
    for (const one of branchesOf()) {
      const theirs = await fromMembers(cid, one)
      if (theirs !== undefined) return theirs
    }
    return undefined
  }
}

/** That nobody is there is no other failure than that nobody has it. */
function fetched(asked: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  return asked.catch((error: unknown) => {
    if (hasCode(error, 'unavailable')) return undefined
    throw error
  })
}
