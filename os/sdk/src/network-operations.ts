import type { BranchOperations } from './branch-operations.ts'
import type { RegisterOperations } from './register-operations.ts'
import type { RolesFacts } from './roles-facts.ts'

/** This node among others, as whoever uses it asks about it. A node that is on no network answers `unavailable.network` to all but `status`. */
export type NetworkOperations = RegisterOperations & {
  status(): NodeNetworkFacts
  /** All nodes that this one knows of, those that it is linked to first. */
  peers(): readonly PeerFacts[]
  /** Who keeps copies with this node, and what it holds for them. */
  neighbourhood(): NeighbourhoodFacts
  /** One line, or a QR code, that leads another node here. `refused.not-reachable` where nobody can come in. */
  invite(): NetworkInvitation
  /** Its circuits, how they are chosen, and how many of others' go by it. */
  circuits(): CircuitsFacts
  readonly branches: BranchOperations
  /** Who is what in this period, what Operators guarantee and what was measured, and how fit this node is. */
  roles(): RolesFacts
  /** By what another node's owner gave: resolves when it is reached. `invalid.invitation`, `refused.expired`, `unavailable.peer`. */
  join(invitation: string, signal?: AbortSignal): Promise<PeerFacts>
}

/** How a node meets others. */
export type NetworkWay = {
  /** `off`: it goes out only to get what was shared. `out`: it is among others, and goes out to them. `listen`: they come in too. */
  readonly way: 'listen' | 'off' | 'out'
  /** Where others come in, with `listen`. */
  readonly port: number
  /** The room that others get on its disk: 0 for none; absent: a tenth of what is free, 10 GiB at most. */
  readonly giveBytes?: number
}

export type NetworkWayFacts = NetworkWay & {
  /** The line that started the node said so, and that holds while it runs. */
  readonly isFixed: boolean
}

/** Chosen where somebody is unlocked, and kept for the next start. */
export type NetworkWays = {
  get(): NetworkWayFacts
  /** Resolves when the node meets others that way: what fails leaves the way before. `refused.network-way`, `unavailable.address`. */
  set(way: NetworkWay): Promise<NetworkWayFacts>
}

/** What a node does for others, beside being one. */
export type NodeRole = 'broker' | 'exit' | 'operator' | 'relay'

export type NodeNetworkFacts =
  /** It was started without a network. */
  | { readonly state: 'off' }
  | {
      readonly state: 'on'
      readonly id: string
      /** Where it listens; absent: it only goes out. */
      readonly listens?: string
      /** By which addresses others reach it. */
      readonly addresses: readonly string[]
      readonly roles: readonly NodeRole[]
      /** It has as many peers that answer as it needs, or as there are. */
      readonly isUsable: boolean
      /** Peers that answer. */
      readonly live: number
      /** Nodes it knows of. */
      readonly known: number
      readonly links: number
      /** How far this machine's clock is off, in the median of what peers say. */
      readonly clockOffsetMs: number
      /** Where programs of this machine come in (SOCKS5); absent: nowhere. */
      readonly socks?: { readonly host: string; readonly port: number }
      /** They were to come in at this port, which cannot be had now; it is tried again. */
      readonly socksFault?: SocksFault
      /** The relays of this period that the network agreed on; absent: there is no agreement yet. */
      readonly agreed?: { readonly period: number; readonly relays: number }
      /** Whether others can dial it, as they say; `out`: it listens to nobody. */
      readonly reachability: 'out' | 'reachable' | 'unknown' | 'unreachable'
      /** Ids of the brokers that bring others to it. */
      readonly brokers: readonly string[]
      /** What it does as a broker; absent: it is none. */
      readonly brokering?: BrokeringFacts
    }

/** A broker brings together nodes that nobody can dial, and passes on what it cannot read. */
export type BrokeringFacts = {
  /** Nodes that have a place here. */
  readonly places: number
  readonly placesMax: number
  /** Of nodes that it passes bytes on between. */
  readonly pairs: number
  readonly pairsMax: number
  readonly pairsPerNodeMax: number
  readonly waitingBytes: number
  /** Of one pair: its pace, its sum and its time. */
  readonly pairBytesPerSecond: number
  readonly pairBytesMax: number
  readonly pairMs: number
}

export type SocksFault = { readonly port: number; readonly code: string }

export type PeerFacts = {
  readonly id: string
  /** How much was seen of it: `claimed` by others, `answered` us, or `verified` at its own address. */
  readonly standing: 'answered' | 'claimed' | 'own' | 'verified'
  readonly addresses: readonly string[]
  readonly roles: readonly NodeRole[]
  /** Since when it has been there, as it says itself. */
  readonly sinceMs: number
  readonly isLinked: boolean
  /** How the link goes, where there is one: one side dialled the other, both dialled at once, or a broker passes it on, unread. */
  readonly way?: 'direct' | 'punched' | 'relayed'
  /** The id of that broker. */
  readonly by?: string
  /** There and back, as measured. */
  readonly latencyMs?: number
}

export type NeighbourhoodFacts = {
  /** What is held here for others. */
  readonly held: { readonly blocks: number; readonly bytes: number; readonly bytesMax: number }
  /** The first bits of all places in it, as 0 and 1; empty where all nodes are one neighbourhood. Absent: this node has none yet. */
  readonly prefix?: string
  /** Rises with each change of who is in it. */
  readonly epoch?: number
  /** At most 25, this node too. */
  readonly members: readonly NeighbourFacts[]
}

export type NeighbourFacts = {
  readonly id: string
  /** 0 to 4. */
  readonly row: number
  readonly column: number
  readonly isSelf: boolean
  readonly isAnswering: boolean
  /** Probes since this node started: answered, of those asked. */
  readonly answered: number
  readonly asked: number
  readonly latencyMs?: number
}

export type NetworkInvitation = {
  /** Begins with `anarq:`. */
  readonly invitation: string
  readonly endsMs: number
}

export type CircuitsFacts = {
  /** Where programs of this machine come in (SOCKS5); absent: nowhere. */
  readonly socks?: { readonly host: string; readonly port: number }
  readonly socksFault?: SocksFault
  /** Those that circuits may go by now, and how many of them let traffic out. */
  readonly relays: number
  readonly exits: number
  /** Ids of the relays that circuits begin at, for months. */
  readonly guards: readonly string[]
  /** What a draw of each hop would look like just now. */
  readonly choice: { readonly first: ChoiceFacts; readonly second: ChoiceFacts; readonly last: ChoiceFacts }
  /** Of this node, the oldest first. */
  readonly circuits: readonly CircuitFacts[]
  /** Circuits of others that go by this node: how many is all that it knows. */
  readonly passing: number
}

/** How uncertain a draw is: entropy in bits, never below the floor, at most that of an even draw. */
export type ChoiceFacts = {
  readonly relays: number
  readonly entropyBits: number
  readonly floorBits: number
  readonly evenBits: number
  /** Of the likeliest relay, from 0 to 1. */
  readonly shareMost: number
}

export type CircuitFacts = {
  /** From the guard to the exit. */
  readonly hops: readonly { readonly id: string; readonly addresses: readonly string[] }[]
  readonly ageMs: number
  readonly streams: number
  /** Carried, both ways. */
  readonly bytes: number
  /** To the exit and back, as measured. */
  readonly rttMs?: number
  /** It takes no new streams, and ends with the last one that it has. */
  readonly isRetired: boolean
}
