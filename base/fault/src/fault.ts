/**
 * The kind decides how a door answers:
 * - `invalid`: the input is malformed; sending it again cannot help
 * - `refused`: understood and not allowed
 * - `missing`: no such thing
 * - `conflict`: the state changed, or the name is taken
 * - `damaged`: what is stored is not what was stored
 * - `limit`: too much, too large, too often
 * - `busy`: somebody else holds it now
 * - `unavailable`: the disk, the network or a peer did not do its part
 * - `cancelled`: the caller asked to stop
 * - `internal`: a defect of ours
 */
export type FaultKind =
  | 'invalid'
  | 'refused'
  | 'missing'
  | 'conflict'
  | 'damaged'
  | 'limit'
  | 'busy'
  | 'unavailable'
  | 'cancelled'
  | 'internal'

/** Stable over versions, for programs: `refused.revoked`, `damaged.block`. */
export type FaultCode = `${FaultKind}.${string}`

export type FaultOptions = {
  readonly cause?: unknown
  /** Facts for programs. Never a secret, never content. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** The one error class. The message is one sentence or two: what happened, to what, and what to do next. */
export class Fault extends Error {
  override readonly name: string = 'Fault'
  readonly code: FaultCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: FaultCode, message: string, { cause, data = {} }: FaultOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.data = data
  }
}

export function kindOf(fault: Fault): FaultKind {
  return fault.code.slice(0, fault.code.indexOf('.')) as FaultKind
}

/** True for a `Fault` with this code, or with any code of this kind: `hasCode(e, 'damaged')`. */
export function hasCode(error: unknown, code: FaultCode | FaultKind): error is Fault {
  return error instanceof Fault && (error.code === code || error.code.startsWith(`${code}.`))
}

/** Whatever was thrown, as a `Fault`; what is none becomes `internal.unexpected` or `cancelled.aborted`. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return new Fault('cancelled.aborted', 'Stopped because you asked for it.', { cause: thrown })
  }
  const detail = thrown instanceof Error ? thrown.message : String(thrown)
  return new Fault('internal.unexpected', `Something went wrong inside AnarQ: ${detail}`, { cause: thrown })
}
