import type { NodeId } from '../node-id.ts'
import type { Hop } from './client.ts'

/** A relay as its record and our own links show it. */
export type RelayFacts = {
  readonly hop: Hop
  /** Its addresses, in the one spelling that records have. */
  readonly hosts: readonly string[]
  /** Nodes of one operator name the same one. */
  readonly family?: string
  /** What else a circuit has only one node of: branches, brokers that a node comes by. */
  readonly neighbourhoods: readonly string[]
  readonly isExit: boolean
  /** Bytes a second that it says it gives. Believed up to what was measured of others. */
  readonly declaredRate: number
  /** Of our own link to it, there and back. */
  readonly linkRttMs?: number
  /** Since when it has been there, as it says itself. */
  readonly sinceMs: number
}

/** What no two hops of a circuit have in common: node, /16 of IPv4, /32 of IPv6, domain, family, neighbourhood. */
export function groupsOf({ hop, hosts, family, neighbourhoods }: RelayFacts): ReadonlySet<string> {
  const groups = [`id:${hop.node}`, ...hosts.map(networkOf), ...neighbourhoods.map((name) => `near:${name}`)]
  return new Set(family === undefined ? groups : [...groups, `family:${family}`])
}

export function areApart(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.isDisjointFrom(b)
}

/** What one operator rents or is given at once: Tor's path-spec 2.2 keeps /16 and /32 apart too. */
export function networkOf(host: string): string {
  const plain = host.toLowerCase().replace(/%.*$/s, '')
  if (!plain.includes(':')) {
    const labels = plain.split('.')
    const isIpv4 = labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label))
    return isIpv4 ? `4:${labels.slice(0, 2).join('.')}` : `n:${labels.slice(-2).join('.')}`
  }
  const [front = [], back] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const zeros = back === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
  const [first, second] = [...front, ...zeros, ...(back ?? [])].map((word) => Number.parseInt(word, 16))
  return `6:${(first ?? 0).toString(16)}:${(second ?? 0).toString(16)}`
}

/** What circuits have shown of relays. */
export type Measures = {
  /** A circuit's round trip, of which each of its hops has a part. */
  latency(nodes: readonly NodeId[], rttMs: number): void
  /** Bytes a second that a circuit carried while it was the circuit that held them up. */
  rate(nodes: readonly NodeId[], bytesPerSecond: number): void
  /** Its part. Only differences between relays mean something: what all paths have in common stands with any of them. */
  latencyOf(node: NodeId): number | undefined
  rateOf(node: NodeId): number | undefined
  /** Of all rates that were measured. */
  readonly rateMedian: number | undefined
  readonly latencyMedian: number | undefined
}

const nodesMax = 8192
const newPart = 0.4

export function createMeasures(): Measures {
  const latencies = new Map<NodeId, number>()
  const rates = new Map<NodeId, number>()
  const put = (into: Map<NodeId, number>, node: NodeId, value: number): void => {
    into.delete(node)
    into.set(node, value)
    if (into.size > nodesMax) into.delete(into.keys().next().value as NodeId)
  }
  /** Normalised least mean squares: what the parts do not explain is shared out, to relays that are new before all others. */
  const takeLatency = (nodes: readonly NodeId[], rttMs: number): void => {
    const fresh = nodes.filter((node) => !latencies.has(node))
    const rest = rttMs - nodes.reduce((sum, node) => sum + (latencies.get(node) ?? 0), 0)
    const [to, part] = fresh.length > 0 ? [fresh, 1 / fresh.length] : [nodes, newPart / nodes.length]
    for (const node of to) put(latencies, node, (latencies.get(node) ?? 0) + rest * part)
  }
  const takeRate = (node: NodeId, rate: number): void => {
    const before = rates.get(node) ?? rate
    put(rates, node, before + (rate - before) * newPart)
  }
  const isFigure = (value: number): boolean => Number.isFinite(value) && value >= 0
  return {
    latency(nodes, rttMs) {
      if (isFigure(rttMs)) takeLatency(nodes, rttMs)
    },
    rate(nodes, bytesPerSecond) {
      if (isFigure(bytesPerSecond)) for (const node of nodes) takeRate(node, bytesPerSecond)
    },
    latencyOf: (node) => latencies.get(node),
    rateOf: (node) => rates.get(node),
    get rateMedian() {
      return medianOf([...rates.values()])
    },
    get latencyMedian() {
      return medianOf([...latencies.values()])
    },
  }
}

export function medianOf(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
