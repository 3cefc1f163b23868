import { equalBytes, fromUtf8 } from '@anarq/bytes'
import type { HeldBranch, Kernel } from '@anarq/kernel'
import { hashBlake3 } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { encodeDocuments, meetingSubjectOf } from '@anarq/qnet/branch'
import type { Discovery } from '@anarq/qnet/discovery'
import { type Invitation, parseInvitation } from '@anarq/qnet/record'
import type { Ground } from '../ground.ts'
import { type BranchMessage, encodeMessage, parseBranchLine, tokenBytes } from './messages.ts'

/** Who asks to be let in, and whom this node asks. */
export type BranchDoor = {
  /** Whom this node asked, where its invitation says that they are. */
  contactOf(node: NodeId): Invitation | undefined
  isAsked(node: NodeId): boolean
  /** As long as this node waits to be let in. */
  ask(held: HeldBranch): Promise<void>
  onApply(held: HeldBranch, from: NodeId, message: Extract<BranchMessage, { kind: 'apply' }>): void
  applicants(branch: string): ReadonlyMap<NodeId, Applying>
  admitted(branch: string, node: NodeId): void
}

export type Applying = { readonly nodeKey: Uint8Array; readonly holder: string }

export type BranchDoorOptions = {
  readonly ground: Pick<Ground, 'keys' | 'links' | 'world'>
  readonly discovery: Pick<Discovery, 'find' | 'resolve'>
  readonly kernel: Pick<Kernel, 'branches'>
  send(to: NodeId, bytes: Uint8Array): void
  onChanged(): void
}

export const lineMs: number = 7 * 24 * 3_600_000
const waitingMax = 64
const doorsMax = 64
/** Documents may be large: who knocks again and again gets them so often. */
const giveEveryMs = 2_000

export function createBranchDoor(options: BranchDoorOptions): BranchDoor {
  const { ground, discovery, kernel, send, onChanged } = options
  const { keys, links, world } = ground
  const waiting = new Map<string, Map<NodeId, Applying>>()
  const doors = new Map<NodeId, Invitation>()
  const givenAt = new Map<NodeId, number>()
  const nowMs = (): number => world.clock.nowMs()
  const addDoor = (door: Invitation): void => {
    doors.set(door.id, door)
    if (doors.size > doorsMax) doors.delete(doors.keys().next().value as NodeId)
  }
  return {
    contactOf: (node) => doors.get(node),
    isAsked: (node) => doors.has(node),
    async ask({ id, invitation }) {
      if (invitation === undefined) return
      const { endMs, token, place } = parseBranchLine(invitation)
      const applicant = await kernel.branches.applicant(id)
      const message = encodeMessage(id, { kind: 'apply', endMs, token, applicant })
      const door = parseInvitation(place)
      addDoor(door)
      send(door.id, message)
      // Another member may be there where that one is not.
      if (links.peer(door.id) === undefined)
        discovery.resolve(meetingSubjectOf(id), (signed) => {
          for (const node of signed?.pointer.nodes ?? [])
            if (node !== keys.id)
              discovery.find(node, (record) => {
                if (record === undefined) return
                addDoor({ ...door, id: node, linkKey: record.linkKey, addresses: record.addresses })
                send(node, message)
              })
        })
    },
    /** Only who has a line of a member's is looked at. */
    onApply({ id, branch, meetingSecret: secret }, from, { endMs, token, applicant }) {
      if (branch === undefined || secret === undefined || nodeIdOf(applicant.nodeKey) !== from) return
      if (endMs < nowMs() || !equalBytes(token, tokenOf(secret, endMs))) return
      if (branch.memberOf(from, nowMs()) !== undefined) {
        if (nowMs() - (givenAt.get(from) ?? 0) < giveEveryMs) return
        givenAt.set(from, nowMs())
        const documents = encodeDocuments(branch.documents)
        send(from, encodeMessage(id, { kind: 'documents', documents, secret, isAsking: false }))
        return
      }
      const all = waiting.get(id) ?? new Map<NodeId, Applying>()
      if (all.has(from) || all.size >= waitingMax || !kernel.branches.isGenuine(id, applicant)) return
      waiting.set(id, all.set(from, { nodeKey: applicant.nodeKey, holder: applicant.holder }))
      onChanged()
    },
    applicants: (branch) => waiting.get(branch) ?? new Map(),
    admitted: (branch, node) => void waiting.get(branch)?.delete(node),
  }
}

/** What only who knows the secret of the branch's members can make, for lines that end then. */
export function tokenOf(meetingSecret: Uint8Array, endMs: number): Uint8Array {
  return hashBlake3(fromUtf8(`anarq branch line v1 ${endMs}\n`), meetingSecret).slice(0, tokenBytes)
}
