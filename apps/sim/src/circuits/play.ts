import type { StreamEnd } from '@anarq/qnet'
import { fractionOf } from '../network.ts'
import { createOnions, createPages, type OnionNode, type Onions } from './onions.ts'

export const circuitScenarios = ['circuits', 'relays-die'] as const
export type CircuitScenario = (typeof circuitScenarios)[number]

export type CircuitOptions = {
  readonly scenario: CircuitScenario
  readonly nodes: number
  readonly seed: number
  readonly minutes?: number
}

export type CircuitReport = {
  readonly clients: number
  readonly relays: number
  readonly hostile: number
  readonly asked: number
  readonly delivered: number
  readonly lost: ReadonlyMap<StreamEnd | 'no answer', number>
  /** From the request to its first byte, sorted. */
  readonly firstByteMs: readonly number[]
  readonly clientBytesPerSecond: number
  readonly relayBytesPerSecond: { readonly mean: number; readonly most: number }
  /** Requests whose first and last relay were of the hostile operator, who knows then who asked for what. */
  readonly seenByOperator: number
  /** Bits about who asked, on average, to the hostile operator for the requests that it lets out without being their guard. */
  readonly exitBits: number
  /** The same to somebody who watches every line and knows when each request left its exit. */
  readonly watcherBits: number
  /** Who is nobody in particular: all clients alike. */
  readonly evenBits: number
}

const secondMs = 1000
const requestBytes = 600
const waitMs = 120 * secondMs
const thinkMs = 60 * secondMs
/** A request may have left its client so long before it left its exit, at the least and at the most. */
const windowMs = [20, 2000] as const

type Tally = {
  asked: number
  delivered: number
  lost: Map<StreamEnd | 'no answer', number>
  firstByteMs: number[]
  seenByOperator: number
  exitBits: number[]
  watcherBits: number[]
}

/** A fifth of the nodes are relays, half of them exits. Each client asks for a page once a minute, at random moments. */
export async function playCircuits({
  scenario,
  nodes,
  seed,
  minutes = 20,
}: CircuitOptions): Promise<CircuitReport> {
  const relays = Math.max(12, Math.round(nodes / 5))
  const onions = createOnions({
    clients: Math.max(1, nodes - relays),
    relays,
    seed,
    hostileShare: 0.1,
    exit: createPages((host) => 2000 + 500 * (host.length % 97), 20),
  })
  const tally: Tally = {
    ...{ asked: 0, delivered: 0, seenByOperator: 0 },
    ...{ lost: new Map(), firstByteMs: [], exitBits: [], watcherBits: [] },
  }
  const endMs = onions.queue.nowMs() + minutes * 60 * secondMs
  for (const client of onions.clients) askNow(onions, client, tally, endMs)
  const toDie = scenario === 'relays-die' ? Math.floor(relays / 5) : 0
  for (let death = 0; death < toDie; death += 1) {
    await onions.run((endMs - onions.queue.nowMs()) / (toDie - death + 1))
    const alive = onions.relays.filter(({ isDown }) => !isDown)
    onions.kill(alive[Math.floor(fractionOf(onions.random) * alive.length)] as OnionNode)
  }
  await onions.run(endMs - onions.queue.nowMs() + waitMs)
  const seconds = minutes * 60 + waitMs / secondMs
  const rates = onions.relays.map(({ sentBytes }) => sentBytes / seconds)
  return {
    clients: onions.clients.length,
    relays,
    hostile: onions.hostile.size,
    asked: tally.asked,
    delivered: tally.delivered,
    lost: tally.lost,
    firstByteMs: tally.firstByteMs.sort((a, b) => a - b),
    clientBytesPerSecond: mean(onions.clients.map(({ sentBytes }) => sentBytes / seconds)),
    relayBytesPerSecond: { mean: mean(rates), most: Math.max(...rates) },
    seenByOperator: tally.seenByOperator,
    exitBits: mean(tally.exitBits),
    watcherBits: mean(tally.watcherBits),
    evenBits: Math.log2(onions.clients.length),
  }
}

/** A page now and then, until the end: the pauses are those of people who do not know of each other. */
function askNow(onions: Onions, client: OnionNode, tally: Tally, endMs: number): void {
  const pauseMs = -Math.log(1 - fractionOf(onions.random)) * thinkMs
  onions.queue.at(onions.queue.nowMs() + pauseMs, () => {
    if (onions.queue.nowMs() >= endMs) return
    ask(onions, client, tally)
    askNow(onions, client, tally, endMs)
  })
}

function ask(onions: Onions, client: OnionNode, tally: Tally): void {
  const { queue, random } = onions
  const askedMs = queue.nowMs()
  const host = `host-${'x'.repeat(Math.floor(fractionOf(random) * 50))}.net`
  let isOver = false
  const finish = (how: StreamEnd | 'no answer' | undefined): void => {
    if (isOver) return
    isOver = true
    cancel()
    if (how === undefined) tally.delivered += 1
    else tally.lost.set(how, (tally.lost.get(how) ?? 0) + 1)
  }
  const cancel = queue.at(askedMs + waitMs, () => finish('no answer'))
  tally.asked += 1
  const flow = client.pool?.open({ kind: 'host', host, port: 80 }, '', {
    connected() {
      flow?.write(new Uint8Array(requestBytes))
      // One way back from the exit, as long as the way there: that is when the request leaves it, near enough.
      observe(onions, client, tally)
    },
    data(bytes) {
      if (!isOver) tally.firstByteMs.push(queue.nowMs() - askedMs)
      flow?.consumed(bytes.length)
      finish(undefined)
    },
    written() {},
    ended: () => flow?.end(),
    closed: (reason) => finish(reason === 'done' ? 'no answer' : reason),
  })
}

/** What this request tells those who look on: how many clients it could be of, were they all alike to them. */
function observe({ queue, hostile, clients, fromClients }: Onions, client: OnionNode, tally: Tally): void {
  const circuit = client.pool?.list().at(-1)
  const path = circuit?.path ?? []
  const [first, last] = [path[0]?.node, path.at(-1)?.node]
  if (first === undefined || last === undefined) return
  const isGuardHostile = hostile.has(first)
  if (isGuardHostile && hostile.has(last)) tally.seenByOperator += 1
  else if (hostile.has(last)) {
    // Whoever has its guards among the hostile ones would have been recognised by its timing.
    const guardsOf = ({ pool }: OnionNode): boolean =>
      pool?.list().some(({ path: [guard] }) => guard !== undefined && hostile.has(guard.node)) ?? false
    const others = clients.filter((one) => !guardsOf(one)).length
    tally.exitBits.push(Math.log2(Math.max(1, others)))
  }
  const nowMs = queue.nowMs()
  const active = new Set<string>()
  for (let at = fromClients.length - 1; at >= 0; at -= 1) {
    const { atMs, from } = fromClients[at] as (typeof fromClients)[number]
    if (atMs < nowMs - windowMs[1]) break
    if (atMs <= nowMs - windowMs[0]) active.add(from)
  }
  tally.watcherBits.push(Math.log2(Math.max(1, active.size)))
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length
}
