import type { IncidentKind, Rules } from './rules.ts'

/** Points by reason, as they stood at `atMs`; they halve with every half-life. */
export type Risk = {
  readonly atMs: number
  readonly points: Readonly<Partial<Record<IncidentKind, number>>>
}

export type RiskLevel = 'low' | 'medium' | 'high' | 'critical'

export type RiskScore = {
  /** 0 (nothing known) to 1000. */
  readonly score: number
  readonly level: RiskLevel
  /** Heaviest first. */
  readonly reasons: readonly { readonly reason: IncidentKind; readonly points: number }[]
}

export const scoreMax = 1000
export const noRisk: Risk = { atMs: 0, points: {} }
const pointsMin = 0.5

/** The risk with one more incident in it. */
export function charge(
  risk: Risk,
  reason: IncidentKind,
  points: number,
  { nowMs, halfLifeMs }: { nowMs: number; halfLifeMs: number },
): Risk {
  const now = decay(risk, nowMs, halfLifeMs)
  return {
    atMs: now.atMs,
    points: { ...now.points, [reason]: Math.min(scoreMax, (now.points[reason] ?? 0) + points) },
  }
}

export function scoreAt(
  risk: Risk,
  levels: Rules['risk']['levels'],
  { nowMs, halfLifeMs }: { nowMs: number; halfLifeMs: number },
): RiskScore {
  const { points } = decay(risk, nowMs, halfLifeMs)
  const reasons = (Object.entries(points) as [IncidentKind, number][])
    .map(([reason, weight]) => ({ reason, points: Math.round(weight) }))
    .sort((a, b) => b.points - a.points)
  const sum = Object.values(points).reduce((total, weight) => total + weight, 0)
  const score = Math.min(scoreMax, Math.round(sum))
  return { score, level: levelOf(score, levels), reasons }
}

export function levelOf(score: number, levels: Rules['risk']['levels']): RiskLevel {
  if (score >= levels.critical) return 'critical'
  if (score >= levels.high) return 'high'
  return score >= levels.medium ? 'medium' : 'low'
}

/** A clock that was set back takes nothing away and adds nothing. */
function decay(risk: Risk, nowMs: number, halfLifeMs: number): Risk {
  const ageMs = nowMs - risk.atMs
  if (ageMs <= 0) return risk
  const factor = 2 ** (-ageMs / halfLifeMs)
  const points: Partial<Record<IncidentKind, number>> = {}
  for (const [reason, weight] of Object.entries(risk.points) as [IncidentKind, number][]) {
    if (weight * factor >= pointsMin) points[reason] = weight * factor
  }
  return { atMs: nowMs, points }
}
