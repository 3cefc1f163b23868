import { Fault } from '@anarq/fault'
import type { NetSettings } from '@anarq/node'

/** Where other nodes come in, and by which address they find that. */
export function netOf({ net, outside }: Readonly<Record<string, unknown>>): NetSettings | undefined {
  if (typeof net !== 'string') {
    if (outside === undefined) return undefined
    throw new Fault('invalid.option', '--outside says how others reach what --net opens: give both.')
  }
  const isAmongOthers = true
  if (net === 'out') return { isAmongOthers }
  if (typeof outside !== 'string') return { listen: net, isAmongOthers }
  const { host, port } = /^(?<host>[^:]+|\[[^\]]+\]):(?<port>\d{1,5})$/.exec(outside)?.groups ?? {}
  if (host === undefined) throw new Fault('invalid.option', '--outside takes HOST:PORT.')
  const transport = net.startsWith('ws:') ? 'ws' : 'tcp'
  return {
    listen: net,
    isAmongOthers,
    outside: { transport, host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
  }
}
