import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes, fromUtf8 } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import type { BranchFacts, BranchNeighbours, HeldBranch, Kernel } from '@anarq/kernel'
import { hashBlake3 } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { encodeDocuments, meetingSubjectOf } from '@anarq/qnet/branch'
import type { Discovery } from '@anarq/qnet/discovery'
import { parseInvitation, writeInvitation } from '@anarq/qnet/record'
import type { BranchHere, BranchOperations } from '@anarq/sdk'
import type { Ground } from '../ground.ts'
import type { KeepingSettings } from '../keeping.ts'
import { roomBytes } from '../rooms.ts'
import { type BranchRoom, openBranchRoom } from './branch-room.ts'
import {
  type BranchLine,
  type BranchMessage,
  branchOfMessage,
  encodeMessage,
  parseBranchLine,
  parseMessage,
  tokenBytes,
  writeBranchLine,
} from './messages.ts'
import { createMemberPlaces, encodePlaces, readPlaces } from './places.ts'

/** The branches of this node: their rooms, and the door for those who are to come in. */
export type BranchesRoom = {
  readonly operations: BranchOperations
  neighboursOf(branch: string): BranchNeighbours | undefined
  close(): Promise<void>
}

export type BranchesOptions = {
  readonly ground: Ground
  readonly discovery: Discovery
  readonly kernel: Pick<Kernel, 'branches' | 'keeping'>
  /** For what is held for other members: a folder in it for each branch. */
  readonly folder: string
  readonly settings?: KeepingSettings | undefined
  onFault(fault: Fault): void
  onChanged(): void
}

type Waiting = { readonly nodeKey: Uint8Array; readonly holder: string; readonly endMs: number }

const askMs = 3000
const lineMs = 7 * 24 * 3_600_000
const waitingMax = 64
const dayMs = 24 * 3_600_000
/** A proof is one answer of the SDK, which has this limit. */
const proofBytesMax = 4 * 1024 * 1024

