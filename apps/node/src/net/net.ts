import { Fault } from '@anarq/fault'
import type { Kernel, Peers, SmallFile } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { NodeAddress, OfferedRole } from '@anarq/qnet/record'
import type { NetworkOperations } from '@anarq/sdk'
import { openGround } from './ground.ts'
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
  /** Undefined where it only goes out to ask. */
  readonly operations: NetworkOperations | undefined
  /** The same. */
  readonly keeping: KeepingRoom | undefined
  /** By an invitation, or by way of whom it knows: resolves when it has neighbours. */
  reach(invitation: string | undefined, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Puts the rooms of the network together. `refused.locked` while locked, `unavailable.address` where it cannot listen. */
export async function openNet({
  isAmongOthers = false,
  roles = [],
  heldFolder,
  keeping: settings,
  ...options
}: NetOptions): Promise<Net> {
  const { kernel, onFault, onChanged } = options
  const ground = await openGround({ ...options, secret: kernel.nodeSecret() })
  ground.hear({ onUp: onChanged, onDown: onChanged, onLatency: onChanged })
  const questions = openQuestions(ground, kernel)
  const meeting = isAmongOthers ? openMeeting({ ground, roles, onFault }) : undefined
  const known = (): NodeId[] => meeting?.discovery.nodes().map(({ record }) => record.id) ?? []
  const keeping =
    meeting && (await openKeeping({ ground, known, kernel, folder: heldFolder, settings, onFault }))
  return {
    ...questions,
    id: ground.keys.id,
    address: ground.address,
    operations: meeting && networkOperations({ ground, meeting, keeping, roles }),
    keeping,
    async reach(invitation, signal) {
      if (meeting === undefined || keeping === undefined)
        throw new Fault(
          'unavailable.neighbours',
          'This node is not among others. Start it with --net tcp://HOST:PORT, or --net out.',
        )
      if (invitation !== undefined) await meeting.join(invitation, signal)
      await keeping.arrived(signal)
    },
    async close() {
      await keeping?.close()
      meeting?.close()
      await ground.close()
    },
  }
}
