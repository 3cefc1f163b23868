import type { Fault } from '@anarq/fault'
import type { BrokerLimits } from '@anarq/qnet/nat'
import { openGround } from '../src/net/ground.ts'
import { openMeeting } from '../src/net/meeting.ts'
import { openPaths } from '../src/net/paths.ts'
import { type Rooms, roomBytes } from '../src/net/rooms.ts'

/** What a broker does with a piece of a relayed link instead of passing it on: its bytes behind the pair's number. */
export type Deed = (bytes: Uint8Array, pass: (bytes: Uint8Array) => void) => void

/** A broker whose owner looks into what it forwards, and may change it: all the rest of it is the product's. */
export type WatchedBroker = AsyncDisposable & {
  readonly id: string
  readonly invitation: string
  /** Everything that it forwarded, as its process has it in the clear. */
  readonly seen: Uint8Array[]
  deed: Deed | undefined
}

const dataByte = 0xff
const headBytes = 9

export async function openBroker(at: number, limits: Partial<BrokerLimits> = {}): Promise<WatchedBroker> {
  let file: Uint8Array | undefined
  const onFault = (fault: Fault): void => {
    throw fault
  }
  const ground = await openGround({
    secret: new Uint8Array(32).fill(at),
    keptFile: {
      read: async () => file,
      write: async (bytes) => {
        file = bytes
      },
    },
    listen: `tcp://127.${at}.0.1:0`,
    onFault,
  })
  const seen: Uint8Array[] = []
  const rooms: Rooms = {
    ...ground.rooms,
    open(room, receive) {
      const wire = ground.rooms.open(room, receive)
      if (room !== roomBytes.nat) return wire
      return {
        send(to, message) {
          const pass = (body: Uint8Array): void =>
            wire.send(to, Buffer.concat([message.subarray(0, headBytes), body]))
          const body = message.slice(headBytes)
          if (message[0] !== dataByte) wire.send(to, message)
          else {
            seen.push(body)
            if (broker.deed === undefined) pass(body)
            else broker.deed(body, pass)
          }
        },
      }
    },
  }
  const meeting = openMeeting({ ground, roles: ['broker'], onFault })
  const paths = openPaths({
    ground: { ...ground, rooms },
    serves: limits,
    known: meeting.discovery.nodes,
    onPlaces: meeting.discovery.announce,
    onChanged: () => {},
  })
  const broker: WatchedBroker = {
    id: ground.keys.id,
    invitation: meeting.invite().invitation,
    seen,
    deed: undefined,
    async [Symbol.asyncDispose]() {
      meeting.close()
      await paths.close()
      await ground.close()
    },
  }
  return broker
}
