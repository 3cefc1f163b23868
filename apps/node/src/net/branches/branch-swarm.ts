import { fromHex, fromUtf8 } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import type { BranchNeighbours, Kernel } from '@anarq/kernel'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '@anarq/qnet'
import {
  type CardRules,
  createCard,
  createCardReader,
  createSwarm,
  isSignedHead,
  placeOfNode,
  type Store,
  type Swarm,
  signingOf,
  swarmDefaults,
} from '@anarq/qnet/swarm'
import type { Ground } from '../ground.ts'
import { type HeldStore, heldBytesDefault, openHeldStore } from '../held-store.ts'
import type { KeepingSettings } from '../keeping.ts'
import { asNeighbours, nobody } from '../swarm-asking.ts'
import { pump, startMeeting } from '../swarm-running.ts'
import { createWaker } from '../waker.ts'

/** The neighbourhoods of one branch: members keep what lies in its folders, and nobody else. */
export type BranchSwarm = BranchNeighbours & {
  readonly store: Store
  receive(from: NodeId, message: Uint8Array): void
  /** Other members in this node's neighbourhood. */
  others(): readonly NodeId[]
  held(): { readonly blocks: number; readonly bytes: number }
  /** There may be work, or other members. */
  wake(): void
  close(): Promise<void>
}

export type BranchSwarmOptions = {
  readonly ground: Pick<Ground, 'keys' | 'world'>
  readonly branch: string
  readonly folder: string
  readonly settings: KeepingSettings
  readonly kernel: Pick<Kernel, 'branches'>
  members(): readonly NodeId[]
  send(to: NodeId, message: Uint8Array): void
  onFault(fault: Fault): void
}

/** What nothing was said of is looked at again after a while, ever more seldom as long as nothing changes. */
const restMsMin = 5_000
const restMsMax = 10 * 60_000

/** Members were let in by name: a place among them costs no work. */
function placeRulesOf(branch: string): CardRules {
  const seed = hashBlake3(fromUtf8('anarq branch places v1\n'), fromHex(branch))
  return { workBits: 0, seedOf: (period) => (period === 1 ? seed : undefined) }
}

export async function openBranchSwarm(options: BranchSwarmOptions): Promise<BranchSwarm> {
  const { ground, branch, folder, settings, kernel, members, send, onFault } = options
  const { keys, world } = ground
  const held: HeldStore = await openHeldStore({ folder, onFault })
  const heldBytesMax = settings.heldBytesMax ?? (await heldBytesDefault(folder, held.bytes()))
  const rules = placeRulesOf(branch)
  const waker = createWaker(ground)
  let isClosed = false
  const swarm: Swarm = createSwarm({
    network: branch,
    card: createCard(keys.publicKey, 1, rules, world.random),
    world,
    wire: { send },
    signing: signingOf(keys.signing),
    store: held.store,
    headStore: held.heads,
    listStore: held.lists,
    bailStore: held.bails,
    readCard: createCardReader(rules),
    admits: ({ id }) => id === keys.id || members().includes(id),
    isHead: isSignedHead,
    placeOf(publicKey) {
      const seed = rules.seedOf(1)
      return seed && placeOfNode(publicKey, seed)
    },
    changed() {
      kernel.branches.lookAgain(branch)
      waker.wake()
    },
    // Members were let in by name: each may use all that another gives.
    settings: { ...settings.swarm, heldBytesMax, seatedPart: 1 },
  })
  const others = (): readonly NodeId[] =>
    (swarm.view()?.members ?? []).map(({ id }) => id).filter((id) => id !== keys.id)
  const known = (): readonly NodeId[] => members().filter((id) => id !== keys.id)
  const copies = settings.swarm?.copies ?? swarmDefaults.copies
  const { giveUp, count, get, put } = asNeighbours(() => {
    if (others().length > 0) return swarm
    throw nobody()
  }, copies)

  const isStopped = (): boolean => isClosed
  startMeeting({ world, swarm, mayFound: true, known, others, isStopped })
  const pumping = pump({
    waker,
    bytesPerSecond: settings.bytesPerSecond,
    restMsMin,
    restMsMax,
    isReady: () => others().length > 0,
    isStopped,
    step: () => kernel.branches.step(branch),
    rested: () => kernel.branches.lookAgain(branch),
    onFault,
  })

  return {
    copies,
    count,
    get,
    put,
    store: held.store,
    receive: swarm.receive,
    others,
    held: () => ({ blocks: held.blocks(), bytes: held.bytes() }),
    wake: waker.wake,
    async close() {
      isClosed = true
      waker.end()
      giveUp()
      swarm.stop()
      await pumping
      await held.close()
    },
  }
}
