import { networkInterfaces } from 'node:os'
import type { Fault } from '@anarq/fault'
import type { SmallFile } from '@anarq/kernel'
import {
  createLinks,
  createSystemWorld,
  createTcpCarrier,
  createWebSocketCarrier,
  type Links,
  type LinksEvents,
} from '@anarq/links'
import type { NodeId, World } from '@anarq/qnet'
import type { Contact } from '@anarq/qnet/discovery'
import {
  createNodeKeys,
  createOnionKeys,
  type NodeAddress,
  type NodeKeys,
  type OnionKeys,
} from '@anarq/qnet/record'
import { createEndingWorld } from './ending-world.ts'
import { type Kept, openKept } from './kept.ts'
import { createRooms, type Rooms } from './rooms.ts'

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
  /** Hears what links tell, for as long as the ground stands. A stream is taken by the first who takes it. */
  hear(events: GroundEvents): void
  /** Asked, in this order, where a peer is. */
  lookIn(find: (peer: NodeId) => Contact | undefined): void
  close(): Promise<void>
}

/** A node's record names at most so many addresses. */
const addressesMax = 3

/** `unavailable.address` where it cannot listen. */
export async function openGround(options: GroundOptions): Promise<Ground> {
  const { secret, keptFile, listen, outside, onFault } = options
  const world = createEndingWorld(createSystemWorld())
  const keys = createNodeKeys(secret)
  const kept = await openKept({ file: keptFile, secret, world, onFault })
  const onion = openOnionKeys(kept, world, onFault)
  const hearers: GroundEvents[] = []
  const finders: ((peer: NodeId) => Contact | undefined)[] = []
  const rooms = createRooms(() => links)
  const links = createLinks({
    world,
    identity: { node: keys.signing, agreement: keys.link },
    carriers: [createTcpCarrier(), createWebSocketCarrier()],
    find(peer) {
      for (const find of finders) {
        const contact = find(peer)
        if (contact !== undefined && contact.addresses.length > 0)
          return { agreementKey: contact.linkKey, addresses: contact.addresses.map(urlOfAddress) }
      }
      return undefined
    },
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

export function urlOfAddress({ transport, host, port }: NodeAddress): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whoever listens everywhere is reached at the addresses that this machine has now. */
function addressesOf(url: string): NodeAddress[] {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const hosts = isEverywhere
    ? Object.values(networkInterfaces()).flatMap((all = []) =>
        all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
      )
    : [host]
  const transport = protocol === 'ws:' ? 'ws' : 'tcp'
  return hosts.slice(0, addressesMax).map((one) => ({ transport, host: one, port: Number(port) }))
}
