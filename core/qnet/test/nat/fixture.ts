import { concatBytes } from '@anarq/bytes'
import type { NodeId, Wire } from '@anarq/qnet'
import { type BrokerLimits, createNat, type Nat, type Path } from '@anarq/qnet/nat'
import { groupOfHost, type NodeAddress } from '@anarq/qnet/record'
import { createTestNet, type TestNet, type TestNode } from '@anarq/qnet/testing'
import { keysOf } from '../record/fixture.ts'

/** How a router treats what comes in (RFC 4787): whom it lets through, and whether it shows one port to all. */
export type Router = 'full cone' | 'none' | 'port restricted' | 'restricted' | 'symmetric'

export type Member = {
  readonly id: NodeId
  readonly node: TestNode
  readonly nat: Nat
  readonly address: NodeAddress
  readonly router: Router
  readonly paths: Path[]
  readonly reasons: string[]
  readonly heard: Uint8Array[]
  readonly blamed: string[]
  readonly dialled: string[]
  /** Direct links that are up but carry nothing, as behind some firewalls. */
  isDeaf: boolean
  say(to: NodeId, text: Uint8Array): void
}

export type Lab = {
  readonly net: TestNet
  /** Everything that a broker forwarded. */
  readonly carried: Uint8Array[]
  member(router: Router, options?: { broker?: Partial<BrokerLimits>; extra?: NodeAddress[] }): Member
  /** A link that is there from the beginning, as to a broker. */
  link(member: Member, other: Member): void
  unlink(member: Member, other: Member): void
}

const listenPort = 7000

