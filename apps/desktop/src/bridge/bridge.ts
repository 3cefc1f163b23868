/**
 * The shell's end of a framed app: each request is read, held against what the app may call, counted, answered. One bridge
 * a window. What breaks a rule is answered with a fault; who goes on breaking them is cut off and reported.
 */
import { asFault, Fault, type FaultCode } from '@anarq/fault'
import { measure, type Plain, type Reply, readRequest } from './message.ts'

export type BridgeOptions = {
  /** Whether this app may call it at all; the node holds it to its permissions once more. */
  readonly allows: (call: string) => boolean
  readonly call: (call: string, input: Plain, signal: AbortSignal) => Promise<unknown>
  /** Calls whose input may hold files. */
  readonly withFiles?: ReadonlySet<string>
  /** Calls that wait for each other by themselves: one that was answered is none of the many. */
  readonly paced?: ReadonlySet<string>
  /** What the app may show of a fault: in the reader's language, where there are words. */
  readonly sentence?: (fault: Fault) => string
  readonly onCutOff?: (why: string) => void
  readonly nowMs: () => number
  readonly limits?: Partial<BridgeLimits>
}

export type BridgeLimits = {
  readonly inFlightMax: number
  /** A bucket that fills at `perSecond`: a burst is fine, a flood is not. */
  readonly burst: number
  readonly perSecond: number
  readonly offencesMax: number
}

export type Bridge = {
  /** The answer, or nothing: to what has no id that one could answer to, and after the end. */
  receive(message: unknown): Promise<Reply | undefined>
  readonly isOpen: boolean
  close(): void
}

/** What no app does that keeps to the rules: faults that count against it, and one that is never a mistake. */
const offending: ReadonlySet<string> = new Set(['limit.transfers', 'conflict.transfer'])
const unforgivable = 'refused.transfer'

const usual: BridgeLimits = { inFlightMax: 32, burst: 200, perSecond: 100, offencesMax: 50 }

export function createBridge(options: BridgeOptions): Bridge {
  const { allows, call, withFiles, paced, onCutOff, nowMs, limits } = options
  const sentence = options.sentence ?? (({ message }: Fault) => message)
  const { inFlightMax, burst, perSecond, offencesMax } = { ...usual, ...limits }
  const stop = new AbortController()
  const inFlight = new Set<number>()
  let tokens = burst
  let filledMs = nowMs()
  let offences = 0

  const offend = (why: string): void => {
    offences = why === unforgivable ? offencesMax + 1 : offences + 1
    if (offences <= offencesMax || stop.signal.aborted) return
    stop.abort()
    onCutOff?.(why)
  }
  /** Its data stays here: it may name what the app must not know. */
  const told = (id: number, fault: Fault): Reply => {
    return { v: 1, id, fault: { code: fault.code, message: sentence(fault).slice(0, 500) } }
  }
  const refuse = (id: number, code: FaultCode, message: string): Reply => {
    offend(code)
    return told(id, new Fault(code, message))
  }
  const spend = (): boolean => {
    const now = nowMs()
    tokens = Math.min(burst, tokens + (Math.max(0, now - filledMs) / 1000) * perSecond)
    filledMs = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }

  return {
    get isOpen() {
      return !stop.signal.aborted
    },
    close: () => stop.abort(),
    async receive(message) {
      if (stop.signal.aborted) return undefined
      const hasBudget = spend()
      const request = hasBudget ? readRequest(message, withFiles) : { why: 'rate' as const }
      if ('why' in request) {
        const id = idOf(message)
        if (id === undefined) {
          offend(request.why)
          return undefined
        }
        return request.why === 'rate'
          ? refuse(id, 'limit.rate', 'Too many calls. Wait a moment.')
          : refuse(id, 'invalid.message', 'The call is not of the form that the bridge knows, or too large.')
      }
      const { id, call: name, with: input } = request
      if (inFlight.has(id))
        return refuse(id, 'invalid.message', 'This id is in use by a call that is not answered yet.')
      if (inFlight.size >= inFlightMax)
        return refuse(id, 'limit.calls', 'Too many calls at once. Wait for answers.')
      if (!allows(name)) return refuse(id, 'refused.method', `"${name}" is not open to this app.`)
      inFlight.add(id)
      try {
        const ok = await call(name, input, stop.signal)
        if (stop.signal.aborted) return undefined
        if (paced?.has(name) === true) tokens = Math.min(burst, tokens + 1)
        return measure(ok) === undefined
          ? { v: 1, id, ok }
          : told(id, new Fault('limit.answer', 'The answer is too large for the bridge. Ask for less.'))
      } catch (thrown) {
        const fault = asFault(thrown)
        if (offending.has(fault.code) || fault.code === unforgivable) offend(fault.code)
        return stop.signal.aborted ? undefined : told(id, fault)
      } finally {
        inFlight.delete(id)
      }
    },
  }
}

function idOf(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, 'id')) return undefined
  const { id } = message as { id: unknown }
  return Number.isSafeInteger(id) && (id as number) >= 0 ? (id as number) : undefined
}
