import { networkInterfaces } from 'node:os'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Exit } from '@anarq/qnet'
import {
  type Client,
  createClient,
  createPaths,
  createPool,
  createRelay,
  createSwitch,
  type GuardState,
  type Paths,
  type Pool,
  parseGuardState,
  type Relay,
  type RelayFacts,
} from '@anarq/qnet/circuit'
import type { Discovery } from '@anarq/qnet/discovery'
import { createExit, createExitPolicy } from '@anarq/qnet/exit'
import type { OfferedRole } from '@anarq/qnet/record'
import { createOutside } from '@anarq/socks'
import { createCellWire } from './cell-wire.ts'
import type { Ground } from './ground.ts'
import { relaysOf } from './relays.ts'
import { openSocksDoor, type SocksDoor } from './socks-door.ts'

/** For tests and private networks; the command line has none of it. */
export type ExitSettings = {
  /** One address besides the public ones that this exit lets out to. */
  readonly alsoAddress?: string
  /** `address:port` instead of the system's name servers. */
  readonly nameServers?: readonly string[]
}
export type CircuitsOptions = {
  readonly ground: Ground
  readonly discovery: Pick<Discovery, 'nodes' | 'find' | 'contactOf'>
  readonly roles: readonly OfferedRole[]
  readonly exit?: ExitSettings | undefined
  /** The port on 127.0.0.1 at which programs of this machine come in; 0 takes a free one. */
  readonly socks?: number | undefined
  onFault(fault: Fault): void
  /** The door for programs is open, or cannot be. */
  onChanged?(): void
}

/** This node's circuits, those of others that go by it, and the door for programs. */
export type Circuits = {
  readonly pool: Pool
  readonly paths: Paths
  /** Those that circuits may go by now. */
  relays(): readonly RelayFacts[]
  /** Undefined where this node passes nothing on. */
  readonly relay: Relay | undefined
  /** Undefined where programs are not to come in. */
  readonly door: SocksDoor | undefined
  close(): Promise<void>
}

const guardsMsMax = 30_000

export async function openCircuits(options: CircuitsOptions): Promise<Circuits> {
  const { ground, discovery, onFault } = options
  const { world, keys, kept, links } = ground
  const wire = createCellWire({
    ground,
    board: () => board,
    find(id, done) {
      if (discovery.contactOf(id) !== undefined) done(true)
      else discovery.find(id, (record) => done(record !== undefined))
    },
  })
  const board = createSwitch({ world, wire, self: keys.id })
  const relays = (): readonly RelayFacts[] =>
    relaysOf(discovery.nodes(), keys.id, world.clock.nowMs(), links.peer)
  const guards = guardsBefore(kept.get('guards'), onFault)
  const paths = createPaths({ world, relays, ...(guards === undefined ? {} : { guards }) })
  const client = keepingGuards(createClient({ world, circuits: board }), paths, ground)
  const pool = createPool({ world, client, paths: awaitingGuards(paths, relays, ground) })
  const relay = openRelay(options, board)
  const { socks: port, onChanged = () => {} } = options
  const door =
    port === undefined ? undefined : await openSocksDoor({ streams: pool, port, world, onFault, onChanged })
  return {
    pool,
    paths,
    relays,
    relay,
    door,
    async close() {
      await door?.close()
      pool.close()
      relay?.close()
    },
  }
}

function openRelay(
  { ground, roles, exit }: CircuitsOptions,
  board: ReturnType<typeof createSwitch>,
): Relay | undefined {
  if (!roles.includes('relay') && !roles.includes('exit')) return undefined
  const { world, keys, onion } = ground
  return createRelay({
    ...{ world, self: keys.id, circuits: board },
    onionKeys: () => onion.usable(world.clock.nowMs()).map(({ agreement }) => agreement),
    ...(roles.includes('exit') ? { exit: openExit(ground, exit) } : {}),
  })
}

function openExit({ addresses }: Ground, { alsoAddress, nameServers }: ExitSettings = {}): Exit {
  const policy = createExitPolicy({
    // They change while it runs: a machine takes part in other networks, or gets another address.
    ownAddresses: () => [
      ...addresses.map(({ host }) => host),
      ...Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)),
    ],
    ...(alsoAddress === undefined ? {} : { allowAlso: (address) => address === alsoAddress }),
  })
  return createExit({ policy, outside: createOutside(nameServers === undefined ? {} : { nameServers }) })
}

/** After a start the guards of before are met again within seconds; whoever asks sooner must not make this node draw others. */
function awaitingGuards(paths: Paths, relays: () => readonly RelayFacts[], { world }: Ground): Paths {
  const startedMs = world.clock.nowMs()
  const guards = new Set(paths.guards.first.map(({ node }) => node))
  let isMet = guards.size === 0
  const isWaiting = (): boolean => {
    isMet ||= relays().some(({ hop }) => guards.has(hop.node))
    return !isMet && Math.abs(world.clock.nowMs() - startedMs) < guardsMsMax
  }
  return { ...paths, choose: (last) => (isWaiting() ? undefined : paths.choose(last)) }
}

/** Guards are drawn when a path is chosen, just before it is built. */
function keepingGuards(client: Client, paths: Paths, { kept }: Ground): Client {
  let before = textOf(paths.guards)
  return {
    build(path, events) {
      const now = textOf(paths.guards)
      if (now !== before) kept.set('guards', fromUtf8(now))
      before = now
      return client.build(path, events)
    },
  }
}

function textOf(guards: GuardState): string {
  return JSON.stringify(guards)
}

function guardsBefore(kept: Uint8Array | undefined, onFault: (fault: Fault) => void): GuardState | undefined {
  if (kept === undefined) return undefined
  try {
    return parseGuardState(JSON.parse(toUtf8(kept)))
  } catch (cause) {
    onFault(new Fault('damaged.guards', 'The kept guards cannot be read: new ones are drawn.', { cause }))
    return undefined
  }
}
