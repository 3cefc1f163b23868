import { asFault, type Fault } from '@anarq/fault'
import type { Kernel, Neighbours } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import {
  createCardReader,
  createSwarm,
  isSignedHead,
  placeOfNode,
  type Swarm,
  type SwarmSettings,
  seatOf,
  signingOf,
  swarmDefaults,
} from '@anarq/qnet/swarm'
import type { NeighbourhoodFacts } from '@anarq/sdk'
import type { Ground } from './ground.ts'
import { type HeldStore, heldBytesDefault, openHeldStore } from './held-store.ts'
import { listEveryMsDefault, patienceMs } from './keeping-times.ts'
import { placeCard, placeRules, placeWorkBits } from './place-card.ts'
import { roomBytes } from './rooms.ts'
import { asNeighbours, nobody } from './swarm-asking.ts'
import { pump, startMeeting } from './swarm-running.ts'
import { createWaker } from './waker.ts'

export type KeepingSettings = {
  /**
   * What is held for others, at most; absent: a tenth of what is free, and 10 GiB at most. 0: nothing, and this node has no seat,
   * so that others keep for it what they do for strangers.
   */
  readonly heldBytesMax?: number
  /** How fast copies of what is here go out, in bytes a second over all who get one. */
  readonly bytesPerSecond?: number
  /** How long after one list of what is in use the next is made. */
  readonly listEveryMs?: number
  /** All of a network have the same. */
  readonly workBits?: number
  readonly swarm?: Partial<SwarmSettings>
}

export type KeepingOptions = {
  readonly ground: Ground
  /** Whom discovery knows now. */
  readonly known: () => readonly NodeId[]
  readonly kernel: Pick<Kernel, 'keeping'>
  readonly folder: string
  readonly settings?: KeepingSettings | undefined
  onFault(fault: Fault): void
}

/** This node in its neighbourhood: others' blocks on its disk, its own with them. */
export type KeepingRoom = Omit<Neighbours, 'reach'> & {
  /** Resolves when there is somebody; `unavailable.neighbours` where nobody came in a minute. */
  arrived(signal?: AbortSignal): Promise<void>
  facts(): NeighbourhoodFacts
  /** Undefined until its place is paid for. */
  swarm(): Swarm | undefined
  close(): Promise<void>
}

const arriveMsMax = 60_000
/** What too few keep is asked about again after a while, ever more seldom as long as nothing changes. */
const restMsMin = 10_000
const restMsMax = 30 * 60_000
const blamesMax = 64

/** The node is up at once; its place is paid for beside it. */
export async function openKeeping(options: KeepingOptions): Promise<KeepingRoom> {
  const { ground, known, kernel, folder, settings = {}, onFault } = options
  const { world } = ground
  const held = await openHeldStore({ folder, onFault })
  const heldBytesMax = settings.heldBytesMax ?? (await heldBytesDefault(folder, held.bytes()))
  const isGuest = heldBytesMax === 0
  // Whoever gives no room any more keeps none: others have more copies, and make this one anew.
  if (isGuest) for (const note of [...held.store.notes()]) held.store.delete(note)
  const waker = createWaker(ground)
  let isClosed = false
  let swarm: Swarm | undefined

  const others = (): readonly NodeId[] => {
    const members = swarm?.view()?.members ?? []
    return members.map(({ id }) => id).filter((id) => id !== ground.keys.id)
  }
  const isMember = (): boolean => others().length > 0
  /** Who is no member yet may ask members all the same; a first node that has met others will be one of them in a moment. */
  const isSeeking = (): boolean => swarm !== undefined && swarm.view() === undefined && known().length > 0
  const isThere = (): boolean => isMember() || isSeeking()
  const need = (): Swarm => {
    if (swarm !== undefined && isThere()) return swarm
    throw nobody()
  }
  /** Whether anybody leads to a neighbourhood. */
  const isLed = (): Promise<boolean> =>
    new Promise((resolve) => {
      if (swarm === undefined) resolve(false)
      else swarm.contacts.find(swarm.place, known(), (proof) => resolve(proof !== undefined))
    })
  const isStopped = (): boolean => isClosed
  const starting = startSwarm(options, {
    held,
    heldBytesMax,
    others,
    isStopped,
    changed() {
      kernel.keeping.lookAgain()
      waker.wake()
    },
    started(made) {
      swarm = made
    },
  }).catch((error: unknown) => onFault(asFault(error)))
  const stopListening = kernel.keeping.onWork(waker.wake)

  const pumping = pump({
    waker,
    bytesPerSecond: settings.bytesPerSecond,
    restMsMin,
    restMsMax,
    isReady: () => isMember() || (isGuest && isSeeking()),
    isStopped,
    step: () => kernel.keeping.step(),
    rested(isWoken) {
      if (!isWoken) kernel.keeping.lookAgain()
    },
    onFault,
  })
  const copies = settings.swarm?.copies ?? swarmDefaults.copies
  const { giveUp, ...asked } = asNeighbours(need, copies)

  return {
    copies,
    listEveryMs: settings.listEveryMs ?? listEveryMsDefault,
    patienceMs,
    held: () => ({ blocks: held.blocks(), bytes: held.bytes(), bytesMax: heldBytesMax }),
    isThere,
    ...asked,
    async arrived(signal) {
      const startMs = performance.now()
      while (!isMember() && !(isSeeking() && (await isLed()))) {
        signal?.throwIfAborted()
        if (isClosed || performance.now() - startMs > arriveMsMax) throw nobody()
        await new Promise<void>((resolve) => void world.after(100, resolve))
      }
    },
    swarm: () => swarm,
    facts: () => factsOf(ground.keys.id, swarm, held, heldBytesMax),
    async close() {
      isClosed = true
      stopListening()
      waker.end()
      giveUp()
      swarm?.stop()
      await starting
      await pumping
      await kernel.keeping.save()
      await held.close()
    },
  }
}

