import { Fault } from '@anarq/fault'
import type { Spread } from '@anarq/qnet/circuit'
import type { Listed } from '@anarq/qnet/discovery'
import type { OfferedRole } from '@anarq/qnet/record'
import type {
  ChoiceFacts,
  CircuitsFacts,
  NetworkOperations,
  NodeNetworkFacts,
  PeerFacts,
  RegisterOperations,
} from '@anarq/sdk'
import type { BranchesRoom } from './branches/branches.ts'
import type { Circuits } from './circuits.ts'
import { type Ground, urlOfAddress } from './ground.ts'
import type { KeepingRoom } from './keeping.ts'
import type { Meeting } from './meeting.ts'
import type { PathsRoom } from './paths.ts'
import type { RolesRoom } from './roles.ts'

export type NetworkParts = {
  readonly ground: Ground
  readonly meeting: Meeting
  readonly paths: PathsRoom
  readonly keeping: KeepingRoom
  readonly circuits: Circuits
  readonly branches: BranchesRoom
  readonly roles: readonly OfferedRole[]
  readonly rolesRoom: RolesRoom
}

/** What can be asked of a node's network, over its rooms. */
export function networkOperations(parts: NetworkParts): Omit<NetworkOperations, keyof RegisterOperations> {
  const { ground, meeting, paths, keeping, circuits, roles, rolesRoom } = parts
  const { keys, links, address, addresses } = ground
  const { discovery, invite, join } = meeting
  const facts = ({ record, standing, rttMs }: Listed): PeerFacts => {
    const link = links.peer(record.id)
    const latencyMs = link?.latencyMs ?? rttMs
    return {
      id: record.id,
      standing,
      addresses: record.addresses.map(urlOfAddress),
      roles: record.roles,
      sinceMs: record.sinceMs,
      isLinked: link !== undefined,
      ...paths.wayTo(record.id),
      ...(latencyMs === undefined ? {} : { latencyMs: Math.round(latencyMs) }),
    }
  }
  const peers = (): readonly PeerFacts[] =>
    discovery
      .nodes()
      .filter(({ record }) => record.id !== keys.id)
      .map(facts)
      .sort((a, b) => Number(b.isLinked) - Number(a.isLinked))

  return {
    status() {
      const { isUsable, live, known, clockOffsetMs } = discovery.status()
      const { state } = discovery
      return {
        state: 'on',
        id: keys.id,
        ...(address === undefined ? {} : { listens: address }),
        addresses: addresses.map(urlOfAddress),
        roles,
        isUsable,
        live,
        known,
        links: links.peers().length,
        clockOffsetMs,
        ...reachOf(paths),
        ...socksOf(circuits),
        ...(state === undefined ? {} : { agreed: { period: state.period, relays: state.ids.length } }),
      }
    },
    peers,
    neighbourhood: keeping.facts,
    invite,
    branches: parts.branches.operations,
    circuits: () => circuitsOf(parts),
    roles: rolesRoom.facts,
    async join(invitation, signal) {
      const id = await join(invitation, signal)
      const known = peers().find((peer) => peer.id === id)
      if (known === undefined) throw new Fault('unavailable.peer', 'That node went away at once. Try again.')
      return known
    },
  }
}

function reachOf(
  paths: PathsRoom,
): Pick<Extract<NodeNetworkFacts, { state: 'on' }>, 'brokering' | 'brokers' | 'reachability'> {
  const { reachability, brokers, serves } = paths.facts()
  if (serves === undefined) return { reachability, brokers }
  const { limits, ...load } = serves
  const { reservationsMax: placesMax, pairsMax, pairsPerNodeMax } = limits
  const { pairBytesPerSecond, pairBytesMax, pairMs } = limits
  const most = { placesMax, pairsMax, pairsPerNodeMax, pairBytesPerSecond, pairBytesMax, pairMs }
  return { reachability, brokers, brokering: { ...load, ...most } }
}

function socksOf({ door }: Circuits): Pick<CircuitsFacts, 'socks' | 'socksFault'> {
  const [socks, fault] = [door?.current(), door?.fault()]
  return {
    ...(socks === undefined ? {} : { socks: { host: socks.host, port: socks.port } }),
    ...(door === undefined || fault === undefined
      ? {}
      : { socksFault: { port: door.port, code: fault.code } }),
  }
}

function circuitsOf({ meeting, circuits }: NetworkParts): CircuitsFacts {
  const { pool, paths, relay } = circuits
  const records = new Map(meeting.discovery.nodes().map(({ record }) => [record.id, record]))
  const relays = circuits.relays()
  const { first, second, last } = paths.report()
  return {
    ...socksOf(circuits),
    relays: relays.length,
    exits: relays.filter(({ isExit }) => isExit).length,
    guards: paths.guards.first.map(({ node }) => node),
    choice: { first: choiceOf(first), second: choiceOf(second), last: choiceOf(last) },
    circuits: pool.list().map(({ path, ageMs, streams, bytes, rttMs, isRetired }) => ({
      hops: path.map(({ node }) => ({
        id: node,
        addresses: records.get(node)?.addresses.map(urlOfAddress) ?? [],
      })),
      ageMs: Math.round(ageMs),
      streams,
      bytes,
      ...(rttMs === undefined ? {} : { rttMs: Math.round(rttMs) }),
      isRetired,
    })),
    passing: relay?.circuits ?? 0,
  }
}

function choiceOf({ relays, entropyBits, floorBits, evenBits, shareMost }: Spread): ChoiceFacts {
  return { relays, entropyBits, floorBits, evenBits, shareMost }
}
