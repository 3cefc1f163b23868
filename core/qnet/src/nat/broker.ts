import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { NodeId } from '../node-id.ts'
import type { NodeAddress } from '../record/index.ts'
import type { World } from '../world.ts'
import { type Control, encodeData, pairBytes } from './messages.ts'

/**
 * Brings two nodes together that nobody can dial: forwards the sealed bytes of their link, which it cannot read, within limits.
 * Only who reserved a place is brought together with anybody.
 */
export type Broker = {
  reserve(from: NodeId): void
  open(from: NodeId, to: NodeId): void
  /** Whether it is a pair of this broker's. */
  data(from: NodeId, pair: Uint8Array, bytes: Uint8Array): boolean
  close(from: NodeId, pair: Uint8Array): boolean
  /** No link leads to it any more: it has no place, and its pairs end. */
  lost(node: NodeId): void
  readonly places: number
  readonly pairs: number
  /** Bytes waiting to be forwarded, of all pairs. */
  readonly waiting: number
}

export type BrokerLimits = {
  readonly reservationsMax: number
  readonly reservationMs: number
  readonly pairsMax: number
  readonly pairsPerNodeMax: number
  /** A pair's pace: what comes faster waits, and what waits has a bound. */
  readonly pairBytesPerSecond: number
  readonly pairWaitingMax: number
  readonly pairBytesMax: number
  readonly pairMs: number
}

export const brokerLimits: BrokerLimits = {
  reservationsMax: 512,
  reservationMs: 10 * 60_000,
  pairsMax: 128,
  pairsPerNodeMax: 8,
  pairBytesPerSecond: 262_144,
  pairWaitingMax: 1_048_576,
  pairBytesMax: 128 * 1_048_576,
  pairMs: 30 * 60_000,
}

export type BrokerOptions = {
  readonly world: World
  readonly limits: BrokerLimits
  /** The address that the peer's link comes from. */
  observed(peer: NodeId): NodeAddress | undefined
  tell(to: NodeId, message: Control): void
  forward(to: NodeId, bytes: Uint8Array): void
}

type Pair = {
  readonly id: Uint8Array
  readonly ends: readonly [NodeId, NodeId]
  /** Of both ways, in the order in which it came. */
  readonly queue: { readonly to: NodeId; readonly bytes: Uint8Array }[]
  bytes: number
  waiting: number
  /** What may go now; below zero, what has to pass before anything may. */
  tokens: number
  filledMs: number
  isTimed: boolean
  cancel: () => void
}

/** Of a second: what goes at once after a while of silence. */
const burst = 0.25
/** A clock that is set back or ahead moves a pair by no more than this. */
const elapsedMsMax = 1000

export function createBroker({ world, limits, observed, tell, forward }: BrokerOptions): Broker {
  const reservations = new Map<NodeId, () => void>()
  const pairs = new Map<string, Pair>()
  const observedOf = (peer: NodeId): readonly NodeAddress[] => {
    const address = observed(peer)
    return address === undefined ? [] : [address]
  }
  const end = (pair: Pair, code: string, except?: NodeId): void => {
    if (!pairs.delete(toHex(pair.id))) return
    pair.cancel()
    for (const to of pair.ends) if (to !== except) tell(to, { kind: 'close', pair: pair.id, code })
  }
  /** One queue and one timer a pair: timers alone do not keep an order. */
  const pump = (pair: Pair): void => {
    if (pair.isTimed || !pairs.has(toHex(pair.id))) return
    const nowMs = world.clock.nowMs()
    const elapsedMs = Math.min(elapsedMsMax, Math.max(0, nowMs - pair.filledMs))
    const { pairBytesPerSecond: pace } = limits
    pair.filledMs = nowMs
    pair.tokens = Math.min(pace * burst, pair.tokens + (elapsedMs * pace) / 1000)
    while (pair.tokens >= 0) {
      const next = pair.queue.shift()
      if (next === undefined) return
      pair.tokens -= next.bytes.length
      pair.waiting -= next.bytes.length
      forward(next.to, encodeData(pair.id, next.bytes))
    }
    if (pair.queue.length === 0) return
    pair.isTimed = true
    world.after(Math.min(elapsedMsMax, Math.ceil((-pair.tokens * 1000) / pace)), () => {
      pair.isTimed = false
      pump(pair)
    })
  }
  const countOf = (id: NodeId): number => [...pairs.values()].filter(({ ends }) => ends.includes(id)).length
  const refusal = (from: NodeId, to: NodeId): string | undefined => {
    if (from === to || !reservations.has(to)) return 'missing.reservation'
    if (pairs.size >= limits.pairsMax) return 'limit.pairs'
    return countOf(from) >= limits.pairsPerNodeMax || countOf(to) >= limits.pairsPerNodeMax
      ? 'limit.pairs-of-node'
      : undefined
  }
  const pairOf = (from: NodeId, id: Uint8Array): Pair | undefined => {
    const pair = pairs.get(toHex(id))
    // A pair's number is no secret to others: only its two ends may speak in it.
    if (pair !== undefined && !pair.ends.includes(from))
      throw new Fault('refused.pair', 'That pair is of two other nodes.')
    return pair
  }
  return {
    get places() {
      return reservations.size
    },
    get pairs() {
      return pairs.size
    },
    get waiting() {
      return [...pairs.values()].reduce((sum, { waiting }) => sum + waiting, 0)
    },
    reserve(from) {
      const isFull = reservations.size >= limits.reservationsMax && !reservations.has(from)
      if (isFull) {
        tell(from, { kind: 'refused', to: from, code: 'limit.reservations' })
        return
      }
      reservations.get(from)?.()
      reservations.set(
        from,
        world.after(limits.reservationMs, () => void reservations.delete(from)),
      )
      tell(from, { kind: 'reserved', lifeMs: limits.reservationMs, observed: observedOf(from) })
    },
    open(from, to) {
      const code = refusal(from, to)
      if (code !== undefined) {
        tell(from, { kind: 'refused', to, code })
        return
      }
      const id = world.random.bytes(pairBytes)
      const pair: Pair = {
        ...{ id, ends: [from, to], queue: [], bytes: 0, waiting: 0 },
        ...{ tokens: 0, filledMs: world.clock.nowMs(), isTimed: false },
        cancel: world.after(limits.pairMs, () => end(pair, 'limit.time')),
      }
      pairs.set(toHex(id), pair)
      const { pairBytesPerSecond: bytesPerSecond } = limits
      tell(to, { kind: 'incoming', from, pair: id, bytesPerSecond })
      tell(from, { kind: 'opened', to, pair: id, observed: observedOf(from), bytesPerSecond })
    },
    data(from, id, bytes) {
      const pair = pairOf(from, id)
      if (pair === undefined) return false
      pair.bytes += bytes.length
      pair.waiting += bytes.length
      if (pair.bytes > limits.pairBytesMax) {
        end(pair, 'limit.bytes')
        return true
      }
      if (pair.waiting > limits.pairWaitingMax) {
        end(pair, 'limit.rate')
        return true
      }
      pair.queue.push({ to: pair.ends[0] === from ? pair.ends[1] : pair.ends[0], bytes })
      pump(pair)
      return true
    },
    close(from, id) {
      const pair = pairOf(from, id)
      if (pair !== undefined) end(pair, 'closed', from)
      return pair !== undefined
    },
    lost(node) {
      reservations.get(node)?.()
      reservations.delete(node)
      for (const pair of pairs.values()) if (pair.ends.includes(node)) end(pair, 'unavailable.peer', node)
    },
  }
}