type Starting = {
  readonly held: HeldStore
  readonly heldBytesMax: number
  others(): readonly NodeId[]
  isStopped(): boolean
  changed(): void
  started(swarm: Swarm): void
}

async function startSwarm(
  { ground, known, settings = {} }: KeepingOptions,
  { held, heldBytesMax, others, isStopped, changed, started }: Starting,
): Promise<void> {
  const { keys, world, links, rooms } = ground
  const rules = placeRules(settings.workBits ?? placeWorkBits)
  const isGuest = heldBytesMax === 0
  const card = await placeCard(ground, rules, isStopped)
  if (card === undefined || isStopped()) return
  const blames = new Map<NodeId, number>()
  const swarm: Swarm = createSwarm({
    card,
    world,
    wire: rooms.open(roomBytes.swarm, (from, message) => swarm.receive(from, message)),
    signing: signingOf(keys.signing),
    store: held.store,
    headStore: held.heads,
    listStore: held.lists,
    bailStore: held.bails,
    readCard: createCardReader(rules),
    isHead: isSignedHead,
    placeOf(publicKey) {
      const seed = rules.seedOf(card.period)
      return seed && placeOfNode(publicKey, seed)
    },
    isGuest,
    blame(peer) {
      const count = (blames.get(peer) ?? 0) + 1
      blames.set(peer, count)
      if (count >= blamesMax) {
        blames.delete(peer)
        links.disconnect(peer, 'protocol')
      }
    },
    changed,
    settings: { ...settings.swarm, heldBytesMax },
  })
  started(swarm)
  startMeeting({ world, swarm, mayFound: !isGuest, known, others, isStopped })
}

function factsOf(
  self: NodeId,
  swarm: Swarm | undefined,
  held: HeldStore,
  bytesMax: number,
): NeighbourhoodFacts {
  const view = swarm?.view()
  const probes = swarm?.membership.probes
  const members = (view?.members ?? []).map(({ id, seat }) => {
    const latencyMs = probes?.latencyMs(id)
    const { answered, sent } = probes?.uptime(id) ?? { answered: 0, sent: 0 }
    return {
      id,
      ...seatOf(seat),
      isSelf: id === self,
      isAnswering: id === self || probes?.isSuspect(id) === false,
      answered,
      asked: sent,
      ...(latencyMs === undefined ? {} : { latencyMs: Math.round(latencyMs) }),
    }
  })
  return {
    held: { blocks: held.blocks(), bytes: held.bytes(), bytesMax },
    ...(view === undefined ? {} : { epoch: view.epoch, prefix: view.prefix }),
    members,
  }
}
