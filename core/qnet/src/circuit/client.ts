import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { EndReason } from './cell.ts'
import { buildCircuit } from './client-circuit.ts'
import type { ClientStreams } from './client-streams.ts'
import type { Switch } from './switch.ts'

/** A hop as its node record has it. `onionKey` is the X25519 key of the day, 32 bytes. */
export type Hop = { readonly node: NodeId; readonly onionKey: Uint8Array }

/** A circuit of our own, from its first cell to its last. */
export type Circuit = ClientStreams & {
  readonly path: readonly Hop[]
  readonly state: 'building' | 'ready' | 'over'
  /** How long the build took: three round trips. Undefined before. */
  readonly buildMs: number | undefined
  /** How often its keys were made anew. */
  readonly rekeys: number
  end(): void
}
export type CircuitEvents = {
  ready(): void
  /** `hops` had answered when it ended: of a circuit that was never ready, the hop behind them is the one in doubt. */
  over(reason: EndReason, hops: number): void
}
export type ClientSettings = {
  readonly buildTimeoutMs: number
  /** A fresh handshake with every hop, before the 10 minutes at which relays end the circuit. */
  readonly rekeyAfterMs: number
  readonly rekeyTimeoutMs: number
  /** Between two cells of padding, drawn anew each time (as Tor's padding-spec 2.2). Undefined: none. */
  readonly paddingMs: readonly [least: number, most: number] | undefined
}
export type ClientOptions = {
  readonly world: World
  readonly circuits: Switch
  readonly settings?: Partial<ClientSettings>
}
export type Client = {
  /** Starts at once, hop after hop (telescoped). One to three hops, each another node. */
  build(path: readonly Hop[], events: CircuitEvents): Circuit
}

const settingsDefault: ClientSettings = {
  buildTimeoutMs: 10_000,
  rekeyAfterMs: 480_000,
  rekeyTimeoutMs: 60_000,
  paddingMs: [1500, 9500],
}

export function createClient({ world, circuits, settings }: ClientOptions): Client {
  const all = { ...settingsDefault, ...settings }
  return { build: (path, events) => buildCircuit({ world, board: circuits, settings: all, path, events }) }
}
