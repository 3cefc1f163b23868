import type { Contact } from '@anarq/qnet/discovery'
import type { Invitation } from '@anarq/qnet/record'

/** Whom an invitation leads to, and by whom: those who bring others there come first. */
export function contactsOf({ id, linkKey, addresses, brokers = [] }: Invitation): readonly Contact[] {
  return [
    ...brokers.map((broker) => ({ id: broker.id, linkKey: broker.linkKey, addresses: [broker.address] })),
    { id, linkKey, addresses, brokerIds: brokers.map((broker) => broker.id) },
  ]
}
