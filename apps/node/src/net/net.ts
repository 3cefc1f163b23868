import { Fault } from '@anarq/fault'
import type { Kernel, Peers, SmallFile } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { NodeAddress, OfferedRole } from '@anarq/qnet/record'
import type { NetworkOperations } from '@anarq/sdk'
import { type ExitSettings, openCircuits } from './circuits.ts'
import { type Ground, openGround } from './ground.ts'
import { type KeepingRoom, type KeepingSettings, openKeeping } from './keeping.ts'
import { openMeeting } from './meeting.ts'
import { networkOperations } from './operations.ts'
import { openQuestions } from './questions.ts'

export type NetSettings = {
  /** Where other nodes may come in; without it this node only goes out. */
  readonly listen?: string | undefined
  /** How others reach that, where it is another address: behind a router, or under a name. */
  readonly outside?: NodeAddress | undefined
  /** Whether it is among others at all times, or goes out only when it has something to ask. */
  readonly isAmongOthers?: boolean
  /** What it does for others. */
  readonly roles?: readonly OfferedRole[]
  /** The port of 127.0.0.1 at which programs of this machine come in to use circuits (SOCKS5). */
  readonly socks?: number | undefined
  readonly exit?: ExitSettings | undefined
  readonly keeping?: KeepingSettings
}

export type NetOptions = NetSettings & {
  readonly kernel: Kernel
  readonly keptFile: SmallFile
  /** For what is held for others. */
  readonly heldFolder: string
  onFault(fault: Fault): void
  /** Who is linked, or who is there, is different now. */
  onChanged(): void
}

/** This node among others, while it is unlocked. */
export type Net = Peers & {
  readonly id: NodeId
  /** Where it listens; undefined where it does not. */
  readonly address: string | undefined
  /** Where programs of this machine come in to use circuits, as HOST:PORT; undefined where they do not. */
  readonly socks: string | undefined
  /** Undefined where it only goes out to ask. */
  readonly operations: NetworkOperations | undefined
  /** The same. */
  readonly keeping: KeepingRoom | undefined
  /** By an invitation, or by way of whom it knows: resolves when it has neighbours. */
  reach(invitation: string | undefined, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Puts the rooms of the network together. `refused.locked` while locked, `unavailable.address` where it cannot listen. */
export async function openNet({ isAmongOthers = false, ...options }: NetOptions): Promise<Net> {
  const { kernel, onChanged } = options
  const ground = await openGround({ ...options, secret: kernel.nodeSecret() })
  ground.hear({ onUp: onChanged, onDown: onChanged, onLatency: onChanged })
  const questions = openQuestions(ground, kernel)
  const among = isAmongOthers ? await openAmongOthers(ground, options) : undefined
  return {
    ...questions,
    id: ground.keys.id,
    address: ground.address,
    get socks() {
      return among?.socks
    },
    operations: among?.operations,
    keeping: among?.keeping,
    async reach(invitation, signal) {
      if (among === undefined)
        throw new Fault(
          'unavailable.neighbours',
          'This node is not among others. Start it with --net tcp://HOST:PORT, or --net out.',
        )
      await among.reach(invitation, signal)
    },
    async close() {
      await among?.close()
      await ground.close()
    },
  }
}

type Among = Pick<Net, 'reach' | 'socks'> & {
  readonly operations: NetworkOperations
  readonly keeping: KeepingRoom
  close(): Promise<void>
}

/** Closes the ground where it fails. */
async function openAmongOthers(ground: Ground, options: NetOptions): Promise<Among> {
  const { kernel, heldFolder, keeping: settings, socks, exit, onFault, onChanged } = options
  const roles = [...new Set(options.roles)].sort()
  const meeting = openMeeting({ ground, roles, onFault })
  const { discovery } = meeting
  const known = (): NodeId[] => discovery.nodes().map(({ record }) => record.id)
  let keeping: KeepingRoom | undefined
  const closeRooms = async (): Promise<void> => {
    await keeping?.close()
    meeting.close()
  }
  try {
    keeping = await openKeeping({ ground, known, kernel, folder: heldFolder, settings, onFault })
    const circuits = await openCircuits({ ground, discovery, roles, socks, exit, onFault, onChanged })
    const { arrived } = keeping
    return {
      keeping,
      operations: networkOperations({ ground, meeting, keeping, circuits, roles }),
      get socks() {
        const door = circuits.door?.current()
        return door && `${door.host}:${door.port}`
      },
      async reach(invitation, signal) {
        if (invitation !== undefined) await meeting.join(invitation, signal)
        await arrived(signal)
      },
      async close() {
        await circuits.close()
        await closeRooms()
      },
    }
  } catch (error) {
    await closeRooms()
    await ground.close()
    throw error
  }
}
