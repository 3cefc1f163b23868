import { formatBytes } from '@anarq/bytes'
import type { PersonFacts } from '@anarq/kernel'
import type {
  BrokeringFacts,
  ChoiceFacts,
  CircuitFacts,
  CircuitsFacts,
  NetworkWayFacts,
  NodeNetworkFacts,
  PeerFacts,
  SocksFault,
} from '@anarq/sdk'
import { type Command, type Context, numberOf, UsageError, type Values } from '../command.ts'
import { table, when } from '../terminal.ts'
import { branchDetails, branchOptions, branchVerb } from './branch.ts'
import { backFromOthers, describeKept, describeKeptEntry, describeNeighbourhood } from './kept.ts'
import { keepingOf } from './net-option.ts'
import { registerOptions, registerVerb } from './register.ts'
import { describeRoles } from './roles.ts'

type NetVerb = (context: Context, args: readonly string[], values: Values) => Promise<number>

const verbs: Readonly<Record<string, NetVerb>> = {
  async status({ sdk, terminal }) {
    const facts = await (await sdk()).network.status({})
    terminal.result(facts, describe(facts))
    return 0
  },
  async way({ sdk, terminal }, [, way], values) {
    const { network } = await sdk()
    if (way === undefined) {
      const facts = await network.way({})
      terminal.result(facts, describeWay(facts))
      return 0
    }
    if (way !== 'off' && way !== 'out' && way !== 'listen')
      throw new UsageError('Say which way: anarq net way off, out or listen')
    const port = numberOf(values, 'port', { min: 1, max: 65_535 })
    const facts = await network.setWay({ way, port, giveBytes: keepingOf(values.give)?.heldBytesMax })
    terminal.result(facts, describeWay(facts))
    return 0
  },
  async peers({ sdk, terminal }) {
    const peers = await (await sdk()).network.peers({})
    terminal.result(
      peers,
      peers.length === 0
        ? 'This node knows no other. Give an invitation (anarq net invite), or take one in (anarq net join).'
        : table(peers.map(rowOf)),
    )
    return 0
  },
  async people({ sdk, terminal }) {
    const people = await (await sdk()).network.people({})
    terminal.result(
      people,
      people.length === 0
        ? 'You share with nobody on another node yet: anarq share NAME --with DID'
        : table(people.map(rowOfPerson)),
    )
    return 0
  },
  async circuit({ sdk, terminal }) {
    const facts = await (await sdk()).network.circuits({})
    terminal.result(facts, describeCircuits(facts))
    return 0
  },
  async roles({ sdk, terminal }) {
    const facts = await (await sdk()).network.roles({})
    terminal.result(facts, describeRoles(facts))
    return 0
  },
  async invite({ sdk, terminal }) {
    const made = await (await sdk()).network.invite({})
    terminal.result(
      made,
      `${made.invitation}\n\nSend this line to whom you like, by whatever means. On their node: anarq net join LINE\nIt leads here until ${when(made.endsMs)}.`,
    )
    return 0
  },
  async join({ sdk, terminal }, args) {
    const invitation = args[1]
    if (invitation === undefined) throw new UsageError('Say by which invitation: anarq net join anarq:…')
    const peer = await (await sdk()).network.join({ invitation })
    terminal.result(peer, `Linked to ${peer.id}. See who else is there with: anarq net peers`)
    return 0
  },
  async neighbours({ sdk, terminal }) {
    const facts = await (await sdk()).network.neighbourhood({})
    terminal.result(facts, describeNeighbourhood(facts))
    return 0
  },
  async kept({ sdk, terminal }, args) {
    const { network } = await sdk()
    if (args[1] === undefined) {
      const facts = await network.kept({})
      terminal.result(facts, describeKept(facts))
    } else {
      const facts = await network.keptEntry({ ref: args[1] })
      terminal.result(facts, describeKeptEntry(facts))
    }
    return 0
  },
  register: registerVerb,
  branch: branchVerb,
  'bring-back': async (context, args) => backFromOthers(context, await context.operations(), args[1]),
}

