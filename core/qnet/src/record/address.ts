import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

export const addressesMax = 4

/** Where a node listens. The host is an IPv4 or IPv6 address in its one canonical spelling (RFC 5952), or a domain name. */
export type NodeAddress = { readonly transport: Transport; readonly host: string; readonly port: number }
export type Transport = 'tcp' | 'ws'

export const transports: readonly Transport[] = ['tcp', 'ws']
export const hostLettersMax = 120

/** One that is well formed, or `invalid.address`. */
export function checkAddress({ transport, host, port }: NodeAddress): NodeAddress {
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535
  if (!isPort || !transports.includes(transport) || kindOfHost(host) === undefined)
    throw new Fault(
      'invalid.address',
      'That is no address of a node: a host in canonical spelling and a port.',
    )
  return { transport, host, port }
}

/** Names that end in a number would be read as IPv4 addresses by many resolvers (WHATWG URL, section 3.5). */
const namePattern = /^(?=.{4,120}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

export function kindOfHost(host: string): 'ip4' | 'ip6' | 'name' | undefined {
  if (host.length > hostLettersMax) return undefined
  const ip4 = ip4Bytes(host)
  if (ip4 !== undefined) return 'ip4'
  const ip6 = ip6Bytes(host)
  if (ip6 !== undefined) return hostOfBytes(ip6) === host && !isMapped(ip6) ? 'ip6' : undefined
  return namePattern.test(host) ? 'name' : undefined
}

/**
 * What one operator has cheaply many of: the /24 of IPv4, the /56 of IPv6, the last two labels of a name. Limits are counted by
 * it. Nodes without an address share one group of their own.
 */
export function groupOfAddresses(addresses: readonly Pick<NodeAddress, 'host'>[]): string {
  const host = addresses[0]?.host
  return host === undefined ? 'none' : groupOfHost(host)
}

export function groupOfHost(host: string): string {
  const ip4 = ip4Bytes(host)
  if (ip4 !== undefined) return `4:${[...ip4.subarray(0, 3)].join('.')}`
  const ip6 = ip6Bytes(host)
  if (ip6 !== undefined) return `6:${toHex(ip6.subarray(0, 7))}`
  return `n:${host.split('.').slice(-2).join('.')}`
}

/** The 4 or 16 bytes of an IP address as text, or `undefined` for a name. */
export function bytesOfHost(host: string): Uint8Array | undefined {
  return ip4Bytes(host) ?? ip6Bytes(host)
}

/** The canonical text of 4 or 16 bytes: RFC 5952 section 4 for the longer ones. */
export function hostOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.')
  const words = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number),
  )
  const { from, length } = longestZeros(words)
  const text = (part: readonly number[]) => part.map((word) => word.toString(16)).join(':')
  if (length < 2) return text(words)
  return `${text(words.slice(0, from))}::${text(words.slice(from + length))}`
}

function longestZeros(words: readonly number[]): { from: number; length: number } {
  let best = { from: 0, length: 0 }
  for (let from = 0; from < words.length; from += 1) {
    let length = 0
    while (from + length < words.length && words[from + length] === 0) length += 1
    if (length > best.length) best = { from, length }
  }
  return best
}

function ip4Bytes(host: string): Uint8Array | undefined {
  const parts = host.split('.')
  if (parts.length !== 4) return undefined
  const isPlain = parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return isPlain ? Uint8Array.from(parts, Number) : undefined
}

function ip6Bytes(host: string): Uint8Array | undefined {
  if (!/^[0-9a-f:]{2,39}$/.test(host)) return undefined
  const halves = host.split('::')
  if (halves.length > 2) return undefined
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':'))) as [
    string[],
    string[] | undefined,
  ]
  const missing = 8 - left.length - (right?.length ?? 0)
  if (right === undefined ? missing !== 0 : missing < 1) return undefined
  const words = [
    ...left,
    ...Array.from({ length: right === undefined ? 0 : missing }, () => '0'),
    ...(right ?? []),
  ]
  if (!words.every((word) => /^[0-9a-f]{1,4}$/.test(word))) return undefined
  return Uint8Array.from(
    words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]),
  )
}

/** ::ffff:0:0/96 is IPv4 in a second spelling. */
function isMapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
}
