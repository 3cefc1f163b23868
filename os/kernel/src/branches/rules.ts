import { toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { type Cid, digestOf } from '@anarq/ipld'
import { type Change, fieldNames } from '@anarq/qindex'
import { deriveSecret } from '@anarq/qlock'
import type { NodeId } from '@anarq/qnet'
import type { Branch } from '@anarq/qnet/branch'
import type { Found } from '../drive/resolve.ts'
import { blocksOfVersion } from '../keeping/used-blocks.ts'
import type { KernelPorts } from '../ports.ts'
import type { Reader } from '../sharing/asking.ts'
import type { Space } from '../space.ts'
import type { BranchBook } from './book.ts'

/** What belonging to a branch means for the drive of one identity. */
export type BranchRules = {
  readonly book: BranchBook
  /** Of a thing in a folder that was given to a branch, or of that folder. */
  branchOf(id: Uint8Array | null | undefined): string | undefined
  /** What content of the branch is sealed under: its blocks are never those of the same content elsewhere. */
  chunkSecretOf(branch: string): Uint8Array
  /** `refused.branch-border` where a thing of one branch would be in another, or outside. */
  checkBorder(from: Uint8Array | null | undefined, to: Uint8Array | null | undefined): void
  /** Throws with the rule's name where the charter does not let this identity have it. */
  checkReader(found: Found, reader: AtNode): void
  mayRead(found: Found, reader: AtNode): boolean
  /** Of a folder that is shared: nothing in it may be kept from who is to have it. */
  checkShare(found: Found, reader: AtNode): void
  /** Before a commit: what crosses a border is refused, new blocks are noted as the branch's, and words of content are left out. */
  guard(changes: readonly Change[]): Promise<readonly Change[]>
}

/** Who is to have something, and at which node; absent: at this one. */
type AtNode = Pick<Reader, 'did' | 'node'>

type RulesOptions = {
  readonly space: Space
  readonly book: BranchBook
  readonly ports: KernelPorts
  readonly clock: Clock
}

const depthMax = 256
/** Folders below a shared one that are looked at. */
const belowMax = 100_000

export function createBranchRules({ space, book, ports, clock }: RulesOptions): BranchRules {
  const { view } = space
  const parentOf = (id: Uint8Array): Uint8Array | null | undefined => view.entry(id)?.parent

  function branchAt(
    id: Uint8Array | null | undefined,
    parentNow: (id: Uint8Array) => Uint8Array | null | undefined,
  ): string | undefined {
    let at = id
    for (let depth = 0; at != null && depth < depthMax; depth += 1) {
      const branch = book.branchOfFolder(toHex(at))
      if (branch !== undefined) return branch
      at = parentNow(at)
    }
    return undefined
  }
  const branchOf = (id: Uint8Array | null | undefined): string | undefined =>
    book.hasFolders() ? branchAt(id, parentOf) : undefined
  /** The branch that keeps it from this identity, where one does. */
  const keptFrom = (found: Found, reader: AtNode): { branch: Branch | undefined } | undefined => {
    const id = branchOf(found.id)
    if (id === undefined || reader.did === space.did) return undefined
    const branch = book.get(id)?.branch
    return branch !== undefined && mayHave(branch, reader, clock.nowMs()) ? undefined : { branch }
  }
  const checkReader = (found: Found, reader: AtNode): void => {
    const kept = keptFrom(found, reader)
    if (kept !== undefined) throw notShared(kept.branch)
  }

  async function guardOne(
    change: Change,
    parentNow: (id: Uint8Array) => Uint8Array | null | undefined,
  ): Promise<Change> {
    const { id, kind, set } = change
    if (kind !== 'file' && kind !== 'folder') return change
    const after = branchAt(id, parentNow)
    // A folder that was given to a branch may be moved: it takes its border along.
    const isThere = view.entry(id) !== undefined && book.branchOfFolder(toHex(id)) === undefined
    if (isThere && branchAt(id, parentOf) !== after) throw border()
    const versions = Object.entries(set).flatMap(([name, value]) =>
      name.startsWith(fieldNames.versionPrefix) && value !== null ? [value as VersionFields] : [],
    )
    if (after === undefined) {
      for (const { root } of versions) if (ports.branches?.bound.branchOf(root) !== undefined) throw border()
      return change
    }
    if (versions.length > 0) await note(after, versions)
    return 'words' in set ? { ...change, set: { ...set, words: null } } : change
  }

  async function note(branch: string, versions: readonly VersionFields[]): Promise<void> {
    const bound = ports.branches?.bound
    if (bound === undefined)
      throw new Fault('unavailable.branches', 'This home cannot keep what belongs to a branch.')
    const digests: Uint8Array[] = []
    for (const version of versions)
      for await (const cid of blocksOfVersion(space, ports, version)) digests.push(digestOf(cid))
    await bound.add(branch, digests)
  }

  return {
    book,
    branchOf,
    chunkSecretOf: (branch) => deriveSecret(space.identity.secrets.chunk, `q/v1/branch/${branch}`),
    checkBorder(from, to) {
      if (branchOf(from) !== branchOf(to)) throw border()
    },
    checkReader,
    mayRead: (found, reader) => keptFrom(found, reader) === undefined,
    checkShare(found, reader) {
      if (!book.hasFolders()) return
      checkReader(found, reader)
      if (found.kind !== 'folder') return
      for (const below of view.search({ below: found.id, kind: 'folder', limit: belowMax }))
        if (book.branchOfFolder(toHex(below.id)) !== undefined) checkReader(below as Found, reader)
    },
    async guard(changes) {
      if (!book.hasFolders()) return changes
      const moved = new Map(
        changes.flatMap(({ id, set }) =>
          set.parent === undefined ? [] : [[toHex(id), set.parent as Uint8Array | null] as const],
        ),
      )
      const parentNow = (id: Uint8Array): Uint8Array | null | undefined => {
        const to = moved.get(toHex(id))
        return to === undefined ? parentOf(id) : to
      }
      const guarded: Change[] = []
      for (const change of changes) guarded.push(await guardOne(change, parentNow))
      return guarded
    },
  }
}

type VersionFields = { readonly cid: Cid; readonly root: Uint8Array }

/** Whether the charter lets an identity that is not the owner have what is in the branch. */
function mayHave({ charter, isHolder, memberOf }: Branch, { did, node }: AtNode, nowMs: number): boolean {
  if (!charter.stays) return charter.sharesOutside || isHolder(did, nowMs)
  return isHolder(did, nowMs) && (node === undefined || memberOf(node as NodeId, nowMs) !== undefined)
}

function border(): Fault {
  return new Fault(
    'refused.branch-border',
    'What is in a folder of a branch stays in it, and nothing is moved or copied into it: its sealed blocks may lie with others already. Put it there anew, from a disk.',
  )
}

function notShared(branch: Branch | undefined): Fault {
  if (branch?.charter.stays === false)
    return new Fault(
      'refused.branch-outside',
      `The charter of ${branch.charter.name} does not let what is in it be shared with others. Share it with a member, or ask the branch's admins.`,
    )
  return new Fault(
    'refused.branch-stays',
    `What is in the branch ${branch?.charter.name ?? ''} stays with its members. Share it with a member, or ask the branch's admins to admit them.`,
  )
}
