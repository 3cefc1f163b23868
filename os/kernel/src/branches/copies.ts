import { fromHex, toHex } from '@anarq/bytes'
import { type Cid, digestOf } from '@anarq/ipld'
import { deriveSecret } from '@anarq/qlock'
import type { StoreSecrets } from '@anarq/squid'
import { isShown } from '../drive/resolve.ts'
import { versionsOf } from '../drive/versions.ts'
import { blocksOfVersion } from '../keeping/used-blocks.ts'
import type { Office } from '../office.ts'
import type { BranchNeighbours } from '../ports.ts'

const batchMax = 64
const entriesMax = 1_000_000

/** Where in a branch the blocks of one owner are kept: a name that leads to no other name of theirs. */
export function feedInBranch({ index }: Pick<StoreSecrets, 'index'>, branch: string): Uint8Array {
  return deriveSecret(index, `q/v1/branch/${branch}`)
}

/** Every block that the folders stand on which this identity gave to the branch, versions and trash included. Some come twice. */
export async function* blocksInBranch(
  { space, ports, branches }: Office,
  branch: string,
  only?: Uint8Array,
): AsyncGenerator<Cid> {
  const folders = only === undefined ? [...(branches.book.get(branch)?.folders ?? [])].map(fromHex) : [only]
  for (const folder of folders)
    for (const entry of space.view.search({ below: folder, kind: 'file', limit: entriesMax })) {
      if (!isShown(entry) || branches.branchOf(entry.id) !== branch) continue
      for (const version of await versionsOf(space, entry.id)) yield* blocksOfVersion(space, ports, version)
    }
}

/** Sees to it that other members keep what is in the branch's folders: one pass, as long as somebody asks for steps. */
export type BranchCopies = {
  /** Some blocks; `isIdle` when the pass is over. */
  step(neighbours: BranchNeighbours): Promise<{ isIdle: boolean; sentBytes: number }>
  lookAgain(): void
  copiesOf(digest: Uint8Array): number | undefined
}

export function createBranchCopies(office: Office, branch: string): BranchCopies {
  const feed = feedInBranch(office.space.identity.secrets, branch)
  const copies = new Map<string, number>()
  /** Asked about in this pass: others are skipped that have enough, until somebody says to look again. */
  let counted = new Set<string>()
  let pass: AsyncGenerator<Cid> | undefined
  let isWanted = true

  async function take(from: AsyncGenerator<Cid>, wanted: number): Promise<{ cids: Cid[]; isOver: boolean }> {
    const cids = new Map<string, Cid>()
    while (cids.size < batchMax) {
      const { value, done } = await from.next()
      if (done === true) return { cids: [...cids.values()], isOver: true }
      const name = toHex(digestOf(value))
      if ((copies.get(name) ?? 0) < wanted || !counted.has(name)) cids.set(name, value)
    }
    return { cids: [...cids.values()], isOver: false }
  }

  return {
    copiesOf: (digest) => copies.get(toHex(digest)),
    lookAgain() {
      isWanted = true
      counted = new Set()
    },
    async step(neighbours) {
      if (!isWanted && pass === undefined) return { isIdle: true, sentBytes: 0 }
      if (pass === undefined) {
        isWanted = false
        pass = blocksInBranch(office, branch)
      }
      const { cids, isOver } = await take(pass, neighbours.copies)
      if (isOver) pass = undefined
      // What was noted before it was lost here, or came another way, is the branch's all the same.
      await office.ports.branches?.bound.add(branch, cids.map(digestOf))
      const counts = cids.length === 0 ? [] : await neighbours.count(feed, cids.map(digestOf))
      let sentBytes = 0
      for (const [at, cid] of cids.entries()) {
        let count = counts[at] ?? 0
        if (count < neighbours.copies) {
          const bytes = await office.stored.disk.get(cid).catch(() => undefined)
          if (bytes !== undefined) {
            count = Math.max(count, (await neighbours.put(feed, bytes)).copies)
            sentBytes += bytes.length * count
          }
        }
        copies.set(toHex(digestOf(cid)), count)
        counted.add(toHex(digestOf(cid)))
      }
      return { isIdle: isOver && !isWanted, sentBytes }
    },
  }
}
