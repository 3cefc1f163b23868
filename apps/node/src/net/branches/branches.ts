import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import type { BranchNeighbours, HeldBranch, Kernel } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import { parseCertificate } from '@anarq/qnet/branch'
import type { Discovery } from '@anarq/qnet/discovery'
import type { BranchOperations } from '@anarq/sdk'
import type { Ground } from '../ground.ts'
import type { KeepingSettings } from '../keeping.ts'
import { roomBytes } from '../rooms.ts'
import { type BranchRoom, openBranchRoom } from './branch-room.ts'
import { createBranchDoor } from './door.ts'
import { branchOfMessage, parseMessage } from './messages.ts'
import { branchOperations } from './operations.ts'
import { createMemberPlaces, encodePlaces, readPlaces } from './places.ts'
import { createPresenting } from './presenting.ts'

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

const askMs = 3000

export async function openBranches(options: BranchesOptions): Promise<BranchesRoom> {
  const { ground, kernel, folder, settings = {}, onFault, onChanged } = options
  const { keys, world, rooms, kept } = ground
  const nowMs = (): number => world.clock.nowMs()
  const places = createMemberPlaces(nowMs)
  const open = new Map<string, BranchRoom>()
  /** Folders of branches that this node is no member of, which are gone. */
  const cleared = new Set<string>()
  let isClosed = false
  let syncing: Promise<void> = Promise.resolve()

  ground.lookIn((node) => places.contactOf(node) ?? door.contactOf(node))
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
  const presented = createPresenting(nowMs)
  const door = createBranchDoor({ ...options, send: wire.send })
  ground.hear({
    onUp(peer) {
      for (const room of open.values()) {
        room.present(peer)
        room.tell(peer)
      }
    },
  })

  function onMessage(held: HeldBranch, from: NodeId, bytes: Uint8Array): void {
    const room = open.get(held.id)
    const kind = bytes[32]
    if (room?.isHeard(from) === true) {
      const message = parseMessage(bytes)
      if (message.kind === 'apply') door.onApply(held, from, message)
      else room.receive(from, message)
    } else if (kind === stateKind) room?.tellOut(from)
    else if (kind === applyKind && room !== undefined) {
      const message = parseMessage(bytes)
      if (message.kind === 'apply') door.onApply(held, from, message)
    } else if (kind === documentsKind && held.invitation !== undefined && door.isAsked(from)) {
      const message = parseMessage(bytes)
      if (message.kind === 'documents')
        kernel.branches
          .take(held.id, message.documents, message.secret)
          .catch((error: unknown) => onFault(asFault(error)))
    } else if (kind === documentsKind && room !== undefined) {
      const documents = presented(from, bytes)
      if (documents !== undefined) kernel.branches.take(held.id, documents, undefined).catch(() => {})
    }
  }

  /** Rooms for those branches that this node is a member of now, and for no other. */
  async function sync(): Promise<void> {
    const held = isClosed ? [] : kernel.branches.held()
    for (const one of held) {
      const isMember = !one.hasLeft && one.branch?.memberOf(keys.id, nowMs()) !== undefined
      const room = open.get(one.id)
      const at = join(folder, one.id.slice(0, 32))
      if (isMember && room === undefined) {
        cleared.delete(one.id)
        open.set(
          one.id,
          await openBranchRoom({ ...options, settings, places, held: one, folder: at, send: wire.send }),
        )
        onChanged()
      } else if (isMember) room?.changed(one)
      else if (!cleared.has(one.id)) {
        open.delete(one.id)
        await room?.close()
        // Who went, or was put out, keeps nothing of what others gave it; a time that ran out may be a clock that is wrong.
        if (isPutOut(one, keys.publicKey, nowMs())) {
          await rm(at, { recursive: true, force: true })
          cleared.add(one.id)
        }
        if (room !== undefined) onChanged()
      }
    }
  }
  const syncSoon = (): Promise<void> => {
    syncing = syncing.then(sync).catch((error: unknown) => onFault(asFault(error)))
    return syncing
  }

  const knock = (): void => {
    if (isClosed) return
    for (const held of kernel.branches.held())
      if (!held.hasLeft && !open.has(held.id))
        door.ask(held).catch((error: unknown) => onFault(asFault(error)))
    // Memberships begin and end by the clock, too.
    void syncSoon()
    world.after(askMs, knock)
  }

  places.take(readPlaces(kept.get('branches')), () => true)
  await kernel.branches.load()
  void kernel.branches.noteAll().catch((error: unknown) => onFault(asFault(error)))
  const stopListening = kernel.branches.onChanged(() => {
    onChanged()
    void syncSoon()
  })
  const stopWork = kernel.keeping.onWork(() => {
    for (const { id, swarm } of open.values()) {
      kernel.branches.lookAgain(id)
      swarm.wake()
    }
  })
  await syncSoon()
  knock()

  return {
    operations: branchOperations({ ground, kernel, rooms: open, door, settled: () => syncing }),
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

/** It left, or a certificate of it was revoked whose time is not over. */
function isPutOut({ hasLeft, branch }: HeldBranch, nodeKey: Uint8Array, nowMs: number): boolean {
  if (hasLeft || branch === undefined) return hasLeft
  return branch.documents.certificates
    .map(({ body }) => parseCertificate(body))
    .some((one) => equalBytes(one.nodeKey, nodeKey) && one.fromMs <= nowMs && nowMs < one.untilMs)
}

const stateKind = 1
const documentsKind = 2
const applyKind = 3