export const net: Command = {
  usage:
    'net status | way [off|out|listen [--port 4610] [--give SIZE|none]] | peers | people | circuit | roles | invite | join INVITATION | neighbours | kept [NAME|ID] | register VERB | branch VERB | bring-back [INVITATION]',
  summary: 'This node among others: who is there, and how to meet them.',
  details: [
    'net status        whether this node is on a network, where others reach it, and how many answer',
    'net way           how this node meets others: off (only to get what was shared), out (goes out to them), listen (lets them in, too);',
    '                  it holds at once and after a restart, unless --net of anarq up says otherwise. --give as with anarq up',
    'net peers         the nodes that it knows, and how it is linked to them: directly, through both routers (punched), or by a broker',
    'net people        with whom you share, and whether their nodes answer now',
    'net circuit       its circuits with their hops, how uncertain their choice is, and how many of others go by it',
    'net roles         who is drawn for this period, what Operators guarantee and what was measured, how fit this node is',
    'net invite        one line that leads another node here, for a week',
    'net join LINE     meet the network of whoever gave you the line',
    'net neighbours    the nodes that keep copies with this one, and what is held here for them',
    'net kept [NAME]   how many copies others have of what is here, or of one file or folder',
    'net register     small values with a history: private, protected by the neighbourhood, or public. Verbs:',
    '                 set NAME VALUE [--class CLASS] [--writer KEY], get, history, prove [-o FILE] NAME|REFERENCE, list, verify FILE',
    'net bring-back    fetch what this home lacks from those who keep it, after id recover --join was cut short',
    ...branchDetails,
    '',
    'The node must be among others: anarq net way, or --net of anarq up. Nobody is asked but those nodes; there is no server of ours.',
  ].join('\n'),
  options: { ...branchOptions, ...registerOptions, port: { type: 'string' }, give: { type: 'string' } },
  min: 1,
  max: 4,
  async run(context, args, values) {
    const verb = verbs[args[0] ?? '']
    if (verb === undefined)
      throw new UsageError(`"net ${args[0]}" is unknown: use ${Object.keys(verbs).join(', ')}.`)
    return verb(context, args, values)
  },
}

function describe(facts: NodeNetworkFacts): string {
  if (facts.state === 'off')
    return 'This node is on no network: it goes out only to get what was shared. To be among others: anarq net way out (or listen)'
  const { id, addresses, isUsable, live, known, links, clockOffsetMs, roles } = facts
  const { brokering, socks, socksFault } = facts
  const reached =
    addresses.length === 0
      ? 'It only goes out: nobody can come in by themselves.'
      : `Others reach it at ${addresses.join(', ')}`
  return [
    `This node is ${id}`,
    reached,
    ...reachOf(facts),
    isUsable
      ? `It is among others: ${live} answer, ${known} are known, ${links} are linked now.`
      : known === 0
        ? 'It knows no other node yet: anarq net invite, or anarq net join LINE'
        : `It is looking for others: ${known} are known, none answers yet.`,
    ...(roles.length === 0 ? [] : [`It serves others as ${roles.join(', ')}.`]),
    ...(brokering === undefined ? [] : describeBrokering(brokering)),
    ...(socks === undefined ? [] : [`Programs come in at ${socks.host}:${socks.port} (SOCKS5).`]),
    ...(socksFault === undefined ? [] : [describeSocksFault(socksFault)]),
    ...(Math.abs(clockOffsetMs) < clockOffMs
      ? []
      : [`Its clock is off by about ${Math.round(clockOffsetMs / 1000)} s, others say. Set it right.`]),
  ].join('\n')
}

function describeWay({ way, port, giveBytes, isFixed }: NetworkWayFacts): string {
  const meets = {
    off: 'This node goes out only to get what was shared.',
    out: 'This node goes out to others.',
    listen: `This node goes out to others, and lets them in at port ${port}.`,
  }[way]
  const gives =
    giveBytes === undefined
      ? 'It keeps copies for others in a tenth of the free disk, 10 GiB at most.'
      : giveBytes === 0
        ? 'It keeps nothing for others.'
        : `It keeps copies for others in up to ${formatBytes(giveBytes)}.`
  return [
    meets,
    ...(way === 'off' ? [] : [gives]),
    ...(isFixed ? ['The line that started it says so.'] : []),
  ].join('\n')
}

