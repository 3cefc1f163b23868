import { BlockList, isIP } from 'node:net'
import { decodeCbor, encodeCbor, readArray, readText } from '@anarq/ipld'
import type { NodeId } from '@anarq/qnet'
import { type Invitation, parseInvitation } from '@anarq/qnet/record'

/** Where members are, as each signed it: what a branch needs to go on when nobody else is there. */
export type MemberPlaces = {
  contactOf(node: NodeId): Invitation | undefined
  /** What a member told; what is over, unsigned or of a stranger is not kept. */
  take(places: readonly string[], isMember: (node: NodeId) => boolean): void
  some(max: number): readonly string[]
  all(): readonly string[]
}

const placesMax = 256

export function createMemberPlaces(nowMs: () => number): MemberPlaces {
  const held = new Map<NodeId, { readonly text: string; readonly invitation: Invitation }>()
  return {
    contactOf(node) {
      const one = held.get(node)
      return one !== undefined && one.invitation.endMs > nowMs() ? one.invitation : undefined
    },
    take(places, isMember) {
      for (const text of places) {
        const invitation = read(text)
        if (invitation === undefined || invitation.endMs <= nowMs() || !isMember(invitation.id)) continue
        if ((held.get(invitation.id)?.invitation.endMs ?? 0) >= invitation.endMs) continue
        held.delete(invitation.id)
        held.set(invitation.id, { text, invitation })
        if (held.size > placesMax) held.delete(held.keys().next().value as NodeId)
      }
    },
    some: (max) =>
      [...held.values()]
        .filter(({ invitation }) => invitation.endMs > nowMs())
        .slice(-max)
        .map(({ text }) => text),
    all: () => [...held.values()].map(({ text }) => text),
  }
}

function read(text: string): Invitation | undefined {
  try {
    return parseInvitation(text)
  } catch {
    return undefined
  }
}

/** What was known of members before a restart, of all branches in one list. */
export function encodePlaces(places: readonly string[]): Uint8Array {
  return encodeCbor(places)
}

export function readPlaces(bytes: Uint8Array | undefined): readonly string[] {
  try {
    if (bytes === undefined) return []
    return readArray(decodeCbor(bytes), 'Places', { max: 4096 }).map((place) =>
      readText(place, 'A place', { max: 300 }),
    )
  } catch {
    return []
  }
}

/** Whether a host is in one of the networks that a charter names; in any where it names none. A name is in none. */
export function createNetworks(networks: readonly string[]): (host: string) => boolean {
  if (networks.length === 0) return () => true
  const list = new BlockList()
  for (const network of networks) {
    const [host = '', prefix] = network.split('/')
    const version = isIP(host)
    const bits = Number(prefix ?? (version === 4 ? 32 : 128))
    if (version !== 0 && Number.isInteger(bits) && bits >= 0 && bits <= (version === 4 ? 32 : 128))
      list.addSubnet(host, bits, version === 4 ? 'ipv4' : 'ipv6')
  }
  return (host) => {
    const plain = host.replace(/^::ffff:(?=\d+\.)/i, '')
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}
