import type { Fault } from '@anarq/fault'
import type { SmallFile } from '@anarq/kernel'
import {
  type Carrier,
  createLinks,
  createSystemWorld,
  createTcpCarrier,
  createWebSocketCarrier,
  type Links,
  type LinksEvents,
  type PeerContact,
  type TcpCarrier,
} from '@anarq/links'
import type { NodeId, World } from '@anarq/qnet'
import type { Contact } from '@anarq/qnet/discovery'
import {
  checkAddress,
  createNodeKeys,
  createOnionKeys,
  type InvitedBroker,
  type NodeAddress,
  type NodeKeys,
  type OnionKeys,
} from '@anarq/qnet/record'
import { createEndingWorld } from './ending-world.ts'
import { type Kept, openKept } from './kept.ts'
import { relayAddress } from './relay-carrier.ts'
import { createRooms, type Rooms } from './rooms.ts'
import { authorityOf, hostsAt, isElsewhere } from './scope.ts'

export type GroundOptions = {
  /** 32 bytes of this device. */
  readonly secret: Uint8Array
  readonly keptFile: SmallFile
  /** Where other nodes may come in; without it this node only goes out. */
  readonly listen?: string | undefined
  /** How others reach that, where it is another address: behind a router, or under a name. */
  readonly outside?: NodeAddress | undefined
  onFault(fault: Fault): void
}

/** What tells several rooms of what links do: all but messages, which have a room each. */
export type GroundEvents = Partial<Omit<LinksEvents, 'onMessage' | 'onStream'>> &
  Pick<Partial<LinksEvents>, 'onStream'>

/** What the rooms of a node's network stand on: its keys, one link to each peer, and what it keeps. */
export type Ground = {
  readonly keys: NodeKeys
  readonly onion: OnionKeys
  readonly world: World
  readonly links: Links
  readonly rooms: Rooms
  readonly kept: Kept
  /** Where it listens; undefined where it does not. */
  readonly address: string | undefined
  /** By which others reach it. */
  readonly addresses: readonly NodeAddress[]
  /** Its TCP, which goes out from one port unless others are told where to come in. */
  readonly tcp: TcpCarrier
  /** One more way of carrying links. */
  carry(carrier: Carrier): void
  /** Who brings others here, where nobody can come in by themselves. */
  brokers(): readonly InvitedBroker[]
  /** Who is asked for that, from now on. */
  broughtBy(brokers: () => readonly InvitedBroker[]): void
  /** Where a peer is, by all that were asked. */
  contactOf(peer: NodeId): PeerContact | undefined
  /** Hears what links tell, for as long as the ground stands. A stream is taken by the first who takes it. */
  hear(events: GroundEvents): void
  /** Asked where a peer is; the first one's addresses are tried first. */
  lookIn(find: (peer: NodeId) => Contact | undefined): void
  close(): Promise<void>
}

/** `unavailable.address` where it cannot listen, `invalid.address` where others cannot be told `outside`. */
export async function openGround(options: GroundOptions): Promise<Ground> {
  const { secret, keptFile, listen, onFault } = options
  const outside = options.outside && checkAddress(options.outside)
  const world = createEndingWorld(createSystemWorld())
  const keys = createNodeKeys(secret)
  const kept = await openKept({ file: keptFile, secret, world, onFault })
  const onion = openOnionKeys(kept, world, onFault)
  const hearers: GroundEvents[] = []
  const finders: ((peer: NodeId) => Contact | undefined)[] = []
  const rooms = createRooms(() => links)
  const tcp = createTcpCarrier({ isOnePort: outside === undefined })
  const carriers: Carrier[] = [tcp, createWebSocketCarrier()]
  let brokers = (): readonly InvitedBroker[] => []
  const contactOf = (peer: NodeId): PeerContact | undefined => contactIn(finders, peer)
  const links = createLinks({
    world,
    identity: { node: keys.signing, agreement: keys.link },
    carriers,
    find: contactOf,
    events: { ...tellAll(hearers), onMessage: rooms.take },
  })
  const close = async (): Promise<void> => {
    await links.close()
    world.end()
    kept.set('onion', onion.keep())
    await kept.close()
    onion.dispose()
    keys.dispose()
  }
  try {
    const listener = listen === undefined ? undefined : await links.listen(listen)
    const own = listener === undefined ? [] : addressesOf(listener.address)
    return {
      keys,
      onion,
      world,
      links,
      rooms,
      kept,
      address: listener?.address,
      addresses: outside === undefined ? own : [outside],
      tcp,
      carry: (carrier) => void carriers.push(carrier),
      brokers: () => brokers(),
      broughtBy(given) {
        brokers = given
      },
      contactOf,
      hear: (events) => void hearers.push(events),
      lookIn: (find) => void finders.push(find),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function tellAll(hearers: readonly GroundEvents[]): GroundEvents {
  return {
    onUp(peer) {
      for (const { onUp } of hearers) onUp?.(peer)
    },
    onDown(peer, report) {
      for (const { onDown } of hearers) onDown?.(peer, report)
    },
    onLink(peer, way, isOnTrial) {
      for (const { onLink } of hearers) onLink?.(peer, way, isOnTrial)
    },
    onDialBack(number) {
      for (const { onDialBack } of hearers) onDialBack?.(number)
    },
    onCell(from, cell) {
      for (const { onCell } of hearers) onCell?.(from, cell)
    },
    onCellRoom(peer) {
      for (const { onCellRoom } of hearers) onCellRoom?.(peer)
    },
    onDialled(peer, isReached) {
      for (const { onDialled } of hearers) onDialled?.(peer, isReached)
    },
    onLatency(peer, latencyMs) {
      for (const { onLatency } of hearers) onLatency?.(peer, latencyMs)
    },
    onStream(from, stream) {
      for (const { onStream } of hearers) {
        const events = onStream?.(from, stream)
        if (events !== undefined) return events
      }
      return undefined
    },
  }
}

function openOnionKeys(kept: Kept, world: World, onFault: (fault: Fault) => void): OnionKeys {
  const { random } = world
  const before = kept.get('onion')
  if (before === undefined) return createOnionKeys({ random })
  try {
    return createOnionKeys({ random, kept: before })
  } catch (error) {
    onFault(error as Fault)
    return createOnionKeys({ random })
  }
}

/** Those of its own come before brokers, who are few and slow; but those of another house, where dialling takes long, behind them. */
function contactIn(
  finders: readonly ((peer: NodeId) => Contact | undefined)[],
  peer: NodeId,
): PeerContact | undefined {
  const contacts = finders.flatMap((find) => find(peer) ?? [])
  const all = contacts.flatMap((contact) => contact.addresses)
  const [near, far] = [
    all.filter(({ host }) => !isElsewhere(host)),
    all.filter(({ host }) => isElsewhere(host)),
  ]
  const relays = contacts.flatMap(({ brokerIds = [] }) => brokerIds.map((id) => relayAddress(id, peer)))
  // What the node said of itself, as its record, is looked into last.
  const last = contacts.at(-1)
  return (
    last && {
      agreementKey: last.linkKey,
      addresses: [...new Set([...near.map(urlOfAddress), ...relays, ...far.map(urlOfAddress)])],
    }
  )
}

export function urlOfAddress(address: NodeAddress): string {
  return `${address.transport}://${authorityOf(address)}`
}

function addressesOf(url: string): NodeAddress[] {
  const { protocol, hostname, port } = new URL(url)
  const transport = protocol === 'ws:' ? 'ws' : 'tcp'
  return hostsAt(hostname.replace(/^\[|\]$/g, '')).map((host) => ({ transport, host, port: Number(port) }))
}
