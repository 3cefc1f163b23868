import type { IncomingMessage } from 'node:http'
import { type Fault, hasCode } from '@anarq/fault'
import type { ToolAccess } from '@anarq/kernel'
import { refusal } from './refusal.ts'

export type AuthenticateOptions = {
  access(secret: string, source: string): Promise<ToolAccess | undefined>
  /** What stands before this node speaks TLS with the outside. */
  isBehindTls: boolean
}

/** What the key of a request opens. Basic (RFC 7617): any user name, the key as the password. */
export async function authenticate(
  request: IncomingMessage,
  source: string,
  { access, isBehindTls }: AuthenticateOptions,
): Promise<ToolAccess> {
  if (!isBehindTls && !isLoopback(request.socket.remoteAddress))
    throw refusal(
      403,
      'refused.clear',
      'A key is not taken over a network in clear text. Put TLS before this node and start it with --behind-tls NAME, or come by an SSH tunnel.',
    )
  const secret = passwordOf(request.headers.authorization)
  if (secret === undefined) throw unknown('Show a key: any user name, and the key as the password.')
  const allowed = await access(secret, source).catch((error: unknown) => {
    if (hasCode(error, 'refused.expired')) throw unknown((error as Fault).message)
    throw error
  })
  if (allowed === undefined)
    throw unknown('This key opens nothing here. Make one with: anarq key new NAME --door webdav')
  return allowed
}

function passwordOf(header: string | undefined): string | undefined {
  const match = /^basic ([a-z0-9+/_-]{1,1024}={0,2})$/i.exec(header ?? '')
  if (match === null) return undefined
  const text = Buffer.from(match[1] as string, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : text.slice(colon + 1)
}

/** 127.0.0.0/8 and ::1, as IPv4 in IPv6 too. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address))
}

function unknown(sentence: string): Fault {
  return refusal(401, 'refused.key', sentence, {
    headers: { 'www-authenticate': 'Basic realm="AnarQ", charset="UTF-8"' },
  })
}
