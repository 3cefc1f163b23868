import { hasCode } from '@anarq/fault'
import { createBuckets } from '../buckets.ts'
import { pick } from '../chance.ts'
import { type DrawBase, drawCommittee } from '../draw.ts'
import type { NodeId } from '../node-id.ts'
import type { NodeKeys } from '../record/index.ts'
import { eldersOf, type StateLink, type StateSet } from '../state-set.ts'
import type { Wire, World } from '../world.ts'
import { createAsks } from './asks.ts'
import { createExchange } from './exchange.ts'
import { createHistory, type History } from './history.ts'
import { readKept, writeKept } from './kept.ts'
import { type Measuring, startMeasuring } from './measuring.ts'
import { encodeMessage, linksPerMessage, type Message, parseMessage } from './messages.ts'
import { createProbing } from './probing.ts'
import { parseReport, writeReport } from './report.ts'
import { createReports, type Reports, type Term } from './reports.ts'
import { type RolesSettings, rolesSettings } from './settings.ts'
import { type OperatorStanding, standingOf } from './uptime.ts'

/** A state of the network, as far as terms are drawn from it. */
export type TermState = StateSet & DrawBase & { readonly link: StateLink }

/** Who offers to be there for so many ten-thousandths of the time. */
export type Offer = { readonly id: NodeId; readonly guarantee: number }

export type RolesOptions = {
  readonly keys: NodeKeys
  readonly world: World
  readonly wire: Wire
  readonly settings?: Partial<RolesSettings>
  /** The network's time, which is not the machine's where that is wrong. */
  nowMs(): number
  /** The latest that the network agreed on. */
  state(): TermState | undefined
  /** All Operators whose records are known, this node too where it is one. */
  operators(): readonly Offer[]
  /** Nodes that answered this one. */
  known(): readonly NodeId[]
  /** What `keep` was given before a restart, oldest first. */
  readonly kept?: Iterable<Uint8Array>
  /** `done` once it is durable. What is out of the window need not be kept: `records` says what is left. */
  keep(record: Uint8Array, done: () => void): void
  /** A peer's message was malformed, forged or too much. */
  blamed?(peer: NodeId, error: unknown): void
  changed?(): void
}

export type OperatorFacts = OperatorStanding & Offer

export type Roles = {
  /** By the network's time. */
  readonly period: number
  readonly settings: RolesSettings
  /** Who is MasterNode now: absent while the network has not agreed on this period. */
  term(): Term | undefined
  /** How many MasterNodes reported of a period. */
  reported(period: number): number
  /** Whom this node measures in its term. */
  measuring(): readonly NodeId[]
  operators(): readonly OperatorFacts[]
  receive(from: NodeId, message: Uint8Array): void
  /** All that is still worth keeping. */
  records(): Iterable<Uint8Array>
  stop(): void
}

/** The draw of a state: for how long it binds is the state's period. */
export function termOf(set: StateSet, masters: number): Term {
  const base = { seed: set.seed, elders: eldersOf(set) }
  return { period: set.period, masters: drawCommittee(base, 'masternodes', masters) }
}

const tickMs = 2_000
/** Of a period in which so much of the network changed, that its link is larger, newcomers learn nothing, nor of those before. */
const keptBytesMax = 60_000

