import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { NodeId } from '../node-id.ts'
import type { NodeAddress } from '../record/index.ts'
import type { World } from '../world.ts'
import { type Control, encodeData, pairBytes } from './messages.ts'
import { createPacer, type Pacer } from './pacer.ts'

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
  readonly pacer: Pacer
  bytes: number
  cancel: () => void
}

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
    pair.pacer.stop()
    for (const to of pair.ends) if (to !== except) tell(to, { kind: 'close', pair: pair.id, code })
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
      return [...pairs.values()].reduce((sum, { pacer }) => sum + pacer.waiting, 0)
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
        ...{ id, ends: [from, to], bytes: 0 },
        pacer: createPacer({
          world,
          bytesPerSecond: limits.pairBytesPerSecond,
          forward: (end, bytes) => forward(end, encodeData(id, bytes)),
        }),
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
      if (pair.bytes > limits.pairBytesMax) {
        end(pair, 'limit.bytes')
        return true
      }
      if (pair.pacer.waiting + bytes.length > limits.pairWaitingMax) {
        end(pair, 'limit.rate')
        return true
      }
      pair.pacer.put(pair.ends[0] === from ? pair.ends[1] : pair.ends[0], bytes)
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
