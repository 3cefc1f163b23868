import { STATUS_CODES } from 'node:http'
import { asFault, Fault, type FaultCode, type FaultKind, kindOf } from '@anarq/fault'
import { escapeXml, xmlHead } from './xml/write.ts'

export type Condition = {
  /** A precondition or postcondition of RFC 4918, section 16, or RFC 4331. */
  readonly condition?: string
  /** The resources that it is about. */
  readonly hrefs?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** A fault that this door answers with a status of WebDAV's. */
export function refusal(status: number, code: FaultCode, sentence: string, about: Condition = {}): Fault {
  return new Fault(code, sentence, { data: { dav: { status, ...about } } })
}

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

/** Where WebDAV has a better word than the fault's kind. A locked node is no locked resource. */
const statusOfCode: Readonly<Record<string, number>> = {
  'invalid.move': 403,
  'invalid.range': 416,
  'refused.locked': 503,
  'refused.lock': 403,
  'missing.identity': 503,
  'missing.invitation': 503,
  'limit.rate': 429,
  'limit.loop': 429,
  'limit.property': 507,
  'unavailable.full': 507,
  'conflict.changed': 412,
}

const conditionOfCode: Readonly<Record<string, string>> = { 'unavailable.full': 'sufficient-disk-space' }

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What goes out for whatever was thrown; a defect of ours is said to be one, without details. */
export function answerOf(error: unknown): Answer & { readonly fault: Fault } {
  const fault = isCutOff(error) ? cutOff(error) : asFault(error)
  const about = (fault.data.dav ?? {}) as Condition & { status?: number }
  const status = about.status ?? statusOf(fault)
  const { condition = conditionOfCode[fault.code], hrefs = [], headers = {} } = about
  const sentence =
    kindOf(fault) === 'internal'
      ? 'Something went wrong inside AnarQ. Try again; if it happens again, report it.'
      : fault.message
  const wait = fault.data.waitMs
  const retry: Record<string, string> =
    typeof wait === 'number'
      ? { 'retry-after': String(Math.max(1, Math.ceil(wait / 1000))) }
      : status === 503
        ? { 'retry-after': '30' }
        : {}
  return {
    fault,
    status,
    headers: { ...retry, ...headers, 'content-type': xmlType },
    body: `${xmlHead}${errorElement({ condition, hrefs, code: fault.code, sentence })}`,
  }
}

/** The client went away before everything had come, or had gone out. */
function isCutOff(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function cutOff(cause: unknown): Fault {
  return new Fault('cancelled.closed', 'The other side closed the connection before everything had come.', {
    cause,
  })
}

export const xmlType = 'application/xml; charset=utf-8'

export function statusOf(fault: Fault): number {
  return statusOfCode[fault.code] ?? statusOfKind[kindOf(fault)]
}

export function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`
}

/** `DAV:error` with the condition that failed, and a sentence for people. */
function errorElement({
  condition,
  hrefs,
  code,
  sentence,
}: {
  condition: string | undefined
  hrefs: readonly string[]
  code: string
  sentence: string
}): string {
  const inside = hrefs.map((href) => `<D:href>${escapeXml(href)}</D:href>`).join('')
  const failed = condition === undefined ? '' : `<D:${condition}>${inside}</D:${condition}>`
  const said = `<A:code>${escapeXml(code)}</A:code><A:sentence>${escapeXml(sentence)}</A:sentence>`
  return `<D:error xmlns:D="DAV:" xmlns:A="urn:anarq:fault">${failed}${said}</D:error>\n`
}
