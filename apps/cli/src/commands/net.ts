import type {
  ChoiceFacts,
  CircuitFacts,
  CircuitsFacts,
  NodeNetworkFacts,
  PeerFacts,
  SocksFault,
} from '@anarq/sdk'
import { type Command, type Context, UsageError } from '../command.ts'
import { table, when } from '../terminal.ts'
import { backFromOthers, describeKept, describeKeptEntry, describeNeighbourhood } from './kept.ts'

type NetVerb = (context: Context, args: readonly string[]) => Promise<number>

const verbs: Readonly<Record<string, NetVerb>> = {
  async status({ sdk, terminal }) {
    const facts = await (await sdk()).network.status({})
    terminal.result(facts, describe(facts))
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
  async circuit({ sdk, terminal }) {
    const facts = await (await sdk()).network.circuits({})
    terminal.result(facts, describeCircuits(facts))
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
  'bring-back': async (context, args) => backFromOthers(context, await context.operations(), args[1]),
}

export const net: Command = {
  usage:
    'net status | peers | circuit | invite | join INVITATION | neighbours | kept [NAME|ID] | bring-back [INVITATION]',
  summary: 'This node among others: who is there, and how to meet them.',
  details: [
    'net status        whether this node is on a network, where others reach it, and how many answer',
    'net peers         the nodes that it knows; those that it is linked to first',
    'net circuit       its circuits with their hops, how uncertain their choice is, and how many of others go by it',
    'net invite        one line that leads another node here, for a week',
    'net join LINE     meet the network of whoever gave you the line',
    'net neighbours    the nodes that keep copies with this one, and what is held here for them',
    'net kept [NAME]   how many copies others have of what is here, or of one file or folder',
    'net bring-back    fetch what this home lacks from those who keep it, after id recover --join was cut short',
    '',
    'The node must run with --net: see anarq help up. Nobody is asked but those nodes; there is no server of ours.',
  ].join('\n'),
  min: 1,
  max: 2,
  async run(context, args) {
    const verb = verbs[args[0] ?? '']
    if (verb === undefined)
      throw new UsageError(`"net ${args[0]}" is unknown: use ${Object.keys(verbs).join(', ')}.`)
    return verb(context, args)
  },
}

function describe(facts: NodeNetworkFacts): string {
  if (facts.state === 'off')
    return 'This node is on no network. Start it with: anarq up --net tcp://0.0.0.0:4610 (or --net out)'
  const { id, addresses, isUsable, live, known, links, clockOffsetMs, roles, socks, socksFault } = facts
  const reached =
    addresses.length === 0
      ? 'It only goes out: nobody can come in.'
      : `Others reach it at ${addresses.join(', ')}`
  return [
    `This node is ${id}`,
    reached,
    isUsable
      ? `It is among others: ${live} answer, ${known} are known, ${links} are linked now.`
      : known === 0
        ? 'It knows no other node yet: anarq net invite, or anarq net join LINE'
        : `It is looking for others: ${known} are known, none answers yet.`,
    ...(roles.length === 0 ? [] : [`It serves others as ${roles.join(', ')}.`]),
    ...(socks === undefined ? [] : [`Programs come in at ${socks.host}:${socks.port} (SOCKS5).`]),
    ...(socksFault === undefined ? [] : [describeSocksFault(socksFault)]),
    ...(Math.abs(clockOffsetMs) < clockOffMs
      ? []
      : [`Its clock is off by about ${Math.round(clockOffsetMs / 1000)} s, others say. Set it right.`]),
  ].join('\n')
}

const clockOffMs = 60_000

function rowOf({ id, standing, addresses, roles, isLinked, latencyMs }: PeerFacts): string[] {
  return [
    id.slice(0, 16),
    isLinked ? 'linked' : standing,
    latencyMs === undefined ? '' : `${latencyMs} ms`,
    roles.join(', '),
    addresses.join(', ') || '(nobody can dial it)',
  ]
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
