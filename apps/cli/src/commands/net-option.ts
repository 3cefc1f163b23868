import { Fault } from '@anarq/fault'
import type { NetSettings } from '@anarq/node'
import { numberOf, type Values } from '../command.ts'

/** Where other nodes come in, by which address they find that, and what this node does for them. */
export function netOf(values: Values): NetSettings | undefined {
  const { net, outside } = values
  const roles = rolesOf(values.role)
  const socks = numberOf(values, 'socks', { max: 65_535 })
  const guarantee = guaranteeOf(values.guarantee, roles)
  if (typeof net !== 'string') {
    if (outside === undefined && roles.length === 0 && socks === undefined) return undefined
    throw new Fault(
      'invalid.option',
      '--outside, --role and --socks belong to a node that is among others: give --net too.',
    )
  }
  const settings = { isAmongOthers: true, roles, guarantee, socks }
  if (net === 'out') {
    if (roles.length > 0)
      throw new Fault(
        'invalid.option',
        'Who serves others must be reached: give --net tcp://0.0.0.0:4610 with --role.',
      )
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

const rolesKnown = ['exit', 'operator', 'relay'] as const

function rolesOf(role: unknown): (typeof rolesKnown)[number][] {
  const asked: readonly unknown[] = Array.isArray(role) ? role : role === undefined ? [] : [role]
  const unknown = asked.find((one) => !rolesKnown.includes(one as 'relay'))
  if (unknown !== undefined)
    throw new Fault('invalid.option', `--role is relay, exit or operator, not ${String(unknown)}.`)
  return rolesKnown.filter((one) => asked.includes(one))
}

/** In percent; whether it is one that can be given is the node's to say. */
function guaranteeOf(value: Values[string], roles: readonly string[]): number | undefined {
  if (value === undefined) return undefined
  if (!roles.includes('operator'))
    throw new Fault('invalid.option', 'Only an Operator guarantees anything: give --role operator too.')
  const percent = Number(value)
  if (typeof value === 'string' && value.trim() !== '' && percent >= 50 && percent <= 99.99) return percent
  throw new Fault('invalid.option', '--guarantee is 50 to 99.99 percent of the time, like --guarantee 99.5')
}
