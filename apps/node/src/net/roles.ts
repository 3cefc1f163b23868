import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { diskFault, type Journal, openJournal } from '@anarq/files'
import type { NodeId } from '@anarq/qnet'
import type { Discovery, Listed } from '@anarq/qnet/discovery'
import { guaranteeLeast, guaranteeMost, type OfferedRole } from '@anarq/qnet/record'
import {
  createRoles,
  type Fitness,
  fitnessOf,
  type OperatorFacts,
  type Roles,
  type RolesSettings,
} from '@anarq/qnet/roles'
import type { RolesFacts } from '@anarq/sdk'
import type { Ground } from './ground.ts'
import { roomBytes } from './rooms.ts'

export type RolesRoomOptions = {
  readonly ground: Ground
  readonly discovery: Discovery
  /** What is held for others; made where it is missing. */
  readonly folder: string
  readonly settings: Partial<RolesSettings>
  onFault(fault: Fault): void
  onChanged(): void
}

/** Who is MasterNode now, what they measured of Operators, and this node's own part in it. */
export type RolesRoom = {
  facts(): RolesFacts
  close(): Promise<void>
}

const guaranteeDefault = 99
/** The journal is written anew when it has so many more records than are needed. */
const looseRecordsMax = 4096
const measuredWhole = 1_000_000

/** In ten-thousandths, for an Operator; `invalid.option` for what nobody can promise, or promises nothing. */
export function guaranteeOf(roles: readonly OfferedRole[], percent: number | undefined): number | undefined {
  if (!roles.includes('operator')) {
    if (percent === undefined) return undefined
    throw new Fault('invalid.option', 'Only an Operator guarantees anything: give --role operator too.')
  }
  const guarantee = Math.round((percent ?? guaranteeDefault) * 100)
  if (guarantee >= guaranteeLeast && guarantee <= guaranteeMost) return guarantee
  throw new Fault(
    'invalid.option',
    `A guarantee is ${guaranteeLeast / 100} to ${guaranteeMost / 100} percent of the time.`,
  )
}

export async function openRoles(options: RolesRoomOptions): Promise<RolesRoom> {
  const { ground, discovery, folder, settings, onFault, onChanged } = options
  const { keys, world, rooms } = ground
  const kept: Uint8Array[] = []
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw diskFault(error, folder)
  })
  const journal = await openJournal({
    path: join(folder, 'roles.journal'),
    onFault,
    onRecord: (record) => void kept.push(record.slice()),
  })
  const failed = (error: unknown): void => onFault(asFault(error))
  const roles: Roles = createRoles({
    ...{ keys, world, settings, kept },
    wire: rooms.open(roomBytes.roles, (from, message) => void roles.receive(from, message)),
    nowMs: () => world.clock.nowMs() + discovery.status().clockOffsetMs,
    state: () => discovery.state,
    operators: () =>
      discovery
        .nodes()
        .flatMap(({ record: { id, guarantee } }) => (guarantee === undefined ? [] : [{ id, guarantee }])),
    known: () =>
      discovery
        .nodes()
        .filter(({ standing }) => standing === 'answered' || standing === 'verified')
        .map(({ record }) => record.id),
    keep(record, done) {
      journal.append(record).then(done, failed)
      tidy(journal, roles, failed)
    },
    changed: onChanged,
  })
  // What is out of the window, or did not read, is not carried on.
  tidy(journal, roles, failed)
  return {
    facts: () => factsOf(roles, options),
    async close() {
      roles.stop()
      await journal.close()
    },
  }
}

function tidy(journal: Journal, roles: Roles, failed: (error: unknown) => void): void {
  if (journal.count() <= looseRecordsMax) return
  const records = [...roles.records()]
  if (journal.count() > 2 * records.length + looseRecordsMax) journal.rewrite(() => records).catch(failed)
}

function factsOf(roles: Roles, { ground, discovery }: RolesRoomOptions): RolesFacts {
  const { period, settings } = roles
  const self = ground.keys.id
  const term = roles.term()
  const { state } = discovery
  const operators = roles.operators()
  const nodes = new Map(discovery.nodes().map((listed) => [listed.record.id, listed]))
  const fitness = (id: NodeId): Fitness =>
    fitnessIn(nodes.get(id) as Listed, operators.find((one) => one.id === id)?.uptime, ground)
  return {
    period: {
      number: period,
      startsMs: period * settings.periodMs,
      endsMs: (period + 1) * settings.periodMs,
    },
    ...(term === undefined || state?.period !== period
      ? {}
      : {
          term: {
            masters: term.masters,
            isSelf: term.masters.includes(self),
            drawnFrom: state.elders.length,
            seed: toHex(state.seed),
            votes: state.votes,
            votesNeeded: state.votesNeeded,
            trust: state.trust,
          },
        }),
    operators: operators.map((facts) => ({
      ...operatorOf(facts),
      isSelf: facts.id === self,
      window: settings.windowPeriods,
      fitness: fitness(facts.id).rate,
    })),
    measuring: roles.measuring(),
    fitness: nodes.has(self) ? fitness(self) : fitnessOf({ reach: 'unknown', capacity: 0 }),
  }
}

function operatorOf({ id, state, guarantee, uptime, measured }: OperatorFacts) {
  return {
    ...{ id, state, measured },
    guarantee: guarantee / 100,
    ...(uptime === undefined ? {} : { uptime: (100 * uptime) / measuredWhole }),
  }
}

/** What this node can say of another, or of itself: whoever was let in here has reached it. */
function fitnessIn(
  { record, standing, rttMs }: Listed,
  uptime: number | undefined,
  { keys, links, addresses }: Ground,
): Fitness {
  const isSelf = record.id === keys.id
  const all = links.peers()
  const isReached = isSelf
    ? addresses.length > 0 && all.some(({ isInitiator }) => !isInitiator)
    : standing === 'verified'
  const isAnswering = isSelf ? all.length > 0 : standing !== 'claimed'
  const latencyMs = isSelf
    ? middleOf(all.flatMap((peer) => peer.latencyMs ?? []))
    : (links.peer(record.id)?.latencyMs ?? rttMs)
  return fitnessOf({
    reach: isReached ? 'reached' : isAnswering ? 'answering' : 'unknown',
    capacity: record.capacity,
    ...(uptime === undefined ? {} : { uptime: uptime / measuredWhole }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
  })
}

function middleOf(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
