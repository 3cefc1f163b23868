/** Roles of the network, as one node knows them: drawn, measured, and over by themselves. */
export type RolesFacts = {
  /** By the network's time. */
  readonly period: { readonly number: number; readonly startsMs: number; readonly endsMs: number }
  /** Who was drawn for this period; absent: the network has not agreed on it (yet). */
  readonly term?: TermFacts
  readonly operators: readonly OperatorRoleFacts[]
  /** Ids of the Operators that this node measures just now. */
  readonly measuring: readonly string[]
  /** How fit this node is for serving others, as far as it knows. */
  readonly fitness: FitnessRate
}

export type TermFacts = {
  /** Ids of the MasterNodes, in the order of the draw. */
  readonly masters: readonly string[]
  readonly isSelf: boolean
  /** From how many relays they were drawn. */
  readonly drawnFrom: number
  /** What everybody repeats the draw with: 64 hexadecimal digits. */
  readonly seed: string
  /** Signatures under the state that the seed stands in, each checked here; and how many it takes. */
  readonly votes: number
  readonly votesNeeded: number
  /** `agreed`: from a state that this node saw come about. `provisional`: taken from others because it is near to what this node knows. */
  readonly trust: 'agreed' | 'provisional'
}

export type OperatorRoleFacts = {
  readonly id: string
  readonly isSelf: boolean
  /** `new`: too little measured yet, it has the role on its word. `lost`: it was there less than it guaranteed. */
  readonly state: 'held' | 'lost' | 'new'
  /** Of the time, in percent. */
  readonly guarantee: number
  /** The same, as MasterNodes measured it; absent: nobody has yet. */
  readonly uptime?: number
  /** In how many periods it was measured, of those that count. */
  readonly measured: number
  readonly window: number
  /** As this node sees it. */
  readonly fitness: number
}

/** From 0 to 100, of parts from 0 to 100 each; what was not measured has no points and does not count. */
export type FitnessRate = {
  readonly rate: number
  readonly parts: readonly {
    readonly of: 'capacity' | 'latency' | 'reach' | 'uptime'
    readonly points?: number
    readonly weight: number
  }[]
}