function reachOf({ reachability, brokers }: Extract<NodeNetworkFacts, { state: 'on' }>): readonly string[] {
  return [
    ...(reachability === 'unreachable'
      ? ['Others say that they cannot dial it there: its router lets nobody in.']
      : []),
    ...(brokers.length === 0
      ? []
      : [`Brokers bring others to it: ${brokers.map((id) => id.slice(0, 16)).join(', ')}`]),
  ]
}

function describeBrokering(facts: BrokeringFacts): readonly string[] {
  const { places, placesMax, pairs, pairsMax, pairsPerNodeMax } = facts
  const { pairBytesPerSecond, pairBytesMax, pairMs } = facts
  return [
    `As a broker: ${places} of ${placesMax} places taken; it passes bytes on for ${pairs} of ${pairsMax} pairs, ${pairsPerNodeMax} of one node.`,
    `A pair has ${Math.round(pairBytesPerSecond / 1000)} kB a second, ${Math.round(pairBytesMax / 1e6)} MB and ${Math.round(pairMs / 60_000)} minutes, then it is opened anew.`,
  ]
}

const clockOffMs = 60_000

function rowOfPerson({ did, presence, latencyMs, given, received }: PersonFacts): string[] {
  const named = (names: readonly string[], what: string): string[] =>
    names.length === 0 ? [] : [`${what} ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`]
  return [
    presence === 'unknown' ? '?' : presence,
    latencyMs === undefined ? '' : `${latencyMs} ms`,
    [...named(received, 'gave you'), ...named(given, 'has from you')].join('; '),
    did,
  ]
}

function rowOf({ id, standing, addresses, roles, isLinked, latencyMs, way, by }: PeerFacts): string[] {
  return [
    id.slice(0, 16),
    isLinked ? `linked${way === undefined ? '' : `, ${wayOf(way, by)}`}` : standing,
    latencyMs === undefined ? '' : `${latencyMs} ms`,
    roles.join(', '),
    addresses.join(', ') || '(nobody can dial it)',
  ]
}

function wayOf(way: PeerFacts['way'], by: string | undefined): string {
  if (way !== 'relayed') return `${way}`
  return by === undefined ? 'relayed' : `relayed by ${by.slice(0, 16)}`
}

function describeSocksFault({ port, code }: SocksFault): string {
  return `Programs cannot come in: port ${port} is taken by another program, or closed to this one (${code}). It is tried again; free it, or start the node with another --socks PORT.`
}

function describeCircuits({
  socks,
  socksFault,
  relays,
  exits,
  choice,
  circuits,
  passing,
}: CircuitsFacts): string {
  const bits = ({ relays: among, entropyBits, evenBits, shareMost }: ChoiceFacts): string =>
    among === 0
      ? 'nobody to draw from'
      : `${entropyBits.toFixed(1)} of ${evenBits.toFixed(1)} bits, from ${among}; the likeliest has ${Math.round(shareMost * 100)} %`
  return [
    socksFault !== undefined
      ? describeSocksFault(socksFault)
      : socks === undefined
        ? 'Programs cannot come in: start the node with --socks 9150 for that.'
        : `Programs come in at ${socks.host}:${socks.port} (SOCKS5).`,
    `It knows ${relays} relays that it may go by, ${exits} of them exits. A circuit takes three of three networks.`,
    ...(relays === 0
      ? []
      : [
          'How uncertain the next choice is:',
          table([
            ['  another guard', bits(choice.first)],
            ['  another middle', bits(choice.second)],
            ['  the exit', bits(choice.last)],
          ]),
        ]),
    ...(passing === 0 ? [] : [`Circuits of others that go by this node: ${passing}.`]),
    '',
    circuits.length === 0
      ? 'There is no circuit now: one is built when a program asks for something.'
      : table(circuits.map(rowOfCircuit)),
  ].join('\n')
}

function rowOfCircuit({ hops, ageMs, streams, bytes, rttMs, isRetired }: CircuitFacts): string[] {
  return [
    hops.map(({ id, addresses }) => `${id.slice(0, 8)} (${addresses[0] ?? 'gone'})`).join(' > '),
    `${Math.round(ageMs / 1000)} s old`,
    `${streams} streams`,
    `${(bytes / 1e6).toFixed(1)} MB`,
    rttMs === undefined ? '' : `${rttMs} ms`,
    isRetired ? 'takes no more' : '',
  ]
}
