import { createRing } from './ring.ts'
import type { RiskLevel } from './risk.ts'
import type { AlertKind } from './rules.ts'
import type { StageReport } from './stages.ts'

export type Severity = RiskLevel

/** Hashes, counts, names: never content. */
export type Evidence = {
  readonly hashes: readonly Uint8Array[]
  readonly counts: Readonly<Record<string, number>>
  readonly flow?: string
  readonly object?: string
  readonly code?: string
  /** Of a touched decoy: where it came from, how, and what the identity did before, newest first. */
  readonly source?: string
  readonly method?: string
  readonly steps?: readonly StageReport[]
}

export type Alert = {
  readonly id: string
  readonly atMs: number
  readonly kind: AlertKind
  readonly severity: Severity
  /** Which rule fired: `flow.order`, `throttle.share`, `rate.deviation`, or the policy's own name. */
  readonly rule: string
  readonly identity: string
  readonly evidence: Evidence
  /** What happened, for people. */
  readonly sentence: string
}

export type AlertQuery = {
  readonly identity?: string
  readonly kind?: AlertKind
  readonly fromMs?: number
  readonly limit?: number
}

export type Alarms = {
  raise(alert: Omit<Alert, 'id'>): Alert
  /** Newest first. */
  list(query?: AlertQuery): readonly Alert[]
  /** Returns what stops the listening. */
  listen(listener: (alert: Alert) => void): () => void
  raised(): number
  /** How often the log or a listener threw instead of taking an alert. */
  untaken(): number
}

export type AlarmsOptions = { log: (alert: Alert) => void; name: string; alertsMax: number }

export function createAlarms({ log, name, alertsMax }: AlarmsOptions): Alarms {
  const kept = createRing<Alert>(alertsMax)
  const listeners = new Set<(alert: Alert) => void>()
  let raised = 0
  let untaken = 0

  // Whoever listens badly must not keep the guardian from refusing, nor the others from hearing.
  function tell(listener: (alert: Alert) => void, alert: Alert): void {
    try {
      listener(alert)
    } catch {
      untaken += 1
    }
  }

  return {
    raise(facts) {
      raised += 1
      const alert: Alert = { id: `${name}-${raised}`, ...facts }
      kept.push(alert)
      tell(log, alert)
      for (const listener of listeners) tell(listener, alert)
      return alert
    },
    list({ identity, kind, fromMs = 0, limit = alertsMax } = {}) {
      return kept
        .newest()
        .filter(
          (alert) =>
            (identity === undefined || alert.identity === identity) &&
            (kind === undefined || alert.kind === kind) &&
            alert.atMs >= fromMs,
        )
        .slice(0, limit)
    },
    listen(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    raised: () => raised,
    untaken: () => untaken,
  }
}
