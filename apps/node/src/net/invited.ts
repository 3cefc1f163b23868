import { hasCode } from '@anarq/fault'
import type { Contact } from '@anarq/qnet/discovery'
import { type Invitation, invitationBrokersMax, writeInvitation } from '@anarq/qnet/record'
import type { Ground } from './ground.ts'

/** Whom an invitation leads to, and by whom: those who bring others there come first. */
export function contactsOf({ id, linkKey, addresses, brokers = [] }: Invitation): readonly Contact[] {
  return [
    ...brokers.map((broker) => ({ id: broker.id, linkKey: broker.linkKey, addresses: [broker.address] })),
    { id, linkKey, addresses, brokerIds: brokers.map((broker) => broker.id) },
  ]
}

/** To this node, by its addresses and as many of its brokers as find room. */
export function invitationHere({ keys, addresses, brokers }: Ground, endMs: number): string {
  const named = brokers().slice(0, invitationBrokersMax)
  for (;;)
    try {
      return writeInvitation(keys, { addresses, endMs, brokers: named })
    } catch (fault) {
      if (!hasCode(fault, 'limit.invitation') || named.pop() === undefined) throw fault
    }
}
