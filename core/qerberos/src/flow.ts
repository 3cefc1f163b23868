import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  breachOf,
  type FlowKind,
  flowPaths,
  type Stage,
  type StageReport,
  stagesBeforeOut,
  trailDigest,
  unfinishedOf,
  type Verdict,
} from './stages.ts'

/** What a stage may say besides its name. Hashes have 32 bytes. */
export type StageFacts = {
  /** Of what the stage gave out. A stage that gives none hands on what it got. */
  readonly hash?: Uint8Array | undefined
  /** Of what the stage took in: it must be what the stage before gave out. */
  readonly from?: Uint8Array | undefined
  readonly bytes?: number | undefined
  readonly chunks?: number | undefined
}

export type FlowEnd = {
  readonly flow: string
  readonly kind: FlowKind
  readonly identity: string
  readonly action: string
  readonly object?: string
  readonly verdict: Verdict
  readonly code?: string
  /** In the order they came; `trailDigest` is over these. */
  readonly reports: readonly StageReport[]
  /** `trailDigest(reports)`, made when first asked for and then kept: for the audit entry. */
  trail(): Uint8Array
}

export type Flow = {
  readonly id: string
  readonly kind: FlowKind
  readonly identity: string
  readonly object: string | undefined
  /**
   * A stage that is skipped, repeated or swapped is `refused.order`, one that took in something else than the stage
   * before gave out is `refused.coherence`: both raise an alert and close the flow.
   */
  report(stage: Stage, facts?: StageFacts): void
  /**
   * Ends the flow. "ok" before its last stage is `refused.order`. To refuse or fail a flow that is closed already
   * changes nothing, so that a `finally` may always do it. `rule` names the policy that said no.
   */
  end(verdict: Verdict, code?: string, rule?: string): FlowEnd
}

export type BreachKind = 'order' | 'coherence'

/** Who is told what happens in a flow. */
export type FlowWatcher = {
  nowMs(): number
  onReport(report: StageReport): void
  onBreach(kind: BreachKind, end: FlowEnd, stage: Stage | 'end', sentence: string): void
  onEnd(end: FlowEnd, rule: string | undefined): void
}

export type FlowStart = {
  readonly id: string
  readonly kind: FlowKind
  readonly identity: string
  /** What it is for, as throttles and baselines count it: the kind, where nothing else is said. */
  readonly action: string
  readonly object: string | undefined
  /** An access flow of its own that ended "ok": a flow out begins where it stopped. */
  readonly after?: FlowEnd | undefined
}

const hashBytes = 32

export function openFlow(start: FlowStart, watcher: FlowWatcher): Flow {
  const { id, kind, identity, object, after } = start
  let done = after === undefined ? 0 : stagesBeforeOut
  let given: Uint8Array | undefined = after?.reports.at(-1)?.hash
  let ended: FlowEnd | undefined
  let isBreached = false
  const reports: StageReport[] = []

  function close(verdict: Verdict, code: string | undefined): FlowEnd {
    ended = flowEnd(start, verdict, code, reports)
    return ended
  }

  function breach(rule: BreachKind, stage: Stage | 'end', why: string): Fault {
    const sentence = `The flow "${kind}" was stopped: ${why}. Start it again from its first stage.`
    const code = `refused.${rule}` as const
    if (isBreached) return new Fault(code, sentence)
    isBreached = true
    watcher.onBreach(rule, close('refused', code), stage, sentence)
    return new Fault(code, sentence, {
      data: { flow: id, stage, next: flowPaths[kind].stages[done] ?? null },
    })
  }

  return {
    id,
    kind,
    identity,
    object,
    report(stage, facts) {
      if (ended !== undefined) throw breach('order', stage, `"${stage}" came after its end`)
      const wrong = breachOf(kind, done, stage)
      if (wrong !== undefined) throw breach('order', stage, wrong)
      const { hash, from, bytes, chunks } = facts ?? noFacts
      if (from !== undefined && given !== undefined && !equalBytes(from, given)) {
        throw breach('coherence', stage, `"${stage}" took in something else than the stage before gave out`)
      }
      const report = stageReport({ flow: id, kind, stage, atMs: watcher.nowMs(), identity }, object, {
        hash,
        bytes,
        chunks,
      })
      if (report.hash !== undefined) given = report.hash
      done += 1
      reports.push(report)
      watcher.onReport(report)
    },
    end(verdict, code, rule) {
      if (ended !== undefined) {
        if (verdict !== 'ok') return ended
        throw breach('order', 'end', 'it had ended already')
      }
      const missing = verdict === 'ok' ? unfinishedOf(kind, done) : undefined
      if (missing !== undefined) throw breach('order', 'end', missing)
      const end = close(verdict, code)
      watcher.onEnd(end, rule)
      return end
    },
  }
}

const noFacts: StageFacts = {}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function stageReport(
  base: Omit<StageReport, 'object' | 'hash' | 'bytes' | 'chunks'>,
  object: string | undefined,
  { hash, bytes, chunks }: StageFacts,
): StageReport {
  const report: Mutable<StageReport> = base
  if (object !== undefined) report.object = object
  if (hash !== undefined) {
    if (hash.length !== hashBytes) {
      throw new Fault(
        'invalid.report',
        `A stage reports a hash of ${hashBytes} bytes, not ${hash.length} bytes of anything else.`,
      )
    }
    // The caller may use its buffer again; what was reported stays.
    report.hash = hash.slice()
  }
  if (bytes !== undefined) report.bytes = count(bytes)
  if (chunks !== undefined) report.chunks = count(chunks)
  return report
}

function count(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Fault('invalid.report', `A stage reports whole numbers from 0, not ${value}.`)
}

function flowEnd(
  { id, kind, identity, action, object }: FlowStart,
  verdict: Verdict,
  code: string | undefined,
  reports: readonly StageReport[],
): FlowEnd {
  let trail: Uint8Array | undefined
  const end: Mutable<FlowEnd> = {
    flow: id,
    kind,
    identity,
    action,
    verdict,
    reports,
    trail() {
      trail ??= trailDigest(reports)
      return trail
    },
  }
  if (object !== undefined) end.object = object
  if (code !== undefined) end.code = code
  return end
}
