import type { Alarms, Alert, Evidence, Severity } from './alarms.ts'
import type { GuardianLimits } from './limits.ts'
import { charge, type RiskScore, scoreAt } from './risk.ts'
import type { AlertKind, IncidentKind, Mode, Rules } from './rules.ts'
import { setBounded, type Watched } from './watchlist.ts'

export type Happening = {
  readonly kind: IncidentKind
  readonly rule: string
  readonly sentence: string
  /** What it is about: further alerts about the same are quiet for a while. */
  readonly subject: string
  readonly evidence: Evidence
}

/** Charges what happened, raises the alert, and does what the rules say follows. */
export type Sentry = {
  /** The alert, or undefined when it stayed quiet. */
  note(watched: Watched, happening: Happening, nowMs: number): Alert | undefined
  score(watched: Watched, nowMs: number): RiskScore
  mode(watched: Watched, nowMs: number): Mode
}

export type SentryOptions = { alarms: Alarms; rules: () => Rules; limits: GuardianLimits }

/** A refusal by itself is everyday life: it counts, and only the score that it adds up to raises an alert. */
const severities: Readonly<Record<IncidentKind, Severity | 'silent'>> = {
  refusal: 'silent',
  policy: 'medium',
  signature: 'medium',
  damaged: 'high',
  order: 'high',
  coherence: 'critical',
  flood: 'medium',
  loop: 'low',
  rate: 'medium',
  decoy: 'critical',
}
/** These come by the thousand; they are charged once for each alert, not once for each request. */
const chargedOnce: ReadonlySet<IncidentKind> = new Set(['flood', 'loop', 'rate'])
const levelOrder: readonly Severity[] = ['low', 'medium', 'high', 'critical']
const quietMax = 32

export function createSentry({ alarms, rules, limits }: SentryOptions): Sentry {
  const halfLifeMs = limits.riskHalfLifeMs
  const score = (watched: Watched, nowMs: number): RiskScore =>
    scoreAt(watched.risk, rules().risk.levels, { nowMs, halfLifeMs })

  function react(watched: Watched, on: AlertKind, nowMs: number): void {
    if (rules().spared.includes(watched.identity)) return
    const reached = score(watched, nowMs).score
    const reaction = rules().reactions.find((rule) => rule.on === on && reached >= rule.scoreMin)
    if (reaction === undefined) return
    const untilMs = nowMs + reaction.forMs
    const now = modeAt(watched, nowMs)
    if (now === 'blocked' && reaction.mode !== 'blocked') return
    watched.modeUntilMs = now === reaction.mode ? Math.max(watched.modeUntilMs, untilMs) : untilMs
    watched.mode = reaction.mode
  }

  function add(watched: Watched, kind: IncidentKind, nowMs: number): void {
    watched.risk = charge(watched.risk, kind, rules().risk.weights[kind], { nowMs, halfLifeMs })
    const { score: reached, level, reasons } = score(watched, nowMs)
    const before = watched.level
    watched.level = level
    if (levelOrder.indexOf(level) <= levelOrder.indexOf(before)) return
    const rule = `risk.${level}`
    const repeats = wakeOf(watched, `risk\n${level}`, rules().quietMs.risk, nowMs)
    if (repeats === undefined) return
    const counts = { score: reached, ...Object.fromEntries(reasons.map((r) => [r.reason, r.points])) }
    const sentence = `${watched.identity} has reached ${reached} of 1000 points of risk, most of them for "${reasons[0]?.reason ?? kind}".`
    const evidence = { hashes: [], counts }
    alarms.raise({
      atMs: nowMs,
      kind: 'risk',
      severity: level,
      rule,
      identity: watched.identity,
      evidence,
      sentence,
    })
    react(watched, 'risk', nowMs)
  }

  return {
    note(watched, { kind, rule, sentence, subject, evidence }, nowMs) {
      const severity = severities[kind]
      const repeats = wakeOf(watched, `${kind}\n${subject}`, rules().quietMs[kind], nowMs)
      const isQuiet = severity === 'silent' || repeats === undefined
      let alert: Alert | undefined
      if (!isQuiet) {
        const counts = repeats === 0 ? evidence.counts : { ...evidence.counts, repeats }
        alert = alarms.raise({
          atMs: nowMs,
          kind,
          severity,
          rule,
          identity: watched.identity,
          evidence: { ...evidence, counts },
          sentence,
        })
      }
      if (!isQuiet || !chargedOnce.has(kind)) add(watched, kind, nowMs)
      if (!isQuiet) react(watched, kind, nowMs)
      return alert
    },
    score,
    mode: modeAt,
  }
}

function modeAt(watched: Watched, nowMs: number): Mode {
  return watched.mode !== 'normal' && nowMs < watched.modeUntilMs ? watched.mode : 'normal'
}

/** How many stayed quiet since the last alert about this; undefined while this one has to stay quiet too. */
function wakeOf(watched: Watched, about: string, quietMs: number, nowMs: number): number | undefined {
  if (quietMs === 0) return 0
  const last = watched.quiet.get(about)
  if (last !== undefined && nowMs < last.untilMs) {
    last.repeats += 1
    return undefined
  }
  setBounded(watched.quiet, about, { untilMs: nowMs + quietMs, repeats: 0 }, quietMax)
  return last?.repeats ?? 0
}
