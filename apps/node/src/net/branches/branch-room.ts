import { equalBytes } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import type { HeldBranch, Kernel } from '@anarq/kernel'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import {
  type Branch,
  createMeetingKey,
  encodeDocuments,
  meetingSubjectOf,
  nameOf,
  parseCertificate,
  signMeeting,
} from '@anarq/qnet/branch'
import type { Discovery } from '@anarq/qnet/discovery'
import { writeInvitation } from '@anarq/qnet/record'
import type { Ground } from '../ground.ts'
import type { KeepingSettings } from '../keeping.ts'
import { type BranchSwarm, openBranchSwarm } from './branch-swarm.ts'
import { type CustodyRoom, createCustodyRoom } from './custody.ts'
import { type BranchMessage, encodeMessage } from './messages.ts'
import { createNetworks, type MemberPlaces } from './places.ts'

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
const publishMs = 10 * 60_000
const meetingLifeMs = 2 * 3_600_000
const placeLifeMs = 7 * 24 * 3_600_000
/** A place is signed anew this often, so that the newer one counts. */
const placeEveryMs = 60 * 60_000
const placesTold = 16
const tellOutMs = 60_000
const giveEveryMs = 1_000
const gatewaysMax = 8

export async function openBranchRoom(options: BranchRoomOptions): Promise<BranchRoom> {
  const { ground, discovery, kernel, places, folder, settings, onFault } = options
  const { keys, world, links, addresses } = ground
  const { id } = options.held
  let held = options.held
  let isInNetworks = createNetworks(held.branch?.charter.networks ?? [])
  /** Who has said where it is reached, or that it is reached nowhere. */
  const told = new Set<NodeId>()
  const givenAt = new Map<NodeId, number>()
  const toldOut = new Map<NodeId, number>()
  let isClosed = false
  let own: { readonly text: string; readonly atMs: number } | undefined
  const nowMs = (): number => world.clock.nowMs()
  const branchNow = (): Branch => held.branch as Branch
  const members = (): readonly NodeId[] =>
    branchNow()
      .members(nowMs())
      .map(({ node }) => node)
      .filter((node) => node !== keys.id)
  const isMember = (peer: NodeId): boolean => branchNow().memberOf(peer, nowMs()) !== undefined
  /** By the address that its link comes from, and by those where it says that it is reached. */
  const isWhereItMay = (peer: NodeId): boolean => {
    const address = links.peer(peer)?.address
    const said = places.contactOf(peer)?.addresses ?? []
    return (address === undefined || isInNetworks(address)) && said.every(({ host }) => isInNetworks(host))
  }
  const isHeard = (peer: NodeId): boolean =>
    isMember(peer) && links.peer(peer) !== undefined && isWhereItMay(peer)
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

  const ownPlaces = (): readonly string[] => {
    if (addresses.length === 0) return []
    if (own === undefined || nowMs() - own.atMs > placeEveryMs)
      own = { text: writeInvitation(keys, { addresses, endMs: nowMs() + placeLifeMs }), atMs: nowMs() }
    return [own.text]
  }
  const tell = (peer: NodeId, isAsking = false): void => {
    if (isMember(peer))
      send(peer, {
        isAsking,
        kind: 'state',
        tag: branchNow().tag,
        places: [...ownPlaces(), ...places.some(placesTold)],
      })
  }
  const giveDocuments = (to: NodeId, isAsking: boolean): void => {
    // They may be large: nobody gets them again and again.
    if (nowMs() - (givenAt.get(to) ?? 0) < giveEveryMs) return
    givenAt.set(to, nowMs())
    const { documents } = branchNow()
    send(to, {
      kind: 'documents',
      documents: encodeDocuments(documents),
      secret: held.meetingSecret,
      isAsking,
    })
  }
  /** Who was a member is told that it is none, and nothing else. */
  const tellOut = (to: NodeId): void => {
    const { documents } = branchNow()
    const wasMember = documents.certificates.some(
      ({ body }) => nodeIdOf(parseCertificate(body).nodeKey) === to,
    )
    if (isMember(to) || !wasMember || nowMs() - (toldOut.get(to) ?? 0) < tellOutMs) return
    toldOut.set(to, nowMs())
    const { charters, revocations, cards } = documents
    const bytes = encodeDocuments({ charters, revocations, cards, certificates: [] })
    send(to, { kind: 'documents', documents: bytes, secret: undefined, isAsking: false })
  }
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
    if (other !== undefined) tell(other)
    if (all.length > 0 && !all.some((node) => links.peer(node) !== undefined)) seek()
    world.after(gossipMs, gossip)
  }
  /** Where others of the branch are is asked of the network at large: for members who lost each other. */
  const seek = (): void =>
    discovery.resolve(meetingSubjectOf(id), (signed) => {
      for (const node of signed?.pointer.nodes ?? [])
        if (!isClosed && isMember(node)) discovery.find(node, () => tell(node))
    })
  const publish = (): void => {
    if (isClosed) return
    const [first] = branchNow().charters
    if (held.meetingSecret !== undefined && addresses.length > 0 && first !== undefined) {
      const linked = members().filter((node) => links.peer(node) !== undefined)
      const key = createMeetingKey(held.meetingSecret)
      discovery.publish(
        signMeeting(
          { branch: id, firstName: nameOf(first), key },
          {
            nodes: [keys.id, ...linked].slice(0, gatewaysMax),
            sequence: Math.floor(nowMs() / 1000),
            expiresMs: nowMs() + meetingLifeMs,
          },
        ),
      )
      key.dispose()
    }
    world.after(publishMs, publish)
  }
  for (const node of members()) tell(node, true)
  gossip()
  publish()

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
      held = now
      isInNetworks = createNetworks(now.branch.charter.networks)
      if (!isOther) return
      for (const node of members()) tell(node)
      for (const node of before) if (!isMember(node)) tellOut(node)
      swarm.wake()
    },
    tellOut,
    async close() {
      isClosed = true
      custody.end()
      await swarm.close()
    },
  }
}
