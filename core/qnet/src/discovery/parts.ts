import { pick } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { NodeKeys, NodeRecord, OnionKeys } from '../record/index.ts'
import type { Wire, World } from '../world.ts'
import { type Agreement, createAgreement } from './agreement.ts'
import { type Asks, createAsks } from './asks.ts'
import { createDirectory, type Directory } from './directory.ts'
import { createFinder, type Finder } from './finder.ts'
import { createGossip, type Gossip } from './gossip.ts'
import { createIntake, type Intake } from './intake.ts'
import { createMedian, type Median } from './median.ts'
import { encodeMessage, type Message } from './messages.ts'
import { createOwnRecord, type Description, type OwnRecord } from './own-record.ts'
import { createPeers, type Peers } from './peers.ts'
import type { VerifyPointer } from './pointers.ts'
import { createRouting, type Routing } from './routing.ts'
import { type DiscoverySettings, discoverySettings } from './settings.ts'
import type { NetworkState } from './state.ts'
import { createWarden, type Warden } from './warden.ts'

export type DiscoveryOptions = {
  readonly keys: NodeKeys
  readonly onion: OnionKeys
  readonly world: World
  readonly wire: Wire
  readonly settings?: Partial<DiscoverySettings>
  describe(): Description
  verifyPointer: VerifyPointer
  /** Nodes of one's own, or of a branch with an admission of its own: no limit by address counts for them. */
  trusts?(record: NodeRecord): boolean
  /** A peer's message was malformed, forged or too much. */
  blamed?(peer: NodeId, code: string): void
  /** The group of addresses that a peer's link comes from, where the host knows it. */
  groupOfPeer?(peer: NodeId): string | undefined
  /** A node signed two different things as one; both are the proof. */
  lied?(id: NodeId, evidence: readonly [Uint8Array, Uint8Array]): void
  changed?(state: NetworkState): void
  /** Our own record was signed anew. */
  issued?(record: NodeRecord): void
}

/** What all parts stand on. */
export type Ground = {
  readonly self: NodeId
  readonly world: World
  readonly settings: DiscoverySettings
  readonly offsets: Median
  readonly bitsAsked: Median
  readonly warden: Warden
  readonly directory: Directory
  readonly routing: Routing
  readonly asks: Asks
  /** Dialled before their records were there. */
  readonly reached: Set<NodeId>
  trusts(record: NodeRecord): boolean
  /** The network's time: the machine's, and what peers say that it is off. */
  nowMs(): number
  send(to: NodeId, message: Message): void
  blame(from: NodeId, error: unknown): void
  spread(message: Message, count: number, except?: NodeId): void
}

export type Parts = {
  readonly own: OwnRecord
  readonly intake: Intake
  readonly peers: Peers
  readonly gossip: Gossip
  readonly finder: Finder
  readonly agreement: Agreement
}

export const fanout = 6
const reachedMax = 256

export function createGround(options: DiscoveryOptions): Ground {
  const { keys, world } = options
  const settings: DiscoverySettings = { ...discoverySettings, ...options.settings }
  const trusts = options.trusts ?? (() => false)
  const offsets = createMedian()
  const warden = createWarden(world, (peer, code) => options.blamed?.(peer, code))
  const send = (to: NodeId, message: Message): void => options.wire.send(to, encodeMessage(message))
  const directory = createDirectory({ ...settings, isExempt: trusts })
  const isExempt = (id: NodeId): boolean => {
    const record = directory.get(id)?.record
    return record !== undefined && trusts(record)
  }
  const routing = createRouting(keys.id, settings.perGroupMax, isExempt)
  return {
    self: keys.id,
    world,
    settings,
    offsets,
    bitsAsked: createMedian(),
    warden,
    directory,
    routing,
    asks: createAsks(world, settings.askTimeoutMs, send),
    reached: new Set(),
    trusts,
    nowMs: () => Math.max(0, Math.round(world.clock.nowMs() + (offsets.value() ?? 0))),
    send,
    blame: warden.blame,
    spread(message, count, except) {
      const others = routing.ids().filter((id) => id !== except)
      for (const id of pick(world.random, others, count)) send(id, message)
    },
  }
}

export function createParts(ground: Ground, options: DiscoveryOptions, isFirst: () => void): Parts {
  const { world, settings, directory, routing, nowMs, send } = ground
  const intake = createIntake({
    ...ground,
    clockMs: world.clock.nowMs,
    groupOf: (peer) => options.groupOfPeer?.(peer) ?? directory.get(peer)?.group ?? 'none',
    fresh(entry, from) {
      if (ground.reached.delete(entry.record.id)) entry.isDialled = true
      if (ground.reached.size > reachedMax) ground.reached.clear()
      gossip.spread(entry.record.id, from)
    },
    lied(id, about, [first, second]) {
      routing.drop(id)
      ground.spread({ kind: 'lie', about, first, second }, fanout)
      options.lied?.(id, [first, second])
    },
  })
  let hasRecord = false
  const own = createOwnRecord({
    keys: options.keys,
    onion: options.onion,
    world,
    lifeMs: settings.recordLifeMs,
    nowMs,
    describe: options.describe,
    issued(record) {
      // Nobody could be greeted before.
      if (!hasRecord) peers.tick()
      hasRecord = true
      ground.spread({ kind: 'records', records: [record.bytes] }, fanout)
      options.issued?.(record)
    },
  })
  const peers = createPeers({
    ...ground,
    intake,
    own: () => own.record,
    isLive(id) {
      gossip.compare(id)
      if (routing.size === 1) isFirst()
    },
  })
  const gossip = createGossip({
    world,
    directory,
    fanout: fanout >> 1,
    live: peers.live,
    period: () => agreement.state?.period ?? 0,
    send,
    isBehind(peer) {
      const { state } = agreement
      if (state !== undefined) send(peer, { kind: 'state', state: state.bytes })
    },
  })
  const finder = createFinder({
    ...ground,
    intake,
    verifyPointer: options.verifyPointer,
    failed: peers.failed,
    met: peers.met,
  })
  const agreement = createAgreement({
    keys: options.keys,
    settings,
    nowMs,
    *records() {
      for (const { record } of directory.entries()) yield record
      if (own.record !== undefined) yield own.record
    },
    sendVote: ({ bytes }) => ground.spread({ kind: 'votes', votes: [bytes] }, fanout),
    sendLot(cast, to) {
      if (to === undefined) ground.spread({ kind: 'lot', ...cast }, fanout)
      else send(to, { kind: 'lot', ...cast })
    },
    compareWith: gossip.compare,
    lied: (_, [first, second]) => intake.takeLie('vote', first, second),
    changed: (state) => options.changed?.(state),
  })
  return { own, intake, peers, gossip, finder, agreement }
}
