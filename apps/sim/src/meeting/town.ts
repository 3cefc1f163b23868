import type { NodeId, Wire } from '@anarq/qnet'
import { type Contact, createDiscovery, type Discovery } from '@anarq/qnet/discovery'
import { createNodeKeys, createOnionKeys, type NodeAddress, type NodeKeys } from '@anarq/qnet/record'
import { createTestNet, type TestNet, type TestNode } from '@anarq/qnet/testing'

export type Citizen = {
  readonly keys: NodeKeys
  readonly node: TestNode
  readonly address: NodeAddress
  readonly contact: Contact
  readonly discovery: Discovery
  readonly isHostile: boolean
  readonly bornMs: number
  usableMs: number | undefined
  sentBytes: number
}

export type Town = {
  readonly net: TestNet
  readonly citizens: Citizen[]
  /** Somebody new, who begins with these. */
  add(
    host: string,
    how: { readonly isRelay: boolean; readonly isHostile: boolean },
    knows: readonly Contact[],
  ): Citizen
}

/** Work that a processor of now does in no time: a thousand nodes share one here. */
const bitsMin = 3
const latencyMs = [8, 150] as const
const loss = 0.005

/** Nodes of the real discovery, on lines that lead to a node by an open link, or by an address that is its own. */
export function createTown(seed: number): Town {
  const net = createTestNet({ seed, latencyMs, loss })
  const citizens: Citizen[] = []
  const byId = new Map<NodeId, Citizen>()
  const links = new Map<NodeId, Set<NodeId>>()
  const linksOf = (id: NodeId): Set<NodeId> => {
    const known = links.get(id) ?? new Set()
    links.set(id, known)
    return known
  }
  const isReached = (from: Citizen, to: NodeId): boolean => {
    if (linksOf(from.node.id).has(to)) return true
    const other = byId.get(to)
    const addresses = from.discovery.contactOf(to)?.addresses ?? []
    const isThere =
      other !== undefined && !other.node.isDown && addresses.some(({ host }) => host === other.address.host)
    if (addresses.length > 0) from.discovery.dialled(to, isThere)
    if (!isThere) return false
    linksOf(from.node.id).add(to)
    linksOf(to).add(from.node.id)
    return true
  }

  return {
    net,
    citizens,
    add(host, { isRelay, isHostile }, knows) {
      const number = citizens.length
      const secret = new Uint8Array(32)
      new DataView(secret.buffer).setUint32(0, seed)
      new DataView(secret.buffer).setUint32(4, number)
      const keys = createNodeKeys(secret)
      const node = net.add(keys.id)
      const address: NodeAddress = { transport: 'tcp', host, port: 4610 }
      const wire: Wire = {
        send(to, message) {
          if (!isReached(citizen, to)) return
          citizen.sentBytes += message.length
          node.wire.send(to, message)
        },
      }
      const discovery = createDiscovery({
        keys,
        onion: createOnionKeys({ random: node.world.random }),
        world: node.world,
        wire,
        settings: { bitsMin },
        describe: () => ({
          addresses: [address],
          brokers: [],
          branches: [],
          capacity: 0,
          roles: isRelay ? ['relay'] : [],
        }),
        verifyPointer: (_signed, verdict) => verdict(false),
        groupOfPeer: (peer) => groupOf(byId.get(peer)?.address.host),
      })
      const contact = {
        id: keys.id,
        publicKey: keys.publicKey,
        linkKey: keys.link.publicKey,
        addresses: [address],
      }
      const citizen: Citizen = {
        ...{ keys, node, address, contact, discovery, isHostile },
        ...{ bornMs: net.clock.nowMs(), usableMs: undefined, sentBytes: 0 },
      }
      node.receive = (from, message) => discovery.receive(from, message)
      citizens.push(citizen)
      byId.set(keys.id, citizen)
      discovery.start(knows)
      return citizen
    },
  }
}

function groupOf(host: string | undefined): string | undefined {
  return host === undefined ? undefined : `4:${host.split('.').slice(0, 3).join('.')}`
}
