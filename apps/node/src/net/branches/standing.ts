import type { HeldBranch } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { Branch } from '@anarq/qnet/branch'
import type { Ground } from '../ground.ts'
import { createNetworks, type MemberPlaces } from './places.ts'

/** Who of a branch is listened to, by its documents and by where its charter lets members be. */
export type Standing = {
  held(): HeldBranch
  branch(): Branch
  use(held: HeldBranch): void
  /** Members other than this node. */
  members(): readonly NodeId[]
  isMember(peer: NodeId): boolean
  isWhereItMay(peer: NodeId): boolean
  isHeard(peer: NodeId): boolean
  /** Who has said where it is reached, or that it is reached nowhere. */
  readonly told: Set<NodeId>
}

export function createStanding({
  ground: { keys, links, world },
  places,
  held: first,
}: {
  ground: Pick<Ground, 'keys' | 'links' | 'world'>
  places: MemberPlaces
  held: HeldBranch
}): Standing {
  let held = first
  let isInNetworks = createNetworks(held.branch?.charter.networks ?? [])
  const branch = (): Branch => held.branch as Branch
  const isMember = (peer: NodeId): boolean => branch().memberOf(peer, world.clock.nowMs()) !== undefined
  /** By the address that its link comes from, and by those where it says that it is reached. */
  const isWhereItMay = (peer: NodeId): boolean => {
    const address = links.peer(peer)?.address
    const said = places.contactOf(peer)?.addresses ?? []
    return (address === undefined || isInNetworks(address)) && said.every(({ host }) => isInNetworks(host))
  }
  return {
    held: () => held,
    branch,
    use(now) {
      held = now
      isInNetworks = createNetworks(now.branch?.charter.networks ?? [])
    },
    members: () =>
      branch()
        .members(world.clock.nowMs())
        .map(({ node }) => node)
        .filter((node) => node !== keys.id),
    isMember,
    isWhereItMay,
    isHeard: (peer) => isMember(peer) && links.peer(peer) !== undefined && isWhereItMay(peer),
    told: new Set(),
  }
}
