import type { Fault } from '@anarq/fault'
import type { Kernel, Peers, SmallFile } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { NodeAddress, OfferedRole } from '@anarq/qnet/record'
import type { NetworkOperations } from '@anarq/sdk'
import { openGround } from './ground.ts'
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
}

export type NetOptions = NetSettings & {
  readonly kernel: Kernel
  readonly keptFile: SmallFile
  onFault(fault: Fault): void
}

/** This node among others, while it is unlocked. */
export type Net = Peers & {
  readonly id: NodeId
  /** Where it listens; undefined where it does not. */
  readonly address: string | undefined
  /** Undefined where it only goes out to ask. */
  readonly operations: NetworkOperations | undefined
  close(): Promise<void>
}

/** Puts the rooms of the network together. `refused.locked` while locked, `unavailable.address` where it cannot listen. */
export async function openNet({
  kernel,
  isAmongOthers = false,
  roles = [],
  ...options
}: NetOptions): Promise<Net> {
  const ground = await openGround({ ...options, secret: kernel.nodeSecret() })
  const questions = openQuestions(ground, kernel)
  const meeting = isAmongOthers ? openMeeting({ ground, roles, onFault: options.onFault }) : undefined
  return {
    ...questions,
    id: ground.keys.id,
    address: ground.address,
    operations: meeting && networkOperations({ ground, meeting, roles }),
    async close() {
      meeting?.close()
      await ground.close()
    },
  }
}
