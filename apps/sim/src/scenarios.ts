import { encodeCbor } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { createMemoryStore, type Guarantee, homeOfFeed, type Store, swarmDefaults } from '@anarq/qnet/swarm'
import { copiesOf, type Health, healthOf } from './health.ts'
import { createNetwork, fractionOf, type Network, type SimNode } from './network.ts'

export const scenarios = ['quiet', 'churn', 'blackout', 'partition', 'malicious', 'flood', 'hoard'] as const
export type Scenario = (typeof scenarios)[number]

export type RunOptions = {
  readonly scenario: Scenario
  readonly nodes: number
  readonly seed: number
  readonly blocks?: number
  readonly blockBytes?: number
}

export type Report = {
  readonly network: Network
  readonly before: Health
  readonly after: Health
  readonly guarantees: ReadonlyMap<Guarantee, number>
  /** Of as many more that were put by honest nodes after all that happened. */
  readonly later: ReadonlyMap<Guarantee, number>
  /** Of the room that honest nodes give, from 0 to 1: what the fullest of them holds. */
  readonly fullest: number
  /** Acknowledged with at least one copy elsewhere. */
  readonly acknowledged: number
  readonly lost: number
  /** Acknowledged blocks by the number of live copies at the end. */
  readonly copies: ReadonlyMap<number, number>
  readonly fetched: number
  readonly asked: number
  readonly fetchMs: readonly number[]
  readonly grownMs: number
  /** Until no view named who was gone and no two views stood; `undefined`: not within the time that was given. */
  readonly settledMs: number | undefined
  /** Until every acknowledged block had six live copies again, from the end of what happened on. */
  readonly repairedMs: number | undefined
  readonly repairBytes: number
  /** Liars out of a seat in the eyes of their neighbours, of liars. */
  readonly liars: number
  readonly liarsOut: number
  readonly honestOut: number
  /** Sent by an honest node during what the scenario does, in bytes a second. */
  readonly bytesPerSecond: { readonly mean: number; readonly most: number }
}

const minuteMs = 60_000
/** So little that a flood could fill it. */
const hoardBytesMax = 4 * 1024 * 1024

/** Grows a network, stores blocks, lets the scenario happen, waits until it is quiet, and looks at what is left. */
export function play({ scenario, nodes: count, seed, blocks = 200, blockBytes = 2048 }: RunOptions): Report {
  const heldBytesMax = scenario === 'hoard' ? hoardBytesMax : swarmDefaults.heldBytesMax
  const auditTicks = scenario === 'malicious' ? 1 : 6
  const network = createNetwork({ seed, settings: { auditTicks, heldBytesMax } })
  const grownMs = grow(network, count, scenario === 'malicious' ? 0.12 : 0)
  const before = healthOf(network)
  const put = store(network, blocks, blockBytes)
  const sentBefore = new Map([...network.nodes.values()].map((node) => [node, node.sent.bytes]))
  const beganMs = network.queue.nowMs()
  happen[scenario](network)
  const happenedMs = network.queue.nowMs()
  const spentSeconds = (happenedMs - beganMs) / 1000
  const rates = network
    .live()
    .filter(({ isHostile }) => !isHostile)
    .map((node) => (node.sent.bytes - (sentBefore.get(node) ?? 0)) / spentSeconds)
  const settledMs = settle(network, 40 * minuteMs)
  // What was lost is made again meanwhile.
  const endMs = network.queue.nowMs() + 15 * minuteMs
  const isWhole = (): boolean => copiesOf(network, put.keys).every((copies) => copies >= 6)
  while (!isWhole() && network.queue.nowMs() < endMs) network.run(5000)
  const repairedMs = isWhole() ? network.queue.nowMs() - happenedMs : undefined
  network.run(Math.max(0, endMs - network.queue.nowMs()))
  const fetches = fetchAll(network, put)
  const later = store(network, blocks, blockBytes).guarantees
  const honest = network.live().filter(({ isHostile }) => !isHostile)
  const counts = copiesOf(network, put.keys)
  const hostile = [...network.nodes.values()].filter(({ isHostile }) => isHostile)
  return {
    network,
    before,
    after: healthOf(network),
    guarantees: put.guarantees,
    later,
    fullest: Math.max(...honest.map(({ swarm }) => swarm.replicas.heldBytes())) / heldBytesMax,
    acknowledged: put.keys.length,
    lost: counts.filter((copies) => copies === 0).length,
    copies: tally(counts),
    ...fetches,
    asked: put.keys.length,
    grownMs,
    settledMs,
    repairedMs,
    repairBytes: [...network.nodes.values()].reduce(
      (sum, { swarm }) => sum + swarm.replicas.repaired().bytes,
      0,
    ),
    liars: hostile.length,
    liarsOut: hostile.filter((node) => isOut(network, node)).length,
    honestOut: network.live().filter((node) => !node.isHostile && isOut(network, node)).length,
    bytesPerSecond: { mean: rates.reduce((a, b) => a + b, 0) / rates.length, most: Math.max(...rates) },
  }
}

