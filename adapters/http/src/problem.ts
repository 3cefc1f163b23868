import { STATUS_CODES } from 'node:http'
import { asFault, Fault, type FaultCode, type FaultKind, kindOf } from '@anarq/fault'

/** RFC 9457, with the fault's code for programs. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  /** What the detail says in figures, for whoever says it in another language. */
  readonly data?: Readonly<Record<string, number>>
}

export const problemType = 'application/problem+json'

const statusOfKind: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  refused: 403,
  missing: 404,
  conflict: 409,
  damaged: 500,
  limit: 413,
  busy: 503,
  unavailable: 503,
  cancelled: 499,
  internal: 500,
}

const statusOfCode: Readonly<Record<string, number>> = {
  'invalid.method': 405,
  'invalid.accept': 406,
  'invalid.media-type': 415,
  'invalid.range': 416,
  'refused.digest': 401,
  'refused.unsigned': 401,
  'refused.locked': 423,
  'refused.host': 421,
  'missing.cached': 412,
  'limit.url': 414,
  'limit.header': 431,
  'limit.rate': 429,
  'limit.loop': 429,
  'limit.replay': 429,
  'unavailable.full': 507,
  'limit.quota': 507,
}

/** Everything else in a fault's data is for the node's own log. */
const figuresShown = ['waitMs', 'quotaBytes', 'offset', 'nowMs'] as const

const titles: Readonly<Record<number, string>> = { ...STATUS_CODES, 499: 'Client Closed Request' }

/** The one place that maps faults to statuses. A defect of ours is said to be one, without details. */
export function problemOf(fault: Fault, status: number = statusOf(fault)): Problem {
  const detail =
    kindOf(fault) === 'internal'
      ? 'Something went wrong inside AnarQ. Try again; if it happens again, report it.'
      : fault.message
  const problem = { type: 'about:blank', title: titles[status] ?? 'Error', status, code: fault.code, detail }
  const figures = figuresShown.flatMap((name) => {
    const value = fault.data[name]
    return typeof value === 'number' ? [[name, value] as const] : []
  })
  return figures.length === 0 ? problem : { ...problem, data: Object.fromEntries(figures) }
}

export function statusOf(fault: Fault): number {
  return statusOfCode[fault.code] ?? statusOfKind[kindOf(fault)]
}

/** Whole seconds after which to come back, where the fault says. */
export function retryAfterOf({ data }: Fault): number | undefined {
  return typeof data.waitMs === 'number' ? Math.max(1, Math.ceil(data.waitMs / 1000)) : undefined
}

const codePattern =
  /^(?:invalid|refused|missing|conflict|damaged|limit|busy|unavailable|cancelled|internal)\.[a-z0-9.-]{1,80}$/

/** The fault that a problem came from; `unavailable.node` where it is no problem of ours. */
export function faultOfProblem(value: unknown): Fault {
  const { code, detail } = (typeof value === 'object' && value !== null ? value : {}) as Partial<
    Record<string, unknown>
  >
  if (typeof code === 'string' && codePattern.test(code) && typeof detail === 'string')
    return new Fault(code as FaultCode, detail)
  return new Fault(
    'unavailable.node',
    'The running node gave an answer that is not understood. Are both of the same version?',
  )
}

/** What Fastify throws by itself, and anything else, as a fault. */
export function faultOfError(error: unknown): Fault {
  if (error instanceof Fault) return error
  const { code, statusCode, message, validation } = error as {
    code?: string
    statusCode?: number
    message?: string
    validation?: unknown
  }
  if (validation !== undefined) return new Fault('invalid.request', `This request is malformed: ${message}.`)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new Fault('limit.body', 'The body of this request is too large.')
  if (statusCode === 415)
    return new Fault(
      'invalid.media-type',
      'The Content-Type of this request is not one that is understood here.',
    )
  if (code === 'FST_ERR_BAD_URL')
    return new Fault('invalid.path', 'The address of this request is malformed.')
  if (statusCode === 400)
    return new Fault('invalid.request', `This request is malformed: ${message ?? 'it cannot be read'}.`)
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new Fault('cancelled.closed', 'The other side closed the connection before everything had come.')
  return asFault(error)
}
