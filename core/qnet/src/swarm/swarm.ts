import { asFault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readText } from '@anarq/ipld'
import type { NodeId } from '../node-id.ts'
import { messageBytesMax, type Wire, type World } from '../world.ts'
import type { Card } from './card.ts'
import { pick } from './chance.ts'
import { type Contacts, createContacts } from './contacts.ts'
import { type IsSigned, isSignedList } from './feed.ts'
import { createMemoryHeadStore, type HeadStore } from './head-store.ts'
import { createMembership, type Membership } from './membership.ts'
import { type MembershipSettings, membershipDefaults } from './membership-settings.ts'
import { type Place, siblingOf } from './place.ts'
import type { Signing } from './ports.ts'
import { createReplicas, type ReplicaSettings, type Replicas, replicaDefaults } from './replicas.ts'
import { createBail } from './standing.ts'
import type { Store } from './store.ts'
import type { View } from './view.ts'

export type SwarmSettings = MembershipSettings & ReplicaSettings

export const swarmDefaults: SwarmSettings = { ...membershipDefaults, ...replicaDefaults }

export type SwarmOptions = {
  /** '' for MasterNet, else the name of a branch: messages of one are nothing to another. */
  readonly network?: string
  readonly card: Card
  readonly world: World
  readonly wire: Wire
  readonly signing: Signing
  readonly store: Store
  readonly headStore: HeadStore
  /** The same of lists, and of who stands for an index. */
  readonly listStore?: HeadStore
  readonly bailStore?: HeadStore
  /** A card from a peer, checked; `createCardReader` keeps what was checked before. */
  readCard(value: unknown): Card
  admits?(card: Card): boolean
  /** Whether a head is signed by the owner of its index. */
  readonly isHead: IsSigned
  /** Whether its owner signed that it stands on what this block lists. */
  readonly isList?: IsSigned
  /** Where a node with this key belongs; without it no node counts as one that has a seat. */
  placeOf?(publicKey: Uint8Array): Place | undefined
  /** Told of each message that was no message, so that the link can be held to account. */
  blame?(peer: NodeId, code: string): void
  changed?(view: View, before: View | undefined): void
  /** Takes no seat: it holds nothing for others, and they hold for it what they do for strangers. */
  readonly isGuest?: boolean
  readonly settings?: Partial<SwarmSettings>
}

export type Swarm = {
  /** With nobody to ask: the first node of a network. Else by way of nodes that are known. */
  start(known: readonly NodeId[]): void
  /** Nodes that were heard of elsewhere: one is asked where it is, so that networks which began apart become one. */
  meet(nodes: readonly NodeId[]): void
  receive(from: NodeId, message: Uint8Array): void
  stop(): void
  view(): View | undefined
  /** This node stands for an index: what others hold for it counts as this node's. Told how many took note. */
  stand(feed: Uint8Array, done: (copies: number) => void): void
  /** Of this node. */
  readonly place: Place
  readonly membership: Membership
  readonly contacts: Contacts
  readonly replicas: Replicas
}

/** One node of a swarm: a state machine over a world and a wire. */
export function createSwarm({
  network = '',
  card,
  world,
  wire,
  signing,
  store,
  headStore,
  listStore = createMemoryHeadStore(),
  bailStore = createMemoryHeadStore(),
  readCard,
  admits = () => true,
  isHead,
  isList = isSignedList,
  placeOf = () => undefined,
  isGuest = false,
  blame = () => {},
  changed = () => {},
  settings: given = {},
}: SwarmOptions): Swarm {
  const settings = { ...swarmDefaults, ...given }
  let known: readonly NodeId[] = []
  let isStopped = false
  let seeks = 0
  let ticks = 0

  const send = (to: NodeId, kind: string, ...body: readonly unknown[]): void => {
    const message = encodeCbor([network, kind, ...body])
    if (!isStopped && message.length <= messageBytesMax) wire.send(to, message)
  }
  const membership: Membership = createMembership({
    network,
    card,
    world,
    signing,
    readCard,
    admits,
    send,
    homeless: () => seek(),
    isGuest,
    changed(view, before, all) {
      seeks = 0
      // Whoever was one neighbourhood is the best way into the part that it lost.
      for (const { members } of all) for (const member of members) contacts.add(member)
      for (const member of before?.members ?? []) contacts.add(member)
      replicas.changed()
      changed(view, before)
    },
    contacts: (place, count) =>
      contacts
        .near(place, count + 25)
        .filter(({ place: at }) => isBeside(at))
        .map(({ id }) => id)
        .slice(0, count),
    settings,
  })
  const contacts = createContacts({
    self: card,
    world,
    readCard,
    send,
    view: membership.view,
    proof: membership.proof,
    learned: (proof, from) => membership.learn(proof, from),
  })
  const replicas = createReplicas({
    self: card.id,
    network,
    world,
    signing,
    store,
    headStore,
    listStore,
    bailStore,
    send,
    membership,
    contacts,
    known: () => known,
    isHead,
    isList,
    placeOf,
    settings,
  })

  function isBeside(place: Uint8Array): boolean {
    const prefix = membership.view()?.prefix ?? ''
    return (
      prefix !== '' &&
      [...siblingOf(prefix)].every(
        (bit, at) => (((place[at >> 3] as number) >> (7 - (at & 7))) & 1) === Number(bit),
      )
    )
  }

  /** Until this node has a neighbourhood, again and again, ever more slowly. */
  function seek(): void {
    if (isStopped || membership.view() !== undefined) return
    contacts.find(card.place, known, () => {})
    const waitMs = Math.min(60_000, 4000 * 1.5 ** seeks)
    seeks += 1
    world.after(waitMs, () => seek())
  }

  function tick(): void {
    if (isStopped) return
    ticks += 1
    membership.tick()
    if (ticks % 6 === 0) contacts.exchange()
    replicas.tick()
    world.after(settings.probeMs, tick)
  }

  return {
    start(start) {
      known = start
      const first = (world.random.bytes(2)[0] as number) / 256
      world.after(settings.probeMs * first, tick)
      if (known.length === 0 && !isGuest) membership.found()
      else seek()
    },
    meet(nodes) {
      const { members = [] } = membership.view() ?? {}
      const others = nodes.filter((id) => id !== card.id && !members.some((member) => member.id === id))
      if (others.length > 0) known = others
      for (const id of pick(others, 1, world.random)) send(id, 'view?')
    },
    receive(from, message) {
      if (isStopped) return
      try {
        const [of, kindRead, ...body] = readArray(decodeCbor(message), 'a message', { max: 12 })
        if (of !== network) return
        const kind = readText(kindRead, 'a kind', { max: 16 })
        const isKnown =
          membership.receive(from, kind, body) ||
          contacts.receive(from, kind, body) ||
          replicas.receive(from, kind, body)
        if (!isKnown) blame(from, 'invalid.kind')
      } catch (error) {
        blame(from, asFault(error).code)
      }
    },
    stop() {
      isStopped = true
      membership.stop()
    },
    stand: (feed, done) =>
      replicas.bails.put(feed, createBail(signing, network, feed, world.clock.nowMs()), done),
    view: membership.view,
    place: card.place,
    membership,
    contacts,
    replicas,
  }
}
