import { networkInterfaces } from 'node:os'
import { groupOfHost, kindOfHost } from '@anarq/qnet/record'

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

/** Addresses that this machine has in the networks that it is in. */
export function ownHosts(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
  )
}

/** In another house an address of a house leads to nobody, or to somebody else. */
export function isElsewhere(host: string): boolean {
  return scopeOf(host) === 'house' && !ownHosts().some((own) => groupOfHost(own) === groupOfHost(host))
}
