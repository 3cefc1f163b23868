import { Fault } from '@anarq/fault'
import type { NetSettings } from '@anarq/node'
import { numberOf, type Values } from '../command.ts'

/** Where other nodes come in, by which address they find that, and what this node does for them. */
export function netOf(values: Values): NetSettings | undefined {
  const { net, outside } = values
  const roles = rolesOf(values.role)
  const socks = numberOf(values, 'socks', { max: 65_535 })
  const guarantee = guaranteeOf(values.guarantee, roles)
  const keeping = keepingOf(values.give)
  if (typeof net !== 'string') {
    if (outside === undefined && roles.length === 0 && socks === undefined && keeping === undefined)
      return undefined
    throw new Fault(
      'invalid.option',
      '--outside, --role, --give and --socks belong to a node that is among others: give --net too.',
    )
  }
  const broker = brokerOf(values['broker-limits'], roles)
  const kept = keeping === undefined ? {} : { keeping }
  const settings = { isAmongOthers: true, roles, guarantee, socks, broker, ...kept }
  if (net === 'out') {
    if (roles.length > 0)
      throw new Fault(
        'invalid.option',
        'Who serves others must be reached: give --net tcp://0.0.0.0:4610 with --role.',
      )
    return settings
  }
  const path = URL.canParse(net) ? new URL(net).pathname : ''
  if (path.length > 1)
    throw new Fault('invalid.option', `Other nodes are told a host and a port: give --net without ${path}.`)
  if (typeof outside !== 'string') return { ...settings, listen: net }
  const transport = net.startsWith('ws:') ? 'ws' : 'tcp'
  return { ...settings, listen: net, outside: { transport, ...outsideOf(outside) } }
}

/** Others are told a host in its one spelling, which is how a URL has it. */
function outsideOf(text: string): { readonly host: string; readonly port: number } {
  const pattern = /^(?<host>[^\s:/?#@]+\.[^\s:/?#@]+|\[[\da-f:]+\]):(?<port>\d{1,5})$/i
  const { host = '', port } = pattern.exec(text)?.groups ?? {}
  const url = `ws://${host}`
  if (!URL.canParse(url) || Number(port) < 1 || Number(port) > 65_535)
    throw new Fault(
      'invalid.option',
      '--outside takes HOST:PORT; the host is a full name or an address, of IPv6 in brackets: [2001:db8::7]:4610.',
    )
  return { host: new URL(url).hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** A seat is for those who give: with less room than this, hardly anything of the neighbours' fits. */
const giveBytesMin = 1024 ** 3
const units = { G: 1024 ** 3, T: 1024 ** 4 } as const

/** How much room others get on this disk. */
export function keepingOf(give: unknown): NetSettings['keeping'] {
  if (give === undefined) return undefined
  if (give === 'none') return { heldBytesMax: 0 }
  const { count, unit } = /^(?<count>\d{1,6}(?:\.\d{1,3})?)(?<unit>[GT])$/.exec(String(give))?.groups ?? {}
  const heldBytesMax = Math.floor(Number(count) * (units[unit as keyof typeof units] ?? Number.NaN))
  if (heldBytesMax >= giveBytesMin) return { heldBytesMax }
  throw new Fault('invalid.option', '--give is a size of at least 1G, as 20G or 1.5T, or none.')
}

const limitsKnown = {
  places: ['reservationsMax', 1, 65_536],
  pairs: ['pairsMax', 1, 65_536],
  pace: ['pairBytesPerSecond', 16_384, 2 ** 30],
  bytes: ['pairBytesMax', 2 ** 20, 2 ** 40],
  minutes: ['pairMs', 1, 24 * 60],
} as const
type LimitWord = keyof typeof limitsKnown

function brokerOf(text: unknown, roles: readonly string[]): NetSettings['broker'] {
  if (typeof text !== 'string') return undefined
  if (!roles.includes('broker'))
    throw new Fault('invalid.option', '--broker-limits belongs to a broker: give --role broker too.')
  return Object.fromEntries(
    text.split(',').map((part) => {
      const { word, digits } = /^(?<word>[a-z]+)=(?<digits>\d{1,13})$/.exec(part)?.groups ?? {}
      const [limit, min, max] = Object.hasOwn(limitsKnown, word ?? '') ? limitsKnown[word as LimitWord] : []
      const value = Number(digits)
      if (limit === undefined || value < min || value > max)
        throw new Fault(
          'invalid.option',
          `--broker-limits takes places, pairs, pace, bytes and minutes, as in places=64,pace=262144; "${part}" is none of them, or too little or too much.`,
        )
      return [limit, limit === 'pairMs' ? value * 60_000 : value]
    }),
  )
}

const rolesKnown = ['broker', 'exit', 'operator', 'relay'] as const

function rolesOf(role: unknown): (typeof rolesKnown)[number][] {
  const asked: readonly unknown[] = Array.isArray(role) ? role : role === undefined ? [] : [role]
  const unknown = asked.find((one) => !rolesKnown.includes(one as 'relay'))
  if (unknown !== undefined)
    throw new Fault('invalid.option', `--role is relay, exit, operator or broker, not ${String(unknown)}.`)
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
