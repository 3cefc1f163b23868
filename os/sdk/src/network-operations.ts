/** This node among others, as whoever uses it asks about it. A node that is on no network answers `unavailable.network` to all but `status`. */
export type NetworkOperations = {
  status(): NodeNetworkFacts
  /** All nodes that this one knows of, those that it is linked to first. */
  peers(): readonly PeerFacts[]
  /** Who keeps copies with this node, and what it holds for them. */
  neighbourhood(): NeighbourhoodFacts
  /** One line, or a QR code, that leads another node here. `refused.not-reachable` where nobody can come in. */
  invite(): NetworkInvitation
  /** By what another node's owner gave: resolves when it is reached. `invalid.invitation`, `refused.expired`, `unavailable.peer`. */
  join(invitation: string, signal?: AbortSignal): Promise<PeerFacts>
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
      /** The relays of this period that the network agreed on; absent: there is no agreement yet. */
      readonly agreed?: { readonly period: number; readonly relays: number }
    }

export type PeerFacts = {
  readonly id: string
  /** How much was seen of it: `claimed` by others, `answered` us, or `verified` at its own address. */
  readonly standing: 'answered' | 'claimed' | 'own' | 'verified'
  readonly addresses: readonly string[]
  readonly roles: readonly NodeRole[]
  /** Since when it has been there, as it says itself. */
  readonly sinceMs: number
  readonly isLinked: boolean
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
