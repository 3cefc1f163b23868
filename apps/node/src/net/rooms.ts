import { concatBytes } from '@anarq/bytes'
import type { Links } from '@anarq/links'
import type { NodeId, Wire } from '@anarq/qnet'

/** One byte in front of each message says which room it is for. */
export const roomBytes = { discovery: 1, swarm: 2, nat: 3, roles: 4 } as const
export type RoomByte = (typeof roomBytes)[keyof typeof roomBytes]

/** The wires of several rooms over the one link to each peer. */
export type Rooms = {
  /** From now on messages for this room are given to it. */
  open(room: RoomByte, receive: (from: NodeId, message: Uint8Array) => void): Wire
  /** A message as it came over a link. What is for no room that is open here is dropped: the other side may be newer. */
  take(from: NodeId, message: Uint8Array): void
}

export function createRooms(links: () => Pick<Links, 'send'>): Rooms {
  const receivers = new Map<number, (from: NodeId, message: Uint8Array) => void>()
  return {
    open(room, receive) {
      receivers.set(room, receive)
      const head = Uint8Array.of(room)
      return { send: (to, message) => links().send(to, concatBytes(head, message)) }
    },
    take: (from, message) => receivers.get(message[0] ?? 0)?.(from, message.subarray(1)),
  }
}