const happen: Record<Scenario, (network: Network) => void> = {
  quiet: (network) => network.run(10 * minuteMs),
  /** In half an hour a tenth of the nodes goes for ever, with its disk, and as many come. */
  churn(network) {
    const changes = Math.ceil(network.live().length / 10)
    for (let i = 0; i < changes; i += 1) {
      const live = network.live()
      const goes = live[Math.floor(fractionOf(network.random) * live.length)] as SimNode
      goes.isDown = true
      network.add(knownOf(network, 3))
      network.run((30 * minuteMs) / changes)
    }
  },
  /** A fifth of every neighbourhood goes for ever, at the same moment. */
  blackout(network) {
    const groups = Map.groupBy(network.live(), ({ swarm }) => swarm.view()?.prefix)
    for (const members of groups.values())
      for (const node of members.slice(0, Math.floor(members.length / 5))) node.isDown = true
    network.run(1000)
  },
  /** Two fifths are cut off for ten minutes. */
  partition(network) {
    for (const node of network.live()) node.side = fractionOf(network.random) < 0.4 ? 1 : 0
    network.run(10 * minuteMs)
    for (const node of network.live()) node.side = 0
  },
  /** Liars about blocks, who call others dead as well and send what is no message. */
  malicious(network) {
    const liars = network.live().filter(({ isHostile }) => isHostile)
    for (let minute = 0; minute < 40; minute += 1) {
      for (const liar of liars) {
        const members = liar.swarm.view()?.members ?? []
        const victim = members[Math.floor(fractionOf(network.random) * members.length)]
        for (const { id } of members)
          if (victim !== undefined && id !== victim.id) liar.send(id, suspicion(victim.idBytes))
        for (const { id } of members.slice(0, 5)) liar.send(id, network.random.bytes(200))
      }
      network.run(minuteMs)
    }
  },
  /** One in twenty has others hold whatever they take: under made up indexes, and under some that it stands for. */
  hoard(network) {
    const hoarders = network.live().slice(0, Math.ceil(network.live().length / 20))
    for (const node of hoarders) node.isHostile = true
    for (let step = 0; step < 100; step += 1) {
      for (const node of hoarders) {
        const feed = network.random.bytes(32)
        if (step % 4 === 0) node.swarm.stand(feed, () => {})
        for (let i = 0; i < 8; i += 1)
          node.swarm.replicas.put(homeOfFeed(feed), network.random.bytes(16_384), 6, () => {})
      }
      network.run(3000)
    }
  },
  /** One in twenty sends fifty messages a second for two minutes, half of them searches, half of them noise. */
  flood(network) {
    const live = network.live()
    const floods = live.slice(0, Math.ceil(live.length / 20))
    for (const node of floods) node.isHostile = true
    for (let step = 0; step < 120; step += 1) {
      for (const node of floods)
        for (let i = 0; i < 50; i += 1) {
          const to = live[Math.floor(fractionOf(network.random) * live.length)] as SimNode
          node.send(to.card.id, i % 2 === 0 ? search(i, network.random.bytes(32)) : network.random.bytes(120))
        }
      network.run(1000)
    }
  },
}

