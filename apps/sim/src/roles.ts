import { hashBlake3, primitives } from '@anarq/qlock'
import type { NodeId } from '@anarq/qnet'
import { createNodeKeys, type NodeKeys } from '@anarq/qnet/record'
import {
  createRoles,
  encodeMessage,
  parseMessage,
  parseReport,
  type Roles,
  type TermState,
  termOf,
  writeReport,
} from '@anarq/qnet/roles'
import { createSeededRandom } from '@anarq/random/testing'
import { fractionOf } from './network.ts'
import { createQueue } from './queue.ts'

/** An Operator's habits: how much of its time it is away at a stretch, and whom it answers. */
type Habit = {
  readonly name: string
  readonly awayMs: number
  readonly everyMs: number
  readonly isSly?: true
}

export type RolesRun = { readonly nodes: number; readonly seed: number; readonly periods?: number }
export type RolesReport = {
  readonly operators: readonly {
    readonly name: string
    readonly truth: number
    /** As honest nodes say: all the same, or more than one. */
    readonly uptimes: readonly (number | undefined)[]
    readonly states: readonly string[]
  }[]
  readonly liars: number
  readonly messages: number
  /** Bytes a second: of all nodes, and of one in its hour as MasterNode. */
  readonly mean: number
  readonly master: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const firstPeriod = 490_000
const bytes32 = new Uint8Array(32)
const habits: readonly Habit[] = [
  { name: 'always there', awayMs: 0, everyMs: hourMs },
  { name: 'away 3 minutes an hour', awayMs: 3 * minuteMs, everyMs: hourMs },
  { name: 'away 20 seconds in 20 minutes', awayMs: 20_000, everyMs: 20 * minuteMs },
  { name: 'away an hour in four', awayMs: hourMs, everyMs: 4 * hourMs },
  { name: 'answers MasterNodes alone', awayMs: 0, everyMs: hourMs, isSly: true },
]

/**
 * Hours of a network whose MasterNodes are drawn and measure five Operators of different habits; a fifth of all nodes lies whenever it
 * is drawn, and as a witness. The agreement on each period is given, all else is the product's, with its settings.
 */
export function playRoles({ nodes: count, seed, periods = 8 }: RolesRun): RolesReport {
  const queue = createQueue(firstPeriod * hourMs)
  const random = createSeededRandom(seed)
  const keys = Array.from({ length: count }, () => createNodeKeys(primitives.blake3(random.bytes(32))))
  const ids = keys.map(({ id }) => id)
  const operators = habits.map((habit, n) => ({ habit, id: ids[n] as NodeId }))
  const liars = new Set(ids.filter((_, n) => n >= habits.length && n % 5 === 0))
  const roles = new Map<NodeId, Roles>()
  const sent = new Map<NodeId, number>()
  let messages = 0
  let masterBytes = 0
  const period = (): number => Math.floor(queue.nowMs() / hourMs)
  const states = new Map<number, TermState>()
  const stateOf = (of: number): TermState => {
    const link = { period: 0, seed: bytes32, before: bytes32, came: [], gone: [] }
    const seedOfPeriod = hashBlake3(Uint8Array.of(seed & 0xff, of & 0xff, of >> 8))
    const made = { period: of, seed: seedOfPeriod, before: bytes32, ids, came: [], elders: ids, link }
    const state = states.get(of) ?? made
    states.set(of, state)
    return state
  }
  const drawn = new Map<number, ReadonlySet<NodeId>>()
  const masters = (): ReadonlySet<NodeId> => {
    const of = period()
    const held = drawn.get(of) ?? new Set(termOf(stateOf(of), 25).masters)
    drawn.set(of, held)
    return held
  }
  const habitOf = (id: NodeId): Habit | undefined => operators.find((one) => one.id === id)?.habit
  const isAway = (id: NodeId): boolean => {
    const { awayMs = 0, everyMs = 1 } = habitOf(id) ?? {}
    return (queue.nowMs() + everyMs / 3) % everyMs < awayMs
  }
  const deliver = (from: NodeId, to: NodeId, message: Uint8Array): void => {
    if (isAway(to)) return
    const isSly = habitOf(to)?.isSly === true && parseMessage(message).kind === 'probe'
    if (isSly && !masters().has(from)) return
    roles.get(to)?.receive(from, message)
  }
  const send = (from: NodeId, to: NodeId, message: Uint8Array): void => {
    if (isAway(from)) return
    messages += 1
    sent.set(from, (sent.get(from) ?? 0) + message.length)
    const latencyMs = 10 + 60 * fractionOf(random)
    queue.at(queue.nowMs() + latencyMs, () => deliver(from, to, message))
  }
  for (const [n, own] of keys.entries())
    roles.set(
      own.id,
      createRoles({
        keys: own,
        world: {
          clock: { nowMs: () => Math.floor(queue.nowMs()) },
          random: createSeededRandom(seed * 1_000 + n),
          after: (delayMs, task) => queue.at(queue.nowMs() + delayMs, task),
        },
        wire: {
          send: (to, message) =>
            send(own.id, to, liars.has(own.id) ? twisted(own, message, operators) : message),
        },
        settings: { newPeriods: 2 },
        nowMs: () => queue.nowMs(),
        state: () => stateOf(period()),
        operators: () => operators.map(({ id }) => ({ id, guarantee: 9_900 })),
        known: () => ids.filter((id) => id !== own.id),
        keep: (_, done) => done(),
      }),
    )
  for (let n = 0; n < periods; n += 1) {
    const now = masters()
    const before = new Map(sent)
    queue.run((firstPeriod + n + 1) * hourMs)
    for (const id of now) masterBytes += ((sent.get(id) ?? 0) - (before.get(id) ?? 0)) / now.size
  }
  queue.run(queue.nowMs() + 10 * minuteMs)
  const seconds = (periods * hourMs) / 1000
  const honest = [...roles].filter(([id]) => !liars.has(id)).map(([, one]) => one.operators())
  return {
    operators: operators.map(({ habit, id }) => {
      const facts = honest.map((all) => all.find((one) => one.id === id))
      return {
        name: habit.name,
        truth: 1 - habit.awayMs / habit.everyMs,
        uptimes: [...new Set(facts.map((one) => one?.uptime))],
        states: [...new Set(facts.map((one) => one?.state ?? ''))],
      }
    }),
    liars: liars.size,
    messages,
    mean: [...sent.values()].reduce((a, b) => a + b, 0) / count / seconds,
    master: masterBytes / seconds,
  }
}

/** It says of every Operator the opposite of what is true, in its reports and as a witness. */
function twisted(
  keys: NodeKeys,
  message: Uint8Array,
  operators: readonly { readonly habit: Habit; readonly id: NodeId }[],
): Uint8Array {
  const parsed = parseMessage(message)
  if (parsed.kind === 'saw') return encodeMessage({ ...parsed, isThere: !parsed.isThere })
  const [first] = parsed.kind === 'reports' ? parsed.reports.map(parseReport) : []
  if (first?.id !== keys.id) return message
  const seen = operators.map(({ habit, id }) => ({
    operator: id,
    asked: 120,
    answered: habit.awayMs === 0 && habit.isSly !== true ? 0 : 120,
  }))
  return encodeMessage({ kind: 'reports', reports: [writeReport(keys, first.period, seen).bytes] })
}

export function printRoles({ nodes, seed }: RolesRun, report: RolesReport): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  const rows = report.operators.map(({ name, truth, uptimes, states }) => {
    const measured = uptimes.map((uptime) => (uptime === undefined ? 'nothing' : percent(uptime / 1e6)))
    return `${name.padEnd(30)} ${`there ${percent(truth)}`.padEnd(16)} measured ${measured.join(' or ')}, ${states.join(' or ')}`
  })
  return [
    `scenario               roles, ${nodes} nodes, seed ${seed}; ${report.liars} lie`,
    ...rows,
    `messages               ${report.messages}`,
    `a node sends           ${report.mean.toFixed(0)} B a second, a MasterNode ${report.master.toFixed(0)} B`,
  ].join('\n')
}
