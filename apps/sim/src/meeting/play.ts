import { createSeededRandom } from '@anarq/random/testing'
import { fractionOf } from '../network.ts'
import { type Citizen, createTown, type Town } from './town.ts'

export const meetingScenarios = ['meeting', 'sybils'] as const
export type MeetingScenario = (typeof meetingScenarios)[number]

export type MeetingOptions = {
  readonly scenario: MeetingScenario
  readonly nodes: number
  readonly seed: number
}

export type MeetingReport = {
  readonly honest: number
  readonly sybils: number
  /** From the start of a node to when it is usable, sorted; those who never were are not in it. */
  readonly usableMs: readonly number[]
  /** Nodes that an honest node knows. */
  readonly known: { readonly least: number; readonly mean: number; readonly most: number }
  /** Of those it knows, the attacker's: the mean and the most of any honest node. */
  readonly sybilShare: { readonly mean: number; readonly most: number }
  /** Look-ups of honest nodes by honest nodes that came to the right one. */
  readonly found: number
  readonly sought: number
  readonly foundMs: readonly number[]
  /** Honest nodes that have the state of the network that most have, and its relays. */
  readonly ofOneMind: number
  readonly relays: number
  readonly bytesPerSecond: { readonly mean: number; readonly most: number }
  readonly lost: number
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const betweenMs = 200
/** Relays of the honest, at most: a state of the network is signed by them. */
const relaysMax = 96
/** All that an attacker has rented. */
const sybilNetworks = 3
const soughtMax = 200

/** Nodes come one after the other, each knowing one that is there, and look for each other an hour later. */
export function playMeeting({ scenario, nodes, seed }: MeetingOptions): MeetingReport {
  const town = createTown(seed)
  const random = createSeededRandom(seed + 1)
  for (let n = 0; n < nodes; n += 1) {
    const known = town.citizens[Math.floor(fractionOf(random) * town.citizens.length)]
    town.add(
      hostOf(n),
      { isRelay: n < relaysMax, isHostile: false },
      known === undefined ? [] : [known.contact],
    )
    runWatching(town, betweenMs)
  }
  runWatching(town, minuteMs)
  // As many as all the honest, half again: each knows one honest node, and all the others of its kind meet by it.
  const sybils = scenario === 'sybils' ? Math.ceil(nodes * 1.5) : 0
  for (let n = 0; n < sybils; n += 1) {
    const honest = town.citizens[Math.floor(fractionOf(random) * nodes)] as Citizen
    const host = `66.66.${n % sybilNetworks}.${Math.floor(n / sybilNetworks) % 250}`
    town.add(host, { isRelay: true, isHostile: true }, [honest.contact])
    runWatching(town, betweenMs / 4)
  }
  const beganMs = town.net.clock.nowMs()
  const before = new Map(town.citizens.map((one) => [one, one.sentBytes]))
  runWatching(town, 60 * minuteMs)
  const spentSeconds = (town.net.clock.nowMs() - beganMs) / secondMs
  const honest = town.citizens.filter(({ isHostile }) => !isHostile)
  const rates = honest.map((one) => (one.sentBytes - (before.get(one) ?? 0)) / spentSeconds)
  const searches = search(town, honest, random)
  const bad = new Set(town.citizens.filter(({ isHostile }) => isHostile).map(({ keys }) => keys.id))
  const views = honest.map(({ discovery }) => discovery.nodes().map(({ record }) => record.id))
  const shares = views.map((ids) => ids.filter((id) => bad.has(id)).length / Math.max(1, ids.length))
  const states = honest.map(({ discovery: { state } }) =>
    state === undefined ? 'none' : `${state.period} ${state.ids.length} ${state.hash.toHex()}`,
  )
  const commonest = [...Map.groupBy(states, (text) => text).entries()].sort(
    ([, a], [, b]) => b.length - a.length,
  )[0]
  return {
    honest: honest.length,
    sybils,
    usableMs: honest
      .flatMap(({ usableMs, bornMs }) => (usableMs === undefined ? [] : [usableMs - bornMs]))
      .sort((a, b) => a - b),
    known: {
      least: Math.min(...views.map((ids) => ids.length)),
      mean: mean(views.map((ids) => ids.length)),
      most: Math.max(...views.map((ids) => ids.length)),
    },
    sybilShare: { mean: mean(shares), most: Math.max(...shares) },
    ...searches,
    ofOneMind: commonest === undefined || commonest[0] === 'none' ? 0 : commonest[1].length,
    relays: Number(commonest?.[0].split(' ')[1] ?? 0),
    bytesPerSecond: { mean: mean(rates), most: Math.max(...rates) },
    lost: town.net.stats.lost,
  }
}

/** Notes who becomes usable, to the second. */
function runWatching(town: Town, forMs: number): void {
  const untilMs = town.net.clock.nowMs() + forMs
  while (town.net.clock.nowMs() < untilMs) {
    town.net.run(Math.min(secondMs, untilMs - town.net.clock.nowMs()))
    for (const citizen of town.citizens)
      if (citizen.usableMs === undefined && citizen.discovery.status().isUsable)
        citizen.usableMs = town.net.clock.nowMs()
  }
}

function search(
  { net }: Town,
  honest: readonly Citizen[],
  random: ReturnType<typeof createSeededRandom>,
): Pick<MeetingReport, 'found' | 'foundMs' | 'sought'> {
  const foundMs: number[] = []
  const pick = (): Citizen => honest[Math.floor(fractionOf(random) * honest.length)] as Citizen
  const sought = Math.min(soughtMax, honest.length)
  const startedMs = net.clock.nowMs()
  for (let n = 0; n < sought; n += 1) {
    const seeker = pick()
    const wanted = pick().keys.id
    if (wanted === seeker.keys.id) foundMs.push(0)
    else
      seeker.discovery.find(wanted, (record) => {
        if (record?.id === wanted) foundMs.push(net.clock.nowMs() - startedMs)
      })
  }
  net.run(2 * minuteMs)
  return { sought, found: foundMs.length, foundMs: foundMs.sort((a, b) => a - b) }
}

/** Each in a /24 of its own. */
function hostOf(n: number): string {
  return `${20 + (n >> 8)}.${n & 255}.7.1`
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length
}
