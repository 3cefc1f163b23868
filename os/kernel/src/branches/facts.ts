import { fromHex } from '@anarq/bytes'
import { pathOf } from '@anarq/qindex'
import type { NodeId } from '@anarq/qnet'
import type { Office } from '../office.ts'
import type { KeptBranch } from './book.ts'
import type { BranchFacts, BranchMemberFacts } from './operations.ts'

/** A branch as people see it, from the identity that has it here. */
export function branchFacts(office: Office, kept: KeptBranch, self: NodeId, nowMs: number): BranchFacts {
  const { id, branch, hasLeft, invitation, folders } = kept
  const { space } = office
  const member = branch?.memberOf(self, nowMs)
  const factsOfMember =
    (isAdmitted: boolean) =>
    (one: { node: NodeId; holder: string; untilMs: number; signers: number }): BranchMemberFacts => ({
      node: one.node,
      holder: one.holder,
      untilMs: one.untilMs,
      isSelf: one.node === self,
      isAdmitted,
      signers: one.signers,
    })
  const { charter } = branch ?? {}
  return {
    id,
    name: charter?.name ?? '',
    state: hasLeft ? 'left' : member !== undefined ? 'member' : invitation === undefined ? 'out' : 'asking',
    stays: charter?.stays ?? false,
    sharesOutside: charter?.sharesOutside ?? false,
    networks: charter?.networks ?? [],
    founder: charter?.founder ?? '',
    admins: charter?.admins ?? [],
    threshold: charter?.threshold ?? 0,
    isAdmin: charter?.admins.includes(space.did) ?? false,
    charter: charter?.number ?? 0,
    members: [
      ...(branch?.members(nowMs) ?? []).map(factsOfMember(true)),
      ...(branch?.awaited(nowMs) ?? []).map(factsOfMember(false)),
    ],
    folders: [...folders].flatMap((folder) => pathOf(space.view, fromHex(folder)) ?? []),
  }
}
