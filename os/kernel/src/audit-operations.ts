/** What can be asked of the guardian and its log: a part of `Operations`, plain data as all of it. */
import type { EvidenceFacts } from './evidence.ts'
import type { EntryFacts } from './operations.ts'

export type AuditOperations = {
  tail(query?: { limit?: number; object?: string; action?: string }): Promise<readonly AuditFacts[]>
  verify(): Promise<{
    readonly isWhole: boolean
    readonly size: number
    readonly findings: readonly string[]
  }>
  /** A proof that anybody can check with public data alone. */
  prove(index: number): Promise<Readonly<Record<string, unknown>>>
  alerts(): Promise<readonly AlertFacts[]>
  /** The flows of now and of a moment ago, stage by stage, newest first. */
  flows(): Promise<readonly FlowFacts[]>
  /** How much stands against whom, the heaviest first. */
  risks(): Promise<readonly RiskFacts[]>
  /** Files that nobody has a reason to open. */
  decoys(): Promise<readonly EntryFacts[]>
}

export type AuditFacts = {
  readonly index: number
  readonly atMs: number
  readonly action: string
  readonly identity: string
  readonly object?: string
  readonly verdict: 'ok' | 'refused' | 'failed'
  readonly code?: string
  readonly details: Readonly<Record<string, unknown>>
}

export type AlertFacts = {
  readonly id: string
  readonly atMs: number
  readonly kind: string
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  /** Which rule fired. */
  readonly rule: string
  readonly identity: string
  readonly sentence: string
  readonly evidence: EvidenceFacts
}

export type FlowFacts = {
  readonly id: string
  readonly kind: 'in' | 'out' | 'access'
  readonly identity: string
  readonly object?: string
  /** The stages that it has to go through, in their order; one of an access that nothing is read for ends midway. */
  readonly path: readonly string[]
  /** Those that it has gone through. */
  readonly stages: readonly {
    readonly stage: string
    readonly atMs: number
    readonly bytes?: number
    readonly chunks?: number
  }[]
  /** Absent while it runs. */
  readonly ended?: { readonly verdict: 'ok' | 'refused' | 'failed'; readonly code?: string }
}

export type RiskFacts = {
  /** A DID of this home or of others, or a pseudonym of where something came from. */
  readonly identity: string
  /** 0 (nothing known) to 1000; it halves by itself with time. */
  readonly score: number
  readonly level: 'low' | 'medium' | 'high' | 'critical'
  readonly mode: 'normal' | 'decoy-only' | 'blocked'
  readonly lastMs: number
  readonly reasons: readonly { readonly reason: string; readonly points: number }[]
}