/** Hosts behind routers of all kinds. What stands for a sealed link here flips bits, so that its carrier can be seen to see no text. */
export function createLab(seed: number): Lab {
  const net = createTestNet({ seed, latencyMs: [20, 60] })
  const members = new Map<NodeId, Member>()
  const links = new Set<string>()
  const relayedLinks = new Set<string>()
  const carried: Uint8Array[] = []
  const holes = new Map<NodeId, { host: string; port: number; from: number }[]>()
  let ports = 20_000

  const key = (a: NodeId, b: NodeId) => (a < b ? a + b : b + a)
  const isLinked = (a: NodeId, b: NodeId) => links.has(key(a, b))
  /** Sends from the port that is listened on, and says which one the world sees. */
  const goOut = (member: Member, to: { host: string; port: number }): number => {
    const own = holes.get(member.id) ?? []
    holes.set(member.id, own)
    const held = own.find(({ host, port }) => host === to.host && port === to.port)
    if (held !== undefined) return held.from
    const from = member.router === 'symmetric' ? ports++ : listenPort
    own.push({ ...to, from })
    return from
  }
  const letsIn = (member: Member, port: number, from: { host: string; port: number }): boolean => {
    if (member.router === 'none') return port === listenPort
    const here = (holes.get(member.id) ?? []).filter((hole) => hole.from === port)
    if (member.router === 'full cone') return here.length > 0
    if (member.router === 'restricted') return here.some(({ host }) => host === from.host)
    return here.some((hole) => hole.host === from.host && hole.port === from.port)
  }
  const dial = (
    member: Member,
    to: NodeAddress,
    arrived: (other: Member) => void,
    port: number = goOut(member, to),
  ): void => {
    member.dialled.push(to.host)
    const from = { host: member.address.host, port }
    const other = [...members.values()].find(({ address }) => address.host === to.host)
    net.after(40, () => {
      if (other !== undefined && !other.node.isDown && letsIn(other, to.port, from)) arrived(other)
    })
  }
  const send = (member: Member, to: NodeId, message: Uint8Array): void => {
    if (isLinked(member.id, to)) member.node.wire.send(to, concatBytes(Uint8Array.of(0), message))
    else if (relayedLinks.has(key(member.id, to)))
      member.nat.send(to, concatBytes(Uint8Array.of(3), flip(message)))
  }
  const make = (
    router: Router,
    { broker, extra = [] }: { broker?: Partial<BrokerLimits>; extra?: NodeAddress[] },
  ) => {
    const n = members.size
    const { id } = keysOf(700 + n)
    const node = net.add(id)
    const address: NodeAddress = { transport: 'tcp', host: `50.${n}.0.1`, port: listenPort }
    const wire: Wire = {
      send(to, message) {
        if (message[0] === 0xff && broker !== undefined) carried.push(message.slice(9))
        send(member, to, message)
      },
    }
    const nat = createNat({
      self: id,
      world: node.world,
      wire,
      ...(broker === undefined ? {} : { broker }),
      host: {
        observed(peer) {
          const other = members.get(peer)
          if (other === undefined || !isLinked(id, peer)) return undefined
          return { ...other.address, port: goOut(other, member.address) }
        },
        groupOf: (peer) => groupOfHost(members.get(peer)?.address.host ?? ''),
        addresses: () => extra,
        dialBack: (to, nonce) => dial(member, to, (other) => other.nat.arrived(nonce), ports++),
        dial(peer, addresses) {
          for (const to of addresses)
            dial(member, to, (other) => {
              if (other.id !== peer) return
              links.add(key(id, peer))
              other.nat.directUp(id)
              net.after(40, () => member.nat.directUp(peer))
            })
        },
        sendDirect(to, message) {
          if (isLinked(id, to) && !member.isDeaf) node.wire.send(to, concatBytes(Uint8Array.of(1), message))
        },
        opened(peer, isInitiator) {
          if (isInitiator) nat.send(peer, Uint8Array.of(1))
        },
        relayed(peer, bytes) {
          if (bytes[0] === 1) nat.send(peer, Uint8Array.of(2))
          if (bytes[0] === 1 || bytes[0] === 2) {
            relayedLinks.add(key(id, peer))
            nat.linked(peer)
          } else receive(peer, flip(bytes.slice(1)))
        },
        changed(peer, path, why) {
          // The sealed link over the broker ends a moment after the direct one took over.
          if (path === 'direct') net.after(1000, () => nat.disconnect(peer))
          member.paths.push(path)
          member.reasons.push(why)
        },
        blamed: (_, code) => member.blamed.push(code),
      },
    })
    const receive = (from: NodeId, message: Uint8Array): void => {
      if (message[0] === 0x54) member.heard.push(message)
      else nat.receive(from, message)
    }
    node.receive = (from, message) =>
      message[0] === 1 ? nat.receiveDirect(from, message.slice(1)) : receive(from, message.slice(1))
    const member: Member = {
      ...{ id, node, nat, address, router, paths: [], reasons: [], heard: [], blamed: [], dialled: [] },
      isDeaf: false,
      say(to, text) {
        const message = concatBytes(Uint8Array.of(0x54), text)
        if (nat.pathTo(to) === 'direct') node.wire.send(to, concatBytes(Uint8Array.of(0), message))
        else nat.send(to, concatBytes(Uint8Array.of(3), flip(message)))
      },
    }
    members.set(id, member)
    return member
  }
  return {
    net,
    carried,
    member: (router, options = {}) => make(router, options),
    link(member, other) {
      goOut(member, other.address)
      links.add(key(member.id, other.id))
    },
    unlink(member, other) {
      links.delete(key(member.id, other.id))
      for (const [one, peer] of [
        [member, other],
        [other, member],
      ] as const)
        one.nat.directDown(peer.id)
    },
  }
}

function flip(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0x5a)
}

/** A broker that both are linked to and have a place at. */
export function meeting(
  seed: number,
  left: Router,
  right: Router,
  broker: Partial<BrokerLimits> = {},
): { lab: Lab; middle: Member; a: Member; b: Member } {
  const lab = createLab(seed)
  const middle = lab.member('none', { broker })
  const [a, b] = [lab.member(left), lab.member(right)] as const
  for (const one of [a, b]) {
    lab.link(one, middle)
    one.nat.places.reserve(middle.id)
  }
  lab.net.run(1000)
  return { lab, middle, a, b }
}
