import { Fault } from '@anarq/fault'

/** Header fields by name in any case; more than one line of a field as a list. Node's `IncomingHttpHeaders` fits. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** What a signature can cover of a request. */
export type RequestTarget = {
  readonly method: string
  /** Absolute: scheme, authority, path and query, as the client named it. */
  readonly targetUri: string
  readonly headers: Headers
}

export type TargetParts = {
  readonly scheme: string
  readonly authority: string
  readonly path: string
  /** With its question mark; `undefined` where there is none. */
  readonly query: string | undefined
}

/**
 * The text that a signature is over (RFC 9421, section 2.5): a line for each component, then the parameters.
 * Components are bare names: parameters on them (`;sf`, `;key`, `;bs`, `;req`, `;tr`) are not supported.
 */
export function signatureBase(
  target: RequestTarget,
  components: readonly string[],
  parameters: string,
): string {
  const lines = components.map((name) => `"${name}": ${componentValue(target, name)}`)
  return [...lines, `"@signature-params": ${parameters}`].join('\n')
}

/** The value of a component (RFC 9421, sections 2.1 and 2.2); `refused.coverage` where the request lacks it. */
function componentValue(target: RequestTarget, name: string): string {
  switch (name) {
    case '@method':
      if (methodPattern.test(target.method)) return target.method
      throw new Fault('invalid.request', 'This request has no method that HTTP knows.')
    case '@target-uri':
      splitTarget(target.targetUri)
      return target.targetUri
    case '@authority':
      return splitTarget(target.targetUri).authority
    case '@scheme':
      return splitTarget(target.targetUri).scheme
    case '@path':
      return splitTarget(target.targetUri).path
    case '@query':
      return splitTarget(target.targetUri).query ?? '?'
    case '@request-target': {
      const { path, query } = splitTarget(target.targetUri)
      return `${path}${query ?? ''}`
    }
    default:
      return fieldComponent(target.headers, name)
  }
}

/** Authority without the scheme's own port and in lower case, path at least "/" (RFC 9421, 2.2.3 and 2.2.6). */
export function splitTarget(targetUri: string): TargetParts {
  const match = printablePattern.test(targetUri) ? targetPattern.exec(targetUri) : null
  if (match === null) {
    throw new Fault('invalid.request', 'This request has no absolute address that a signature could cover.')
  }
  const [, scheme = '', authority = '', path = '', query] = match
  const lowerScheme = scheme.toLowerCase()
  const port = lowerScheme === 'https' || lowerScheme === 'wss' ? ':443' : ':80'
  const lower = authority.toLowerCase()
  return {
    scheme: lowerScheme,
    authority: lower.endsWith(port) ? lower.slice(0, -port.length) : lower,
    path: path === '' ? '/' : path,
    query,
  }
}

/** A field's value, its lines joined as RFC 9110 joins them; `undefined` where it is not there. */
export function fieldValue(headers: Headers, name: string): string | undefined {
  const names = Object.keys(headers).filter((key) => key.toLowerCase() === name && headers[key] !== undefined)
  const [key] = names
  if (key === undefined) return undefined
  if (names.length > 1) throw new Fault('invalid.header', `The header ${name} is there in two spellings.`)
  const value = headers[key]
  const lines = typeof value === 'string' ? [value] : (value ?? [])
  const text = lines.map((line) => line.replace(/^[ \t]+|[ \t]+$/g, '')).join(', ')
  if (/^[\t -~]*$/.test(text)) return text
  throw new Fault('invalid.header', `The header ${name} holds something else than printable ASCII.`)
}

const targetPattern = /^(https?|wss?):\/\/([^/?#@]+)(\/[^?#]*)?(\?[^#]*)?$/i
const printablePattern = /^[!-~]+$/
const methodPattern = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/
const fieldNamePattern = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/

function fieldComponent(headers: Headers, name: string): string {
  if (!fieldNamePattern.test(name)) {
    throw new Fault('refused.coverage', 'This signature covers a part of the request that does not exist.')
  }
  const value = fieldValue(headers, name)
  if (value !== undefined) return value
  throw new Fault('refused.coverage', `This signature covers the header ${name}, which is not there.`)
}
