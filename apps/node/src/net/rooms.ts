import { concatBytes } from '@anarq/bytes'
import type { Links } from '@anarq/links'
import type { NodeId, Wire } from '@anarq/qnet'

/** One byte in front of each message says which room it is for. */
export const roomBytes = { discovery: 1, swarm: 2, nat: 3, roles: 4, registers: 5, branches: 6 } as const
export type RoomByte = (typeof roomBytes)[keyof typeof roomBytes]

/** `isOnTrial`: it came over a link that is tried beside a relayed one. */
type Receive = (from: NodeId, message: Uint8Array, isOnTrial: boolean) => void

/** The wires of several rooms over the one link to each peer. */
export type Rooms = {
  /** From now on messages for this room are given to it. */
  open(room: RoomByte, receive: Receive): Wire
  /** A message as it came over a link. What is for no room that is open here is dropped: the other side may be newer. */
  take: Receive
}

export function createRooms(links: () => Pick<Links, 'send'>): Rooms {
  const receivers = new Map<number, Receive>()
  return {
    open(room, receive) {
      receivers.set(room, receive)
      const head = Uint8Array.of(room)
      return { send: (to, message) => links().send(to, concatBytes(head, message)) }
    },
    take: (from, message, isOnTrial) =>
      receivers.get(message[0] ?? 0)?.(from, message.subarray(1), isOnTrial),
  }
}
