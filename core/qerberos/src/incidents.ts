import type { Clock } from '@anarq/clock'
import type { Alert } from './alarms.ts'
import type { Decoy, TouchHow } from './decoys.ts'
import type { BreachKind, FlowEnd, FlowWatcher } from './flow.ts'
import type { GuardianLimits } from './limits.ts'
import type { IncidentKind, Rules } from './rules.ts'
import type { Sentry } from './sentry.ts'
import type { FlowKind, Stage, StageReport } from './stages.ts'
import { countRefusal } from './throttle.ts'
import { loopKey, setBounded, type Watched, type Watchlist } from './watchlist.ts'

/** What happened outside of a flow: a request refused, a signature that fails, bytes that are not what they were. */
export type Incident = {
  readonly kind: 'refusal' | 'policy' | 'signature' | 'damaged'
  readonly action?: string
  readonly object?: string
  readonly code?: string
  /** Of `policy`: which rule was broken. */
  readonly rule?: string
  readonly hashes?: readonly Uint8Array[]
}

export type GuardContext = {
  readonly clock: Clock
  readonly limits: GuardianLimits
  readonly watchlist: Watchlist
  readonly sentry: Sentry
  rules(): Rules
}

type Counts = { begun: number; ok: number; refused: number; failed: number; breached: number }

export type Incidents = {
  readonly counts: Readonly<Record<FlowKind, Counts>>
  readonly watcher: FlowWatcher
  observe(identity: string, incident: Incident): void
  onTouch(decoy: Decoy, by: string, how: TouchHow): Alert | undefined
  listen(listener: (report: StageReport) => void): () => void
  listenEnds(listener: (end: FlowEnd) => void): () => void
  untaken(): number
}

/** Turns what flows, doors and decoys tell into something that the sentry can charge. */
export function createIncidents(context: GuardContext): Incidents {
  const { clock, watchlist, sentry, limits } = context
  const counts = { in: noCounts(), out: noCounts(), access: noCounts() }
  const listeners = new Set<(report: StageReport) => void>()
  const endListeners = new Set<(end: FlowEnd) => void>()
  let untaken = 0
  const tell = <T>(all: ReadonlySet<(told: T) => void>, told: T): void => {
    for (const listener of all) {
      try {
        listener(told)
      } catch {
        untaken += 1
      }
    }
  }

  return {
    counts,
    watcher: {
      nowMs: () => clock.nowMs(),
      onReport(report) {
        watchlist.of(report.identity, report.atMs).steps.push(report)
        tell(listeners, report)
      },
      onBreach(kind, end, stage, sentence) {
        counts[end.kind].refused += 1
        counts[end.kind].breached += 1
        const nowMs = clock.nowMs()
        sentry.note(watchlist.of(end.identity, nowMs), breachOf(kind, end, stage, sentence), nowMs)
        tell(endListeners, end)
      },
      onEnd(end, rule) {
        counts[end.kind][end.verdict] += 1
        tell(endListeners, end)
        const kind = incidentOf(end, rule)
        if (kind === undefined) {
          if (end.verdict === 'ok') {
            watchlist.peek(end.identity)?.loops.delete(loopKey(end.action, end.object))
          }
          return
        }
        const hash = end.reports.at(-1)?.hash
        noteIncident(context, end.identity, {
          kind,
          action: end.action,
          ...(end.object === undefined ? {} : { object: end.object }),
          ...(end.code === undefined ? {} : { code: end.code }),
          ...(rule === undefined ? {} : { rule }),
          hashes: hash === undefined ? [] : [hash],
          flow: end.flow,
        })
      },
    },
    observe: (identity, incident) => noteIncident(context, identity, incident),
    onTouch(decoy, by, how) {
      const nowMs = clock.nowMs()
      const watched = watchlist.of(by, nowMs)
      return sentry.note(watched, touchOf(decoy, watched, how, limits.stepsMax), nowMs)
    },
    listen(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    listenEnds(listener) {
      endListeners.add(listener)
      return () => {
        endListeners.delete(listener)
      }
    },
    untaken: () => untaken,
  }
}

function noCounts(): Counts {
  return { begun: 0, ok: 0, refused: 0, failed: 0, breached: 0 }
}

/** What an ended flow is charged as. What failed on this side is nobody's fault, unless the data were not what they should be. */
function incidentOf({ verdict, code = '' }: FlowEnd, rule: string | undefined): Incident['kind'] | undefined {
  if (verdict === 'ok') return undefined
  if (code.startsWith('damaged.')) return 'damaged'
  if (verdict === 'failed') return undefined
  if (code === 'refused.signature') return 'signature'
  return rule === undefined ? 'refusal' : 'policy'
}

const ruleOf: Readonly<Record<Incident['kind'], string>> = {
  refusal: 'access.refused',
  policy: 'policy',
  signature: 'access.signature',
  damaged: 'flow.hash',
}

function noteIncident(context: GuardContext, identity: string, incident: Incident & { flow?: string }): void {
  const { clock, watchlist, sentry, limits } = context
  const nowMs = clock.nowMs()
  const watched = watchlist.of(identity, nowMs)
  const { kind, action = 'unknown', object, code = kind, flow, hashes = [] } = incident
  const rule = incident.rule ?? ruleOf[kind]
  const key = loopKey(action, object)
  const loop = countRefusal(watched.loops.get(key), code, nowMs, context.rules().loop)
  setBounded(watched.loops, key, loop, limits.loopsMax)
  const about = object === undefined ? '' : ` on ${object}`
  const sentences: Readonly<Record<Incident['kind'], string>> = {
    refusal: `"${action}"${about} was refused to ${identity} (${code}).`,
    policy: `"${action}"${about} by ${identity} goes against the rule "${rule}" and was refused (${code}).`,
    signature: `A request in the name of ${identity} for "${action}"${about} is not signed by it.`,
    damaged: `What ${identity} gave for "${action}"${about} is not what it should be (${code}); it was refused.`,
  }
  sentry.note(
    watched,
    {
      kind,
      rule,
      sentence: sentences[kind],
      subject: `${rule}\n${object ?? ''}`,
      evidence: {
        hashes,
        counts: { times: loop.times },
        code,
        ...(object === undefined ? {} : { object }),
        ...(flow === undefined ? {} : { flow }),
      },
    },
    nowMs,
  )
}

function breachOf(kind: BreachKind, end: FlowEnd, stage: Stage | 'end', sentence: string) {
  return {
    kind: kind satisfies IncidentKind,
    rule: `flow.${kind}`,
    sentence,
    subject: `${end.kind}\n${stage}`,
    evidence: {
      hashes: end.reports.flatMap((report) => (report.hash === undefined ? [] : [report.hash])),
      counts: { stagesDone: end.reports.length },
      flow: end.flow,
      ...(end.object === undefined ? {} : { object: end.object }),
    },
  }
}

function touchOf({ key, kind }: Decoy, watched: Watched, how: TouchHow, stepsMax: number) {
  const { method, source, flow } = how
  return {
    kind: 'decoy' as const,
    rule: 'decoy.touched',
    sentence: `${watched.identity} touched the decoy ${kind} ${key} (${method}${source === undefined ? '' : ` from ${source}`}). Nobody honest asks for it.`,
    subject: key,
    evidence: {
      hashes: [],
      counts: { steps: watched.steps.size() },
      object: key,
      method,
      steps: watched.steps.newest(stepsMax),
      ...(source === undefined ? {} : { source }),
      ...(flow === undefined ? {} : { flow }),
    },
  }
}
