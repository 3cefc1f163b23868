import { fromHex, toHex } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import type { NodeId, Wire } from '@anarq/qnet'
import {
  type Contact,
  createDiscovery,
  type Description,
  type Discovery,
  type DiscoveryOptions,
  type DiscoverySettings,
  type NetworkState,
  pointerBody,
  type SignedPointer,
  type VerifyPointer,
  writePointer,
} from '@anarq/qnet/discovery'
import { createOnionKeys, type NodeAddress, type NodeKeys } from '@anarq/qnet/record'
import { createTestNet, type TestNet, type TestNode } from '@anarq/qnet/testing'
import { keysOf } from '../record/fixture.ts'

const minuteMs = 60_000

/** Small work and short periods, so that a test has many of them; all else is the product's. */
export const townSettings: Partial<DiscoverySettings> = {
  bitsMin: 3,
  periodMs: 20 * minuteMs,
  roundMs: 30_000,
  gossipEveryMs: 15_000,
}

export type Citizen = {
  readonly keys: NodeKeys
  readonly node: TestNode
  readonly address: NodeAddress
  readonly blamed: [NodeId, string][]
  readonly lied: NodeId[]
  readonly states: NetworkState[]
  discovery: Discovery
  readonly contact: Contact
}

export type Town = {
  readonly net: TestNet
  readonly citizens: Citizen[]
  add(options?: AddOptions): Citizen
  start(citizen: Citizen, contacts: readonly Contact[]): void
  /** The same node with nothing but its keys. */
  restart(citizen: Citizen, contacts: readonly Contact[]): void
}

export type AddOptions = {
  host?: string
  describe?: Partial<Description>
  settings?: Partial<DiscoverySettings>
  options?: Partial<DiscoveryOptions>
  /** A stand-in for the product's node, for lies; it hears everything. */
  behave?: (citizen: Citizen) => (from: NodeId, message: Uint8Array) => void
}

/** Each of them in a /24 of its own unless told otherwise. */
export function hostOf(n: number): string {
  return `${20 + (n >> 8)}.${n & 255}.7.1`
}

/**
 * Nodes on one event queue whose wires find their way as the product's do: by an open link, or by the address that discovery knows,
 * which leads to a node only where it is that node's.
 */
export function createTown(seed: number, latencyMs: readonly [number, number] = [10, 80], loss = 0): Town {
  const net = createTestNet({ seed, latencyMs, loss })
  const citizens: Citizen[] = []
  const open = new Map<NodeId, Set<NodeId>>()
  const linksOf = (id: NodeId): Set<NodeId> => {
    const links = open.get(id) ?? new Set()
    open.set(id, links)
    return links
  }
  const byId = new Map<NodeId, Citizen>()

  const wireOf = (citizen: Citizen): Wire => ({
    send(to, message) {
      const links = linksOf(citizen.node.id)
      if (!links.has(to)) {
        const other = byId.get(to)
        const contact = citizen.discovery.contactOf(to)
        const isThere =
          other !== undefined &&
          !other.node.isDown &&
          (contact?.addresses.some(({ host }) => host === other.address.host) ?? false)
        if (contact !== undefined && contact.addresses.length > 0) citizen.discovery.dialled(to, isThere)
        if (!isThere) return
        links.add(to)
        linksOf(to).add(citizen.node.id)
      }
      citizen.node.wire.send(to, message)
    },
  })
  const make = (citizen: Citizen, { describe, settings, options }: AddOptions): Discovery =>
    createDiscovery({
      keys: citizen.keys,
      onion: createOnionKeys({ random: citizen.node.world.random }),
      world: citizen.node.world,
      wire: wireOf(citizen),
      settings: { ...townSettings, ...settings },
      describe: () => ({
        addresses: [citizen.address],
        brokers: [],
        branches: [],
        capacity: 3,
        roles: ['relay'],
        ...describe,
      }),
      verifyPointer: verifyByKey,
      blamed(peer, code) {
        if (code.startsWith('internal')) throw new Error(`a defect: ${code}`)
        citizen.blamed.push([peer, code])
      },
      lied: (id) => citizen.lied.push(id),
      changed: (state) => citizen.states.push(state),
      ...options,
    })

  const made = new Map<Citizen, AddOptions>()
  const town: Town = {
    net,
    citizens,
    add(options = {}) {
      const n = citizens.length
      const keys = keysOf(1000 + n)
      const node = net.add(keys.id)
      const address: NodeAddress = { transport: 'tcp', host: options.host ?? hostOf(n), port: 7000 }
      const contact = { id: keys.id, linkKey: keys.link.publicKey, addresses: [address] }
      const citizen = { keys, node, address, contact, blamed: [], lied: [], states: [] } as unknown as Citizen
      citizen.discovery = make(citizen, options)
      made.set(citizen, options)
      byId.set(keys.id, citizen)
      citizens.push(citizen)
      const behaviour = options.behave?.(citizen)
      node.receive = behaviour ?? ((from, message) => citizen.discovery.receive(from, message))
      return citizen
    },
    start: (citizen, contacts) => citizen.discovery.start(contacts),
    restart(citizen, contacts) {
      citizen.discovery.stop()
      citizen.node.isDown = false
      for (const [id, links] of open) if (id === citizen.node.id) links.clear()
      for (const links of open.values()) links.delete(citizen.node.id)
      citizen.discovery = make(citizen, made.get(citizen) ?? {})
      citizen.discovery.start(contacts)
    },
  }
  return town
}

/** `count` nodes that all know the first one, running until each is usable. */
export function settledTown(seed: number, count: number, settings: Partial<DiscoverySettings> = {}): Town {
  const town = createTown(seed)
  for (let n = 0; n < count; n += 1) town.add({ settings })
  const [first] = town.citizens as [Citizen]
  for (const citizen of town.citizens) town.start(citizen, citizen === first ? [] : [first.contact])
  const tookMs = town.net.runUntil(
    () => town.citizens.every(({ discovery }) => discovery.status().isUsable),
    120_000,
  )
  if (tookMs === undefined) throw new Error('the town never settled')
  return town
}

/** Subjects here are public keys in hex, as did:key is. */
export const verifyByKey: VerifyPointer = ({ pointer, body, signature }, verdict) =>
  verdict(primitives.ed25519Verify(fromHex(pointer.subject.slice(4)), body, signature))

export function subjectOf(seed: number): {
  subject: string
  sign(nodes: NodeId[], sequence: number, expiresMs: number): SignedPointer
} {
  const key = primitives.ed25519Key(new Uint8Array(32).fill(seed))
  const subject = `key:${toHex(key.publicKey)}`
  return {
    subject,
    sign(nodes, sequence, expiresMs) {
      const pointer = { subject, nodes, sequence, expiresMs }
      return writePointer(pointer, key.sign(pointerBody(pointer)))
    },
  }
}
