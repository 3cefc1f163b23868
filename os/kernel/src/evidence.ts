import { toHex } from '@anarq/bytes'
import type { Evidence, StageReport } from '@anarq/qerberos'

/** Hashes, counts and names: never content. */
export type EvidenceFacts = {
  readonly hashes: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly flow?: string
  readonly object?: string
  readonly code?: string
  /** Of a touched decoy: from where, how, and what the identity did before, newest first. */
  readonly source?: string
  readonly method?: string
  readonly steps?: readonly StepFacts[]
}

export type StepFacts = {
  readonly atMs: number
  readonly kind: string
  readonly stage: string
  readonly object?: string
}

/** What an alert shows of itself, as plain data. */
export function evidenceOf({ hashes, counts, steps, ...named }: Evidence): EvidenceFacts {
  return {
    ...named,
    hashes: hashes.map(toHex),
    counts,
    ...(steps === undefined ? {} : { steps: steps.map(stepOf) }),
  }
}

function stepOf({ atMs, kind, stage, object }: StageReport): StepFacts {
  return { atMs, kind, stage, ...(object === undefined ? {} : { object }) }
}