export async function openBranches(options: BranchesOptions): Promise<BranchesRoom> {
  const { ground, discovery, kernel, folder, settings = {}, onFault, onChanged } = options
  const { keys, world, links, rooms, kept, addresses } = ground
  const nowMs = (): number => world.clock.nowMs()
  const places = createMemberPlaces(nowMs)
  const open = new Map<string, BranchRoom>()
  const waiting = new Map<string, Map<NodeId, Waiting>>()
  /** Members who may be asked to be let in, by the lines that were given. */
  const doors = new Map<NodeId, ReturnType<typeof parseInvitation>>()
  let isClosed = false
  let syncing: Promise<void> = Promise.resolve()

  ground.lookIn((node) => places.contactOf(node) ?? doors.get(node))
  const wire = rooms.open(roomBytes.branches, (from, bytes) => {
    const branch = branchOfMessage(bytes)
    const held = kernel.branches.held().find(({ id }) => id === branch)
    if (branch === undefined || held === undefined) return
    try {
      onMessage(held, from, bytes)
    } catch (error) {
      // Who is no member is not worth a word; a member that sends nonsense has a defect.
      if (open.get(branch)?.isHeard(from) === true) onFault(asFault(error))
    }
  })
  ground.hear({
    onUp(peer) {
      for (const room of open.values()) room.tell(peer)
    },
  })

  function onMessage(held: HeldBranch, from: NodeId, bytes: Uint8Array): void {
    const room = open.get(held.id)
    const kind = bytes[32]
    if (room?.isHeard(from) === true) {
      const message = parseMessage(bytes)
      if (message.kind === 'apply') onApply(held, from, message)
      else room.receive(from, message)
    } else if (kind === stateKind) room?.tellOut(from)
    else if (kind === applyKind && room !== undefined) {
      const message = parseMessage(bytes)
      if (message.kind === 'apply') onApply(held, from, message)
    } else if (kind === documentsKind && held.invitation !== undefined && doors.has(from)) {
      const message = parseMessage(bytes)
      if (message.kind === 'documents')
        kernel.branches
          .take(held.id, message.documents, message.secret)
          .catch((error: unknown) => onFault(asFault(error)))
    }
  }

  /** Only who has a line of a member's is looked at. */
  function onApply(
    { id, branch, meetingSecret }: HeldBranch,
    from: NodeId,
    { endMs, token, applicant }: Extract<BranchMessage, { kind: 'apply' }>,
  ): void {
    if (branch === undefined || meetingSecret === undefined || nodeIdOf(applicant.nodeKey) !== from) return
    if (endMs < nowMs() || !equalBytes(token, tokenOf(meetingSecret, endMs))) return
    if (branch.memberOf(from, nowMs()) !== undefined) {
      const documents = encodeDocuments(branch.documents)
      const message: BranchMessage = { kind: 'documents', documents, secret: meetingSecret, isAsking: false }
      wire.send(from, encodeMessage(id, message))
      return
    }
    const all = waiting.get(id) ?? new Map<NodeId, Waiting>()
    if (all.has(from) || all.size >= waitingMax || !kernel.branches.isGenuine(id, applicant)) return
    waiting.set(id, all.set(from, { nodeKey: applicant.nodeKey, holder: applicant.holder, endMs }))
    onChanged()
  }

  /** Rooms for those branches that this node is a member of now, and for no other. */
  async function sync(): Promise<void> {
    const held = isClosed ? [] : kernel.branches.held()
    for (const one of held) {
      const isMember = !one.hasLeft && one.branch?.memberOf(keys.id, nowMs()) !== undefined
      const room = open.get(one.id)
      const at = join(folder, one.id.slice(0, 32))
      if (isMember && room === undefined)
        open.set(
          one.id,
          await openBranchRoom({ ...options, settings, places, held: one, folder: at, send: wire.send }),
        )
      else if (isMember) room?.changed(one)
      else if (room !== undefined) {
        open.delete(one.id)
        await room.close()
        // Who went, or was put out, keeps nothing of what others gave it.
        await rm(at, { recursive: true, force: true })
      }
    }
    onChanged()
  }
  const syncSoon = (): Promise<void> => {
    syncing = syncing.then(sync).catch((error: unknown) => onFault(asFault(error)))
    return syncing
  }

  async function askIn({ id, invitation, hasLeft }: HeldBranch): Promise<void> {
    if (invitation === undefined || hasLeft || open.has(id)) return
    const line = parseBranchLine(invitation)
    const applicant = await kernel.branches.applicant(id)
    const message = encodeMessage(id, { kind: 'apply', endMs: line.endMs, token: line.token, applicant })
    const door = parseInvitation(line.place)
    doors.set(door.id, door)
    wire.send(door.id, message)
    // Another member may be there where that one is not.
    if (links.peer(door.id) === undefined)
      discovery.resolve(meetingSubjectOf(id), (signed) => {
        for (const node of signed?.pointer.nodes ?? [])
          if (!isClosed && node !== keys.id)
            discovery.find(node, (record) => {
              if (record === undefined || isClosed) return
              const { id: _, linkKey, addresses: at } = record
              doors.set(node, { ...door, id: node, linkKey, addresses: at })
              wire.send(node, message)
            })
      })
  }
  const knock = (): void => {
    if (isClosed) return
    for (const held of kernel.branches.held()) askIn(held).catch((error: unknown) => onFault(asFault(error)))
    // Memberships begin and end by the clock, too.
    void syncSoon()
    world.after(askMs, knock)
  }

  places.take(readPlaces(kept.get('branches')), () => true)
  await kernel.branches.load()
  void kernel.branches.noteAll().catch((error: unknown) => onFault(asFault(error)))
  const stopListening = kernel.branches.onChanged(() => void syncSoon())
  const stopWork = kernel.keeping.onWork(() => {
    for (const { id, swarm } of open.values()) {
      kernel.branches.lookAgain(id)
      swarm.wake()
    }
  })
  await syncSoon()
  knock()

  const here = (facts: BranchFacts): BranchHere => {
    const room = open.get(facts.id)
    return {
      ...facts,
      others: room?.swarm.others() ?? [],
      held: room?.swarm.held() ?? { blocks: 0, bytes: 0 },
      applicants: [...(waiting.get(facts.id) ?? [])].flatMap(([node, { holder }]) =>
        facts.members.some((member) => member.node === node && member.isAdmitted) ? [] : [{ node, holder }],
      ),
    }
  }
  const settled = async (facts: BranchFacts): Promise<BranchHere> => {
    await syncing
    return here(facts)
  }
  const operations: BranchOperations = {
    list: async () => (await kernel.branches.list()).map(here),
    show: async (ref) => here(await kernel.branches.show(ref)),
    create: async (wish) => settled(await kernel.branches.create(wish)),
    async invite(ref) {
      const { id, name } = await kernel.branches.show(ref)
      const secret = kernel.branches.held().find((held) => held.id === id)?.meetingSecret
      if (!open.has(id) || secret === undefined)
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
      await syncing
      await Promise.all(kernel.branches.held().map(askIn))
      return here(await kernel.branches.show(line.branch))
    },
    async admit(ref, node, { days = 365 } = {}) {
      const { id, name, members } = await kernel.branches.show(ref)
      const asking = [...(waiting.get(id) ?? [])].map(([one, { nodeKey, holder }]) => ({
        node: one,
        nodeKey,
        holder,
      }))
      const awaited = kernel.branches
        .held()
        .flatMap((held) => (held.id === id ? (held.branch?.awaited(nowMs()) ?? []) : []))
      const found = [...awaited, ...asking].filter((one) => one.node.startsWith(node))
      const [one] = found
      if (node.length < 6 || one === undefined || new Set(found.map((each) => each.node)).size > 1)
        throw new Fault(
          'missing.applicant',
          members.some((member) => member.isAdmitted && member.node.startsWith(node))
            ? `That node is a member of ${name} already.`
            : `No single node that begins with "${node}" asks to come into ${name}. See: anarq net branch show ${name}`,
        )
      const facts = await kernel.branches.admit(ref, one, nowMs() + days * dayMs)
      waiting.get(id)?.delete(one.node)
      return settled(facts)
    },
    expel: async (ref, node) => settled(await kernel.branches.expel(ref, node)),
    keep: async (ref, path) => settled(await kernel.branches.keep(ref, path)),
    leave: async (ref) => settled(await kernel.branches.leave(ref)),
    async prove(path) {
      const { branch, digests, folder: name, get, sign } = await kernel.branches.provable(path)
      const room = open.get(branch.id)
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

  return {
    operations,
    neighboursOf(branch) {
      const room = open.get(branch)
      return room !== undefined && room.swarm.others().length > 0 ? room.swarm : undefined
    },
    async close() {
      isClosed = true
      stopListening()
      stopWork()
      await syncing
      kept.set('branches', encodePlaces(places.all()))
      await Promise.all([...open.values()].map((room) => room.close()))
      open.clear()
    },
  }
}

const stateKind = 1
const documentsKind = 2
const applyKind = 3

/** What only who knows the secret of the branch's members can make, for lines that end then. */
function tokenOf(meetingSecret: Uint8Array, endMs: number): Uint8Array {
  return hashBlake3(fromUtf8(`anarq branch line v1 ${endMs}\n`), meetingSecret).slice(0, tokenBytes)
}

function lineOf(text: string, nowMs: number): BranchLine {
  const line = parseBranchLine(text)
  parseInvitation(line.place)
  if (line.endMs > nowMs) return line
  throw new Fault('refused.expired', 'This line is over. Ask for a new one.')
}
