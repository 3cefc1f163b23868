import { Fault } from '@anarq/fault'
import type { NetSettings } from '@anarq/node'
import { numberOf, type Values } from '../command.ts'

/** Where other nodes come in, by which address they find that, and what this node does for them. */
export function netOf(values: Values): NetSettings | undefined {
  const { net, outside } = values
  const roles = rolesOf(values.role)
  const socks = numberOf(values, 'socks', { max: 65_535 })
  const keeping = keepingOf(values.give)
  if (typeof net !== 'string') {
    if (outside === undefined && roles.length === 0 && socks === undefined && keeping === undefined)
      return undefined
    throw new Fault(
      'invalid.option',
      '--outside, --role, --give and --socks belong to a node that is among others: give --net too.',
    )
  }
  const settings = { isAmongOthers: true, roles, socks, ...(keeping === undefined ? {} : { keeping }) }
  if (net === 'out') {
    if (roles.length > 0)
      throw new Fault('invalid.option', 'A relay must be reached: give --net tcp://0.0.0.0:4610 with --role.')
    return settings
  }
  if (typeof outside !== 'string') return { ...settings, listen: net }
  const { host, port } = /^(?<host>[^:]+|\[[^\]]+\]):(?<port>\d{1,5})$/.exec(outside)?.groups ?? {}
  if (host === undefined) throw new Fault('invalid.option', '--outside takes HOST:PORT.')
  const transport = net.startsWith('ws:') ? 'ws' : 'tcp'
  return {
    ...settings,
    listen: net,
    outside: { transport, host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
  }
}

/** A seat is for those who give: with less room than this, hardly anything of the neighbours' fits. */
const giveBytesMin = 1024 ** 3
const units = { G: 1024 ** 3, T: 1024 ** 4 } as const

/** How much room others get on this disk. */
function keepingOf(give: unknown): NetSettings['keeping'] {
  if (give === undefined) return undefined
  if (give === 'none') return { heldBytesMax: 0 }
  const { count, unit } = /^(?<count>\d{1,6}(?:\.\d{1,3})?)(?<unit>[GT])$/.exec(String(give))?.groups ?? {}
  const heldBytesMax = Math.floor(Number(count) * (units[unit as keyof typeof units] ?? Number.NaN))
  if (heldBytesMax >= giveBytesMin) return { heldBytesMax }
  throw new Fault('invalid.option', '--give is a size of at least 1G, as 20G or 1.5T, or none.')
}

const rolesKnown = ['exit', 'relay'] as const

function rolesOf(role: unknown): (typeof rolesKnown)[number][] {
  const asked: readonly unknown[] = Array.isArray(role) ? role : role === undefined ? [] : [role]
  const unknown = asked.find((one) => !rolesKnown.includes(one as 'relay'))
  if (unknown !== undefined)
    throw new Fault('invalid.option', `--role is relay or exit, not ${String(unknown)}.`)
  return rolesKnown.filter((one) => asked.includes(one))
}
