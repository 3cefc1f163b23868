import { Fault } from '@anarq/fault'
import type { Listed } from '@anarq/qnet/discovery'
import type { OfferedRole } from '@anarq/qnet/record'
import type { NetworkOperations, PeerFacts } from '@anarq/sdk'
import { type Ground, urlOfAddress } from './ground.ts'
import type { KeepingRoom } from './keeping.ts'
import type { Meeting } from './meeting.ts'

export type NetworkParts = {
  readonly ground: Ground
  readonly meeting: Meeting
  readonly keeping: KeepingRoom | undefined
  readonly roles: readonly OfferedRole[]
}

/** What can be asked of a node's network, over its rooms. */
export function networkOperations({ ground, meeting, keeping, roles }: NetworkParts): NetworkOperations {
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
        ...(state === undefined ? {} : { agreed: { period: state.period, relays: state.ids.length } }),
      }
    },
    peers,
    neighbourhood: () => keeping?.facts() ?? { held: { blocks: 0, bytes: 0, bytesMax: 0 }, members: [] },
    invite,
    async join(invitation, signal) {
      const id = await join(invitation, signal)
      const known = peers().find((peer) => peer.id === id)
      if (known === undefined) throw new Fault('unavailable.peer', 'That node went away at once. Try again.')
      return known
    },
  }
}
