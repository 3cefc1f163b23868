import type { Clock } from '@anarq/clock'
import type { EndCause } from './engine.ts'

/**
 * - an `EndCause`: the engine ended the isolate
 * - `forged`: a message that the bridge never sends, an answer to nothing, a second answer
 * - `refused`: it asked the host for what it was not given
 * - `import`: a module asked for one that is not in the package
 * - `probe`: it looked for something that is not in a sandbox (many honest libraries do)
 * - `silent`: it does not answer
 * - `answer`: it answered what no answer may be
 * - `broken`: its modules do not load
 */
export type IncidentKind =
  | EndCause
  | 'forged'
  | 'refused'
  | 'import'
  | 'probe'
  | 'silent'
  | 'answer'
  | 'broken'

export type Incident = {
  readonly app: string
  readonly kind: IncidentKind
  /** What became of it: the backend ended, one call refused, or nothing but this record. */
  readonly outcome: 'ended' | 'refused' | 'noted'
  /** For people, one sentence. */
  readonly sentence: string
  readonly atMs: number
  /** This one, and the ones like it that were not told since the last. */
  readonly count: number
  readonly evidence: Readonly<Record<string, string | number>>
}

export type IncidentReport = Pick<Incident, 'kind' | 'outcome' | 'sentence' | 'evidence'>

export type IncidentDesk = {
  report(report: IncidentReport): void
  /** All of them, told or not. */
  total(): number
}

/** Of what is alike, one a minute is told: whoever floods us must not flood the guardian. What ends a backend is always told. */
const quietMs = 60_000
const likesMax = 64
const evidenceCharsMax = 300

export function createIncidentDesk(
  app: string,
  clock: Clock,
  onIncident: (incident: Incident) => void,
): IncidentDesk {
  const likes = new Map<string, { toldMs: number; untold: number }>()
  let total = 0
  return {
    report({ kind, outcome, sentence, evidence }) {
      total += 1
      const atMs = clock.nowMs()
      const key = `${kind} ${evidence.what ?? ''}`
      // Past so many kinds of trouble, the rest of one kind counts as alike.
      const like = likes.has(key) || likes.size < likesMax ? key : kind
      const last = likes.get(like) ?? { toldMs: Number.NEGATIVE_INFINITY, untold: 0 }
      const isQuiet = atMs - last.toldMs < quietMs && atMs >= last.toldMs
      if (outcome !== 'ended' && isQuiet) {
        last.untold += 1
        return
      }
      likes.set(like, { toldMs: atMs, untold: 0 })
      try {
        onIncident({
          app,
          kind,
          outcome,
          sentence,
          atMs,
          count: last.untold + 1,
          evidence: shortened(evidence),
        })
      } catch {
        // A guardian that fails must not take the runtime down with it; the total still counts.
      }
    },
    total: () => total,
  }
}

function shortened(evidence: IncidentReport['evidence']): Incident['evidence'] {
  const cut = (value: string | number): string | number =>
    typeof value === 'string' ? value.slice(0, evidenceCharsMax) : value
  return Object.fromEntries(Object.entries(evidence).map(([name, value]) => [name, cut(value)]))
}
