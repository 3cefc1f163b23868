import type { Fault } from '@anarq/fault'
import type { Kernel, Peers, SmallFile } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { NodeAddress, OfferedRole } from '@anarq/qnet/record'
import type { NetworkOperations } from '@anarq/sdk'
import { type ExitSettings, openCircuits } from './circuits.ts'
import { type Ground, openGround } from './ground.ts'
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
}

export type NetOptions = NetSettings & {
  readonly kernel: Kernel
  readonly keptFile: SmallFile
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
  close(): Promise<void>
}

/** Puts the rooms of the network together. `refused.locked` while locked, `unavailable.address` where it cannot listen. */
export async function openNet({ kernel, isAmongOthers = false, ...options }: NetOptions): Promise<Net> {
  const ground = await openGround({ ...options, secret: kernel.nodeSecret() })
  const { onChanged } = options
  ground.hear({ onUp: onChanged, onDown: onChanged, onLatency: onChanged })
  const questions = openQuestions(ground, kernel)
  const among = isAmongOthers ? await openAmongOthers(ground, options) : undefined
  return {
    ...questions,
    id: ground.keys.id,
    address: ground.address,
    socks: among?.socks,
    operations: among?.operations,
    async close() {
      await among?.close()
      await ground.close()
    },
  }
}

type Among = {
  readonly operations: NetworkOperations
  readonly socks: string | undefined
  close(): Promise<void>
}

/** Closes the ground where it fails. */
async function openAmongOthers(
  ground: Ground,
  { roles: asked = [], socks, exit, onFault }: Omit<NetOptions, 'kernel'>,
): Promise<Among> {
  const roles = [...new Set(asked)].sort()
  const meeting = openMeeting({ ground, roles, onFault })
  try {
    const { discovery } = meeting
    const circuits = await openCircuits({ ground, discovery, roles, socks, exit, onFault })
    return {
      operations: networkOperations({ ground, meeting, circuits, roles }),
      socks: circuits.socks && `${circuits.socks.host}:${circuits.socks.port}`,
      async close() {
        await circuits.close()
        meeting.close()
      },
    }
  } catch (error) {
    meeting.close()
    await ground.close()
    throw error
  }
}
