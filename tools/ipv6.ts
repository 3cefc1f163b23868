/** For tests that need IPv6, which a container often has not. */
import { networkInterfaces } from 'node:os'

const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))

/** Why they are left out here, if they are. */
export const skipWithoutIpv6: string | false = addresses.includes('::1') ? false : 'This machine has no IPv6.'
