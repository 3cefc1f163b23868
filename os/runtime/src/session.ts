import type { Clock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import { type Answers, createAnswers } from './answers.ts'
import { type CallCounts, type Calls, createCalls, reportTooMuch } from './calls.ts'
import type { EndCause, Engine, Isolate, IsolateEvent, Message, Source } from './engine.ts'
import { bridgeText } from './guest.ts'
import { type Host, toldOf } from './host.ts'
import type { IncidentDesk, IncidentKind } from './incident.ts'
import type { RuntimeLimits } from './limits.ts'
import type { LogRing } from './log-ring.ts'
import {
  encodeToGuest,
  type GuestError,
  type GuestMessage,
  type HostMessage,
  parseFromGuest,
} from './protocol.ts'
import { createRate } from './rate.ts'
import type { Timers } from './timers.ts'

export type SessionCounts = CallCounts & { outputBytes: number }

export type SessionOptions = {
  engine: Engine
  source: Source
  host: Host
  limits: RuntimeLimits
  clock: Clock
  timers: Timers
  desk: IncidentDesk
  log: LogRing
  counts: SessionCounts
  /** Called once where the backend was ended for what it did; never after `stop`. */
  onEnd(fault: Fault): void
}

/** One isolate, from its start to its end. */
export type Session = {
  /** Resolves when the entry has loaded, rejects with why it never will. */
  readonly ready: Promise<void>
  deliver(kind: 'request' | 'event', value: unknown): Promise<unknown>
  pending(): number
  stop(reason: Fault): Promise<void>
}

/** The start counts as asked, and "ready" as its answer. */
const startId = 0

export function startSession(options: SessionOptions): Session {
  const { engine, source, host, limits, clock, timers, desk, log, counts, onEnd } = options
  const ending = new AbortController()
  const answers = createAnswers(timers)
  const calls = createCalls({ host, limits, clock, timers, desk, counts, signal: ending.signal, answer, end })
  const reader = createReader({ limits, clock, desk, log, counts, answers, calls, end })
  let lastId = startId
  let ended: Fault | undefined

  const ready = answers
    .expect(startId, limits.startMsMax, () =>
      end('silent', `It did not start within ${limits.startMsMax} ms.`),
    )
    .then(() => undefined)
  // Whoever started it may look at it later.
  ready.catch(() => {})
  const isolate: Isolate = engine.start({ bridge: bridgeText(limits.logLineBytesMax), source, limits, on })

  return {
    ready,
    async deliver(kind, value) {
      if (ended !== undefined) throw ended
      if (!reader.handles(kind)) {
        if (kind === 'event') return null
        throw new Fault('missing.handler', 'This app answers no requests.')
      }
      if (answers.size() >= limits.requestsPendingMax)
        throw new Fault('busy.backend', `This app has ${answers.size()} requests to answer. Try again soon.`)
      lastId += 1
      const id = lastId
      const message = encodeToGuest({ kind, id, value }, limits)
      const given = answers.expect(id, limits.requestMsMax, () => giveUp(id))
      isolate.send(message)
      return given
    },
    pending: answers.size,
    async stop(reason) {
      close(reason)
      await isolate.stop()
    },
  }

  function on(event: IsolateEvent): void {
    if (ended !== undefined) return
    if (event.kind === 'message') reader.take(event.message)
    else if (event.kind === 'ended') end(event.cause, event.detail)
    else {
      const sentence = 'A module of the app asked for one that is not in its package.'
      desk.report({ kind: 'import', outcome: 'refused', sentence, evidence: { what: event.specifier } })
    }
  }

  function answer(message: HostMessage): void {
    if (ended !== undefined) return
    try {
      isolate.send(encodeToGuest(message, limits))
    } catch (error) {
      isolate.send(encodeToGuest({ kind: 'fault', id: message.id, value: toldOf(error) }, limits))
    }
  }

  function giveUp(id: number): void {
    const waitedMs = limits.requestMsMax
    const fault = new Fault('unavailable.silent', `The app did not answer within ${waitedMs} ms.`)
    const unanswered = answers.giveUp(id, fault)
    const sentence = 'The app did not answer a request in time.'
    if (unanswered >= limits.unansweredMax) end('silent', `It left ${unanswered} requests unanswered.`)
    else desk.report({ kind: 'silent', outcome: 'refused', sentence, evidence: { waitedMs } })
  }

  /** For what it did. */
  function end(kind: IncidentKind, detail: string): void {
    if (ended !== undefined) return
    const sentence = sentences[kind]
    const code = kind === 'broken' ? 'invalid.backend' : 'unavailable.ended'
    const fault = new Fault(code, `${sentence} ${firstLineOf(detail)}`, { data: { kind } })
    close(fault)
    desk.report({ kind, outcome: 'ended', sentence, evidence: { detail } })
    isolate?.stop().catch(() => {})
    onEnd(fault)
  }

  function close(fault: Fault): void {
    if (ended !== undefined) return
    ended = fault
    answers.rejectAll(fault)
    ending.abort(fault)
  }
}

type ReaderOptions = Pick<SessionOptions, 'limits' | 'clock' | 'desk' | 'log' | 'counts'> & {
  answers: Answers
  calls: Calls
  end(kind: IncidentKind, detail: string): void
}

type Reader = { take(message: Message): void; handles(kind: 'request' | 'event'): boolean }

/** Takes what comes out of an isolate, and believes none of it. */
function createReader({ limits, clock, desk, log, counts, answers, calls, end }: ReaderOptions): Reader {
  const outputRate = createRate(clock, 60_000)
  let handlers = { request: false, event: false }
  return {
    handles: (kind) => handlers[kind],
    take(message) {
      const size = message.text.length + message.bytes.length
      counts.outputBytes += size
      if (size > limits.messageBytesMax) end('oversized', `A message has ${size} bytes.`)
      else if (outputRate.add(size) > limits.outputBytesPerMinuteMax)
        end('flood', `More than ${limits.outputBytesPerMinuteMax} bytes came out in a minute.`)
      else takeWhole(message)
    },
  }

  function takeWhole(message: Message): void {
    let parsed: GuestMessage
    try {
      parsed = parseFromGuest(message, limits)
    } catch (error) {
      end('forged', asFault(error).message)
      return
    }
    takeParsed(parsed)
  }

  function takeParsed(message: GuestMessage): void {
    switch (message.kind) {
      case 'ready':
        handlers = { request: message.request, event: message.event }
        settle(startId, null)
        break
      case 'broken':
        if (answers.isExpected(startId)) end('broken', `${message.error.name}: ${message.error.message}`)
        else end('forged', 'It says that it does not load, after it did.')
        break
      case 'call':
        calls.take(message.id, message.method, message.params)
        break
      case 'done':
        if (message.value instanceof Fault) reportTooMuch(desk, message.value)
        // Only "ready" answers the start.
        settle(message.id === startId ? Number.NaN : message.id, message.value)
        break
      case 'failed':
        takeFailure(message.id, message.error)
        break
      case 'log':
        log.add({ atMs: clock.nowMs(), level: message.level, text: message.text })
        break
      case 'probe': {
        const evidence = { what: message.name }
        desk.report({ kind: 'probe', outcome: 'noted', sentence: sentences.probe, evidence })
        break
      }
      default:
        message satisfies never
    }
  }

  function settle(id: number, value: unknown): void {
    const isAsked = answers.settle(id, (one) =>
      value instanceof Fault ? one.reject(value) : one.resolve(value),
    )
    if (!isAsked) end('forged', 'It answered what nobody asked, or answered twice.')
  }

  function takeFailure(id: number, { name, message }: GuestError): void {
    if (id === startId || !answers.isExpected(id)) {
      end('forged', 'It says that it failed at what nobody asked.')
      return
    }
    const exhausted = exhaustionOf(name, message)
    // What is left of an app that ran out of memory in the middle of something is not to be trusted by its own author.
    if (exhausted !== undefined) {
      end(exhausted, `${name}: ${message}`)
      return
    }
    log.add({ atMs: clock.nowMs(), level: 'error', text: `${name}: ${message}` })
    settle(id, new Fault('unavailable.failed', `The app failed: ${name}: ${firstLineOf(message)}`))
  }
}

const sentences: Readonly<Record<IncidentKind, string>> = {
  loop: 'The app was ended because it did not come to an end.',
  memory: 'The app was ended because it wanted more memory than it may have.',
  recursion: 'The app was ended because it called itself too deep.',
  flood: 'The app was ended because it sent more than can be taken.',
  oversized: 'The app was ended because it sent a message that is too large.',
  crash: 'The app was ended because its engine broke.',
  forged: 'The app was ended because it forged a message.',
  silent: 'The app was ended because it does not answer.',
  broken: 'The app does not load.',
  refused: 'The app asked for what it was not given.',
  import: 'The app asked for a module that it does not have.',
  probe: 'The app looked for something that is not in a sandbox.',
  answer: 'The app gave an answer that is not allowed.',
}

/** It says so itself and might lie: then it has ended itself. The names are those of QuickJS and V8. */
function exhaustionOf(name: string, message: string): EndCause | undefined {
  if (name !== 'InternalError' && name !== 'RangeError') return undefined
  if (message.startsWith('out of memory')) return 'memory'
  if (message.startsWith('stack overflow') || message.startsWith('Maximum call stack')) return 'recursion'
  return undefined
}

/** The rest is where it happened: for the log of the app, not for who asked. */
function firstLineOf(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