export function createRoles(options: RolesOptions): Roles {
  const { keys, world, known } = options
  const settings: RolesSettings = { ...rolesSettings, ...options.settings }
  const reports = createReports(settings)
  const asks = createAsks(world)
  const send = (to: NodeId, message: Message): void => options.wire.send(to, encodeMessage(message))
  const exchange = createExchange({ world, reports, known, send })
  const now = (): number => Math.floor(options.nowMs() / settings.periodMs)
  const isMaster = (id: NodeId): boolean =>
    [now(), now() - 1].some((period) => reports.term(period)?.masters.includes(id) === true)
  const probing = createProbing({
    ...{ world, asks, send, isMaster },
    self: keys.id,
    timeoutMs: settings.probeTimeoutMs,
    witnesses: known,
  })
  let isStopped = false
  let measuring: Measuring | undefined

  /** Kept before it is passed on: after a crash a node must not write a second report of one term. */
  const takeReport = (bytes: Uint8Array, from?: NodeId): void => {
    if (!reports.take(bytes, now()).isNew) return
    options.keep(writeKept({ kind: 'report', bytes }), () => isStopped || exchange.spread(bytes, from))
    options.changed?.()
  }
  const terms = openTerms(options, settings, reports)
  const askPast = (): void => {
    const hash = terms.history.wanted()
    if (hash === undefined) return
    for (const peer of pick(world.random, known(), 1)) send(peer, { kind: 'past', hash })
  }
  const endTerm = (): void => {
    if (measuring === undefined) return
    const { period } = measuring
    const seen = measuring.end()
    measuring = undefined
    const isDrawn = reports.term(period)?.masters.includes(keys.id) === true
    if (isDrawn && seen.length > 0) takeReport(writeReport(keys, period, seen).bytes)
  }
  const tick = (): void => {
    const period = now()
    const state = terms.draw()
    if (measuring !== undefined && measuring.period !== period) endTerm()
    if (reports.term(period)?.masters.includes(keys.id) !== true || reports.has(period, keys.id)) return
    measuring ??= startMeasuring({
      ...{ world, period, operatorsMax: settings.operatorsMax, look: probing.look },
      everyMs: settings.periodMs / settings.probesPerPeriod,
    })
    measuring.include(
      chosen(options.operators(), state, settings.operatorsMax).filter((id) => id !== keys.id),
    )
  }
  const isOver = (): boolean => isStopped
  every(world, tickMs, isOver, tick)
  every(world, settings.compareEveryMs, isOver, () => {
    exchange.compare()
    askPast()
  })

  const receive = createReceiver(options, {
    isOperator: (id) => options.operators().some((offer) => offer.id === id),
    ...{ isMaster, send, asks, probing, exchange, history: terms.history, takeReport, askPast },
  })
  return {
    get period() {
      return now()
    },
    settings,
    term: () => reports.term(now()),
    reported: reports.reported,
    measuring: () => measuring?.operators ?? [],
    operators: () =>
      options.operators().map(({ id, guarantee }) => ({
        id,
        guarantee,
        ...standingOf(guarantee, (period) => reports.uptime(id, period), now(), settings),
      })),
    receive: (from, message) => isStopped || from === keys.id || receive(from, message),
    records: () => recordsOf(reports, terms.history),
    stop() {
      isStopped = true
      measuring?.end()
      measuring = undefined
    },
  }
}

type Terms = {
  readonly history: History
  /** Draws the term of the latest state, and of those that are found to be before it. What that state is. */
  draw(): TermState | undefined
}

/** With what is kept from before. */
function openTerms(
  { kept = [], ...options }: RolesOptions,
  settings: RolesSettings,
  reports: Reports,
): Terms {
  let drawn: TermState | undefined
  const history = createHistory({
    periods: settings.windowPeriods,
    found(set) {
      const term = termOf(set, settings.masters)
      if (!reports.setTerm(term)) return
      options.keep(writeKept({ kind: 'term', term }), () => {})
      options.changed?.()
    },
    learned(hash, link) {
      const record = writeKept({ kind: 'link', hash, link })
      if (record.length <= keptBytesMax) options.keep(record, () => {})
    },
  })
  restore(kept, reports, history)
  return {
    history,
    draw() {
      const state = options.state()
      if (state === undefined || state === drawn) return state
      drawn = state
      history.begin(state, state.link)
      // By what was agreed on, not by a clock, which may be wrong.
      reports.prune(state.period)
      return state
    },
  }
}

function every(world: World, periodMs: number, isOver: () => boolean, task: () => void): void {
  world.after(periodMs, () => {
    if (isOver()) return
    task()
    every(world, periodMs, isOver, task)
  })
}

/** Where there are more Operators than are measured, as many of them as the period draws. */
function chosen(offers: readonly Offer[], state: TermState | undefined, most: number): readonly NodeId[] {
  const ids = offers.map(({ id }) => id)
  return state === undefined || ids.length <= most
    ? ids.slice(0, most)
    : drawCommittee({ seed: state.seed, elders: ids }, 'operators', most)
}

