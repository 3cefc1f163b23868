import { setTimeout } from 'node:timers/promises'
import { concatBytes } from '@anarq/bytes'
import { createTcpCarrier, type PipeWay, writeDialBack } from '@anarq/links'
import type { NodeId } from '@anarq/qnet'
import type { Listed } from '@anarq/qnet/discovery'
import type { LinkTarget } from '@anarq/qnet/link'
import { type BrokerLimits, brokerLimits, createNat, type Nat, type Reachability } from '@anarq/qnet/nat'
import { groupOfHost, type InvitedBroker, kindOfHost, type NodeAddress } from '@anarq/qnet/record'
import { type Ground, urlOfAddress } from './ground.ts'
import { createMeets } from './meets.ts'
import { createRelayCarrier } from './relay-carrier.ts'
import { roomBytes } from './rooms.ts'
import { ownHosts, scopeOf } from './scope.ts'

export type PathsSettings = {
  /** Where this node brings others together: what it gives for that. */
  readonly broker?: Partial<BrokerLimits> | undefined
}

export type PathsOptions = {
  readonly ground: Ground
  /** Of this node, where it is a broker. */
  readonly serves: Partial<BrokerLimits> | undefined
  /** All nodes that are known. */
  known(): readonly Listed[]
  /** Others are to come by other brokers now. */
  onPlaces(): void
  onChanged(): void
}

/** How a node is come to that nobody can dial, and how it comes to others of that kind. */
export type PathsRoom = {
  /** How the link to a peer goes; undefined where there is none. */
  wayTo(peer: NodeId): { readonly way: PipeWay | 'direct'; readonly by?: NodeId } | undefined
  facts(): PathsFacts
  close(): Promise<void>
}

export type PathsFacts = {
  /** Whether others can dial this node, as they say; `out`: it listens to nobody. */
  readonly reachability: Reachability | 'out'
  /** Who brings others to it. */
  readonly brokers: readonly NodeId[]
  /** What it does for others, where it is a broker. */
  readonly serves?: {
    readonly places: number
    readonly pairs: number
    readonly waitingBytes: number
    readonly limits: BrokerLimits
  }
}

/** A record names at most so many. */
const placesMax = 3
const tendMs = 3_000
/** A broker that gave no place is asked again after so long, and twice as long each time: it may only have started anew. */
const askAgainMsMin = 4_000
const askAgainMsMax = 60_000
const probeAgainMs = 10 * 60_000
/** There were too few to ask. */
const probeSoonMs = 60_000
/** Whoever took our record just now takes no newer one for a while. */
const tellAgainMs = 25_000
const closeMsMax = 500
const closePollMs = 20

export function openPaths({ ground, serves, known, onPlaces, onChanged }: PathsOptions): PathsRoom {
  const { keys, world, links, rooms, tcp } = ground
  const targetOf = (peer: NodeId): LinkTarget | undefined => {
    const contact = ground.contactOf(peer)
    return contact && { node: peer, agreementKey: contact.agreementKey }
  }
  const carrier = createRelayCarrier({ world, links, nat: () => nat, targetOf })
  let tcpPort: number | undefined
  const housePlaces = (): readonly NodeAddress[] =>
    tcpPort === undefined
      ? []
      : ownHosts('IPv4').map((host) => ({ transport: 'tcp', host, port: tcpPort as number }))
  const meets = createMeets({
    ...{ world, links, tcp, targetOf },
    seenAt: () =>
      [...nat.places.ids().flatMap(nat.places.observedBy), ...housePlaces()].map(({ host }) => host),
  })
  const plain = createTcpCarrier()
  const observed = (peer: NodeId): NodeAddress | undefined => observedOf(links.peer(peer))
  let placesToldMs = 0

  const nat: Nat = createNat({
    self: keys.id,
    world,
    wire: rooms.open(roomBytes.nat, (from, message, isOnTrial) =>
      isOnTrial ? nat.receiveDirect(from, message) : nat.receive(from, message),
    ),
    host: {
      observed,
      groupOf: (peer) => groupOfHost(observed(peer)?.host ?? ''),
      addresses: housePlaces,
      dialBack: (address, number) => void showNumber(plain, address, number),
      dial: meets.dial,
      sendDirect: (to, message) => links.sendOnTrial(to, concatBytes(Uint8Array.of(roomBytes.nat), message)),
      opened: carrier.opened,
      relayed: carrier.relayed,
      changed(peer, path, why) {
        if (path === 'none') carrier.gone(peer, why)
        if (path === 'direct') links.prefer(peer)
        onChanged()
      },
      placesChanged() {
        onPlaces()
        onChanged()
        const toldMs = world.clock.nowMs()
        placesToldMs = toldMs
        world.after(tellAgainMs, () => {
          if (placesToldMs === toldMs) onPlaces()
        })
      },
    },
    ...(serves === undefined ? {} : { broker: serves }),
  })
  ground.carry(carrier)
  ground.hear({
    onLink(peer, way, isOnTrial) {
      if (way === 'relayed') {
        carrier.linked(peer)
        nat.linked(peer)
      } else {
        meets.met(peer)
        if (isOnTrial) nat.directUp(peer)
      }
    },
    onDown(peer) {
      nat.directDown(peer)
      nat.lost(peer)
    },
    onDialBack: nat.arrived,
  })
  void tcp.port().then((port) => {
    tcpPort = port
  })
  const places = createPlaceKeeper({ ground, nat, known })
  ground.broughtBy(places.brokers)
  return {
    wayTo(peer) {
      const link = links.peer(peer)
      const by = nat.brokerTo(peer)
      if (link === undefined) return undefined
      return { way: link.way ?? 'direct', ...(link.way === 'relayed' && by !== undefined ? { by } : {}) }
    },
    facts: () => ({
      reachability: places.reachability(),
      brokers: nat.places.ids(),
      ...(serves === undefined ? {} : { serves: { ...nat.load(), limits: { ...brokerLimits, ...serves } } }),
    }),
    async close() {
      places.close()
      meets.close()
      const relayed = (): boolean => links.peers().some(({ way }) => way === 'relayed')
      for (const { peer, way } of links.peers()) if (way === 'relayed') links.disconnect(peer, 'goingAway')
      // What is said at the end goes over links that end after this.
      for (let waitedMs = 0; relayed() && waitedMs < closeMsMax; waitedMs += closePollMs)
        await setTimeout(closePollMs)
      carrier.close()
    },
  }
}

