import { networkInterfaces } from 'node:os'
import { addressesMax, groupOfHost, kindOfHost } from '@anarq/qnet/record/address'

/** From where an address is reached: this machine, this house, everywhere, or nowhere as it stands. */
export type Scope = 'everywhere' | 'house' | 'machine' | 'nowhere'

const house =
  /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])|169\.254)\.|^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/
const nowhere = /^(?:0|22[4-9]|23\d|24\d|25[0-5])\.|^::$|^ff/

/** Of an IP address in its canonical spelling; a name is for everywhere. */
export function scopeOf(host: string): Scope {
  if (kindOfHost(host) === 'name') return 'everywhere'
  if (kindOfHost(host) === undefined || nowhere.test(host)) return 'nowhere'
  if (host.startsWith('127.') || host === '::1') return 'machine'
  return house.test(host) ? 'house' : 'everywhere'
}

type Interfaces = ReturnType<typeof networkInterfaces>

/** Addresses that this machine has in the networks that it is in; not those that need to be told of which cable they are (fe80::/10). */
export function ownHosts(family: 'IPv4' | 'IPv6', of: Interfaces = networkInterfaces()): readonly string[] {
  return Object.values(of).flatMap((all = []) =>
    all.filter((one) => !one.internal && one.family === family && !one.scopeid).map(({ address }) => address),
  )
}

/** The host to listen at, in a URL, where everybody may come in: by both families, but on a machine without IPv6. */
export function everywhere(of: Interfaces = networkInterfaces()): string {
  const hasIpv6 = Object.values(of).some((all = []) => all.some(({ family }) => family === 'IPv6'))
  return hasIpv6 ? '[::]' : '0.0.0.0'
}

/** Whoever listens everywhere is reached at the addresses that this machine has now; at `::` by both families, of which each has its share. */
export function hostsAt(host: string, of?: Interfaces): readonly string[] {
  if (host === '0.0.0.0') return ownHosts('IPv4', of).slice(0, addressesMax)
  if (host !== '::') return [host]
  return (['IPv4', 'IPv6'] as const).flatMap((family) => ownHosts(family, of).slice(0, addressesMax / 2))
}

/** Host and port as a URL has them: an IPv6 address stands in brackets. */
export function authorityOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** In another house an address of a house leads to nobody, or to somebody else. */
export function isElsewhere(host: string): boolean {
  const isOwn = (own: string): boolean => groupOfHost(own) === groupOfHost(host)
  return scopeOf(host) === 'house' && ![...ownHosts('IPv4'), ...ownHosts('IPv6')].some(isOwn)
}