function grow(network: Network, count: number, hostile: number): number {
  const beganMs = network.queue.nowMs()
  network.add([])
  network.run(5000)
  while (network.nodes.size < count) {
    // Never more at once than there are: a network doubles, it does not appear.
    const wave = Math.min(network.nodes.size, count - network.nodes.size, Math.ceil(count / 20))
    for (let i = 0; i < wave; i += 1) {
      const isHostile = fractionOf(network.random) < hostile
      const node = network.add(knownOf(network, 3), isHostile ? createForgetful() : undefined)
      node.isHostile = isHostile
      network.run(8000 / wave)
    }
    network.run(8000)
  }
  const settledMs = settle(network, 30 * minuteMs)
  return settledMs === undefined ? Number.NaN : network.queue.nowMs() - beganMs
}

function settle(network: Network, maxMs: number): number | undefined {
  const beganMs = network.queue.nowMs()
  for (let quietFor = 0; network.queue.nowMs() - beganMs < maxMs; ) {
    const { homeless, split, ghosts } = healthOf(network)
    quietFor = homeless + split + ghosts === 0 ? quietFor + 1 : 0
    if (quietFor === 3) return network.queue.nowMs() - beganMs - 2 * 5000
    network.run(5000)
  }
  return undefined
}

type Stored = { keys: Uint8Array[]; homes: Map<string, Uint8Array>; guarantees: Map<Guarantee, number> }

function store(network: Network, blocks: number, blockBytes: number): Stored {
  const keys: Uint8Array[] = []
  const homes = new Map<string, Uint8Array>()
  const guarantees = new Map<Guarantee, number>()
  const owners = network.live().filter(({ isHostile }) => !isHostile)
  for (let i = 0; i < blocks; i += 1) {
    const owner = owners[Math.floor(fractionOf(network.random) * owners.length)] as SimNode
    const bytes = network.random.bytes(blockBytes)
    if (i % 4 === 0) owner.swarm.stand(feedOf(i), () => {})
    owner.swarm.replicas.put(homeOf(i), bytes, 6, ({ guarantee }) => {
      guarantees.set(guarantee, (guarantees.get(guarantee) ?? 0) + 1)
      if (guarantee !== 'alone') keys.push(hashBlake3(bytes))
      homes.set(hashBlake3(bytes).toHex(), homeOf(i))
    })
    network.run(200)
  }
  network.run(2 * minuteMs)
  return { keys, homes, guarantees }
}

/** Four blocks an index. */
function homeOf(block: number): Uint8Array {
  return homeOfFeed(feedOf(block))
}

function feedOf(block: number): Uint8Array {
  const feed = new Uint8Array(32)
  new DataView(feed.buffer).setUint32(0, block >> 2)
  return feed
}

function fetchAll(network: Network, { keys, homes }: Stored): { fetched: number; fetchMs: number[] } {
  const fetchMs: number[] = []
  const askers = network.live().filter(({ isHostile }) => !isHostile)
  for (const key of keys) {
    const asker = askers[Math.floor(fractionOf(network.random) * askers.length)] as SimNode
    const beganMs = network.queue.nowMs()
    asker.swarm.replicas.get(homes.get(key.toHex()) as Uint8Array, key, (bytes) => {
      if (bytes !== undefined) fetchMs.push(network.queue.nowMs() - beganMs)
    })
    network.run(50)
  }
  network.run(3 * minuteMs)
  return { fetched: fetchMs.length, fetchMs: fetchMs.sort((a, b) => a - b) }
}

/** Out of the neighbourhood that it would be in, as those who are in it see it. */
function isOut(network: Network, { card }: SimNode): boolean {
  const judges = network
    .live()
    .filter((node) => !node.isHostile && node.swarm.membership.accusations.isOut(card.id))
  return judges.length > 0
}

function knownOf(network: Network, count: number): SimNode['card']['id'][] {
  const live = network.live()
  return Array.from(
    { length: count },
    () => (live[Math.floor(fractionOf(network.random) * live.length)] as SimNode).card.id,
  )
}

/** Says that it keeps what it is given, and keeps the names alone. */
function createForgetful(): Store {
  const honest = createMemoryStore()
  return { ...honest, get: (_key, then) => then(undefined) }
}

function tally(numbers: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const number of [...numbers].sort((a, b) => a - b)) counts.set(number, (counts.get(number) ?? 0) + 1)
  return counts
}

function suspicion(idBytes: Uint8Array): Uint8Array {
  return encodeCbor(['', 'suspect', idBytes])
}

function search(number: number, place: Uint8Array): Uint8Array {
  return encodeCbor(['', 'find', number, place])
}
