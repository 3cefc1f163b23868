import { equalBytes } from '@anarq/bytes'
import { pick } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { type Message, periodsPerMessage, reportsPerMessage } from './messages.ts'
import type { Reports } from './reports.ts'

/**
 * Reports spread as records do: what is new goes to a few at once, and now and then two nodes compare what they have of each
 * period, so that whatever was lost, or came while one was away, arrives in the end.
 */
export type Exchange = {
  /** New here: to be passed on, not back. */
  spread(report: Uint8Array, except?: NodeId): void
  /** With one by chance. */
  compare(): void
  receive(from: NodeId, message: Extract<Message, { kind: 'have' }>): void
}

export type ExchangeOptions = {
  readonly world: World
  readonly reports: Reports
  known(): readonly NodeId[]
  send(to: NodeId, message: Message): void
}

const fanout = 6
const spreadAfterMs = 1_000
/** Of one comparison; what is more comes with the next. */
const messagesPerExchange = 8
/** Reports come in the first minutes after a period, so the latest ones differ the most. */
const latestPeriods = periodsPerMessage / 2

export function createExchange({ world, reports, known, send }: ExchangeOptions): Exchange {
  let fresh: { readonly report: Uint8Array; readonly except: NodeId | undefined }[] = []

  const sendAll = (to: NodeId, all: readonly Uint8Array[]): void => {
    for (let at = 0; at < all.length; at += reportsPerMessage)
      send(to, { kind: 'reports', reports: all.slice(at, at + reportsPerMessage) })
  }
  const flush = (): void => {
    const batch = fresh
    fresh = []
    for (const peer of pick(world.random, known(), fanout))
      sendAll(
        peer,
        batch.filter(({ except }) => except !== peer).map(({ report }) => report),
      )
  }
  const heldOf = (periods: readonly number[]): { period: number; tag: Uint8Array }[] =>
    periods.map((period) => ({ period, tag: reports.tag(period) }))

  return {
    spread(report, except) {
      if (fresh.push({ report, except }) === 1) world.after(spreadAfterMs, flush)
    },
    compare() {
      const periods = reports.periods()
      const older = pick(world.random, periods.slice(latestPeriods), periodsPerMessage - latestPeriods)
      const held = heldOf([...periods.slice(0, latestPeriods), ...older])
      if (held.length === 0) return
      for (const peer of pick(world.random, known(), 1)) send(peer, { kind: 'have', isAnswer: false, held })
    },
    receive(from, { isAnswer, held }) {
      // Of what this node knows no draw, it can neither give nor judge anything.
      const differing = held.filter(
        ({ period, tag }) => reports.term(period) !== undefined && !equalBytes(reports.tag(period), tag),
      )
      if (differing.length === 0) return
      const periods = [...new Set(differing.map(({ period }) => period))]
      const own = periods.flatMap((period) => reports.of(period))
      sendAll(from, own.slice(0, messagesPerExchange * reportsPerMessage))
      if (!isAnswer) send(from, { kind: 'have', isAnswer: true, held: heldOf(periods) })
    },
  }
}
