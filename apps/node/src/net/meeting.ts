import { compareBytes, fromBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { NodeId } from '@anarq/qnet'
import { isMeeting } from '@anarq/qnet/branch'
import {
  type Contact,
  createDiscovery,
  type Discovery,
  type DiscoverySettings,
  readCache,
} from '@anarq/qnet/discovery'
import { groupOfHost, type InvitedBroker, type OfferedRole, parseInvitation } from '@anarq/qnet/record'
import type { NetworkInvitation } from '@anarq/sdk'
import type { Ground } from './ground.ts'
import { contactsOf, invitationHere } from './invited.ts'
import { roomBytes } from './rooms.ts'

export type MeetingOptions = {
  readonly ground: Ground
  readonly roles: readonly OfferedRole[]
  /** In ten-thousandths of the time, where it is an Operator. */
  readonly guarantee?: number | undefined
  /** For tests and private networks: all of one have the same. */
  readonly settings?: Partial<DiscoverySettings> | undefined
  onFault(fault: Fault): void
}

/** How this node finds others: invitations, what it knew before, and what those whom it knows tell it. */
export type Meeting = {
  readonly discovery: Discovery
  invite(): NetworkInvitation
  /** Resolves to whom the invitation leads to, once it is reached. */
  join(invitation: string, signal?: AbortSignal): Promise<NodeId>
  close(): void
}

/** An invitation that lies about for longer leads nobody anywhere. */
const invitationMs = 7 * 24 * 3_600_000
const greetingMsMax = 10_000
const workMsMax = 60_000
const greetingPollMs = 50
const keepEveryMs = 5 * 60_000

export function openMeeting({ ground, roles, guarantee, settings = {}, onFault }: MeetingOptions): Meeting {
  const { keys, onion, world, links, rooms, kept, addresses } = ground
  const discovery: Discovery = createDiscovery({
    keys,
    onion,
    world,
    settings,
    wire: rooms.open(roomBytes.discovery, (from, message) => discovery.receive(from, message)),
    describe: () => ({
      ...{ addresses, brokers: idsOf(ground.brokers()), branches: [], capacity: 0, roles },
      ...(guarantee === undefined ? {} : { guarantee }),
    }),
    // Where branches are met is all that is published so far.
    verifyPointer: (signed, verdict) => verdict(isMeeting(signed)),
    groupOfPeer(peer) {
      const address = links.peer(peer)?.address
      return address === undefined || address === '' ? undefined : groupOfHost(address)
    },
  })
  ground.lookIn(discovery.contactOf)
  ground.hear({ onDialled: discovery.dialled })
  discovery.start(contactsBefore(kept.get('peers'), onFault))
  let isClosed = false
  const keep = (): void => kept.set('peers', discovery.cache())
  const keepLater = (): void =>
    void world.after(keepEveryMs, () => {
      if (isClosed) return
      keep()
      keepLater()
    })
  keepLater()

  /** Whether it came to pass in so long. */
  const cameTrue = async (isTrue: () => boolean, msMax: number, signal?: AbortSignal): Promise<boolean> => {
    const startMs = performance.now()
    while (!isTrue()) {
      if (performance.now() - startMs >= msMax) return false
      signal?.throwIfAborted()
      await new Promise<void>((resolve) => void world.after(greetingPollMs, resolve))
    }
    return true
  }
  const isKnown = (id: NodeId): boolean => discovery.nodes().some(({ record }) => record.id === id)
  /** Its record comes with its first answer, a moment after the link is open. */
  const greeted = async (id: NodeId, signal: AbortSignal | undefined): Promise<void> => {
    // A greeting shows a record of one's own, which a new node has after some work: on a slow machine that takes a while.
    await cameTrue(() => discovery.record !== undefined, workMsMax, signal)
    if (!(await cameTrue(() => isKnown(id), greetingMsMax, signal)))
      throw new Fault('unavailable.peer', 'That node let us in and then said nothing. Try again.')
  }

  return {
    discovery,
    invite() {
      if (addresses.length === 0 && ground.brokers().length === 0)
        throw new Fault(
          'refused.not-reachable',
          'Nobody can come in here: this node only goes out, and no broker that it knows brings others to it. Let others in (in Network on its desktop, or with anarq net way listen), or ask the other one for an invitation.',
        )
      const endsMs = world.clock.nowMs() + invitationMs
      return { invitation: invitationHere(ground, endsMs), endsMs }
    },
    async join(text, signal) {
      const invitation = parseInvitation(text.trim())
      if (invitation.endMs <= world.clock.nowMs())
        throw new Fault('refused.expired', 'This invitation is over. Ask for a new one.')
      if (invitation.id === keys.id)
        throw new Fault(
          'refused.self',
          'This invitation leads to this node itself. Give it to somebody else.',
        )
      for (const contact of contactsOf(invitation)) discovery.meet(contact)
      await links.connect(invitation.id)
      await greeted(invitation.id, signal)
      keep()
      return invitation.id
    },
    close() {
      isClosed = true
      keep()
      discovery.stop()
    },
  }
}

function idsOf(brokers: readonly InvitedBroker[]): readonly Uint8Array[] {
  return brokers.map(({ id }) => fromBase32(id)).sort(compareBytes)
}

function contactsBefore(cache: Uint8Array | undefined, onFault: (fault: Fault) => void): readonly Contact[] {
  try {
    return cache === undefined ? [] : readCache(cache)
  } catch (error) {
    onFault(error as Fault)
    return []
  }
}
