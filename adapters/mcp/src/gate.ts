import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** What is wrong with a request before anything of it is read: an answer that says so, or undefined. */
export type Turned = {
  readonly status: number
  readonly sentence: string
  /** Of JSON-RPC, where it has one for this. */
  readonly code?: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A page of another site gets nothing, and neither does a name that is rebound to this address: the Host must be an address
 * or one of this node's names, and an Origin, where there is one, must be the same place.
 */
export function checkPlace(
  { host = '', origin }: IncomingHttpHeaders,
  names: ReadonlySet<string>,
): Turned | undefined {
  const name = hostNameOf(host)
  if (name === undefined || (isIP(name) === 0 && !names.has(name)))
    return {
      status: 403,
      sentence: 'This node is not called by that name. Use the address that it listens on.',
    }
  if (origin === undefined || URL.parse(origin)?.host === host.toLowerCase()) return undefined
  return { status: 403, sentence: 'Pages of other sites are not let in here.' }
}

const realm = 'Bearer realm="AnarQ"'

/** RFC 6750, section 3: who brings no key is told what kind is wanted, and no more. */
export const noKey: Turned = {
  status: 401,
  sentence:
    'Bring a key: "Authorization: Bearer KEY". The person makes one in the settings, under keys for tools.',
  headers: { 'www-authenticate': realm },
}
export const wrongKey: Turned = {
  status: 401,
  sentence: 'This key opens nothing, or not any more. Ask the person for another.',
  headers: {
    'www-authenticate': `${realm}, error="invalid_token", error_description="Unknown or revoked key"`,
  },
}

const secretBytesMax = 512

/** The key in the Authorization header (RFC 6750, section 2.1), and in no other place. */
export function keyIn({ authorization = '' }: IncomingHttpHeaders): string | undefined {
  const key = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization)?.[1]
  return key !== undefined && key.length <= secretBytesMax ? key : undefined
}

/** The name in a Host header, without port and brackets, in lower case. */
function hostNameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/?#@\s]+))(?::\d{1,5})?$/i.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}
