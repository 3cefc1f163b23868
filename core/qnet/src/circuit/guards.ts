import { Fault } from '@anarq/fault'
import { type NodeId, parseNodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { fraction } from './spread.ts'

/** A relay that circuits keep to for weeks: who changes often meets a bad one soon. */
export type Guard = { readonly node: NodeId; readonly endMs: number }
/** What outlives a restart, as plain JSON. `first` in the order in which they are tried. */
export type GuardState = { readonly first: readonly Guard[]; readonly second: readonly Guard[] }

const dayMs = 86_400_000
/** Tor's guard-spec has 120 days for the first, and vanguards-lite 1 to 22 for the second layer, the longer of two draws. */
const firstDays = [60, 120] as const
const secondDays = [1, 22] as const
export const guardsMax = 64

export function firstGuard(node: NodeId, { clock, random }: World): Guard {
  const [least, most] = firstDays
  return { node, endMs: clock.nowMs() + (least + (most - least) * fraction(random)) * dayMs }
}

export function secondGuard(node: NodeId, { clock, random }: World): Guard {
  const [least, most] = secondDays
  const longer = Math.max(fraction(random), fraction(random))
  return { node, endMs: clock.nowMs() + (least + (most - least) * longer) * dayMs }
}

/** One that is over, or lies further ahead than any that is made: a clock was wrong then. */
export function isOver({ endMs }: Guard, nowMs: number): boolean {
  return endMs <= nowMs || endMs > nowMs + 2 * firstDays[1] * dayMs
}

/** State as it was kept, or `invalid.guards`. */
export function parseGuardState(kept: unknown): GuardState {
  const { first, second } = fieldsOf(kept)
  return { first: guardsOf(first), second: guardsOf(second) }
}

function guardsOf(kept: unknown): readonly Guard[] {
  if (!Array.isArray(kept) || kept.length > guardsMax) throw broken()
  return kept.map((one: unknown) => {
    const { node, endMs } = fieldsOf(one)
    if (typeof node !== 'string' || typeof endMs !== 'number' || !Number.isFinite(endMs)) throw broken()
    return { node: parseNodeId(node), endMs }
  })
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw broken()
  return value as Readonly<Record<string, unknown>>
}

function broken(): Fault {
  return new Fault('invalid.guards', 'The kept guards cannot be read: begin without them.')
}
