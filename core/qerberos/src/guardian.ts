import type { Clock } from '@anarq/clock'
import { type Alert, type AlertQuery, createAlarms } from './alarms.ts'
import { createDecoys, type Decoys } from './decoys.ts'
import { defaultRules } from './default-rules.ts'
import { type Flow, type FlowEnd, openFlow } from './flow.ts'
import { checkAfter, createGate } from './gate.ts'
import { createIncidents, type Incident } from './incidents.ts'
import { type GuardianLimits, guardianLimits } from './limits.ts'
import { noRisk, type RiskScore } from './risk.ts'
import { type Mode, parseRules, type Rules } from './rules.ts'
import { createSentry } from './sentry.ts'
import type { FlowKind, StageReport } from './stages.ts'
import { checkName, createWatchlist, stranger } from './watchlist.ts'

export type GuardianOptions = {
  /** Takes each alert into the audit log. It must not throw; whoever writes later in batches keeps them until then. */
  log: (alert: Alert) => void
  clock: Clock
  /** A rule set as `parseRules` takes it. */
  rules?: unknown
  limits?: Partial<GuardianLimits>
}

export type FlowAbout = {
  /** Under what the flow is counted; its kind, where nothing is said. */
  readonly action?: string
  /** For a flow out whose access was a flow of its own. */
  readonly after?: FlowEnd
}

export type GuardianStatus = {
  readonly flows: Readonly<Record<FlowKind, FlowCounts>>
  readonly identities: number
  readonly decoys: number
  readonly alerts: number
  /** Alerts that the log or a listener did not take. */
  readonly alertsUntaken: number
  readonly rules: string
}

export type WatchedFacts = {
  /** A name, or a pseudonym of where something came from. */
  readonly identity: string
  readonly sinceMs: number
  readonly lastMs: number
  readonly risk: RiskScore
  readonly mode: Mode
}

/** `breached` flows are among the refused ones. */
export type FlowCounts = {
  readonly begun: number
  readonly ok: number
  readonly refused: number
  readonly failed: number
  readonly breached: number
}

export type Guardian = {
  /** `refused.blocked` and `limit.loop` as `allow` has them; `refused.order` for a flow out after no access. */
  begin(kind: FlowKind, identity: string, object?: string, about?: FlowAbout): Flow
  /**
   * Asks before anything is done: `limit.rate` when there was too much, `limit.loop` when the same was refused again and
   * again (both say in `data.waitMs` when to come back), `refused.blocked` for whom the rules blocked.
   */
  allow(identity: string, action: string, object?: string): void
  /** What happened outside of a flow. Charge whoever sent it, not the identity that an unproved name claims. */
  observe(identity: string, incident: Incident): void
  score(identity: string): RiskScore
  mode(identity: string): Mode
  /** Puts an identity into a mode by hand, or back after a restart. */
  hold(identity: string, mode: Exclude<Mode, 'normal'>, forMs: number): void
  /** Forgets what was counted against an identity, and its mode. */
  pardon(identity: string): void
  readonly decoys: Decoys
  /** Newest first. */
  alerts(query?: AlertQuery): readonly Alert[]
  /** Everybody who is being watched, whoever did something last first. */
  watched(): readonly WatchedFacts[]
  /** All three return what stops the listening. */
  onAlert(listener: (alert: Alert) => void): () => void
  onStage(listener: (report: StageReport) => void): () => void
  /** Of each flow once, however it ended. */
  onEnd(listener: (end: FlowEnd) => void): () => void
  status(): GuardianStatus
  rules(): Rules
  /** Takes effect with the next call. Malformed rules are `invalid.rules` and the former ones stay. */
  setRules(rules: unknown): Rules
}

/** The guardian of one kernel. It is told names, hashes, sizes and codes, and never needs more. */
export function createGuardian(options: GuardianOptions): Guardian {
  const { log, clock } = options
  const limits = { ...guardianLimits, ...options.limits }
  const name = clock.nowMs().toString(36)
  let rules = parseRules(options.rules ?? defaultRules)
  let flows = 0

  const alarms = createAlarms({ log, name, alertsMax: limits.alertsMax })
  const sentry = createSentry({ alarms, rules: () => rules, limits })
  const watchlist = createWatchlist({
    limits,
    weightOf(watched, nowMs) {
      if (sentry.mode(watched, nowMs) !== 'normal') return Number.POSITIVE_INFINITY
      return watched.risk === noRisk ? 0 : sentry.score(watched, nowMs).score
    },
  })
  const context = { clock, limits, watchlist, sentry, rules: () => rules }
  const incidents = createIncidents(context)
  const gate = createGate(context)
  const decoys = createDecoys({
    nowMs: () => clock.nowMs(),
    decoysMax: limits.decoysMax,
    onTouch: incidents.onTouch,
  })

  return {
    begin(kind, identity, object, about) {
      const action = about?.action ?? kind
      if (object !== undefined) checkName(object, limits.textMax)
      gate.enter(identity, action, object)
      const after = about?.after
      if (after !== undefined) checkAfter(after, kind, identity, object)
      flows += 1
      incidents.counts[kind].begun += 1
      return openFlow({ id: `${name}-${flows}`, kind, identity, action, object, after }, incidents.watcher)
    },
    allow: gate.allow,
    observe: incidents.observe,
    score: (identity) => sentry.score(watchlist.peek(identity) ?? stranger, clock.nowMs()),
    mode: (identity) => sentry.mode(watchlist.peek(identity) ?? stranger, clock.nowMs()),
    hold(identity, mode, forMs) {
      const nowMs = clock.nowMs()
      const watched = watchlist.of(identity, nowMs)
      watched.mode = mode
      watched.modeUntilMs = nowMs + forMs
    },
    pardon: watchlist.forget,
    decoys,
    alerts: alarms.list,
    onAlert: alarms.listen,
    onStage: incidents.listen,
    onEnd: incidents.listenEnds,
    watched() {
      const nowMs = clock.nowMs()
      return watchlist
        .list()
        .map((watched) => ({
          identity: watched.identity,
          sinceMs: watched.sinceMs,
          lastMs: watched.lastMs,
          risk: sentry.score(watched, nowMs),
          mode: sentry.mode(watched, nowMs),
        }))
        .sort((a, b) => b.lastMs - a.lastMs)
    },
    status: () => ({
      flows: {
        in: { ...incidents.counts.in },
        out: { ...incidents.counts.out },
        access: { ...incidents.counts.access },
      },
      identities: watchlist.size(),
      decoys: decoys.list().length,
      alerts: alarms.raised(),
      alertsUntaken: alarms.untaken() + incidents.untaken(),
      rules: rules.name,
    }),
    rules: () => rules,
    setRules(value) {
      rules = parseRules(value)
      return rules
    },
  }
}
