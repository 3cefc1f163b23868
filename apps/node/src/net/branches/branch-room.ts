import { equalBytes } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import type { HeldBranch, Kernel } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { Discovery } from '@anarq/qnet/discovery'
import type { Ground } from '../ground.ts'
import type { KeepingSettings } from '../keeping.ts'
import { type BranchSwarm, openBranchSwarm } from './branch-swarm.ts'
import { type CustodyRoom, createCustodyRoom } from './custody.ts'
import { createMeetingPoint } from './meeting-point.ts'
import { type BranchMessage, encodeMessage } from './messages.ts'
import type { MemberPlaces } from './places.ts'
import { createStanding } from './standing.ts'
import { createTelling } from './telling.ts'

/** One branch that this node is a member of, as long as it is. */
export type BranchRoom = {
  readonly id: string
  readonly swarm: BranchSwarm
  readonly custody: CustodyRoom
  /** Whether a peer is a member now, and comes from where the charter lets members be. */
  isHeard(peer: NodeId): boolean
  receive(from: NodeId, message: BranchMessage): void
  /** The documents are others now. */
  changed(held: HeldBranch): void
  /** Members other than this node. */
  members(): readonly NodeId[]
  tell(peer: NodeId): void
  tellOut(peer: NodeId): void
  present(peer: NodeId): void
  close(): Promise<void>
}

export type BranchRoomOptions = {
  readonly ground: Ground
  readonly discovery: Discovery
  readonly kernel: Pick<Kernel, 'branches'>
  readonly held: HeldBranch
  readonly folder: string
  readonly settings: KeepingSettings
  readonly places: MemberPlaces
  send(to: NodeId, bytes: Uint8Array): void
  onFault(fault: Fault): void
}

const gossipMs = 10_000

export async function openBranchRoom(options: BranchRoomOptions): Promise<BranchRoom> {
  const { ground, discovery, kernel, places, folder, settings, onFault } = options
  const { world, links } = ground
  const { id } = options.held
  const standing = createStanding({ ground, places, held: options.held })
  const { branch: branchNow, members, isMember, isWhereItMay, isHeard, told } = standing
  let isClosed = false
  const nowMs = (): number => world.clock.nowMs()
  const send = (to: NodeId, message: BranchMessage): void => options.send(to, encodeMessage(id, message))

  const swarm = await openBranchSwarm({
    ground,
    branch: id,
    folder,
    settings,
    kernel,
    members: () =>
      branchNow()
        .members(nowMs())
        .map(({ node }) => node),
    send(to, bytes) {
      // Nothing of the branch goes to who is no member any more, whatever its view still says.
      if (isMember(to) && isWhereItMay(to)) send(to, { kind: 'swarm', bytes })
    },
    onFault,
  })
  const custody = createCustodyRoom({ ground, branch: id, store: swarm.store, send })

  const telling = createTelling({ ground, standing, places, send })
  const { tell, tellOut, giveDocuments, present } = telling
  const take = async (
    from: NodeId,
    { documents, secret, isAsking }: Extract<BranchMessage, { kind: 'documents' }>,
  ): Promise<void> => {
    await kernel.branches.take(id, documents, secret)
    if (!isClosed && isAsking && isMember(from)) giveDocuments(from, false)
  }
  const gossip = (): void => {
    if (isClosed) return
    const all = members()
    const other = all[Math.floor(((world.random.bytes(2)[0] as number) / 256) * all.length)]
    if (other !== undefined) {
      present(other)
      tell(other)
    }
    if (all.length > 0 && !all.some((node) => links.peer(node) !== undefined)) point.seek()
    world.after(gossipMs, gossip)
  }
  const point = createMeetingPoint({ ground, discovery, standing, tell })
  for (const node of members()) {
    present(node)
    tell(node, true)
  }
  gossip()
  point.publish()

  return {
    id,
    swarm,
    custody,
    isHeard,
    members,
    tell,
    receive(from, message) {
      switch (message.kind) {
        case 'swarm':
          // Where the charter says where members must be, who has not said it yet is not listened to.
          if (told.has(from) || branchNow().charter.networks.length === 0) swarm.receive(from, message.bytes)
          return
        case 'state':
          places.take(message.places, isMember)
          told.add(from)
          if (!isHeard(from)) return
          if (message.isAsking) tell(from)
          if (!equalBytes(message.tag, branchNow().tag)) giveDocuments(from, true)
          return
        case 'documents':
          void take(from, message).catch((error: unknown) => onFault(asFault(error)))
          return
        case 'prove':
          return custody.onProve(from, message)
        case 'proved':
          return custody.onProved(from, message)
        case 'apply':
          return
        default:
          message satisfies never
      }
    },
    changed(now) {
      if (now.branch === undefined) return
      const isOther = !equalBytes(branchNow().tag, now.branch.tag)
      const before = members()
      standing.use(now)
      if (!isOther) return
      for (const node of members()) tell(node)
      for (const node of before) if (!isMember(node)) tellOut(node)
      swarm.wake()
    },
    tellOut,
    present,
    async close() {
      isClosed = true
      point.end()
      custody.end()
      await swarm.close()
    },
  }
}
