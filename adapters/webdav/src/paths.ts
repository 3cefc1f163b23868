import type { IncomingMessage } from 'node:http'
import { Fault } from '@anarq/fault'

/** Where a request points to, as the key sees its drive: `/`, or `/a/b` without a slash at its end. */
export type Place = { readonly path: string; readonly isFolderName: boolean }

/** The place of a request's target. `invalid.path` for what is no path, or means another than it says. */
export function placeOf(target: string, prefix: string): Place {
  if (target.includes('#')) throw malformed('it holds a fragment')
  const path = target.split('?', 1)[0] as string
  if (path !== prefix && !path.startsWith(`${prefix}/`)) throw malformed('it is none of this door')
  const parts = path
    .slice(prefix.length)
    .split('/')
    .filter((part) => part !== '')
    .map(decodePart)
  return { path: `/${parts.join('/')}`, isFolderName: path.endsWith('/') }
}

export function hrefOf(prefix: string, path: string, isFolder: boolean): string {
  if (path === '/') return `${prefix}/`
  return `${prefix}${path.split('/').map(encodePart).join('/')}${isFolder ? '/' : ''}`
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The place that a URL of a header names; undefined for one of another server (RFC 4918, section 8.3). */
export function placeOfUrl(url: string, { headers }: IncomingMessage, prefix: string): Place | undefined {
  if (url.startsWith('/')) return placeOf(url, prefix)
  const match = /^https?:\/\/([^/?#]*)(\/.*)?$/i.exec(url)
  if (match === null) throw malformed('it is no URL')
  const [, host = '', rest = '/'] = match
  // A proxy in front may speak TLS where this door does not: the scheme says nothing.
  if (host.toLowerCase() !== headers.host?.toLowerCase()) return undefined
  return rest === prefix || rest.startsWith(`${prefix}/`) ? placeOf(rest, prefix) : undefined
}

function decodePart(part: string): string {
  let name: string
  try {
    name = decodeURIComponent(part).normalize('NFC')
  } catch (error) {
    throw malformed('its percent-encoding is broken', error)
  }
  if (name === '.' || name === '..') throw malformed('it goes up by dots')
  if (name.includes('/') || name.includes('\0')) throw malformed('a name holds a slash or a NUL character')
  return name
}

/** Everything but what may stand in a path as it is (RFC 3986, section 3.3), and quotes. */
function encodePart(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(/[!'()*]/g, (found) => {
    return `%${found.charCodeAt(0).toString(16).toUpperCase()}`
  })
}

function malformed(reason: string, cause?: unknown): Fault {
  return new Fault('invalid.path', `This address cannot be used: ${reason}.`, { cause })
}
