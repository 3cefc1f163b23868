import { Fault } from '@anarq/fault'
import type { BranchFacts, Kernel } from '@anarq/kernel'
import { parseInvitation, writeInvitation } from '@anarq/qnet/record'
import type { BranchHere, BranchOperations } from '@anarq/sdk'
import type { Ground } from '../ground.ts'
import type { BranchRoom } from './branch-room.ts'
import { type BranchDoor, lineMs, tokenOf } from './door.ts'
import { type BranchLine, parseBranchLine, writeBranchLine } from './messages.ts'

export type BranchParts = {
  readonly ground: Pick<Ground, 'addresses' | 'keys' | 'world'>
  readonly kernel: Pick<Kernel, 'branches'>
  readonly rooms: ReadonlyMap<string, BranchRoom>
  readonly door: BranchDoor
  /** Resolves when rooms are as the documents say. */
  settled(): Promise<void>
}

const dayMs = 24 * 3_600_000
/** A proof is one answer of the SDK, which has this limit. */
const proofBytesMax = 4 * 1024 * 1024

/** What can be asked of a node's branches. */
export function branchOperations({ ground, kernel, rooms, door, settled }: BranchParts): BranchOperations {
  const { addresses, keys, world } = ground
  const nowMs = (): number => world.clock.nowMs()
  const here = (facts: BranchFacts): BranchHere => {
    const room = rooms.get(facts.id)
    return {
      ...facts,
      others: room?.swarm.others() ?? [],
      held: room?.swarm.held() ?? { blocks: 0, bytes: 0 },
      applicants: [...door.applicants(facts.id)].flatMap(([node, { holder }]) =>
        facts.members.some((member) => member.node === node && member.isAdmitted) ? [] : [{ node, holder }],
      ),
    }
  }
  const afterwards = async (facts: BranchFacts): Promise<BranchHere> => {
    await settled()
    return here(facts)
  }
  return {
    list: async () => (await kernel.branches.list()).map(here),
    show: async (ref) => here(await kernel.branches.show(ref)),
    create: async (wish) => afterwards(await kernel.branches.create(wish)),
    async invite(ref) {
      const { id, name } = await kernel.branches.show(ref)
      const secret = kernel.branches.held().find((held) => held.id === id)?.meetingSecret
      if (!rooms.has(id) || secret === undefined)
        throw new Fault('refused.branch-member', `This node is no member of ${name} now.`)
      if (addresses.length === 0)
        throw new Fault(
          'refused.not-reachable',
          'Nobody can come in here: this node only goes out. Ask a member whose node listens to invite them.',
        )
      const endsMs = nowMs() + lineMs
      const place = writeInvitation(keys, { addresses, endMs: endsMs })
      return {
        invitation: writeBranchLine({ branch: id, place, endMs: endsMs, token: tokenOf(secret, endsMs) }),
        endsMs,
      }
    },
    async join(text) {
      const invitation = text.trim()
      const line = lineOf(invitation, nowMs())
      await kernel.branches.ask(line.branch, invitation)
      await settled()
      await Promise.all(kernel.branches.held().map(door.ask))
      return here(await kernel.branches.show(line.branch))
    },
    async admit(ref, node, { days = 365 } = {}) {
      const { id, name, members } = await kernel.branches.show(ref)
      const asking = [...door.applicants(id)].map(([one, { nodeKey, holder }]) => ({
        node: one,
        nodeKey,
        holder,
      }))
      const awaited = kernel.branches
        .held()
        .flatMap((held) => (held.id === id ? (held.branch?.awaited(nowMs()) ?? []) : []))
      const found = [...awaited, ...asking].filter((one) => one.node.startsWith(node))
      // A machine that came back by its owner's words has no membership yet: an admin lets it in without being asked.
      if (keys.id.startsWith(node) && node.length >= 6 && !found.some((each) => each.node === keys.id))
        found.push({ ...(await kernel.branches.applicant(id)), node: keys.id })
      const [one] = found
      if (node.length < 6 || one === undefined || new Set(found.map((each) => each.node)).size > 1)
        throw new Fault(
          'missing.applicant',
          members.some((member) => member.isAdmitted && member.node.startsWith(node))
            ? `That node is a member of ${name} already.`
            : `No single node that begins with "${node}" asks to come into ${name}. See: anarq net branch show ${name}`,
        )
      const facts = await kernel.branches.admit(ref, one, nowMs() + days * dayMs)
      door.admitted(id, one.node)
      return afterwards(facts)
    },
    expel: async (ref, node) => afterwards(await kernel.branches.expel(ref, node)),
    keep: async (ref, path) => afterwards(await kernel.branches.keep(ref, path)),
    leave: async (ref) => afterwards(await kernel.branches.leave(ref)),
    async prove(path) {
      const { branch, digests, folder: name, get, sign } = await kernel.branches.provable(path)
      const room = rooms.get(branch.id)
      if (room === undefined)
        throw new Fault('refused.branch-member', `This node is no member of ${branch.charter.name} now.`)
      const others = room.swarm.others()
      const statements = await room.custody.ask(others, digests, get)
      const proof = await sign({ atMs: nowMs(), statements })
      if (proof.length > proofBytesMax)
        throw new Fault(
          'limit.branch-proof',
          'There are too many blocks for one proof: prove folders in it, one by one.',
        )
      return { proof, folder: name, blocks: digests.length, asked: others.length }
    },
  }
}

function lineOf(text: string, nowMs: number): BranchLine {
  const line = parseBranchLine(text)
  parseInvitation(line.place)
  if (line.endMs > nowMs) return line
  throw new Fault('refused.expired', 'This line is over. Ask for a new one.')
}
