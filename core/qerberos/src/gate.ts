import { Fault } from '@anarq/fault'
import { countEvent } from './baseline.ts'
import type { FlowEnd } from './flow.ts'
import type { GuardContext } from './incidents.ts'
import type { FlowKind } from './stages.ts'
import { createThrottle, loopWaitMs } from './throttle.ts'
import { checkName, loopKey, setBounded, type Watched } from './watchlist.ts'

/** What everybody passes before anything is done for them. */
export type Gate = {
  /** Counts the event, and refuses whom the rules blocked and what was refused again and again. */
  enter(identity: string, action: string, object: string | undefined): Watched
  /** The same, and takes a token. */
  allow(identity: string, action: string, object?: string): void
}

export function createGate(context: GuardContext): Gate {
  const { clock, limits, watchlist, sentry } = context
  const throttle = createThrottle()

  function enter(identity: string, action: string, object: string | undefined, nowMs: number): Watched {
    const watched = watchlist.of(identity, nowMs)
    if (sentry.mode(watched, nowMs) === 'blocked') throw blocked(watched, nowMs)
    learnRate(context, watched, action, nowMs)
    if (watched.loops.size > 0) checkLoop(context, watched, { action, object, nowMs })
    return watched
  }

  return {
    enter: (identity, action, object) => enter(identity, action, object, clock.nowMs()),
    allow(identity, action, object) {
      const nowMs = clock.nowMs()
      checkName(action, limits.textMax)
      const watched = enter(identity, action, object, nowMs)
      const admission = throttle.admit(
        { sinceMs: watched.sinceMs, buckets: watched.buckets },
        action,
        nowMs,
        context.rules().throttle,
      )
      if (admission.isAdmitted) return
      const { rule, waitMs } = admission
      sentry.note(
        watched,
        {
          kind: 'flood',
          rule,
          sentence: `${identity} asks for "${action}" more often than the rule "${rule}" allows; the rest is turned away.`,
          subject: rule,
          evidence: { hashes: [], counts: { waitMs } },
        },
        nowMs,
      )
      throw new Fault(
        'limit.rate',
        `Too many requests for "${action}". Try again in ${secondsOf(waitMs)} seconds.`,
        { data: { waitMs, rule } },
      )
    },
  }
}

/** A flow out goes on where an access flow of the same identity and object ended well; anything else is `refused.order`. */
export function checkAfter(
  after: FlowEnd,
  kind: FlowKind,
  identity: string,
  object: string | undefined,
): void {
  const isSame = after.identity === identity && (object === undefined || after.object === object)
  if (kind === 'out' && after.kind === 'access' && after.verdict === 'ok' && isSame) return
  throw new Fault(
    'refused.order',
    'A flow out follows an access flow of the same identity and object that ended "ok". Ask for access first.',
    { data: { flow: after.flow } },
  )
}

function learnRate(
  { rules, limits, sentry }: GuardContext,
  watched: Watched,
  action: string,
  nowMs: number,
): void {
  const before = watched.baselines.get(action)
  const { baseline, isUnlike } = countEvent(before, nowMs, rules().rate)
  if (before === undefined) setBounded(watched.baselines, action, baseline, limits.actionsMax)
  else watched.baselines.set(action, baseline)
  if (!isUnlike) return
  const mean = Math.round(baseline.mean)
  sentry.note(
    watched,
    {
      kind: 'rate',
      rule: 'rate.deviation',
      sentence: `${watched.identity} does "${action}" far more often than it used to: ${baseline.events} times so far, where ${mean} are usual.`,
      subject: `${action}\n${baseline.limit}`,
      evidence: {
        hashes: [],
        counts: {
          events: baseline.events,
          usual: mean,
          deviation: Math.round(Math.sqrt(baseline.variance)),
          windows: baseline.windows,
        },
      },
    },
    nowMs,
  )
}

function checkLoop(
  { rules, sentry }: GuardContext,
  watched: Watched,
  { action, object, nowMs }: { action: string; object: string | undefined; nowMs: number },
): void {
  const loop = watched.loops.get(loopKey(action, object))
  const waitMs = loopWaitMs(loop, nowMs, rules().loop)
  if (loop === undefined || waitMs === 0) return
  sentry.note(
    watched,
    {
      kind: 'loop',
      rule: 'throttle.loop',
      sentence: `${watched.identity} asks for "${action}" again and again although it was refused ${loop.times} times (${loop.code}).`,
      subject: loopKey(action, object),
      evidence: {
        hashes: [],
        counts: { times: loop.times, waitMs },
        code: loop.code,
        ...(object === undefined ? {} : { object }),
      },
    },
    nowMs,
  )
  throw new Fault(
    'limit.loop',
    `This was refused ${loop.times} times for the same reason (${loop.code}). Change the request, or try again in ${secondsOf(waitMs)} seconds.`,
    { data: { waitMs, code: loop.code } },
  )
}

function blocked({ identity, modeUntilMs }: Watched, nowMs: number): Fault {
  const waitMs = modeUntilMs - nowMs
  return new Fault(
    'refused.blocked',
    `This node does not answer ${identity} for another ${secondsOf(waitMs)} seconds. Its owner can lift that.`,
    { data: { waitMs } },
  )
}

function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
