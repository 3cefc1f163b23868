import type { Clock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import type { Engine, Source } from './engine.ts'
import { type BackendEvent, type BackendRequest, type BackendResponse, readResponse } from './exchange.ts'
import type { Host } from './host.ts'
import type { IncidentDesk } from './incident.ts'
import type { RuntimeLimits } from './limits.ts'
import { createLogRing, type LogLine } from './log-ring.ts'
import { type Session, startSession } from './session.ts'
import type { Timers } from './timers.ts'

/** `asleep` until it is needed, `paused` after an end, `stopped` for good. */
export type BackendState = 'awake' | 'asleep' | 'paused' | 'stopped'

export type BackendStats = {
  readonly state: BackendState
  readonly pending: number
  readonly requests: number
  readonly events: number
  readonly calls: number
  readonly callsRefused: number
  readonly outputBytes: number
  /** How often an isolate was started, and how often one ended for what it did. */
  readonly starts: number
  readonly ends: number
  readonly incidents: number
}

export type Backend = {
  readonly app: string
  /** Wakes it where it sleeps. Fails with `unavailable.*` while it is paused (`data.waitMs`) and after it was stopped. */
  request(request: BackendRequest): Promise<BackendResponse>
  /** Resolves when the app has handled it, at once where the app wants no events. */
  emit(event: BackendEvent): Promise<void>
  /** For good. Whatever waits fails with `cancelled.stopped`. */
  stop(): Promise<void>
  stats(): BackendStats
  log(): readonly LogLine[]
}

export type BackendOptions = {
  app: string
  source: Source
  host: Host
  engine: Engine
  limits: RuntimeLimits
  clock: Clock
  timers: Timers
  desk: IncidentDesk
  onStopped(): void
}

export function createBackend(options: BackendOptions): Backend & { wake(): Promise<void> } {
  const { app, limits, clock, timers, desk, onStopped } = options
  const log = createLogRing(limits.logBytesMax)
  const counts = { calls: 0, callsRefused: 0, outputBytes: 0, requests: 0, events: 0, starts: 0, ends: 0 }
  const restarts = createRestarts(limits, clock)
  let session: Session | undefined
  let stopped: Fault | undefined
  let cancelIdle = (): void => {}

  return {
    app,
    async wake() {
      await awake()
    },
    async request(request) {
      counts.requests += 1
      return judged(await deliver('request', request), desk)
    },
    async emit({ name, detail }) {
      counts.events += 1
      await deliver('event', { name, detail })
    },
    async stop() {
      stopped ??= new Fault('unavailable.stopped', `${app} was stopped. Start it again to use it.`)
      await sleep(new Fault('cancelled.stopped', `${app} was stopped.`))
      onStopped()
    },
    stats: () => ({ state: state(), pending: session?.pending() ?? 0, ...counts, incidents: desk.total() }),
    log: log.lines,
  }

  async function deliver(kind: 'request' | 'event', value: unknown): Promise<unknown> {
    const current = await awake()
    try {
      return await current.deliver(kind, value)
    } finally {
      if (current === session) restUntilUsed()
    }
  }

  async function awake(): Promise<Session> {
    if (stopped !== undefined) throw stopped
    const waitMs = restarts.waitMs()
    if (session === undefined && waitMs > 0) throw paused(app, waitMs)
    cancelIdle()
    session ??= start()
    const current = session
    await current.ready
    if (current === session) restUntilUsed()
    return current
  }

  function start(): Session {
    counts.starts += 1
    return startSession({ ...options, log, counts, onEnd })
  }

  function onEnd(fault: Fault): void {
    session = undefined
    cancelIdle()
    counts.ends += 1
    if (restarts.afterEnd()) return
    stopped = new Fault(
      'unavailable.stopped',
      `${app} was ended ${counts.ends} times and stays stopped. Update it, or start it again. The last time: ${fault.message}`,
      { cause: fault, data: fault.data },
    )
    onStopped()
  }

  function restUntilUsed(): void {
    cancelIdle()
    cancelIdle = timers.after(
      limits.idleMs,
      () => {
        if (session !== undefined && session.pending() > 0) return
        sleep(new Fault('unavailable.asleep', `${app} went to sleep.`)).catch(() => {})
      },
      true,
    )
  }

  async function sleep(reason: Fault): Promise<void> {
    cancelIdle()
    const current = session
    session = undefined
    await current?.stop(reason)
  }

  function state(): BackendState {
    if (stopped !== undefined) return 'stopped'
    if (session !== undefined) return 'awake'
    return restarts.waitMs() > 0 ? 'paused' : 'asleep'
  }
}

function paused(app: string, waitMs: number): Fault {
  const message = `${app} was ended and starts again in ${waitMs} ms. Try again then.`
  return new Fault('unavailable.paused', message, { data: { waitMs } })
}

function judged(answer: unknown, desk: IncidentDesk): BackendResponse {
  try {
    return readResponse(answer)
  } catch (error) {
    const { message: detail } = asFault(error)
    const sentence = 'The app gave an answer that is not allowed.'
    desk.report({ kind: 'answer', outcome: 'refused', sentence, evidence: { detail } })
    throw error
  }
}

type Restarts = { waitMs(): number /** False when it was the last. */; afterEnd(): boolean }

function createRestarts(limits: RuntimeLimits, clock: Clock): Restarts {
  const { restartsMax, restartPauseMs, restartPauseMsMax, healthyMs } = limits
  let ends = 0
  let endedMs = Number.NEGATIVE_INFINITY
  let pauseMs = 0
  return {
    waitMs() {
      const passedMs = clock.nowMs() - endedMs
      // A clock that was set back must not turn a pause of seconds into one of years.
      return passedMs < 0 ? 0 : Math.max(0, pauseMs - passedMs)
    },
    afterEnd() {
      const nowMs = clock.nowMs()
      if (nowMs - endedMs > healthyMs) ends = 0
      ends += 1
      endedMs = nowMs
      pauseMs = Math.min(restartPauseMsMax, restartPauseMs * 2 ** (ends - 1))
      return ends <= restartsMax
    },
  }
}
