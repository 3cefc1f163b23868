import { equalBytes } from '@anarq/bytes'
import { type Address, isPublic, parseIpv4, parseIpv6, textOfAddress } from './address.ts'

/** What an exit lets out: public addresses and names, by ports. It judges before a name is resolved, and each address after. */
export type ExitPolicy = {
  /** What is asked for, in one spelling, or undefined: refused. */
  judgeHost(host: string, port: number): Destination | undefined
  /** An address that a name resolved to, in the spelling to dial, or undefined: refused. */
  judgeAddress(address: string): string | undefined
}
export type Destination =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'name'; readonly name: string }
export type PolicyOptions = {
  /** This node's own addresses, which are public perhaps and still not to be reached from inside. */
  readonly ownAddresses?: () => readonly string[]
  readonly closedPorts?: readonly PortRange[]
  /** Addresses besides the public ones. For tests and private networks; empty in the product. */
  readonly allowAlso?: (address: string) => boolean
}
export type PortRange = readonly [first: number, last: number]

/** Mail, news, file sharing and Windows' own: what Tor's exits refuse by default (its manual, ExitPolicy). */
export const closedPortsDefault: readonly PortRange[] = [
  [25, 25],
  [119, 119],
  [135, 139],
  [445, 445],
  [563, 563],
  [1214, 1214],
  [4661, 4666],
  [6346, 6429],
  [6699, 6699],
  [6881, 6999],
]

/** RFC 6761, RFC 6762, RFC 8375, RFC 9476, ICANN's `internal`, and what routers at home use. */
const closedNames =
  /(^|\.)(localhost|localdomain|local|internal|intranet|lan|home|corp|private|arpa|alt|onion|invalid|test|example)$/
const nameCharsMax = 253

export function createExitPolicy({
  ownAddresses = () => [],
  closedPorts = closedPortsDefault,
  allowAlso = () => false,
}: PolicyOptions = {}): ExitPolicy {
  const judge = (address: Address | undefined): string | undefined => {
    if (address === undefined) return undefined
    const text = textOfAddress(address)
    if (allowAlso(text)) return text
    const isOwn = ownAddresses().some((own) => {
      const parsed = parseAddress(own)
      return parsed !== undefined && equalBytes(parsed, address)
    })
    return isOwn || !isPublic(address) ? undefined : text
  }
  return {
    judgeHost(host, port) {
      if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined
      if (closedPorts.some(([first, last]) => port >= first && port <= last)) return undefined
      const plain = plainHost(host)
      const address = parseAddress(plain)
      if (address !== undefined) {
        const text = judge(address)
        return text === undefined ? undefined : { kind: 'address', address: text }
      }
      return isOpenName(plain) ? { kind: 'name', name: plain } : undefined
    },
    judgeAddress: (address) => judge(parseAddress(address)),
  }
}

/** In Unicode's compatibility form (as IDNA maps it, RFC 5895), in lower case, without brackets and the root's dot. */
function plainHost(host: string): string {
  const mapped = host
    .normalize('NFKC')
    .replace(/[。．｡]/g, '.')
    .toLowerCase()
  return mapped.replace(/^\[(.*)\]$/s, '$1').replace(/\.+$/, '')
}

function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** At least two labels in ASCII (other scripts come as `xn--…`), the last of them no number: that would be an address. */
function isOpenName(name: string): boolean {
  const labels = name.split('.')
  if (name.length > nameCharsMax || labels.length < 2 || closedNames.test(name)) return false
  if (!labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) return false
  return !/^(0x[0-9a-f]*|[0-9]+)$/.test(labels.at(-1) as string)
}
