import type { Clock } from '@anarq/clock'
import { Fault, hasCode } from '@anarq/fault'
import { type Host, toldOf } from './host.ts'
import type { IncidentDesk, IncidentKind } from './incident.ts'
import type { RuntimeLimits } from './limits.ts'
import type { HostMessage } from './protocol.ts'
import { createRate } from './rate.ts'
import type { Timers } from './timers.ts'

export type CallCounts = { calls: number; callsRefused: number }

export type CallsOptions = {
  host: Host
  limits: RuntimeLimits
  clock: Clock
  timers: Timers
  desk: IncidentDesk
  counts: CallCounts
  /** Aborted when the isolate ends: nobody waits for answers any more. */
  signal: AbortSignal
  answer(message: HostMessage): void
  end(kind: IncidentKind, detail: string): void
}

/** What one isolate asks of the host. */
export type Calls = { take(id: number, method: string, params: unknown): void }

export function createCalls(options: CallsOptions): Calls {
  const { limits, clock, desk, counts, answer, end } = options
  const pending = new Set<number>()
  const rate = createRate(clock, 1000)
  const refusedRate = createRate(clock, 1000)
  let lastId = 0

  return {
    take(id, method, params) {
      if (id <= lastId) {
        end('forged', `It used the id ${id} for a second call.`)
        return
      }
      lastId = id
      counts.calls += 1
      const isTooOften = rate.add(1) > limits.callsPerSecondMax
      if (isTooOften || pending.size >= limits.callsPendingMax) refuse(id, method)
      else if (params instanceof Fault) {
        reportTooMuch(desk, params)
        answer({ kind: 'fault', id, value: toldOf(params) })
      } else {
        pending.add(id)
        perform(options, id, method, params).then((message) => {
          pending.delete(id)
          answer(message)
        })
      }
    },
  }

  function refuse(id: number, method: string): void {
    counts.callsRefused += 1
    if (refusedRate.add(1) > limits.callsRefusedPerSecondMax) {
      end('flood', 'It went on calling while its calls were refused for being too many.')
      return
    }
    desk.report({
      kind: 'flood',
      outcome: 'refused',
      sentence: 'The app calls more often, or more at once, than it may.',
      evidence: { what: method, pending: pending.size },
    })
    const message = `At most ${limits.callsPerSecondMax} calls a second and ${limits.callsPendingMax} at once. Wait for answers.`
    answer({ kind: 'fault', id, value: { code: 'limit.calls', message } })
  }
}

export function reportTooMuch(desk: IncidentDesk, { message: detail }: Fault): void {
  const sentence = 'The app passed on a value that is too large or too deep.'
  desk.report({ kind: 'oversized', outcome: 'refused', sentence, evidence: { detail } })
}

/** Never rejects: whatever the host throws becomes what the backend may know of it. */
async function perform(
  { host, limits, timers, desk, counts, signal }: CallsOptions,
  id: number,
  method: string,
  params: unknown,
): Promise<HostMessage> {
  const call = new AbortController()
  const abort = (): void => call.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const cancel = timers.after(limits.callMsMax, () => {
    const fault = new Fault('unavailable.call', `${method} took longer than ${limits.callMsMax} ms.`)
    reject(fault)
    call.abort(fault)
  })
  try {
    const value = await Promise.race([host.call(method, params, call.signal), tooLate])
    return { kind: 'answer', id, value: value ?? null }
  } catch (error) {
    if (hasCode(error, 'refused') && !signal.aborted) {
      counts.callsRefused += 1
      const sentence = `The app asked for ${method}, which it was not given.`
      const evidence = { what: method, code: error.code, message: error.message }
      desk.report({ kind: 'refused', outcome: 'refused', sentence, evidence })
    }
    return { kind: 'fault', id, value: toldOf(error) }
  } finally {
    cancel()
    signal.removeEventListener('abort', abort)
  }
}
