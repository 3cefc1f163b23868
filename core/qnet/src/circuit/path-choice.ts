import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { firstGuard, type Guard, guardsMax, isOver, secondGuard } from './guards.ts'
import { areApart, type RelayFacts } from './relay-facts.ts'

/** A relay, and the groups that it may share with no other hop. */
export type Known = { readonly facts: RelayFacts; readonly groups: ReadonlySet<string> }
export type Directory = ReadonlyMap<NodeId, Known>
export type Place = 'first' | 'second' | 'last'

/** What the choice of each hop is made from. */
export type Choice = {
  readonly world: World
  readonly settings: {
    readonly firstMax: number
    readonly secondUsed: number
    readonly secondMax: number
    readonly guardAgeMs: number
  }
  /** What outlives a restart; the choice adds to it. */
  readonly guards: { first: readonly Guard[]; second: readonly Guard[] }
  isUsable(node: NodeId): boolean
  draw(candidates: readonly Known[], place: Place): Known | undefined
}

export function dropOld({ world, guards }: Choice): void {
  const nowMs = world.clock.nowMs()
  guards.first = guards.first.filter((guard) => !isOver(guard, nowMs))
  guards.second = guards.second.filter((guard) => !isOver(guard, nowMs))
}

/** Guards that are in the directory, in the order in which they are kept. */
export function known(list: readonly Guard[], directory: Directory): Known[] {
  return list.map(({ node }) => directory.get(node)).filter((one) => one !== undefined)
}

/** Those that may be a first guard, unless they are one. */
export function firstCandidates(
  { world, settings, guards, isUsable }: Choice,
  directory: Directory,
): Known[] {
  const taken = known(guards.first, directory)
  const free = [...directory.values()].filter(
    (one) => isUsable(one.facts.hop.node) && isApartFrom(one, taken) && !holds(guards.first, one),
  )
  const bornMs = world.clock.nowMs() - settings.guardAgeMs
  const old = free.filter(({ facts }) => facts.sinceMs <= bornMs)
  return old.length > 0 ? old : free
}

export function secondCandidates(
  { guards, isUsable }: Choice,
  directory: Directory,
  guard: Known | undefined,
): Known[] {
  const taken = [...known(guards.second, directory), ...(guard === undefined ? [] : [guard])]
  return [...directory.values()].filter(
    (one) => isUsable(one.facts.hop.node) && isApartFrom(one, taken) && !holds(guards.second, one),
  )
}

export function lastCandidates(
  { isUsable }: Choice,
  directory: Directory,
  guard: Known,
  seconds: readonly Known[],
): Known[] {
  return [...directory.values()].filter(
    (one) =>
      one.facts.isExit &&
      isUsable(one.facts.hop.node) &&
      isApartFrom(one, [guard]) &&
      seconds.some((middle) => areApart(middle.groups, one.groups)),
  )
}

/** Where circuits may end: at `goal`, or at any exit. A guard that is apart from none of them would lead nowhere. */
export function endsOf(
  { isUsable }: Choice,
  directory: Directory,
  goal: Known | undefined,
): readonly Known[] {
  if (goal !== undefined) return [goal]
  return [...directory.values()].filter(({ facts }) => facts.isExit && isUsable(facts.hop.node))
}

/** The first guard on the list that answers and is apart from some end; a new one where none does. */
export function pickFirst(choice: Choice, directory: Directory, ends: readonly Known[]): Known | undefined {
  const { world, settings, guards, isUsable, draw } = choice
  const fits = (one: Known): boolean =>
    isUsable(one.facts.hop.node) && ends.some((end) => areApart(one.groups, end.groups))
  const list = known(guards.first, directory)
  const kept = list.find(fits)
  // Guards that left the network hold no place; those that are blocked do.
  if (kept !== undefined || list.length >= settings.firstMax || guards.first.length >= guardsMax) return kept
  const drawn = draw(firstCandidates(choice, directory).filter(fits), 'first')
  if (drawn !== undefined) guards.first = [...guards.first, firstGuard(drawn.facts.hop.node, world)]
  return drawn
}

export function pickSeconds(
  choice: Choice,
  directory: Directory,
  guard: Known,
  ends: readonly Known[],
): Known[] {
  const { world, settings, guards, isUsable, draw } = choice
  const behind = ends.filter((end) => areApart(end.groups, guard.groups))
  const fits = (one: Known): boolean =>
    isUsable(one.facts.hop.node) &&
    areApart(one.groups, guard.groups) &&
    behind.some((end) => areApart(one.groups, end.groups))
  const usable = known(guards.second, directory).filter(fits)
  const hasRoom = (): boolean =>
    known(guards.second, directory).length < settings.secondMax && guards.second.length < guardsMax
  while (usable.length < settings.secondUsed && hasRoom()) {
    const drawn = draw(secondCandidates(choice, directory, guard).filter(fits), 'second')
    if (drawn === undefined) break
    usable.push(drawn)
    guards.second = [...guards.second, secondGuard(drawn.facts.hop.node, world)]
  }
  return usable.slice(0, settings.secondUsed)
}

function isApartFrom({ groups }: Known, others: readonly Known[]): boolean {
  return others.every((other) => areApart(groups, other.groups))
}

function holds(list: readonly Guard[], { facts }: Known): boolean {
  return list.some(({ node }) => node === facts.hop.node)
}