function* recordsOf(reports: Reports, history: History): Iterable<Uint8Array> {
  for (const { hash, link } of history.all()) {
    const record = writeKept({ kind: 'link', hash, link })
    if (record.length <= keptBytesMax) yield record
  }
  for (const period of reports.periods().toReversed()) {
    const term = reports.term(period)
    if (term !== undefined) yield writeKept({ kind: 'term', term })
    for (const bytes of reports.of(period)) yield writeKept({ kind: 'report', bytes })
  }
}

/** What does not read any more is left behind: others have it too. */
function restore(kept: Iterable<Uint8Array>, reports: Reports, history: History): void {
  for (const bytes of kept) {
    try {
      const one = readKept(bytes)
      if (one.kind === 'term') reports.setTerm(one.term)
      else if (one.kind === 'link') history.restore(one.hash, one.link)
      // Whatever the time is: a clock that is still wrong after a start must not make a node forget what it signed.
      else reports.take(one.bytes, parseReport(one.bytes).period)
    } catch (error) {
      if (hasCode(error, 'internal.error')) throw error
    }
  }
}

type Handlers = {
  isMaster(id: NodeId): boolean
  isOperator(id: NodeId): boolean
  send(to: NodeId, message: Message): void
  readonly asks: ReturnType<typeof createAsks>
  readonly probing: ReturnType<typeof createProbing>
  readonly exchange: ReturnType<typeof createExchange>
  readonly history: History
  takeReport(bytes: Uint8Array, from: NodeId): void
  askPast(): void
}

const perSecond = 20
const burst = 600

function createReceiver(
  { keys, world, blamed }: RolesOptions,
  handlers: Handlers,
): (from: NodeId, message: Uint8Array) => void {
  const { asks, send, probing, exchange, history } = handlers
  const buckets = createBuckets({ perSecond, burst })
  const sendLinks = (to: NodeId, hash: Uint8Array): void => {
    let room = keptBytesMax
    const links = history.from(hash, linksPerMessage).filter((link) => {
      room -= 128 + 40 * (link.came.length + link.gone.length)
      return room >= 0
    })
    if (links.length > 0) send(to, { kind: 'links', hash, links })
  }
  const handle = (from: NodeId, message: Message): void => {
    switch (message.kind) {
      case 'probe':
        send(from, { kind: 'here', nonce: message.nonce })
        return
      case 'here':
        asks.answer(from, message.nonce, true)
        return
      case 'look': {
        const { nonce, at } = message
        const say = (isThere: boolean): void => send(from, { kind: 'saw', nonce, isThere })
        // Nobody else is looked after, and for nobody else, so that no stranger makes this node knock anywhere.
        if (!handlers.isMaster(from) || !handlers.isOperator(at)) return
        if (at === keys.id) say(true)
        else probing.lookFor(at, say)
        return
      }
      case 'saw':
        asks.answer(from, message.nonce, message.isThere)
        return
      case 'have':
        exchange.receive(from, message)
        return
      case 'reports':
        for (const bytes of message.reports) handlers.takeReport(bytes, from)
        return
      case 'past':
        sendLinks(from, message.hash)
        return
      case 'links':
        // While it leads on, the next are asked for at once; else with the next comparison, of somebody else.
        if (history.offer(message.hash, message.links) > 0) handlers.askPast()
        return
      default:
        message satisfies never
    }
  }
  return (from, bytes) => {
    try {
      const message = parseMessage(bytes)
      // What is too much is dropped: probes are asked again, and reports compared again.
      if (buckets.take(from, costOf(message), world.clock.nowMs())) handle(from, message)
    } catch (error) {
      blamed?.(from, error)
    }
  }
}

function costOf(message: Message): number {
  if (message.kind === 'reports') return Math.max(1, message.reports.length)
  return message.kind === 'have' || message.kind === 'past' || message.kind === 'links'
    ? 10
    : message.kind === 'look'
      ? 4
      : 1
}
