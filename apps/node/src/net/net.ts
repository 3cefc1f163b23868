import { Fault } from '@anarq/fault'
import type { Kernel, Peers, SmallFile } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { DiscoverySettings } from '@anarq/qnet/discovery'
import type { NodeAddress, OfferedRole } from '@anarq/qnet/record'
import type { RolesSettings } from '@anarq/qnet/roles'
import type { NetworkOperations } from '@anarq/sdk'
import { type BranchesRoom, openBranches } from './branches/branches.ts'
import { type ExitSettings, openCircuits } from './circuits.ts'
import { type Ground, openGround } from './ground.ts'
import { type KeepingRoom, type KeepingSettings, openKeeping } from './keeping.ts'
import { type Meeting, openMeeting } from './meeting.ts'
import { networkOperations } from './operations.ts'
import { openPaths, type PathsRoom, type PathsSettings } from './paths.ts'
import { openQuestions } from './questions.ts'
import { openRegisters, type RegisterSettings, type RegistersRoom } from './registers.ts'
import { guaranteeOf, openRoles, type RolesRoom } from './roles.ts'

export type NetSettings = PathsSettings & {
  /** Where other nodes may come in; without it this node only goes out. */
  readonly listen?: string | undefined
  /** How others reach that, where it is another address: behind a router, or under a name. */
  readonly outside?: NodeAddress | undefined
  /** Whether it is among others at all times, or goes out only when it has something to ask. */
  readonly isAmongOthers?: boolean
  /** What it does for others. */
  readonly roles?: readonly OfferedRole[]
  /** What an Operator promises, in percent of the time; absent: 99. */
  readonly guarantee?: number | undefined
  /** The port of 127.0.0.1 at which programs of this machine come in to use circuits (SOCKS5). */
  readonly socks?: number | undefined
  readonly exit?: ExitSettings | undefined
  readonly keeping?: KeepingSettings
  /** For tests and private networks: all of one have the same. */
  readonly rules?: NetRules
}

export type NetRules = {
  readonly discovery?: Partial<DiscoverySettings>
  readonly roles?: Partial<RolesSettings>
  readonly registers?: RegisterSettings
}

export type NetOptions = NetSettings & {
  readonly kernel: Kernel
  readonly keptFile: SmallFile
  /** For what is held for others. */
  readonly heldFolder: string
  /** For what is held for other members of branches. */
  readonly branchesFolder: string
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
  readonly branches: BranchesRoom | undefined
  /** By an invitation, or by way of whom it knows: resolves when it has neighbours. */
  reach(invitation: string | undefined, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Puts the rooms of the network together. `refused.locked` while locked, `unavailable.address` where it cannot listen. */
export async function openNet({ isAmongOthers = false, ...options }: NetOptions): Promise<Net> {
  const { kernel, onChanged } = options
  const guarantee = guaranteeOf(options.roles ?? [], options.guarantee)
  const ground = await openGround({ ...options, secret: kernel.nodeSecret() })
  ground.hear({ onUp: onChanged, onDown: onChanged, onLatency: onChanged })
  const questions = openQuestions(ground, kernel, isAmongOthers)
  let meeting: Meeting | undefined
  const paths = openPaths({
    ground,
    serves: options.roles?.includes('broker') === true ? (options.broker ?? {}) : undefined,
    known: () => meeting?.discovery.nodes() ?? [],
    onPlaces: () => meeting?.discovery.announce(),
    onChanged,
  })
  const began = (begun: Meeting): void => {
    meeting = begun
  }
  const among = isAmongOthers
    ? await openAmongOthers({ ground, paths, guarantee, began }, options)
    : undefined
  return {
    ...questions,
    id: ground.keys.id,
    address: ground.address,
    get socks() {
      return among?.socks
    },
    operations: among?.operations,
    keeping: among?.keeping,
    branches: among?.branches,
    async reach(invitation, signal) {
      if (among === undefined)
        throw new Fault(
          'unavailable.neighbours',
          'This node is not among others. Choose how it meets them: anarq net way out (or listen), or --net of anarq up.',
        )
      await among.reach(invitation, signal)
    },
    async close() {
      // Timers of the network keep no process alive, but what is not closed yet has to.
      const holding = setInterval(() => {}, 1000)
      await among?.close()
      await paths.close()
      await ground.close()
      clearInterval(holding)
    },
  }
}

type Among = Pick<Net, 'reach' | 'socks'> & {
  readonly operations: NetworkOperations
  readonly keeping: KeepingRoom
  readonly branches: BranchesRoom
  close(): Promise<void>
}

type Below = {
  readonly ground: Ground
  readonly paths: PathsRoom
  readonly guarantee: number | undefined
  began(meeting: Meeting): void
}

/** Closes the ground where it fails. */
async function openAmongOthers(
  { ground, paths, guarantee, began }: Below,
  options: NetOptions,
): Promise<Among> {
  const { kernel, heldFolder, keeping: settings, rules, socks, exit, onFault, onChanged } = options
  const roles = [...new Set(options.roles)].sort()
  const meeting = openMeeting({ ground, roles, guarantee, settings: rules?.discovery, onFault })
  began(meeting)
  const { discovery } = meeting
  const known = (): NodeId[] => discovery.nodes().map(({ record }) => record.id)
  let keeping: KeepingRoom | undefined
  let registers: RegistersRoom | undefined
  let branches: BranchesRoom | undefined
  let rolesRoom: RolesRoom | undefined
  const closeRooms = async (): Promise<void> => {
    await rolesRoom?.close()
    await branches?.close()
    await registers?.close()
    await keeping?.close()
    meeting.close()
  }
  try {
    keeping = await openKeeping({ ground, known, kernel, folder: heldFolder, settings, onFault })
    registers = await openRegisters({
      ground,
      swarm: keeping.swarm,
      discovery,
      kernel,
      folder: heldFolder,
      settings: rules?.registers,
      onFault,
    })
    branches = await openBranches({ ...options, ground, discovery, folder: options.branchesFolder, settings })
    rolesRoom = await openRoles({
      ...{ ground, discovery, folder: heldFolder, onFault, onChanged },
      settings: {
        ...(rules?.discovery?.periodMs && { periodMs: rules.discovery.periodMs }),
        ...rules?.roles,
      },
    })
    const circuits = await openCircuits({ ground, discovery, roles, socks, exit, onFault, onChanged })
    const { arrived } = keeping
    return {
      keeping,
      branches,
      operations: {
        ...networkOperations({ ground, meeting, paths, keeping, circuits, branches, roles, rolesRoom }),
        ...registers.operations,
      },
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
    await paths.close()
    await ground.close()
    throw error
  }
}