type PlaceKeeper = {
  reachability(): PathsFacts['reachability']
  brokers(): readonly InvitedBroker[]
  close(): void
}

/** Asks from time to time whether others can dial this node, and takes places with brokers where they cannot. */
function createPlaceKeeper({
  ground,
  nat,
  known,
}: Pick<PathsOptions, 'ground' | 'known'> & { readonly nat: Nat }): PlaceKeeper {
  const { keys, world, links, addresses } = ground
  const asked = new Map<NodeId, { readonly atMs: number; readonly restMs: number }>()
  let reachability: PathsFacts['reachability'] = addresses.length === 0 ? 'out' : 'unknown'
  let probedMs = Number.NEGATIVE_INFINITY
  let isClosed = false

  const probe = (): void => {
    const dialled = addresses.filter(({ transport }) => transport === 'tcp')
    const peers = links.peers().filter(({ way }) => way === undefined)
    const agoMs = world.clock.nowMs() - probedMs
    const againMs = reachability === 'unknown' ? probeSoonMs : probeAgainMs
    if (dialled.length === 0 || peers.length === 0 || (agoMs >= 0 && agoMs < againMs)) return
    probedMs = world.clock.nowMs()
    nat.probe(
      dialled,
      peers.map(({ peer }) => peer),
      (result) => {
        // Nobody could tell: what was found before stands.
        if (result !== 'unknown') reachability = result
      },
    )
  }
  const isOutOfReach = (): boolean =>
    reachability === 'unreachable' ||
    (reachability !== 'reachable' && addresses.every(({ host }) => scopeOf(host) === 'house'))
  const isLeft = (id: NodeId): boolean => {
    const last = asked.get(id)
    const agoMs = world.clock.nowMs() - (last?.atMs ?? 0)
    return last !== undefined && agoMs >= 0 && agoMs < last.restMs
  }
  const candidates = (): readonly NodeId[] =>
    known()
      .filter(({ record, standing }) => {
        const isMet = standing === 'answered' || standing === 'verified'
        return isMet && record.roles.includes('broker') && record.addresses.length > 0
      })
      .map(({ record }) => record.id)
      .filter((id) => id !== keys.id && !nat.places.ids().includes(id) && !isLeft(id))
  const ask = (id: NodeId): void => {
    const restMs = Math.min(askAgainMsMax, 2 * (asked.get(id)?.restMs ?? askAgainMsMin / 2))
    asked.set(id, { atMs: world.clock.nowMs(), restMs })
    nat.places.reserve(id)
  }
  const tend = (): void => {
    if (isClosed) return
    probe()
    const held = nat.places.ids()
    for (const id of held) asked.delete(id)
    if (!isOutOfReach()) for (const id of held) nat.places.leave(id)
    else for (const id of candidates().slice(0, placesMax - held.length)) ask(id)
    world.after(tendMs, tend)
  }
  world.after(0, tend)
  return {
    reachability: () => reachability,
    brokers() {
      const records = new Map(known().map(({ record }) => [record.id, record]))
      return nat.places.ids().flatMap((id): InvitedBroker[] => {
        const record = records.get(id)
        const address = record?.addresses[0]
        return record === undefined || address === undefined ? [] : [{ id, linkKey: record.linkKey, address }]
      })
    },
    close() {
      isClosed = true
    },
  }
}

/** As the router of a peer shows it, where the peer dialled us over TCP. */
function observedOf(link: ReturnType<Ground['links']['peer']>): NodeAddress | undefined {
  if (link === undefined || link.way === 'relayed' || link.port === undefined) return undefined
  const { address: host, port } = link
  return kindOfHost(host) === undefined ? undefined : { transport: 'tcp', host, port }
}

const dialBackMsMax = 5_000

async function showNumber(
  plain: ReturnType<typeof createTcpCarrier>,
  address: NodeAddress,
  number: Uint8Array,
): Promise<void> {
  try {
    const pipe = await plain.dial(urlOfAddress(address), AbortSignal.timeout(dialBackMsMax))
    pipe.start({ onData: () => {}, onDrain: () => {}, onClosed: () => {} })
    pipe.write(writeDialBack(number))
    pipe.end()
  } catch {
    // That nobody is there is the answer.
  }
}
